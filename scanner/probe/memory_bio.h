/* A BIO over two plain buffers: BoringSSL reads what the socket gave and writes what the socket is
 * to take, so that every system call stays with the caller. */
#pragma once

#include <openssl/base.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest flight of ours is a CH2 with a hybrid and a classical share, about 1,700 bytes; a
 * client without certificates sends nothing longer. A write beyond this fails the handshake. */
#define MEMORY_BIO_OUT_MAX 8192

struct memory_bio {
    const uint8_t *in; /* borrowed, not yet read; NULL where in_n is 0 */
    size_t in_n;
    uint8_t *out; /* written and not yet taken, just as large; NULL where out_n is 0 */
    size_t out_n;
};

/* Gives `ssl` a BIO over `buffers`, which must outlive it. */
void memory_bio_attach(struct memory_bio *buffers, SSL *ssl);

/* Takes over `bytes` (allocated) as what was written, in place of anything before. */
void memory_bio_give(struct memory_bio *buffers, uint8_t *bytes, size_t n);

/* Drops the first n written bytes: the socket took them. */
void memory_bio_taken(struct memory_bio *buffers, size_t n);

/* Frees the written bytes, as if they were taken. */
void memory_bio_clear(struct memory_bio *buffers);
