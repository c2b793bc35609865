/* Lines of a page for people. */
#include "report/view/wrap.h"

#include <stdbool.h>
#include <string.h>

#define COLUMNS 98
#define INDENT 18

void wrap_print(FILE *to, const char *label, const char *text) {
    size_t column = (size_t)fprintf(to, WRAP_LABEL, label);
    for (bool first = true; *text; first = false) {
        size_t word = strcspn(text, " ");
        if (column + 1 + word > COLUMNS)
            column = (size_t)fprintf(to, "\n%*s", INDENT, "") - 1;
        else if (!first)
            column += (size_t)fprintf(to, " ");
        column += (size_t)fprintf(to, "%.*s", (int)word, text);
        text += word;
        text += strspn(text, " ");
    }
    fputc('\n', to);
}
