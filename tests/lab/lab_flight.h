/* The rest of a server's TLS 1.3 flight with one thing wrong in it: what a sound server wanted to send is caught in
 * the clear, changed, and encrypted again with the server's own keys. */
#pragma once

#include <openssl/base.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct lab_flight;

/* Takes the bytes of the flight. */
typedef void lab_flight_write(const uint8_t *bytes, size_t n, void *arg);

/* The number of a fault by its name, from 1 on; 0 if there is none of that name. */
uint32_t lab_flight_fault(const char *name);

/* How a handshake with that fault ends for the client, `malformed`, `alert` or `closed`, behind a ServerHello that it
 * accepts; NULL where the ServerHello itself is wrong. */
const char *lab_flight_outcome(uint32_t fault);

/* A fault a line with its explanation. */
void lab_flight_help(FILE *out);

/* Listens to the handshake of `ssl`, which it borrows and which must not go on after lab_flight_free. */
struct lab_flight *lab_flight_new(SSL *ssl, uint32_t fault);
void lab_flight_free(struct lab_flight *flight);

/* Writes the whole flight, from the ServerHello on. To be called when the server wants to send its own. */
void lab_flight_send(struct lab_flight *flight, lab_flight_write *write, void *arg);
