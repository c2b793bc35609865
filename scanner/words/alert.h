/* The names of TLS alerts. */
#pragma once

#include <stdbool.h>

/* Those that the scanner tells apart. */
enum alert {
    ALERT_CLOSE_NOTIFY = 0,
    ALERT_RECORD_OVERFLOW = 22,
    ALERT_HANDSHAKE_FAILURE = 40,
    ALERT_ILLEGAL_PARAMETER = 47,
    ALERT_DECODE_ERROR = 50,
    ALERT_PROTOCOL_VERSION = 70,
    ALERT_INSUFFICIENT_SECURITY = 71,
    ALERT_INTERNAL_ERROR = 80,
    ALERT_UNRECOGNIZED_NAME = 112,
    ALERT_CERTIFICATE_REQUIRED = 116,
    ALERT_NO_APPLICATION_PROTOCOL = 120,
};

/* The name of an alert's code as RFC 8446 6.2 spells it, or older standards where that has dropped
 * it; NULL where it has none. */
const char *alert_name(int code);

/* True if an alert with that code may be the answer to a question about a group. Not so are those that speak of the
 * version, the server's own trouble, the name, the client's certificate or the application protocol. */
bool alert_refuses_group(int code);
