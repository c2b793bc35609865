/* Lists: host[:port][@address] or a URL a line, or host and port apart; # begins a comment. */
#include "store/import/import_form.h"
#include "store/import/import_words.h"

#include <string.h>
#include <strings.h>

static void take_line(void *state, struct import_out *out, uint64_t line, char *text, size_t n) {
    char *words[3];
    struct import_fields fields = {0};
    (void)state;
    (void)n;
    import_words_drop_comment(text);
    size_t words_n = import_words_split(text, words, 3);
    if (words_n == 0)
        return;
    size_t last = strlen(words[words_n - 1]);
    if (words_n <= 2 && strchr(",;", words[words_n - 1][last - 1]))
        words[words_n - 1][last - 1] = '\0';
    bool port_apart = words_n == 2 && words[1][strspn(words[1], "0123456789")] == '\0';
    if (words_n > 1 && !port_apart) {
        import_out_bad(out, line, "more than one word; a list has one host[:port] or URL a line");
        return;
    }
    fields.text[IMPORT_PORT] = port_apart ? words[1] : NULL;
    const char *why = import_words_url(words[0], &fields);
    if (why)
        import_out_bad(out, line, "%s", why);
    else
        import_out_add(out, line, &fields);
}

const struct import_form import_list_form = {.take_line = take_line};
