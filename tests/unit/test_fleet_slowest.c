/* Who is slowest, worked out by hand. */
#include "report/fleet/fleet_slowest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void add_origin(struct fleet_slowest *slowest, int64_t id, uint32_t handshake_us) {
    char host[24];
    snprintf(host, sizeof host, "h%d.example", (int)id);
    struct fleet_slowest_origin origin = {.id = id,
                                          .zone = "m",
                                          .host = host,
                                          .port = 443,
                                          .handshake_us = handshake_us,
                                          .connect_us = 7};
    fleet_slowest_origin(slowest, &origin);
}

static void nobody_is_slow_where_nothing_is_known(void **state) {
    (void)state;
    struct fleet_slowest slowest = {0};
    add_origin(&slowest, 1, 0);
    fleet_slowest_finish(&slowest);
    assert_int_equal(slowest.origins, 0);
    assert_int_equal(slowest.list_n, 0);
    assert_int_equal(slowest.median_us, 0);
    fleet_slowest_clear(&slowest);
}

/* 1 to 1,000 in an order that is none: 7 is prime to 1,000. */
static void the_list_is_that_of_all_that_were_sorted(void **state) {
    (void)state;
    struct fleet_slowest slowest = {0};
    for (int i = 0; i < 1000; i++)
        add_origin(&slowest, i, (uint32_t)(i * 7 % 1000 + 1));
    fleet_slowest_finish(&slowest);
    assert_int_equal(slowest.origins, 1000);
    assert_int_equal(slowest.median_us, 500);
    assert_int_equal(slowest.p95_us, 950);
    assert_int_equal(slowest.list_n, FLEET_SLOWEST_LIST);
    for (uint32_t i = 0; i < FLEET_SLOWEST_LIST; i++)
        assert_int_equal(slowest.list[i].handshake_us, 1000 - i);
    assert_string_equal(slowest.list[0].host, "h857.example"); /* 857 * 7 = 5,999 */
    fleet_slowest_clear(&slowest);
}

static void few_origins_have_percentiles_too(void **state) {
    (void)state;
    static const struct {
        int origins; /* with the times 1 to `origins` */
        uint32_t median_us, p95_us;
    } rows[] = {{1, 1, 1}, {2, 1, 2}, {3, 2, 3}, {19, 10, 19}, {20, 10, 19}, {21, 11, 20}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fleet_slowest slowest = {0};
        for (int id = 1; id <= rows[i].origins; id++)
            add_origin(&slowest, id, (uint32_t)id);
        fleet_slowest_finish(&slowest);
        assert_int_equal(slowest.median_us, rows[i].median_us);
        assert_int_equal(slowest.p95_us, rows[i].p95_us);
        fleet_slowest_clear(&slowest);
    }
}

/* As with all lists it stands once, under the first of its zones, in whichever order these come. */
static void an_origin_in_several_zones_is_listed_once(void **state) {
    (void)state;
    struct fleet_slowest slowest = {0};
    add_origin(&slowest, 4, 900);
    add_origin(&slowest, 3, 900);
    struct fleet_slowest_origin again = {.id = 4,
                                         .zone = "n",
                                         .host = "h4.example",
                                         .port = 443,
                                         .again = true,
                                         .handshake_us = 900};
    fleet_slowest_origin(&slowest, &again);
    again.zone = "b";
    fleet_slowest_origin(&slowest, &again);
    fleet_slowest_finish(&slowest);
    assert_int_equal(slowest.origins, 2);
    assert_int_equal(slowest.list_n, 2);
    assert_int_equal(slowest.list[0].origin_id, 3); /* as slow, and imported before */
    assert_string_equal(slowest.list[0].zone, "m");
    assert_string_equal(slowest.list[1].zone, "b");
    fleet_slowest_clear(&slowest);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_slow_where_nothing_is_known),
        cmocka_unit_test(the_list_is_that_of_all_that_were_sorted),
        cmocka_unit_test(few_origins_have_percentiles_too),
        cmocka_unit_test(an_origin_in_several_zones_is_listed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
