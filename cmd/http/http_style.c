/* The hash of the style sheet. */
#include "cmd/http/http_style.h"

#include "report/page/page_style.h"

#include <openssl/base64.h>
#include <openssl/sha.h>

#include <pthread.h>
#include <string.h>

static uint8_t hash[(SHA256_DIGEST_LENGTH + 2) / 3 * 4 + 1];

static void compute_hash(void) {
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256((const uint8_t *)page_style, strlen(page_style), digest);
    EVP_EncodeBlock(hash, digest, sizeof digest);
}

const char *http_style_hash(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, compute_hash);
    return (const char *)hash;
}
