/* Fuzz target: bytes of the database that anybody may have written either are refused, or read as a value
 * that is written and read again without a change. The first byte of an input chooses what they are. */
#include "report/rule/origin_history.h"
#include "report/zone/zone_pack.h"
#include "store/pack/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "pack: %s\n", what);
    abort();
}

static void must_be_equal(const uint8_t *a, size_t a_n, const uint8_t *b, size_t b_n) {
    must(a_n == b_n && (a_n == 0 || memcmp(a, b, a_n) == 0), "written twice, and not alike");
}

static void try_scan(const uint8_t *data, size_t n) {
    struct scan scan, again;
    struct err err;
    struct bytes first = {0}, second = {0};
    if (!pack_read_scan(data, n, &scan, &err))
        return;
    pack_scan(&scan, &first);
    must(pack_read_scan(first.at, first.n, &again, &err), "a scan that cannot be read again");
    pack_scan(&again, &second);
    must_be_equal(first.at, first.n, second.at, second.n);
    pack_scan_clear(&scan);
    pack_scan_clear(&again);
    bytes_clear(&first);
    bytes_clear(&second);
}

static void try_judgement(const uint8_t *data, size_t n) {
    struct judgement judgement, again;
    struct err err;
    struct bytes first = {0}, second = {0};
    if (!pack_read_judgement(data, n, &judgement, &err))
        return;
    pack_judgement(&judgement, &first);
    must(pack_read_judgement(first.at, first.n, &again, &err),
         "a judgement that cannot be read again");
    pack_judgement(&again, &second);
    must_be_equal(first.at, first.n, second.at, second.n);
    bytes_clear(&first);
    bytes_clear(&second);
}

static void try_history(const uint8_t *data, size_t n) {
    struct origin_history history;
    uint8_t first[ORIGIN_HISTORY_MAX], second[ORIGIN_HISTORY_MAX];
    if (!origin_history_read(data, n, &history))
        return;
    size_t first_n = origin_history_write(&history, first);
    must(origin_history_read(first, first_n, &history), "a state that cannot be read again");
    must_be_equal(first, first_n, second, origin_history_write(&history, second));
}

static void try_visits(const uint8_t *data, size_t n) {
    struct origin_visits visits;
    uint8_t first[ORIGIN_VISITS_SIZE], second[ORIGIN_VISITS_SIZE];
    if (!origin_visits_read(data, n, &visits))
        return;
    size_t first_n = origin_visits_write(&visits, first);
    must(origin_visits_read(first, first_n, &visits), "visits that cannot be read again");
    must_be_equal(first, first_n, second, origin_visits_write(&visits, second));
}

static void try_zone(const uint8_t *data, size_t n) {
    struct zone_state state;
    uint8_t first[ZONE_PACK_MAX], second[ZONE_PACK_MAX];
    if (!zone_pack_read(data, n, &state))
        return;
    size_t first_n = zone_pack_write(&state, first);
    must(zone_pack_read(first, first_n, &state), "a zone's state that cannot be read again");
    must_be_equal(first, first_n, second, zone_pack_write(&state, second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static void (*const tries[])(const uint8_t *, size_t) = {try_scan, try_judgement, try_history,
                                                             try_visits, try_zone};
    if (n > 0)
        tries[data[0] % (sizeof tries / sizeof *tries)](data + 1, n - 1);
    return 0;
}
