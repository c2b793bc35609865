/* Candidates as a table, and an origin's answers to them as a line. */
#include "report/view/candidate_text.h"

#include "report/view/wrap.h"
#include "scanner/base/quote.h"

#include <stdlib.h>
#include <string.h>

enum { TABLE_LINES = 8 };

/* Where each kind of hello begins; within one, candidates differ in their classical share. */
struct candidate_kind {
    const char *name;
    unsigned first, n;
};

static const struct candidate_kind kinds[] = {
    {"off", CANDIDATE_OFF, CLASSICAL_COUNT},
    {"supported", CANDIDATE_SUPPORTED, CLASSICAL_COUNT},
    {"preferred single", CANDIDATE_SINGLE, 1},
    {"preferred dual", CANDIDATE_DUAL, CLASSICAL_COUNT},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static unsigned kind_of(unsigned which) {
    for (unsigned kind = 0; kind < KINDS; kind++) {
        if (which >= kinds[kind].first && which < kinds[kind].first + kinds[kind].n)
            return kind;
    }
    return KINDS;
}

/* ---- the table ---- */

/* Candidates that are shown in one line. */
struct candidate_line {
    unsigned members[CANDIDATE_COUNT];
    unsigned members_n;
    unsigned rank; /* 0: of note by itself; these come first */
    double value;
};

struct candidate_table {
    const struct zone_target *target;
    unsigned in_force;
    const char *const *names;
    size_t names_n;
    struct candidate_line lines[CANDIDATE_COUNT];
    unsigned lines_n;
    unsigned excluded; /* candidates that are not in any line */
};

/* What is proven counts as it is known, what is not at its best. */
static const struct candidate_sum *sum_of(const struct zone_candidate *candidate) {
    return candidate->tolerated ? &candidate->sum : &candidate->may;
}

static bool is_of_note(const struct candidate_table *table, unsigned which) {
    return which == table->target->chosen || which == table->target->possible ||
           which == table->in_force;
}

static bool is_same(double a, double b) {
    return a - b < 1e-9 && b - a < 1e-9;
}

static bool differ_in_nothing(const struct zone_target *target, unsigned a, unsigned b) {
    const struct zone_candidate *left = &target->candidates[a], *right = &target->candidates[b];
    const struct candidate_sum *of_left = sum_of(left), *of_right = sum_of(right);
    return kind_of(a) == kind_of(b) && left->tolerated == right->tolerated &&
           left->barred_by == right->barred_by && left->reason == right->reason &&
           is_same(of_left->hybrid, of_right->hybrid) && is_same(of_left->retry, of_right->retry);
}

static struct candidate_line *find_line(struct candidate_table *table, unsigned which) {
    for (unsigned i = 0; i < table->lines_n; i++) {
        struct candidate_line *line = &table->lines[i];
        if (line->rank > 0 && differ_in_nothing(table->target, line->members[0], which))
            return line;
    }
    return NULL;
}

static void add_candidate(struct candidate_table *table, unsigned which) {
    bool alone = is_of_note(table, which);
    struct candidate_line *line = alone ? NULL : find_line(table, which);
    if (!line) {
        line = &table->lines[table->lines_n++];
        line->rank = alone ? 0 : 1;
        line->value =
            candidate_value(sum_of(&table->target->candidates[which]), table->target->retry_price);
    }
    line->members[line->members_n++] = which;
}

/* Those of note, then the others; of each the greatest value first. */
static int by_rank_and_value(const void *left, const void *right) {
    const struct candidate_line *a = left, *b = right;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    if (a->value < b->value || a->value > b->value)
        return a->value > b->value ? -1 : 1;
    return a->members[0] < b->members[0] ? -1 : 1;
}

static void put_obstacle(FILE *to, const struct candidate_table *table, const char *words,
                         const struct zone_candidate *candidate) {
    char quoted[QUOTE_SIZE];
    if (candidate->barred_by < table->names_n)
        fprintf(to, "%s %s (%s)", words, quote_text(table->names[candidate->barred_by], quoted),
                rule_reason_name(candidate->reason));
    else
        fprintf(to, "%s an origin (%s)", words, rule_reason_name(candidate->reason));
}

static void put_note(FILE *to, const struct candidate_table *table, unsigned which) {
    const struct zone_target *target = table->target;
    const struct zone_candidate *candidate = &target->candidates[which];
    if (which == table->in_force && which != target->chosen)
        fputs("in force now; ", to);
    if (which == target->chosen)
        fputs(which == target->possible ? "chosen; nothing better is in reach" : "chosen", to);
    else if (which == target->possible && candidate->tolerated)
        fputs("best in reach if the unknown turns out well", to);
    else if (which == target->possible)
        put_obstacle(to, table, "best in reach; waits for", candidate);
    else if (candidate->tolerated)
        fputs("proven", to);
    else
        put_obstacle(to, table, "barred by", candidate);
    if (which == target->chosen && !candidate->tolerated)
        put_obstacle(to, table, "; not tolerated by", candidate);
}

static void put_line(FILE *to, const struct candidate_table *table,
                     const struct candidate_line *line) {
    unsigned first = line->members[0];
    const struct candidate_sum *sum = sum_of(&table->target->candidates[first]);
    char name[CANDIDATE_NAME_SIZE], group[GROUP_NAME_SIZE], hello[2 * CANDIDATE_NAME_SIZE];
    size_t n = (size_t)snprintf(hello, sizeof hello, "%s", candidate_name(first, name));
    for (unsigned i = 1; i < line->members_n; i++)
        n += (size_t)snprintf(hello + n, sizeof hello - n, ", %s",
                              group_name(candidate_at(line->members[i]).share, group));
    fprintf(to, WRAP_LABEL "%-44s %5.1f %%  %5.1f %%  %6.3f  ", "", hello, 100 * sum->hybrid,
            100 * sum->retry, line->value);
    put_note(to, table, first);
    putc('\n', to);
}

static void put_rest(FILE *to, const struct candidate_table *table) {
    unsigned rest = 0;
    for (unsigned i = TABLE_LINES; i < table->lines_n; i++)
        rest += table->lines[i].members_n;
    if (rest > 0)
        fprintf(to, WRAP_LABEL "and %u more of no greater value\n", "", rest);
    if (table->excluded > 0)
        fprintf(to,
                WRAP_LABEL "left out: %u that the zone may not send (compliance) or has no use "
                           "for (TLS 1.2 alone)\n",
                "", table->excluded);
}

void candidate_text_table(FILE *to, const struct zone_target *target, unsigned in_force,
                          const char *const *names, size_t names_n) {
    struct candidate_table table = {
        .target = target, .in_force = in_force, .names = names, .names_n = names_n};
    if (!target->measured)
        return;
    for (unsigned which = 0; which < CANDIDATE_COUNT; which++) {
        if (target->candidates[which].allowed || which == in_force)
            add_candidate(&table, which);
        else
            table.excluded++;
    }
    if (table.lines_n == 0)
        return;
    qsort(table.lines, table.lines_n, sizeof *table.lines, by_rank_and_value);
    fprintf(to,
            WRAP_LABEL "value = hybrid - %g x retries, as fractions of the traffic by weight; what "
                       "is not proven counts at its best\n",
            "candidates", target->retry_price);
    fprintf(to, WRAP_LABEL "%-44s  hybrid  retries   value\n", "", "hello");
    for (unsigned i = 0; i < table.lines_n && i < TABLE_LINES; i++)
        put_line(to, &table, &table.lines[i]);
    put_rest(to, &table);
}

/* ---- an origin ---- */

typedef bool candidate_is(const struct candidate_outcome *outcome);

static bool is_tolerated(const struct candidate_outcome *outcome) {
    return outcome->tolerated;
}

static bool reaches_hybrid(const struct candidate_outcome *outcome) {
    return outcome->gains && (outcome->tolerated || outcome->provable);
}

static bool pays_retry(const struct candidate_outcome *outcome) {
    return outcome->retries && outcome->tolerated;
}

/* The shares of a kind for which it holds, in parentheses where it does not hold for all. */
static void put_shares(FILE *to, const struct origin_advice *origin,
                       const struct candidate_kind *kind, candidate_is *holds) {
    char group[GROUP_NAME_SIZE];
    const char *between = " (";
    for (unsigned which = kind->first; which < kind->first + kind->n; which++) {
        struct candidate_outcome outcome = candidate_try(origin, which);
        if (!holds(&outcome))
            continue;
        fprintf(to, "%s%s", between, group_name(candidate_at(which).share, group));
        between = ", ";
    }
    putc(')', to);
}

static void put_kinds(FILE *to, const struct origin_advice *origin, candidate_is *holds) {
    bool any = false;
    for (unsigned k = 0; k < KINDS; k++) {
        const struct candidate_kind *kind = &kinds[k];
        unsigned n = 0;
        for (unsigned which = kind->first; which < kind->first + kind->n; which++) {
            struct candidate_outcome outcome = candidate_try(origin, which);
            n += holds(&outcome);
        }
        if (n == 0)
            continue;
        fprintf(to, "%s%s", any ? ", " : " ", kind->name);
        if (n < kind->n)
            put_shares(to, origin, kind, holds);
        any = true;
    }
    if (!any)
        fputs(" none", to);
}

void candidate_text_origin(FILE *to, const struct origin_advice *origin) {
    fprintf(to, WRAP_LABEL "tolerates", "hellos");
    put_kinds(to, origin, is_tolerated);
    fputs("; reaches the hybrid with", to);
    put_kinds(to, origin, reaches_hybrid);
    fputs("; pays a retry with", to);
    put_kinds(to, origin, pays_retry);
    putc('\n', to);
}
