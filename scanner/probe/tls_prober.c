/* What all probes of a process share. */
#include "scanner/probe/tls_prober.h"

#include "scanner/base/alloc.h"
#include "scanner/net/address_policy.h"
#include "scanner/probe/key_shares.h"
#include "scanner/probe/loop_lag.h"
#include "scanner/probe/tls_hello.h"

#include <event2/event.h>
#include <openssl/ssl.h>

#include <stdlib.h>

struct tls_prober *tls_prober_new(const struct tls_prober_options *options, struct err *err) {
    struct tls_prober *prober = alloc_zero(1, sizeof *prober);
    prober->base = options->base;
    prober->policy = options->policy;
    prober->lag = loop_lag_new(options->base);
    prober->mss = options->mss;
    prober->leaves = options->leaves;
    prober->timeout.tv_sec = options->timeout_ms / 1000;
    prober->timeout.tv_usec = (suseconds_t)(options->timeout_ms % 1000) * 1000;
    prober->common_timeout = event_base_init_common_timeout(options->base, &prober->timeout);
    prober->hello_max = options->hello_max ? options->hello_max : TLS_PROBER_HELLO_MAX;
    if (!alpn_parse(options->alpn ? options->alpn : ALPN_DEFAULT, &prober->alpn, err)) {
        tls_prober_free(prober);
        return NULL;
    }
    prober->context = tls_hello_context(&prober->alpn);
    prober->keys = key_shares_new();
    if (!prober->common_timeout) {
        tls_prober_free(prober);
        err_set(err, "out of memory for the state shared by all probes");
        return NULL;
    }
    return prober;
}

void tls_prober_free(struct tls_prober *prober) {
    if (!prober)
        return;
    SSL_CTX_free(prober->context);
    key_shares_free(prober->keys);
    loop_lag_free(prober->lag);
    free(prober);
}

bool tls_prober_permits(const struct tls_prober *prober, const struct sockaddr *address) {
    const char *why;
    return address_policy_permits(prober->policy, address, &why);
}
