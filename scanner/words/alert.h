/* The names of TLS alerts. */
#pragma once

/* The name of an alert's code as RFC 8446 6.2 spells it, or older standards where that has dropped
 * it; NULL where it has none. */
const char *alert_name(int code);
