/* A line for each zone whose setting moved. */
#include "cmd/daemon/setting_log.h"

#include "cmd/daemon/log.h"
#include "cmd/metrics/metrics.h"
#include "cmd/settle/stored_change.h"
#include "report/fleet/change_line.h"
#include "scanner/base/array.h"
#include "store/store_read.h"

#include <string.h>

enum store_result setting_log_begin(struct setting_log *log, struct store *store, struct err *err) {
    return store_change_last(store, &log->number, err);
}

/* The field of that name, or one without texts. */
static const struct change_field *find_field(const struct change_line *line, const char *name) {
    static const struct change_field none;
    for (size_t i = 0; i < line->fields_n; i++)
        if (strcmp(line->fields[i].field, name) == 0)
            return &line->fields[i];
    return &none;
}

static void tell_line(const struct change_line *line) {
    const struct change_field *setting = find_field(line, "setting");
    if (line->fields_n == 0)
        return;
    if (setting->field) /* else it stays, with another variant, share or list of groups */
        metrics_count(METRIC_SETTING_CHANGES, metrics_setting_place(setting->old),
                      metrics_setting_place(setting->new));
    log_event(LOG_LEVEL_INFO, "setting_changed", log_text("zone", line->subject),
              log_text("old", setting->old), log_text("new", setting->new),
              log_text("variant", find_field(line, "variant")->new),
              log_text("first_share", find_field(line, "first_share")->new),
              log_text("groups", find_field(line, "groups")->new),
              log_text("reason", line->fields[0].reason));
}

static bool is_setting_field(const char *field) {
    static const char *const fields[] = {"setting", "variant", "first_share", "groups"};
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (strcmp(field, fields[i]) == 0)
            return true;
    return false;
}

struct telling {
    struct setting_log *log;
    struct change_line line; /* that is being put together */
};

static bool take_change(void *arg, const struct store_change *change) {
    struct telling *telling = arg;
    struct change_row row = stored_change_row(change);
    telling->log->number = change->number;
    if (!is_setting_field(row.field))
        return true;
    if (!change_line_has(&telling->line, &row)) {
        tell_line(&telling->line);
        change_line_clear(&telling->line);
    }
    change_line_add(&telling->line, &row);
    return true;
}

enum store_result setting_log_tell(struct setting_log *log, struct store *store, struct err *err) {
    struct telling telling = {.log = log};
    enum store_result result = store_changes_after(store, log->number, take_change, &telling, err);
    tell_line(&telling.line);
    change_line_clear(&telling.line);
    return result;
}
