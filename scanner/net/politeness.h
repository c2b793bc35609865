/* How often we may connect, and how many connections may be open at a time: limits for everything,
 * for a prefix, for an address. Pure but for its own memory: time is an argument, in microseconds
 * of any clock that never goes back. Memory follows the scans that are under way, not the addresses
 * ever seen. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct politeness;
struct politeness_place;

/* A rate or a number of 0 is no limit. A prefix is the /24 of an IPv4 and the /48 of an IPv6
 * address. Rates count connections; the numbers in flight count scans, each of which has at most
 * one connection open. */
struct politeness_limits {
    double global_per_s;
    double prefix_per_s;
    double address_per_s;
    uint32_t prefix_in_flight;
    uint32_t address_in_flight;
    uint32_t waiting; /* scans that may queue for one prefix; more are told to come back later */
};

/* The limits are copied. Free when no place is held. */
struct politeness *politeness_new(const struct politeness_limits *limits);
void politeness_free(struct politeness *politeness);

/* New limits, which hold from the next question on. */
void politeness_set_limits(struct politeness *politeness, const struct politeness_limits *limits);

/* A scan that had to queue may begin. Called from politeness_leave of another scan. */
typedef void politeness_turn(void *arg);

enum politeness_entry {
    POLITENESS_GO,   /* the scan may begin */
    POLITENESS_WAIT, /* it is queued, and `turn` is called when it may */
    POLITENESS_FULL, /* too many wait already: come back after politeness_come_back_us */
};

/* Asks for a place for one scan of an address. GO and WAIT set `place`, which is given back by
 * politeness_leave, also while it waits. */
enum politeness_entry politeness_enter(struct politeness *politeness,
                                       const struct sockaddr *address, politeness_turn *turn,
                                       void *arg, struct politeness_place **place);
void politeness_leave(struct politeness_place *place);

/* How long those that wait for this address will take, were each to make that many connections. */
uint64_t politeness_come_back_us(const struct politeness *politeness,
                                 const struct sockaddr *address, uint32_t connections);

/* Asks to open one connection now. 0: do it, it is counted. Otherwise wait that long and ask again;
 * the answer is a booking, kept in order. One that is asked for more than 50 ms late (a stalled
 * process) is booked anew, so that a stall does not end in a burst. */
uint64_t politeness_dial_us(struct politeness_place *place, uint64_t now_us);
