/* Standard output as a whole. */
#include "cmd/standard_output.h"

#include "cmd/cmd.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int failure; /* the first one's errno; 0: none */
static bool told;

/* The buffer keeps what was not taken, so that a failed write fails again and says why. Where more was printed
 * than it holds, the reason is gone with the call that met it, and another write meets it again. */
bool standard_output_flush(void) {
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    if (failure == 0 && errno == 0 && write(STDOUT_FILENO, "\n", 1) > 0)
        errno = EIO;
    if (failure == 0)
        failure = errno;
    return false;
}

static bool is_reader_gone(void) {
    struct pollfd about = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return failure == EPIPE || (poll(&about, 1, 0) == 1 && (about.revents & POLLERR));
}

static void check_at_exit(void) {
    if (standard_output_flush() || is_reader_gone())
        return;
    if (!told)
        fprintf(stderr, "originscan: standard output: %s\n", strerror(failure));
    _exit(CMD_SOME_FAILED);
}

void standard_output_watch(void) {
    atexit(check_at_exit);
}

void standard_output_told(void) {
    told = true;
}
