/* How long SQLite may sleep. It waits for the locks of a write-ahead log's index up to ten seconds, with
 * longer and longer sleeps that no busy time-out bounds: too long for whoever has an event loop. */
#pragma once

/* From now on, for all databases of the process: that wait ends after 0.15 s of sleep, with
 * SQLITE_PROTOCOL. Busy time-outs are as they were. */
void db_sleep_limit(void);
