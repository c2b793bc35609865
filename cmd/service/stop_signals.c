/* SIGTERM, SIGINT and SIGHUP. */
#include "cmd/service/stop_signals.h"

#include "scanner/base/alloc.h"
#include "scanner/base/array.h"

#include <event2/event.h>

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static const int stopping[] = {SIGTERM, SIGINT};

struct stop_signals {
    void (*stop)(void *arg);
    void *arg;
    bool asked;
    struct event *events[COUNT_OF(stopping)];
};

static sigset_t mask_before; /* of stop_signals_hold() */
static volatile sig_atomic_t hung_up, looped;

/* As a shell tells of a process that a signal ended. */
static void end_at_once(int number) {
    _exit(128 + number);
}

static sigset_t list_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    for (size_t i = 0; i < COUNT_OF(stopping); i++)
        sigaddset(&set, stopping[i]);
    return set;
}

void stop_signals_hold(void) {
    sigset_t set = list_signals();
    sigprocmask(SIG_BLOCK, &set, &mask_before);
}

void stop_signals_release(void) {
    sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

static void take_early(int number) {
    if (number == SIGHUP)
        hung_up = 1;
    else if (looped)
        end_at_once(number);
    else
        _exit(0);
}

void stop_signals_early(void) {
    struct sigaction action = {.sa_handler = take_early, .sa_flags = SA_RESTART};
    sigset_t set = list_signals();
    sigaction(SIGHUP, &action, NULL);
    for (size_t i = 0; i < COUNT_OF(stopping); i++)
        sigaction(stopping[i], &action, NULL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

bool stop_signals_hung_up(void) {
    bool came = hung_up;
    hung_up = 0;
    return came;
}

static void on_signal(evutil_socket_t number, short what, void *arg) {
    struct stop_signals *signals = arg;
    (void)what;
    if (signals->asked)
        end_at_once((int)number);
    signals->asked = true;
    signals->stop(signals->arg);
}

struct stop_signals *stop_signals_new(struct event_base *base, void (*stop)(void *arg), void *arg) {
    struct stop_signals *signals = alloc_zero(1, sizeof *signals);
    signals->stop = stop;
    signals->arg = arg;
    for (size_t i = 0; i < COUNT_OF(stopping); i++) {
        signals->events[i] = evsignal_new(base, stopping[i], on_signal, signals);
        event_add(signals->events[i], NULL);
    }
    looped = 1;
    return signals;
}

void stop_signals_free(struct stop_signals *signals) {
    if (!signals)
        return;
    for (size_t i = 0; i < COUNT_OF(stopping); i++)
        event_free(signals->events[i]);
    free(signals);
}
