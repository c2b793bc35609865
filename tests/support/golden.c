/* Golden files: compare a text with what was last looked at, or write it anew. */
#include "tests/support/golden.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PATH_SIZE 1024

static void write_golden(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) == EOF || fclose(file) != 0)
        fail_msg("cannot write %s: %s", path, strerror(errno));
}

/* The whole file; the caller frees it. A file that is not there is empty. */
static char *read_golden(const char *path) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    FILE *file = fopen(path, "r");
    assert_non_null(out);
    for (int c; file && (c = fgetc(file)) != EOF;)
        fputc(c, out);
    if (file)
        fclose(file);
    fclose(out);
    return text;
}

/* Where the line that holds text[at] begins. */
static size_t line_start(const char *text, size_t at) {
    while (at > 0 && text[at - 1] != '\n')
        at--;
    return at;
}

static void report_difference(const char *name, const char *want, const char *got) {
    size_t at = 0;
    size_t line = 1;
    for (; want[at] && want[at] == got[at]; at++)
        line += want[at] == '\n';
    const char *w = want + line_start(want, at);
    const char *g = got + line_start(got, at);
    fail_msg(
        "tests/golden/%s:%zu\n  expected: %.*s\n  but was:  %.*s\n"
        "If the change is meant, run again with ORIGINSCAN_UPDATE_GOLDEN=1 and review the diff",
        name, line, (int)strcspn(w, "\n"), w, (int)strcspn(g, "\n"), g);
}

void golden_expect(const char *name, const char *text) {
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/tests/golden/%s", ORIGINSCAN_SOURCE_DIR, name);
    const char *update = getenv("ORIGINSCAN_UPDATE_GOLDEN");
    if (update && strcmp(update, "1") == 0) {
        write_golden(path, text);
        return;
    }
    char *want = read_golden(path);
    if (strcmp(want, text) != 0)
        report_difference(name, want, text);
    free(want);
}

void golden_open(struct golden *golden) {
    golden->text = NULL;
    golden->stream = open_memstream(&golden->text, &golden->size);
    assert_non_null(golden->stream);
}

void golden_close(struct golden *golden, const char *name) {
    fclose(golden->stream);
    golden_expect(name, golden->text);
    free(golden->text);
}
