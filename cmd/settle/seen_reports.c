/* Repeated feedback reports. */
#include "cmd/settle/seen_reports.h"

#include "scanner/base/alloc.h"

#include <stdlib.h>
#include <string.h>

#define uthash_malloc(n) alloc_zero(1, n) /* never NULL: no memory ends the process */
#define uthash_fatal(text) abort()
#include <uthash.h>

/* What makes a report the same as another: numbers without gaps between them, then the zone. */
struct seen_report {
    UT_hash_handle hh;
    size_t key_size;
    unsigned char key[];
};

struct seen_reports {
    struct seen_report *by_key;
};

struct seen_reports *seen_reports_new(void) {
    return alloc_zero(1, sizeof(struct seen_reports));
}

void seen_reports_free(struct seen_reports *seen) {
    struct seen_report *report, *next;
    if (!seen)
        return;
    HASH_ITER(hh, seen->by_key, report, next) {
        HASH_DEL(seen->by_key, report);
        free(report);
    }
    free(seen);
}

static struct seen_report *make_report(const char *zone, int64_t until_ms,
                                       const struct feedback *feedback) {
    const bool whole_period = until_ms != 0;
    const uint64_t numbers[] = {
        (uint64_t)until_ms,
        (uint64_t)feedback->arm,
        whole_period ? 0 : feedback->handshakes,
        whole_period ? 0 : feedback->failures,
        whole_period ? 0 : feedback->retries,
    };
    size_t zone_size = strlen(zone);
    struct seen_report *report = alloc_zero(1, sizeof *report + sizeof numbers + zone_size);
    report->key_size = sizeof numbers + zone_size;
    memcpy(report->key, numbers, sizeof numbers);
    memcpy(report->key + sizeof numbers, zone, zone_size);
    return report;
}

bool seen_reports_add(struct seen_reports *seen, const char *zone, int64_t until_ms,
                      const struct feedback *feedback) {
    struct seen_report *report = make_report(zone, until_ms, feedback), *earlier;
    HASH_FIND(hh, seen->by_key, report->key, report->key_size, earlier);
    if (earlier) {
        free(report);
        return false;
    }
    HASH_ADD_KEYPTR(hh, seen->by_key, report->key, report->key_size, report);
    return true;
}
