/* What a probe keeps of the certificate that it was shown. */
#pragma once

#include "scanner/probe/probe_result.h"

#include <openssl/base.h>

struct leaf_shelf;

/* Notes the leaf's SHA-256 and, in TLS 1.2, the curve of an ECDSA key: there the list of groups limits the
 * certificate, too (RFC 8422 5.1). Nothing is noted where no certificate came. The leaf itself goes to the shelf, if
 * there is one. */
void tls_leaf_note(const SSL *ssl, struct probe_result *result, struct leaf_shelf *shelf);
