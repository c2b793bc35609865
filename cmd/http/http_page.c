/* The status page. */
#include "cmd/http/http_page.h"

#include "scanner/base/clock.h"
#include "scanner/base/duration.h"
#include "store/store_read.h"
#include "store/store_schedule.h"

#include <inttypes.h>

static bool write_row(void *arg, const char *name, uint64_t n) {
    fprintf(arg, "<tr><th scope=\"row\">%s</th><td>%" PRIu64 "</td></tr>\n", name, n);
    return true;
}

static void begin_table(FILE *to, const char *caption) {
    fprintf(to, "<table><caption>%s</caption>\n", caption);
}

const char *http_page_style(void) {
    return NULL;
}

bool http_page_make(struct store *store, FILE *to, struct err *err) {
    struct store_backlog backlog = {0};
    struct store_totals totals = {0};
    char iso[CLOCK_ISO_SIZE];
    int64_t now_ms = clock_wall_ms();
    if (store_totals_origins(store, now_ms - DAY_MS, &totals, err) != STORE_OK ||
        store_backlog(store, now_ms, &backlog, err) != STORE_OK)
        return false;
    fprintf(to,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width\">\n<title>originscan</title>\n"
            "<h1>originscan</h1>\n<p>As of %s.</p>\n",
            clock_iso(now_ms, iso));
    begin_table(to, "Origins");
    write_row(to, "all", totals.origins);
    write_row(to, "never scanned", totals.never_scanned);
    write_row(to, "scanned within a day", totals.scanned_since);
    write_row(to, "due now", backlog.due_now);
    write_row(to, "in flight", backlog.in_flight);
    fputs("</table>\n", to);
    begin_table(to, "Zones by setting");
    bool good = store_totals_settings(store, write_row, to, err) == STORE_OK;
    fputs("</table>\n", to);
    begin_table(to, "Origins by verdict");
    good = good && store_totals_verdicts(store, write_row, to, err) == STORE_OK;
    fputs("</table>\n</html>\n", to);
    return good;
}
