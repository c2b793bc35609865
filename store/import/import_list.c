/* Lists: host[:port][@address] or a URL per line, or host and port apart; # begins a comment. */
#include "store/import/import_list.h"

#include "store/import/import_form.h"
#include "store/import/import_words.h"

#include <string.h>

const char *import_list_read(char *text, struct import_fields *out) {
    char *words[3];
    *out = (struct import_fields){0};
    import_words_drop_comment(text);
    size_t words_n = import_words_split(text, words, 3);
    if (words_n == 0)
        return NULL;
    size_t last = strlen(words[words_n - 1]);
    if (words_n <= 2 && strchr(",;", words[words_n - 1][last - 1]))
        words[words_n - 1][last - 1] = '\0';
    bool port_apart = words_n == 2 && words[1][strspn(words[1], "0123456789")] == '\0';
    if (words_n > 1 && !port_apart)
        return "more than one word where one host[:port] or URL is expected";
    out->text[IMPORT_PORT] = port_apart ? words[1] : NULL;
    return import_words_url(words[0], out);
}

static void take_line(void *state, struct import_out *out, uint64_t line, char *text, size_t n) {
    struct import_fields fields;
    (void)state;
    (void)n;
    const char *why = import_list_read(text, &fields);
    if (why)
        import_out_bad(out, line, "%s", why);
    else if (fields.endpoint)
        import_out_add(out, line, &fields);
}

const struct import_form import_list_form = {.take_line = take_line};
