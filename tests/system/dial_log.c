/* Preloaded into a program: what it dials, and when it closes that. A server notes the end of a connection when it gets
 * to it, perhaps behind the beginning of the next one; here is the order in which the program itself did both.
 *
 *     DIAL_LOG  a file that gets a line for each connection that was closed:
 *               ADDRESS BEGUN ENDED (microseconds of the monotonic clock)
 *
 * Only IPv4 and TCP, only without blocking. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { DESCRIPTORS = 4096 };

static struct {
    int64_t begun_us; /* 0: nothing that was dialled */
    struct in_addr address;
} dialled[DESCRIPTORS];

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void write_line(int fd, int64_t ended_us) {
    static FILE *file;
    char address[INET_ADDRSTRLEN];
    const char *path = getenv("DIAL_LOG");
    if (!file && path) {
        file = fopen(path, "ae");
        if (!file)
            abort();
        setlinebuf(file);
    }
    inet_ntop(AF_INET, &dialled[fd].address, address, sizeof address);
    if (file)
        fprintf(file, "%s %" PRId64 " %" PRId64 "\n", address, dialled[fd].begun_us, ended_us);
}

int connect(int fd, const struct sockaddr *address, socklen_t size) {
    static int (*real)(int, const struct sockaddr *, socklen_t);
    int type = 0;
    socklen_t type_size = sizeof type;
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "connect");
    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size);
    if (type == SOCK_STREAM && address->sa_family == AF_INET && fd < DESCRIPTORS) {
        dialled[fd].begun_us = now_us();
        dialled[fd].address = ((const struct sockaddr_in *)address)->sin_addr;
    }
    return real(fd, address, size);
}

int close(int fd) {
    static int (*real)(int);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "close");
    if (fd < 0 || fd >= DESCRIPTORS || dialled[fd].begun_us == 0)
        return real(fd);
    int result = real(fd);
    write_line(fd, now_us());
    dialled[fd].begun_us = 0;
    return result;
}
