/* A store that lives on virtual days: origins are visited when they are due, each visit sees what a
 * word table says, and zones are settled as the daemon does it. */
#pragma once

#include "cmd/settle/settle.h"
#include "store/store_schedule.h"
#include "tests/support/scan_words.h"
#include "tests/support/store_fixture.h"

/* The words (scan_words.h) that this visit of the origin sees. */
typedef const char *settle_play_words(void *arg, const struct store_claim *claim, int64_t now_ms);

struct settle_play {
    struct store *store;
    struct settle_options options;
    int64_t now_ms;
    settle_play_words *words;
    void *arg;
    bool unobserved; /* scans are stored and nobody looks */
    bool quick;      /* visits are quick ones */
    uint64_t visits;
    uint64_t again; /* of these to confirm a failure */
    struct settle_cycle last;
};

static inline void settle_play_visit(struct settle_play *play, const struct store_claim *claim) {
    struct scan_words words;
    struct judgement judgement;
    scan_words_init(&words);
    scan_words_apply(&words, play->words(play->arg, claim, play->now_ms));
    words.scan.plan = play->quick ? PLAN_QUICK : claim->plan;
    if (words.scan.plan == PLAN_QUICK)
        scan_words_apply(&words, "quick -confirm");
    words.scan.origin = claim->origin;
    words.scan.started_ms = play->now_ms;
    verdict_judge(&words.scan, &judgement);
    struct store_finished finished = {
        .origin_id = claim->origin_id, .scan = &words.scan, .judgement = &judgement};
    struct store_commit commit = {.finished = &finished,
                                  .n = 1,
                                  .now_ms = play->now_ms,
                                  .observe = play->unobserved ? NULL : settle_observe,
                                  .observe_arg = &play->options};
    FIXTURE_OK(store_commit(play->store, &commit, &err));
    assert_int_equal(commit.stored, 1);
    play->visits++;
    play->again += claim->again;
}

/* Until that time: whatever is due when it is due, settled after each round. */
static inline void settle_play_until(struct settle_play *play, int64_t until_ms) {
    struct store_claim claims[64];
    size_t n;
    struct store *store = play->store;
    while (play->now_ms < until_ms) {
        struct store_backlog backlog;
        do {
            FIXTURE_OK(store_claim(store, play->now_ms, 64, claims, &n, &err));
            for (size_t i = 0; i < n; i++)
                settle_play_visit(play, &claims[i]);
        } while (n > 0);
        play->last = (struct settle_cycle){.after = 0};
        if (!play->unobserved)
            FIXTURE_OK(settle_all(store, &play->options, play->now_ms, &play->last, &err));
        FIXTURE_OK(store_backlog(store, play->now_ms, &backlog, &err));
        play->now_ms =
            backlog.next_due_ms && backlog.next_due_ms < until_ms ? backlog.next_due_ms : until_ms;
    }
}

static inline void settle_play_days(struct settle_play *play, int days) {
    settle_play_until(play, play->now_ms + days * FIXTURE_DAY);
}
