/* The event loop of a process. */
#include "scanner/base/loop.h"

#include <event2/event.h>

struct event_base *loop_new(void) {
    struct event_config *config = event_config_new();
    if (!config)
        return NULL;
    event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}
