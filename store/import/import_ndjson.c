/* NDJSON: one object per line. Other keys are refused: a misspelt `adress` must not be lost. */
#include "store/import/import_form.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_SIZE = 32 };

/* The texts of an object; numbers are written out. */
struct object {
    struct import_fields fields;
    char numbers[IMPORT_KEYS][NUMBER_SIZE];
};

static bool take_value(struct object *object, enum import_key key, json_t *value, struct err *err) {
    if (json_is_null(value))
        return true;
    if (json_is_string(value)) {
        object->fields.text[key] = json_string_value(value);
        return true;
    }
    bool may_be_number = key == IMPORT_PORT || key == IMPORT_WEIGHT;
    char *number = object->numbers[key];
    if (json_is_integer(value) && may_be_number)
        snprintf(number, NUMBER_SIZE, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value) && key == IMPORT_WEIGHT)
        snprintf(number, NUMBER_SIZE, "%.17g", json_real_value(value));
    else
        return err_set(err, "the value of \"%s\" must be a %s", import_fields_key(key),
                       may_be_number ? "number" : "text");
    object->fields.text[key] = number;
    return true;
}

/* Unlike columns, keys are told apart by the case of letters, as JSON has it. */
static bool find_key(const struct import_map *map, const char *name, enum import_key *key) {
    if (!import_fields_find(map, name, key))
        return false;
    return strcmp(name, map->column[*key] ? map->column[*key] : import_fields_key(*key)) == 0;
}

static bool read_object(const struct import_map *map, json_t *json, struct object *object,
                        struct err *err) {
    const char *name;
    json_t *value;
    json_object_foreach(json, name, value) {
        enum import_key key;
        if (!find_key(map, name, &key))
            return err_set(err, "unknown key; use zone, host, port, sni, address or weight");
        if (!take_value(object, key, value, err))
            return false;
    }
    return true;
}

/* The map is the state. */
static void *create_state(const struct import_map *map) {
    return (void *)(uintptr_t)map;
}

static void take_line(void *state, struct import_out *out, uint64_t line, char *text, size_t n) {
    json_error_t why;
    struct err err;
    struct object object = {0};
    if (text[strspn(text, " \t")] == '\0')
        return;
    json_t *json = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(json))
        import_out_bad(out, line, "not a JSON object%s%s", json ? "" : ": ", json ? "" : why.text);
    else if (read_object(state, json, &object, &err))
        import_out_add(out, line, &object.fields);
    else
        import_out_bad(out, line, "%s", err.text);
    json_decref(json);
}

const struct import_form import_ndjson_form = {.create = create_state, .take_line = take_line};
