/* Strict UTF-8. */
#include "scanner/base/utf8.h"

/* The number of bytes that follow a first byte, and its bits of the code; none for bytes that begin
 * nothing. */
static unsigned begin_code(unsigned char first, uint32_t *code) {
    if (first >= 0xc2 && first <= 0xdf) {
        *code = first & 0x1fU;
        return 1;
    }
    if (first >= 0xe0 && first <= 0xef) {
        *code = first & 0x0fU;
        return 2;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        *code = first & 0x07U;
        return 3;
    }
    return 0;
}

const char *utf8_next(const char *at, uint32_t *code) {
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)*at;
    const char *bad = at + 1;
    *code = first;
    if (first < 0x80)
        return bad;
    unsigned more = begin_code(first, code);
    at++;
    for (unsigned i = 0; i < more; i++, at++) {
        if (((unsigned char)*at & 0xc0) != 0x80) {
            *code = UTF8_BAD;
            return bad;
        }
        *code = *code << 6 | ((unsigned char)*at & 0x3fU);
    }
    if (more == 0 || *code < least[more] || *code > 0x10ffff ||
        (*code >= 0xd800 && *code <= 0xdfff)) {
        *code = UTF8_BAD;
        return bad;
    }
    return at;
}

bool utf8_is_control(uint32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

bool utf8_is_separator(uint32_t code) {
    return code == 0x2028 || code == 0x2029;
}

bool utf8_is_noncharacter(uint32_t code) {
    return (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) == 0xfffe;
}

bool utf8_is_direction(uint32_t code) {
    return code == 0x061c || code == 0x200e || code == 0x200f ||
           (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0xfeff;
}
