/* Standard output as a whole. */
#include "cmd/standard_output.h"

#include "cmd/cmd.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool failed;
static int failure; /* the first one's errno; 0: it is not known any more */
static bool told;

/* What is in the buffer at the end mostly meets what made an earlier write fail, and says why. Where nothing is left in
 * it, the reason is gone with the call that met it; a device may tell it for an empty write, which adds nothing to an
 * output that is not whole. */
bool standard_output_flush(void) {
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    if (failed)
        return false;
    failed = true;
    if (errno != 0 || write(STDOUT_FILENO, "", 0) < 0)
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
        fprintf(stderr, "originscan: standard output: %s\n",
                failure ? strerror(failure) : "not all of it could be written");
    _exit(CMD_SOME_FAILED);
}

void standard_output_watch(void) {
    atexit(check_at_exit);
}

void standard_output_told(void) {
    told = true;
}
