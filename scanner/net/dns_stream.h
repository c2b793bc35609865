/* One question asked over TCP, for answers that a datagram could not hold. By c-ares, in a channel
 * of its own: in 1.18 a connection that breaks takes every other question to that server along. */
#pragma once

#include "scanner/net/dns_answer.h"
#include "scanner/net/dns_servers.h"

struct event_base;
struct dns_stream;

typedef void dns_stream_cb(const struct dns_answer *answer, void *arg);

/* Asks the servers one after the other, beginning with the one of that number; 2 s are given to
 * each. Exactly one callback, never before this returns, unless freed. The question is copied; the
 * answer is valid only during the callback, before which the stream is freed. What does not come is
 * DNS_CUT, or DNS_UNSENT where we had no socket. */
struct dns_stream *dns_stream_start(struct event_base *base, const struct dns_servers *servers,
                                    size_t first, const uint8_t *question, size_t question_n,
                                    dns_stream_cb *cb, void *arg);

/* No callback will come. NULL is fine. */
void dns_stream_free(struct dns_stream *stream);
