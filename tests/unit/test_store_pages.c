/* What is read while others wait: zones a page at a time, and a query that is to end. */
#include "store/store_read.h"
#include "store/store_zone.h"
#include "tests/support/store_fixture.h"

static struct store *open_with_zones(const struct fixture *fixture, const char *const *names,
                                     size_t n) {
    struct store *store = fixture_open(fixture, STORE_CREATE);
    for (size_t i = 0; i < n; i++) {
        int64_t id;
        struct err err;
        assert_int_equal(store_zone_make(store, names[i], &id, &err), STORE_OK);
    }
    return store;
}

static bool append_name(void *arg, int64_t id, const char *name,
                        const struct store_setting *setting) {
    (void)id;
    assert_null(setting);
    strcat(strcat(arg, name), " ");
    return true;
}

static void expect_page(struct store *store, const char *after, size_t limit, const char *wanted) {
    char names[256] = "";
    struct err err;
    assert_int_equal(store_zones_after(store, after, limit, append_name, names, &err), STORE_OK);
    assert_string_equal(names, wanted);
}

static void test_zones_a_page_at_a_time(void **state) {
    static const char *const names[] = {"b", "a", "d", "C", "c.example"};
    struct store *store = open_with_zones(*state, names, 5);
    expect_page(store, "", 2, "C a ");
    expect_page(store, "a", 2, "b c.example ");
    expect_page(store, "c.example", 2, "d ");
    expect_page(store, "d", 2, "");
    expect_page(store, "aa", 100, "b c.example d "); /* a name that is not there is a place, too */
    store_close(store);
}

struct interrupting {
    struct store *store;
    size_t seen;
};

static bool interrupt_at_first(void *arg, int64_t id, const char *name,
                               const struct store_setting *setting) {
    struct interrupting *interrupting = arg;
    (void)id;
    (void)name;
    (void)setting;
    if (interrupting->seen++ == 0)
        store_interrupt(interrupting->store);
    return true;
}

static void test_a_query_that_is_to_end(void **state) {
    static const char *const names[] = {"a", "b", "c"};
    struct store *store = open_with_zones(*state, names, 3);
    struct interrupting interrupting = {.store = store};
    struct err err;
    assert_int_equal(store_zones(store, interrupt_at_first, &interrupting, &err), STORE_RETRY);
    assert_int_equal(interrupting.seen, 1);
    expect_page(store, "", 9, "a b c "); /* the next one is not affected */
    store_interrupt(store);
    expect_page(store, "", 9, "a b c ");
    store_close(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_zones_a_page_at_a_time),
        FIXTURE_TEST(test_a_query_that_is_to_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
