/* What documents say again and again as JSON. */
#include "report/json_value.h"

#include "scanner/base/clock.h"
#include "scanner/base/quote.h"
#include "scanner/words/words.h"

#include <stdio.h>
#include <stdlib.h>

json_t *json_value_text(const char *text) {
    json_t *string = json_string(text);
    if (string)
        return string;
    char *escaped = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&escaped, &n);
    if (!to)
        abort();
    quote_print(to, text, "\"\\");
    fclose(to);
    string = json_string(escaped);
    free(escaped);
    return string;
}

json_t *json_value_group(uint16_t group) {
    char name[GROUP_NAME_SIZE];
    return group == GROUP_NONE ? json_null() : json_string(group_name(group, name));
}

json_t *json_value_groups(const uint16_t *groups, size_t n) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_value_group(groups[i]));
    return list;
}

json_t *json_value_time(int64_t ms) {
    char text[CLOCK_ISO_SIZE];
    return ms ? json_string(clock_iso(ms, text)) : json_null();
}
