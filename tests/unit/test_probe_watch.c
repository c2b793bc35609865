/* What `probe --watch` says of a name's addresses, one of which is dialled in a round. */
#include "cmd/probe_watch.h"
#include "tests/support/scan_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char addresses[][ORIGIN_ADDRESS_SIZE] = {"192.0.2.1", "192.0.2.2", "192.0.2.3"};

/* A scan of the name at one of its first `n` addresses; the caller frees. */
static char *take(struct probe_watch *watch, size_t dialled, uint8_t n) {
    struct scan_words words;
    struct judgement judgement;
    scan_words_init(&words);
    scan_words_apply(&words, "modern");
    words.scan.addresses_n = n;
    words.scan.addresses = addresses;
    strcpy(words.scan.address, addresses[dialled]);
    verdict_judge(&words.scan, &judgement);
    return probe_watch_take(watch, &words.scan, &judgement, 0);
}

static void expect(struct probe_watch *watch, size_t dialled, uint8_t n, const char *told) {
    char *text = take(watch, dialled, n);
    assert_non_null(text);
    if (told[0] ? !strstr(text, told) : text[0])
        fail_msg("%s instead of %s", text, told);
    free(text);
}

static void an_address_that_the_name_had_is_not_new(void **state) {
    (void)state;
    struct probe_watch *watch = probe_watch_new();
    assert_null(take(watch, 0, 2));
    probe_watch_next_round(watch);
    expect(watch, 1, 2, "origin.example:443 (192.0.2.2)  probed for the first time: ready\n");
    probe_watch_next_round(watch);
    expect(watch, 0, 3, "");
    expect(watch, 2, 3, "origin.example:443 (192.0.2.3)  a new address: ready\n");
    probe_watch_next_round(watch);
    expect(watch, 0, 1, "(192.0.2.2)  the name no longer has this address\n");
    probe_watch_next_round(watch);
    expect(watch, 1, 2, "(192.0.2.2)  a new address: ready\n");
    probe_watch_free(watch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_that_the_name_had_is_not_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
