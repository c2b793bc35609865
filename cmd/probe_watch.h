/* What `originscan probe --watch` remembers: of each name its addresses, and of each address the last scan. */
#pragma once

#include "scanner/judge/verdict.h"

struct probe_watch;

struct probe_watch *probe_watch_new(void);
void probe_watch_free(struct probe_watch *watch); /* NULL is fine */

/* The round is over: from now on what changed is told. */
void probe_watch_next_round(struct probe_watch *watch);

/* True once a round is over. */
bool probe_watch_is_again(const struct probe_watch *watch);

/* Remembers a scan of the origin with that ticket. NULL in the first round; afterwards what changed since the time
 * before, in lines, "" for nothing. The last scan of a name also tells which addresses it has no longer. The caller
 * frees it. */
char *probe_watch_take(struct probe_watch *watch, const struct scan *scan,
                       const struct judgement *judgement, uint64_t ticket);

/* The same as JSON: the scan on a line, schema originscan.scan/1, in every round, with `addresses_gone` where there
 * are any. The caller frees it. */
char *probe_watch_take_json(struct probe_watch *watch, const struct scan *scan,
                            const struct judgement *judgement, uint64_t ticket);
