/* When an origin is due next. */
#include "store/schedule.h"

#include "scanner/base/array.h"
#include "scanner/base/duration.h"
#include "scanner/base/hash.h"

#include <assert.h>
#include <string.h>

static const int64_t backoff_ms[] = {1 * HOUR_MS, 6 * HOUR_MS, 24 * HOUR_MS};
enum { BACKOFFS = COUNT_OF(backoff_ms) };

struct schedule schedule_every(int64_t period_ms) {
    return (struct schedule){period_ms, period_ms / 100 + 1};
}

/* The finaliser of splitmix64: FNV alone leaves the high bits of similar names alike. */
static uint64_t spread_bits(uint64_t x) {
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint64_t schedule_phase(const char *host, uint16_t port, const char *sni, const char *address) {
    const unsigned char port_bytes[2] = {(unsigned char)(port >> 8), (unsigned char)port};
    uint64_t hash = HASH_START_64;
    hash = hash_add_64(hash, host, strlen(host) + 1);
    hash = hash_add_64(hash, port_bytes, sizeof port_bytes);
    hash = hash_add_64(hash, sni, strlen(sni) + 1);
    hash = hash_add_64(hash, address, strlen(address) + 1);
    return spread_bits(hash);
}

/* The fraction hash / 2^64 of `whole`, by its upper 32 bits: whole is below 2^31 s. */
static int64_t fraction_of(uint64_t hash, int64_t whole) {
    uint64_t high = (uint64_t)whole >> 32;
    uint64_t low = (uint64_t)whole & UINT32_MAX;
    uint64_t f = hash >> 32;
    return (int64_t)(high * f + ((low * f) >> 32));
}

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

static int64_t slot_at(const struct schedule *schedule, uint64_t phase, int64_t k) {
    return k * schedule->period_ms + fraction_of(phase, schedule->period_ms) +
           fraction_of(spread_bits(phase ^ spread_bits((uint64_t)k)), schedule->jitter_ms);
}

static void assert_sound(const struct schedule *schedule) {
    assert(schedule->period_ms >= 1000);
    assert(schedule->jitter_ms >= 0 && schedule->jitter_ms <= schedule->period_ms / 2);
    (void)schedule;
}

int64_t schedule_slot_after(const struct schedule *schedule, uint64_t phase, int64_t after_ms) {
    assert_sound(schedule);
    int64_t k = floor_div(after_ms - fraction_of(phase, schedule->period_ms), schedule->period_ms);
    /* jitter can only make slot k late, so slot k - 1 is over and slot k may be still to come */
    while (slot_at(schedule, phase, k) <= after_ms)
        k++;
    return slot_at(schedule, phase, k);
}

/* The last slot that is not later than `until_ms`. */
static int64_t slot_until(const struct schedule *schedule, uint64_t phase, int64_t until_ms) {
    int64_t k = floor_div(until_ms - fraction_of(phase, schedule->period_ms), schedule->period_ms);
    while (slot_at(schedule, phase, k) > until_ms)
        k--;
    return slot_at(schedule, phase, k);
}

int64_t schedule_first(const struct schedule *schedule, uint64_t phase, int64_t now_ms) {
    return schedule_slot_after(schedule, phase, now_ms);
}

static int64_t after_failures(const struct schedule *schedule, uint64_t phase,
                              const struct schedule_visit *visit) {
    unsigned step = visit->failures < BACKOFFS ? visit->failures : BACKOFFS;
    int64_t wait = backoff_ms[step - 1];
    int64_t near = slot_until(schedule, phase, visit->started_ms + wait + schedule->jitter_ms);
    return near >= visit->started_ms + wait / 2 ? near : visit->started_ms + wait;
}

struct schedule_next schedule_next(const struct schedule *schedule, uint64_t phase,
                                   const struct schedule_visit *visit) {
    assert_sound(schedule);
    if (visit->failures)
        return (struct schedule_next){after_failures(schedule, phase, visit), false};
    int64_t regular = schedule_slot_after(schedule, phase, visit->started_ms);
    int64_t extra = visit->started_ms + visit->extra_after_ms;
    if (visit->extra_after_ms > 0 && extra + visit->extra_after_ms / 2 < regular)
        return (struct schedule_next){extra, true};
    return (struct schedule_next){regular, false};
}

int64_t schedule_horizon(const struct schedule *schedule, int64_t now_ms) {
    int64_t longest = backoff_ms[BACKOFFS - 1];
    if (longest < schedule->period_ms)
        longest = schedule->period_ms;
    return now_ms + longest + schedule->jitter_ms;
}
