/* What a resolver answered, as tests compare it. */
#pragma once

#include "scanner/net/resolver.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* The answer in one line: addresses, or `why`; good until the next call. */
static inline const char *answer_text(const struct resolver_answer *answer) {
    static char text[RESOLVER_ADDRESSES_MAX * 48];
    size_t n = 0;
    if (answer->why)
        return answer->why;
    for (size_t i = 0; i < answer->count; i++) {
        char address[INET6_ADDRSTRLEN];
        const struct sockaddr_storage *from = &answer->addresses[i];
        const void *binary = from->ss_family == AF_INET
                                 ? (const void *)&((const struct sockaddr_in *)from)->sin_addr
                                 : (const void *)&((const struct sockaddr_in6 *)from)->sin6_addr;
        assert_int_equal(((const struct sockaddr_in *)from)->sin_port, 0);
        inet_ntop(from->ss_family, binary, address, sizeof address);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? " " : "", address);
    }
    return text;
}
