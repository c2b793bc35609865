/* The end of a query that has none: a view of a foreign file may say anything, and SQLite goes on for
 * as long as it takes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sqlite3;

/* What a statement may cost before it is stopped; a page of the file counts twice, for its log:
 *
 * - steps of SQLite's virtual machine, all rows together: 20 million and 30,000 a page. The dearest of
 *   our own on 50,000 origins, each in a zone of its own and never scanned (the most rows a page), is
 *   the integrity check with 2,200 a page; reports take 600. 20 million are a fifth of a second.
 * - processor time until the next row: 5 s and 1 ms a page. That check takes 0.1 ms a page. Neither a
 *   slow disk nor a busy machine is counted. */
struct db_limit {
    uint64_t steps;    /* of the statement that runs, since its start */
    int64_t looked_ms; /* monotonic: at the clock below */
    int64_t began_ms;  /* of the thread's processor time; 0: this row has only begun */
    uint64_t end_us;   /* of db_limit_until() */
    bool reached;
    struct sqlite3 *handle;
};

/* From now on statements of the connection are stopped, as by sqlite3_interrupt(). `limit` must not move. */
void db_limit_begin(struct db_limit *limit, struct sqlite3 *handle);

/* No statement goes on beyond that moment of the monotonic clock, which is no fault of the file: `reached`
 * stays false. 0: there is none. */
void db_limit_until(struct db_limit *limit, uint64_t end_us);

/* Before each step of a statement that has taken `steps` so far; and how many it has taken behind it. */
void db_limit_start(struct db_limit *limit, uint64_t steps);
uint64_t db_limit_stop(struct db_limit *limit);
