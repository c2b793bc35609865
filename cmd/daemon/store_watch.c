/* What the store answers, told to the log. */
#include "cmd/daemon/store_watch.h"

#include "cmd/daemon/log.h"

bool store_watch_note(struct store_watch *watch, const char *what, enum store_result result,
                      const struct err *err) {
    switch (result) {
    case STORE_OK:
        if (watch->late)
            log_event(LOG_LEVEL_INFO, "store_available", log_text("after", what));
        watch->late = false;
        return true;
    case STORE_RETRY:
        if (!watch->late)
            log_event(LOG_LEVEL_WARNING, "store_unavailable", log_text("during", what),
                      log_text("reason", err->text));
        watch->late = true;
        return false;
    case STORE_BROKEN:
        log_event(LOG_LEVEL_ERROR, "store_failed", log_text("during", what),
                  log_text("reason", err->text));
        watch->broken = true;
        return false;
    }
    return false;
}

void store_watch_note_log(struct store_watch *watch, struct store_log log) {
    if (log.held && !watch->held && log.bytes >= STORE_WATCH_LOG_BYTES) {
        log_event(LOG_LEVEL_WARNING, "write_ahead_log_held", log_count("bytes", (int64_t)log.bytes),
                  log_text("reason", "another program keeps a read transaction open"));
        watch->held = true;
    } else if (!log.held && watch->held) {
        log_event(LOG_LEVEL_INFO, "write_ahead_log_free", log_count("bytes", (int64_t)log.bytes));
        watch->held = false;
    }
}

static enum store_result write_nothing(void *arg, struct err *err) {
    (void)arg;
    (void)err;
    return STORE_OK;
}

enum store_result store_watch_try(struct store *store, struct err *err) {
    return store_transaction(store, write_nothing, NULL, err);
}
