/* The small things that everything shares: growing arrays, hashes, numbers as bytes. */
#include "scanner/base/array.h"
#include "scanner/base/clock.h"
#include "scanner/base/duration.h"
#include "scanner/base/hash.h"
#include "scanner/base/little_endian.h"
#include "scanner/base/loop.h"

#include <event2/event.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void appending_keeps_what_was_there(void **state) {
    (void)state;
    unsigned *items = NULL;
    size_t room = 0, grown = 0;
    for (unsigned i = 0; i < 1000; i++) {
        size_t before = room;
        items = array_reserve(items, i + 1, &room, sizeof *items);
        grown += room != before;
        assert_true(room > i);
        items[i] = i;
    }
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(items[i], i);
    assert_true(grown <= 8);
    items = array_reserve(items, 5000, &room, sizeof *items);
    assert_int_equal(room, 5000);
    unsigned *same = array_reserve(items, 4000, &room, sizeof *items);
    assert_ptr_equal(same, items);
    free(items);
}

static unsigned cleared[8], cleared_n;

static void note_cleared(void *member) {
    cleared[cleared_n++] = *(unsigned *)member;
}

/* Whatever the order in which they come, the three smallest of seven stay, in order. */
static void a_full_list_keeps_the_first(void **state) {
    (void)state;
    static const unsigned coming[] = {40, 20, 60, 50, 10, 70, 30};
    unsigned list[3];
    size_t n = 0, refused = 0;
    for (size_t i = 0; i < COUNT_OF(coming); i++) {
        size_t at = n;
        while (at > 0 && coming[i] < list[at - 1])
            at--;
        unsigned *place = array_insert(list, &n, COUNT_OF(list), at, sizeof *list, note_cleared);
        if (place)
            *place = coming[i];
        else
            refused++;
    }
    assert_int_equal(n, 3);
    assert_memory_equal(list, ((unsigned[]){10, 20, 30}), sizeof list);
    assert_int_equal(refused, 1);
    assert_int_equal(cleared_n, 3);
    assert_memory_equal(cleared, ((unsigned[]){60, 50, 40}), 3 * sizeof *cleared);
}

/* Published test vectors of FNV-1a: what is stored and scheduled by them must never change. */
static void hashes_are_those_of_the_book(void **state) {
    (void)state;
    assert_int_equal(hash_text_32(""), 0x811c9dc5);
    assert_int_equal(hash_text_32("a"), 0xe40c292c);
    assert_int_equal(hash_text_32("foobar"), 0xbf9cf968);
    assert_true(hash_text_64("") == UINT64_C(0xcbf29ce484222325));
    assert_true(hash_text_64("a") == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(hash_text_64("foobar") == UINT64_C(0x85944171f73967e8));
    uint64_t apart = hash_add_64(hash_add_64(HASH_START_64, "foo", 3), "bar", 3);
    assert_true(apart == hash_text_64("foobar"));
}

static void numbers_are_written_least_significant_first(void **state) {
    (void)state;
    uint8_t out[9] = {[8] = 0xee};
    little_endian_put(out, UINT64_C(0x0807060504030201), 8);
    const uint8_t whole[9] = {1, 2, 3, 4, 5, 6, 7, 8, 0xee};
    assert_memory_equal(out, whole, sizeof whole);
    assert_true(little_endian_get(out, 8) == UINT64_C(0x0807060504030201));
    assert_true(little_endian_get(out, 3) == 0x030201);
    little_endian_put(out, 0xaabbccdd, 2);
    assert_true(little_endian_get(out, 4) == 0x0403ccdd);
}

static void durations_fit_together(void **state) {
    (void)state;
    assert_true(DAY_MS == 86400000 && HOUR_MS == 3600000 && MINUTE_MS == 60000 &&
                SECOND_MS == 1000);
    const int64_t periods[] = {SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS};
    for (size_t i = 1; i < COUNT_OF(periods); i++)
        assert_true(periods[i] % periods[i - 1] == 0);
}

struct timer {
    struct event *event;
    uint64_t set_us, came_us;
};

static void note_time(evutil_socket_t fd, short what, void *arg) {
    struct timer *timer = arg;
    (void)fd;
    (void)what;
    timer->came_us = clock_mono_us();
}

/* In a turn of the loop that has lasted for longer than the timer is to run. */
static void set_timer_late(evutil_socket_t fd, short what, void *arg) {
    const struct timeval wait = {.tv_usec = 50000};
    struct timer *timer = arg;
    (void)fd;
    (void)what;
    usleep(100000);
    timer->set_us = clock_mono_us();
    event_add(timer->event, &wait);
}

static void timers_count_from_when_they_are_set(void **state) {
    (void)state;
    struct event_base *base = loop_new();
    struct timer timer = {0};
    timer.event = event_new(base, -1, 0, note_time, &timer);
    event_base_once(base, -1, EV_TIMEOUT, set_timer_late, &timer, NULL);
    event_base_dispatch(base);
    assert_true(timer.came_us >= timer.set_us + 40000); /* the clock of timers is a coarse one */
    event_free(timer.event);
    event_base_free(base);
}

/* A database of somebody else may hold any number for a time. */
static void times_have_years_of_four_digits(void **state) {
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
        {INT64_C(253402300800000), "9999-12-31T23:59:59.999Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999Z"},
        {INT64_C(-30610224000000), "1000-01-01T00:00:00.000Z"},
        {INT64_MIN, "1000-01-01T00:00:00.000Z"},
    };
    char text[CLOCK_ISO_SIZE];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_string_equal(clock_iso(rows[i].ms, text), rows[i].text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appending_keeps_what_was_there),
        cmocka_unit_test(a_full_list_keeps_the_first),
        cmocka_unit_test(hashes_are_those_of_the_book),
        cmocka_unit_test(numbers_are_written_least_significant_first),
        cmocka_unit_test(durations_fit_together),
        cmocka_unit_test(timers_count_from_when_they_are_set),
        cmocka_unit_test(times_have_years_of_four_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
