/* Questions to the name servers, such that nobody else can answer them.
 *
 * Every question goes out from a socket of its own, connected to one server: the kernel picks a
 * random port and drops what comes from any other address or port. Its id and the case of its
 * letters are random, too, and an answer must repeat both. That makes about 16 + 15 bits and one
 * for each letter to guess.
 *
 * c-ares says when to ask which server again: the servers take turns, each question is sent up to
 * three times to each, after 1, 2 and 4 s, and at once to the next one where a server refuses, fails
 * or is not there. No EDNS is used. A truncated answer is asked for again over TCP. */
#pragma once

#include "scanner/net/dns_answer.h"
#include "scanner/net/dns_question.h"
#include "scanner/net/dns_servers.h"

struct dns_client;
struct event_base;

typedef void dns_client_cb(const struct dns_answer *answer, void *arg);

/* The base is borrowed; the servers, of which there is at least one, are copied. NULL with `err`. */
struct dns_client *dns_client_new(struct event_base *base, const struct dns_servers *servers,
                                  struct err *err);

/* The questions that are on their way are not called back; it may be one of these callbacks that
 * calls this. NULL is fine. */
void dns_client_free(struct dns_client *client);

/* Exactly one callback, never before this returns, unless the client is freed. The answer is valid
 * only during the callback. False, and no callback, where the name does not fit into a question.
 * Takes a file descriptor for each server that was asked. */
bool dns_client_ask(struct dns_client *client, const char *name, enum dns_type type,
                    dns_client_cb *cb, void *arg);
