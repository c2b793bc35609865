/* A BIO over two plain buffers. */
#include "scanner/probe/memory_bio.h"

#include "scanner/base/alloc.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <stdlib.h>
#include <string.h>

static int on_read(BIO *bio, char *to, int n) {
    struct memory_bio *buffers = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (buffers->in_n == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t take = buffers->in_n < (size_t)n ? buffers->in_n : (size_t)n;
    memcpy(to, buffers->in, take);
    buffers->in += take;
    buffers->in_n -= take;
    return (int)take;
}

static int on_write(BIO *bio, const char *from, int n) {
    struct memory_bio *buffers = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (n < 0 || buffers->out_n + (size_t)n > MEMORY_BIO_OUT_MAX)
        return -1;
    buffers->out = alloc_resize(buffers->out, buffers->out_n + (size_t)n, 1);
    memcpy(buffers->out + buffers->out_n, from, (size_t)n);
    buffers->out_n += (size_t)n;
    return n;
}

static long on_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static int on_create(BIO *bio) {
    BIO_set_init(bio, 1);
    return 1;
}

/* Made once and kept: BoringSSL's methods live as long as the process. */
static BIO_METHOD *memory_method(void) {
    static BIO_METHOD *made;
    if (made)
        return made;
    made = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "memory");
    if (!made)
        abort();
    BIO_meth_set_read(made, on_read);
    BIO_meth_set_write(made, on_write);
    BIO_meth_set_ctrl(made, on_control);
    BIO_meth_set_create(made, on_create);
    return made;
}

void memory_bio_attach(struct memory_bio *buffers, SSL *ssl) {
    BIO *bio = BIO_new(memory_method());
    if (!bio)
        abort();
    BIO_set_data(bio, buffers);
    SSL_set_bio(ssl, bio, bio);
}

void memory_bio_give(struct memory_bio *buffers, uint8_t *bytes, size_t n) {
    free(buffers->out);
    buffers->out = bytes;
    buffers->out_n = n;
}

void memory_bio_taken(struct memory_bio *buffers, size_t n) {
    buffers->out_n -= n;
    if (buffers->out_n > 0)
        memmove(buffers->out, buffers->out + n, buffers->out_n);
    else
        memory_bio_clear(buffers);
}

void memory_bio_clear(struct memory_bio *buffers) {
    free(buffers->out);
    buffers->out = NULL;
    buffers->out_n = 0;
}
