/* Fuzz target: any configuration is read or refused with a reason, and one that is read says the same
 * when it is dumped and read again. */
#include "cmd/daemon/config.h"
#include "cmd/daemon/config_dump.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "config: %s\n", what);
    abort();
}

static char *dump(const struct config *config) {
    char *text = NULL;
    size_t n;
    FILE *to = open_memstream(&text, &n);
    must(to != NULL, "no memory");
    config_dump(config, to);
    fclose(to);
    return text;
}

static bool load(const char *text, struct config *config, struct err *err) {
    *config = (struct config){0};
    return config_load(&(struct config_source){.base = text}, config, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct config config, again;
    struct err err = {""};
    char *text = calloc(1, n + 1);
    must(text != NULL, "no memory");
    memcpy(text, data, n);
    if (strstr(text, "include")) { /* reads files */
        free(text);
        return 0;
    }
    if (load(text, &config, &err)) {
        char *first = dump(&config);
        must(load(first, &again, &err), "its own dump is refused");
        char *second = dump(&again);
        must(strcmp(first, second) == 0, "a dump that says something else");
        free(second);
        free(first);
        config_clear(&again);
    } else {
        must(err.text[0] != 0, "no reason");
    }
    config_clear(&config);
    free(text);
    return 0;
}
