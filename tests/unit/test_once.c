/* One run of `scan`: which origins belong to it, and when it is over. */
#include "cmd/daemon/once.h"

#include "store/store_wanted.h"
#include "tests/support/store_fixture.h"

enum { LIMIT = 4 };

static unsigned claim_some(struct once *once, struct store *store) {
    struct store_claim claims[LIMIT];
    size_t n = 0;
    FIXTURE_OK(once_claim(once, store, LIMIT, claims, &n, &err));
    return (unsigned)n;
}

static void import_some(struct store *store, unsigned n) {
    for (unsigned i = 0; i < n; i++) {
        char host[32];
        snprintf(host, sizeof host, "h%u.example", i);
        fixture_import(store, host, host);
    }
}

/* Their slots lie all over the next 24 hours. */
static void origins_that_were_never_scanned_belong_to_it(void **state) {
    struct store *store = fixture_open(*state, STORE_CREATE);
    struct once once;
    import_some(store, 10);
    once_begin(&once, FIXTURE_NOW);
    assert_int_equal(claim_some(&once, store), 4);
    assert_int_equal(claim_some(&once, store), 4);
    assert_int_equal(claim_some(&once, store), 2);
    assert_int_equal(claim_some(&once, store), 0);
    assert_int_equal(once_next(&once, FIXTURE_NOW + 1000), ONCE_OVER);
    store_close(store);
}

static void origins_that_were_scanned_belong_to_it_when_they_are_due(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct once once;
    import_some(store, 3);
    fixture_write_sql(fixture->path, "UPDATE origin SET visits = 1, unseen = 0");
    fixture_write_sql(fixture->path, "UPDATE origin SET due_at = 1795446000123 WHERE id = 1");
    fixture_write_sql(fixture->path, "UPDATE origin SET due_at = 1795446000124 WHERE id = 2");
    fixture_write_sql(fixture->path, "UPDATE origin SET due_at = 1795449600000 WHERE id = 3");
    once_begin(&once, FIXTURE_NOW);
    assert_int_equal(claim_some(&once, store), 1);
    assert_int_equal(claim_some(&once, store), 0);
    assert_int_equal(once_next(&once, FIXTURE_NOW + FIXTURE_DAY), ONCE_OVER);
    store_close(store);
}

static void it_waits_for_the_last_visit_that_was_put_off(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct once once;
    import_some(store, 2);
    once_begin(&once, FIXTURE_NOW);
    assert_int_equal(claim_some(&once, store), 2);
    struct store_deferral later[] = {{1, FIXTURE_NOW + 5000}, {2, FIXTURE_NOW + 3000}};
    FIXTURE_OK(store_defer(store, later, 2, &err));
    once_wait_until(&once, FIXTURE_NOW + 5000);
    once_wait_until(&once, FIXTURE_NOW + 3000);
    assert_int_equal(claim_some(&once, store), 0);
    assert_int_equal(once_next(&once, FIXTURE_NOW + 4999), ONCE_WAIT);
    assert_int_equal(claim_some(&once, store), 0);
    assert_int_equal(once_next(&once, FIXTURE_NOW + 5000), ONCE_CLAIM);
    assert_int_equal(claim_some(&once, store), 2);
    assert_int_equal(once_next(&once, FIXTURE_NOW + 5001), ONCE_OVER);
    store_close(store);
}

static void a_locked_store_gives_none_and_says_so(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct once once;
    struct store_claim claims[LIMIT];
    struct err err;
    size_t n = 0;
    import_some(store, 1);
    once_begin(&once, FIXTURE_NOW);
    sqlite3 *lock;
    assert_int_equal(sqlite3_open(fixture->path, &lock), SQLITE_OK);
    assert_int_equal(sqlite3_exec(lock, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(once_claim(&once, store, LIMIT, claims, &n, &err), STORE_RETRY);
    assert_int_equal(n, 0);
    sqlite3_close(lock);
    assert_int_equal(claim_some(&once, store), 1);
    store_close(store);
}

/* Named origins are claimed in pieces, whenever they were due, and the deferred ones once more. */
static void it_may_be_of_named_origins_alone(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    static const int64_t named[] = {1, 2, 3, 5, 7, 8, 9};
    enum { NAMED = sizeof named / sizeof *named };
    struct once once;
    import_some(store, 10);
    FIXTURE_OK(store_want(store, named, NAMED, FIXTURE_NOW, &err));
    once_begin_only(&once, FIXTURE_NOW, named, NAMED);
    assert_int_equal(claim_some(&once, store), 4);
    assert_int_equal(claim_some(&once, store), 3);
    assert_int_equal(claim_some(&once, store), 0);
    FIXTURE_SQL_IS(fixture, "SELECT group_concat(origin_id) FROM lease", "1,2,3,5,7,8,9\n");
    struct store_deferral later[] = {{5, FIXTURE_NOW + 5000}, {9, FIXTURE_NOW + 3000}};
    FIXTURE_OK(store_defer(store, later, 2, &err));
    once_wait_until(&once, FIXTURE_NOW + 5000);
    assert_int_equal(once_next(&once, FIXTURE_NOW + 4000), ONCE_WAIT);
    assert_int_equal(once_next(&once, FIXTURE_NOW + 5000), ONCE_CLAIM);
    assert_int_equal(claim_some(&once, store), 1); /* among the first four names */
    assert_int_equal(claim_some(&once, store), 1);
    assert_int_equal(claim_some(&once, store), 0);
    assert_int_equal(once_next(&once, FIXTURE_NOW + 9000), ONCE_OVER);
    store_close(store);
}

/* As after a while in which the process did not run: nothing that was in flight then was measured. */
static void named_origins_that_were_given_back_are_claimed_again(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    static const int64_t named[] = {1, 2, 3, 5, 7, 8, 9};
    enum { NAMED = sizeof named / sizeof *named };
    struct once once;
    import_some(store, 10);
    FIXTURE_OK(store_want(store, named, NAMED, FIXTURE_NOW, &err));
    once_begin_only(&once, FIXTURE_NOW, named, NAMED);
    assert_int_equal(claim_some(&once, store), 4);
    assert_int_equal(claim_some(&once, store), 3);
    struct store_deferral back[] = {{5, 0}, {9, 0}};
    FIXTURE_OK(store_defer(store, back, 2, &err));
    once_give_back(&once);
    assert_int_equal(claim_some(&once, store), 0);
    assert_int_equal(once_next(&once, FIXTURE_NOW), ONCE_CLAIM);
    assert_int_equal(claim_some(&once, store), 1);
    assert_int_equal(claim_some(&once, store), 1);
    assert_int_equal(claim_some(&once, store), 0);
    assert_int_equal(once_next(&once, FIXTURE_NOW), ONCE_OVER);
    store_close(store);
}

/* Before all others, for a full visit, and those that are being visited stay as they are. */
static void what_is_wanted_goes_first(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    static const int64_t wanted[] = {2, 4};
    struct store_claim claim;
    size_t n;
    import_some(store, 5);
    fixture_write_sql(fixture->path, "UPDATE origin SET due_at = id * 1000, due_plan = 'quick'");
    FIXTURE_OK(store_want(store, wanted, 1, FIXTURE_NOW, &err));
    FIXTURE_OK(store_claim(store, FIXTURE_NOW, 1, &claim, &n, &err));
    assert_int_equal(claim.origin_id, 2);
    assert_int_equal(claim.plan, PLAN_DAILY);
    char *due = fixture_sql(fixture, "SELECT due_at FROM origin WHERE id = 2");
    FIXTURE_OK(store_want(store, wanted, 2, FIXTURE_NOW, &err));
    FIXTURE_SQL_IS(fixture, "SELECT due_at FROM origin WHERE id = 2", due);
    FIXTURE_OK(store_claim(store, FIXTURE_NOW, 1, &claim, &n, &err));
    assert_int_equal(claim.origin_id, 4);
    free(due);
    store_close(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(origins_that_were_never_scanned_belong_to_it),
        FIXTURE_TEST(it_may_be_of_named_origins_alone),
        FIXTURE_TEST(named_origins_that_were_given_back_are_claimed_again),
        FIXTURE_TEST(what_is_wanted_goes_first),
        FIXTURE_TEST(origins_that_were_scanned_belong_to_it_when_they_are_due),
        FIXTURE_TEST(it_waits_for_the_last_visit_that_was_put_off),
        FIXTURE_TEST(a_locked_store_gives_none_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
