/* Names that no list means are refused when they come in. */
#include "scanner/words/zone_name.h"

#include "scanner/base/utf8.h"

#include <string.h>

bool zone_name_check(const char *text, struct err *err) {
    if (!*text || strlen(text) > ZONE_NAME_MAX)
        return err_set(err, "the name of a zone has 1 to %d bytes", ZONE_NAME_MAX);
    while (*text) {
        uint32_t code;
        text = utf8_next(text, &code);
        if (code == UTF8_BAD)
            return err_set(err, "the name of a zone is not valid UTF-8");
        if (utf8_is_control(code))
            return err_set(err, "the name of a zone contains a control character, U+%04X", code);
        if (utf8_is_separator(code))
            return err_set(err, "the name of a zone contains a line separator, U+%04X", code);
        if (utf8_is_noncharacter(code))
            return err_set(err, "the name of a zone contains U+%04X, which is not a character",
                           code);
    }
    return true;
}
