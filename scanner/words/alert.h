/* The names of TLS alerts. */
#pragma once

/* The codes that the scanner tells apart (RFC 8446 6.2). */
enum alert {
    ALERT_CLOSE_NOTIFY = 0,
    ALERT_HANDSHAKE_FAILURE = 40,
    ALERT_ILLEGAL_PARAMETER = 47,
    ALERT_PROTOCOL_VERSION = 70,
    ALERT_INSUFFICIENT_SECURITY = 71,
    ALERT_UNRECOGNIZED_NAME = 112,
};

/* The name of an alert's code as RFC 8446 6.2 spells it, or older standards where that has dropped
 * it; NULL where it has none. */
const char *alert_name(int code);
