/* Commands that we print for people to copy. */
#include "scanner/base/shell_word.h"

#include "scanner/base/quote.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void shell_word_write(FILE *to, const char *text) {
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/-";
    bool printable = !strchr(text, '`');
    for (const char *at = text; *at; at++)
        printable = printable && *at >= ' ' && *at <= '~';
    if (!printable) {
        fputs("$'", to);
        quote_print(to, text, "'\\`");
    } else if (*text && strspn(text, plain) == strlen(text)) {
        fputs(text, to);
        return;
    } else {
        fputc('\'', to);
        for (; *text; text++)
            fputs(*text == '\'' ? "'\\''" : (char[]){*text, '\0'}, to);
    }
    fputc('\'', to);
}

static FILE *open_text(char **text, size_t *n) {
    FILE *to = open_memstream(text, n);
    if (!to)
        abort();
    return to;
}

char *shell_word_new(const char *text) {
    char *word = NULL;
    size_t n;
    FILE *to = open_text(&word, &n);
    shell_word_write(to, text);
    fclose(to);
    return word;
}

char *shell_word_command(const char *command, const char *database, const char *argument) {
    char *line = NULL;
    size_t n;
    FILE *to = open_text(&line, &n);
    fprintf(to, "originscan %s", command);
    if (database) {
        fputs(database[0] == '-' ? " --db=" : " --db ", to);
        shell_word_write(to, database);
    }
    if (argument) {
        fputs(argument[0] == '-' ? " -- " : " ", to);
        shell_word_write(to, argument);
    }
    fclose(to);
    return line;
}
