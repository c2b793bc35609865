/* Keys and certificates, made at start and shared by all connections of the same kind. */
#pragma once

#include "lab_profile.h"

#include <openssl/base.h>

/* A context that serves this profile: version bounds up to `tls13`, certificate, client
 * certificates, tickets. Groups are set per connection. Made on first use and kept until
 * lab_cert_clear; borrowed. */
SSL_CTX *lab_cert_context(const struct lab_profile *profile, enum lab_cert cert, bool tls13);

void lab_cert_clear(void);
