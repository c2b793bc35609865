/* Prints the scans of `originscan probe`: each origin as it finishes or in its turn, each address of a name with a
 * verdict of its own, and what they come to in one line. */
#pragma once

#include "cmd/probe_options.h"
#include "scanner/judge/verdict.h"

struct leaf_shelf;
struct probe_print;

/* `run` and the certificates that were shown are borrowed. Free with probe_print_free; NULL is fine there. */
struct probe_print *probe_print_new(const struct probe_options *run,
                                    const struct leaf_shelf *leaves);
void probe_print_free(struct probe_print *print);

/* Every origin has been scanned. Writes the page, if there is to be one: false if it cannot. From now on, in text,
 * only what changed is printed. */
bool probe_print_finish_round(struct probe_print *print);

/* What is known of an origin after a scan of one of its addresses. */
struct probe_print_state {
    bool finished; /* that was its last address */
    bool measured; /* one of its addresses was; only told once it is finished */
};

/* Takes a finished scan of the origin with that ticket, the number of its text. Prints it now or later. */
struct probe_print_state probe_print_take(struct probe_print *print, const struct scan *scan,
                                          const struct judgement *judgement, uint64_t ticket);

/* True if standard output takes no more; if that is not for want of a reader, standard error says why, once. */
bool probe_print_broken(const struct probe_print *print);
