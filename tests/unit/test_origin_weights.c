/* The weights of a zone's origins, by reports of real traffic, and the choice that follows. */
#include "cmd/settle/settle.h"
#include "store/store_traffic.h"
#include "tests/support/settle_play.h"

#include <math.h>

/* The host's first label says what it is. */
static const char *by_host(void *arg, const struct store_claim *claim, int64_t now_ms) {
    static const char *const words[] = {"old", "p256", "tls12", "modern"};
    (void)arg;
    (void)now_ms;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strncmp(claim->origin.host, words[i], strlen(words[i])) == 0)
            return words[i];
    }
    fail_msg("%s: no words", claim->origin.host);
    return NULL;
}

static void report_traffic(struct settle_play *play, uint64_t of_old, uint64_t of_p256) {
    struct store_traffic origins[] = {{.host = "old.example", .port = 443, .handshakes = of_old},
                                      {.host = "p256.example", .port = 443, .handshakes = of_p256}};
    struct settle_report report = {.feedback = {.zone_id = 1,
                                                .reported_ms = play->now_ms,
                                                .arm = "control",
                                                .handshakes = of_old + of_p256},
                                   .origins = origins,
                                   .origins_n = 2};
    FIXTURE_OK(settle_feedback(play->store, &play->options, &report, play->now_ms, &err));
    assert_true(report.added && !origins[0].unknown && !origins[1].unknown);
    FIXTURE_OK(settle_all(play->store, &play->options, play->now_ms, &play->last, &err));
}

static void assert_weights(const struct settle_play *play, double old, double p256, double unseen) {
    struct settle_view seen;
    FIXTURE_OK(settle_view(play->store, &play->options, 1, play->now_ms, &seen, &err));
    assert_int_equal(seen.origins_n, 4);
    assert_true(fabs(seen.origins[0].weight - old) < 1e-9);
    assert_true(fabs(seen.origins[1].weight - p256) < 1e-9);
    assert_true(fabs(seen.origins[2].weight - unseen) < 1e-9);
    assert_true(seen.origins[3].weight == 0 && !seen.origins[3].by_traffic);
    settle_view_clear(&seen);
}

static void import_weighed(struct store *store, const char *host, double weight) {
    struct origin origin;
    struct store_import_counts counts = {0};
    fixture_origin(&origin, "shop", host);
    origin.weight = weight;
    FIXTURE_OK(store_import(store, &origin, 1, FIXTURE_NOW, &counts, &err));
}

/* Of two origins that want different first shares, the one with more traffic has its way. */
static void traffic_weighs_the_origins(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = {
        .store = fixture_open(fixture, STORE_CREATE), .now_ms = FIXTURE_NOW, .words = by_host};
    settle_options_init(&play.options, PROFILE_FAST);
    import_weighed(play.store, "old.example", 3);
    import_weighed(play.store, "p256.example", 1);
    import_weighed(play.store, "tls12.example", 1);
    import_weighed(play.store, "modern.example", 0);
    settle_play_days(&play, 1);
    assert_weights(&play, 3, 1, 1);
    const char *first = "SELECT first_share FROM v_zone_setting";
    FIXTURE_SQL_IS(fixture, first, "X25519\n");
    report_traffic(&play, 100, 900);
    /* the third has no traffic and keeps a thousandth; together they weigh 5 as before */
    assert_weights(&play, 5 * 100 / 1001.0, 5 * 900 / 1001.0, 5 / 1001.0);
    FIXTURE_SQL_IS(fixture, first, "P-256\n");
    play.now_ms += 2 * FIXTURE_DAY; /* 25 and 225 are left of these */
    report_traffic(&play, 1375, 225);
    assert_weights(&play, 5 * 1400 / 1851.85, 5 * 450 / 1851.85, 5 * 1.85 / 1851.85);
    FIXTURE_SQL_IS(fixture, first, "X25519\n");
    play.now_ms += 7 * FIXTURE_DAY;
    assert_weights(&play, 5 * 1400 / 1851.85, 5 * 450 / 1851.85, 5 * 1.85 / 1851.85);
    play.now_ms++;
    assert_weights(&play, 3, 1, 1);
    store_close(play.store);
}

int main(void) {
    const struct CMUnitTest tests[] = {FIXTURE_TEST(traffic_weighs_the_origins)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
