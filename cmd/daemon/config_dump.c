/* Prints a configuration as a file that says what each key means. */
#include "cmd/daemon/config_dump.h"

#include "cmd/daemon/config_rule.h"
#include "scanner/base/quote.h"

#include <string.h>

void config_dump_text(FILE *to, const char *text, size_t n) {
    fputc('"', to);
    for (size_t i = 0; i < n; i++) {
        char shown[QUOTE_BYTE_MAX];
        if (text[i] == '"' || text[i] == '\\')
            fputc('\\', to);
        fwrite(shown, 1, (size_t)(quote_byte(shown, text[i], "") - shown), to);
    }
    fputc('"', to);
}

static void write_whole_text(FILE *to, const char *text) {
    config_dump_text(to, text ? text : "", text ? strlen(text) : 0);
}

static void dump_value(FILE *to, const struct config *config, const struct config_key *key) {
    char **list = key->kind == CONFIG_LIST ? *(char ***)config_field(config, key) : NULL;
    switch (key->kind) {
    case CONFIG_COUNT:
    case CONFIG_REAL:
        fprintf(to, "%.15g", config_number(config, key));
        break;
    case CONFIG_TEXT:
        write_whole_text(to, *(char **)config_field(config, key));
        break;
    case CONFIG_LIST:
        fputc('{', to);
        for (size_t i = 0; list && list[i]; i++) {
            fputs(i ? ", " : "", to);
            write_whole_text(to, list[i]);
        }
        fputc('}', to);
        break;
    case CONFIG_CHOICE:
        write_whole_text(to, config_chosen(config, key));
        break;
    }
}

static void dump_range(FILE *to, const struct config_key *key) {
    switch (key->kind) {
    case CONFIG_COUNT:
    case CONFIG_REAL:
        fprintf(to, "; %.15g to %.15g, default %.15g", key->min, key->max, key->number);
        break;
    case CONFIG_TEXT:
    case CONFIG_LIST:
        break;
    case CONFIG_CHOICE:
        for (const struct config_choice *choice = key->choices; choice->word; choice++)
            fprintf(to, "%s%s", choice == key->choices ? "; " : "|", choice->word);
        for (const struct config_choice *choice = key->choices; choice->word; choice++)
            if (choice->value == key->choice)
                fprintf(to, "; default %s", choice->word);
        break;
    }
}

void config_dump(const struct config *config, FILE *to) {
    size_t n;
    const struct config_key *keys = config_keys(&n);
    for (size_t i = 0; i < n; i++) {
        const struct config_key *key = &keys[i];
        fprintf(to, "# %s", key->help);
        dump_range(to, key);
        fprintf(to, "%s\n%s = ", key->reloadable ? "; reloadable" : "", key->name);
        dump_value(to, config, key);
        fputs("\n\n", to);
    }
    config_rule_dump(&config->rule, to);
}
