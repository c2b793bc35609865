/* SIGTERM and SIGINT. */
#include "cmd/daemon/stop_signals.h"

#include "scanner/base/alloc.h"

#include <event2/event.h>

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

struct stop_signals {
    void (*stop)(void *arg);
    void *arg;
    bool asked;
    struct event *events[2];
};

static void on_signal(evutil_socket_t number, short what, void *arg) {
    struct stop_signals *signals = arg;
    (void)what;
    if (signals->asked)
        _exit(128 + (int)number); /* as a shell tells of a process that a signal ended */
    signals->asked = true;
    signals->stop(signals->arg);
}

struct stop_signals *stop_signals_new(struct event_base *base, void (*stop)(void *arg), void *arg) {
    static const int numbers[] = {SIGTERM, SIGINT};
    struct stop_signals *signals = alloc_zero(1, sizeof *signals);
    signals->stop = stop;
    signals->arg = arg;
    for (size_t i = 0; i < 2; i++) {
        signals->events[i] = evsignal_new(base, numbers[i], on_signal, signals);
        event_add(signals->events[i], NULL);
    }
    return signals;
}

void stop_signals_free(struct stop_signals *signals) {
    if (!signals)
        return;
    for (size_t i = 0; i < 2; i++)
        event_free(signals->events[i]);
    free(signals);
}
