/* What an origin of very many zones costs when it changes: so much a zone, however many there are. */
#include "store/db/db.h"
#include "store/store_private.h"
#include "store/store_rule.h"
#include "tests/support/settle_play.h"

#include <sqlite3.h>
#include <unistd.h>

enum { FEW = 150, FACTOR = 4 };

static const char *see_hybrid(void *arg, const struct store_claim *claim, int64_t now_ms) {
    (void)arg;
    (void)claim;
    (void)now_ms;
    return "modern";
}

static void import_into_zones(struct store *store, int n) {
    struct store_import_counts counts = {0};
    struct origin *origins = calloc((size_t)n, sizeof *origins);
    for (int i = 0; i < n; i++) {
        char zone[16];
        snprintf(zone, sizeof zone, "z%d", i);
        fixture_origin(&origins[i], zone, "s.example");
    }
    FIXTURE_OK(store_import(store, origins, (size_t)n, FIXTURE_NOW, &counts, &err));
    free(origins);
}

/* Of SQLite's machine, by all statements since the last call. */
static uint64_t count_steps(struct store *store) {
    uint64_t steps = 0;
    sqlite3_stmt *statement = NULL;
    while ((statement = sqlite3_next_stmt(db_handle(store->db), statement)))
        steps += (uint64_t)sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
    return steps;
}

/* To settle all zones of one origin; `wish`: each had something that it wished to be proven. */
static uint64_t steps_to_settle(const struct fixture *fixture, int zones, bool wish) {
    struct settle_play play = {
        .store = fixture_open(fixture, STORE_CREATE), .now_ms = FIXTURE_NOW, .words = see_hybrid};
    settle_options_init(&play.options, PROFILE_FAST);
    import_into_zones(play.store, zones);
    settle_play_days(&play, 1);
    if (wish)
        fixture_write_sql(fixture->path, "UPDATE membership SET proof_preferred = 1");
    FIXTURE_OK(store_origin_touch(play.store, 1, &err));
    count_steps(play.store);
    struct settle_cycle cycle = {.after = 0};
    FIXTURE_OK(settle_all(play.store, &play.options, play.now_ms, &cycle, &err));
    assert_int_equal(cycle.zones, zones);
    uint64_t steps = count_steps(play.store);
    store_close(play.store);
    unlink(fixture->path);
    return steps;
}

static void assert_in_proportion(const struct fixture *fixture, bool wish) {
    uint64_t few = steps_to_settle(fixture, FEW, wish);
    uint64_t many = steps_to_settle(fixture, FACTOR * FEW, wish);
    if (many > few * FACTOR * 11 / 10)
        fail_msg("%d zones take %llu steps, %d zones %llu", FEW, (unsigned long long)few,
                 FACTOR * FEW, (unsigned long long)many);
}

static void settling_costs_so_much_a_zone(void **state) {
    assert_in_proportion(*state, false);
    assert_in_proportion(*state, true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(settling_costs_so_much_a_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
