/* A command by /bin/sh, and what became of it. */
#include "report/output/check_command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The command with `"$1"` for each `{}`, or at its end. Free it. */
static char *write_command(const char *command) {
    char *out = NULL;
    size_t n = 0;
    bool placed = strstr(command, "$1") || strstr(command, "${1");
    FILE *to = open_memstream(&out, &n);
    if (!to)
        abort();
    for (; *command; command++) {
        if (command[0] == '{' && command[1] == '}') {
            fputs("\"$1\"", to);
            command++;
            placed = true;
        } else {
            putc(*command, to);
        }
    }
    fputs(placed ? "" : " \"$1\"", to);
    fclose(to);
    return out;
}

/* Its standard output goes to our standard error: ours may be the export's. */
static void run_shell(char *command, const char *path) {
    char *const argv[] = {(char *)"sh", (char *)"-c", command, (char *)"sh", (char *)path, NULL};
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execv("/bin/sh", argv);
    _exit(127);
}

bool check_command_pass(const char *given, const char *path, struct err *err) {
    char *command = write_command(given);
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        run_shell(command, path);
    free(command);
    if (child < 0)
        return err_set(err, "cannot start /bin/sh: %s", strerror(errno));
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (WIFSIGNALED(status))
        return err_set(err, "the check command was ended by signal %d", WTERMSIG(status));
    return err_set(err, "the check command rejected the new file (exit status %d)",
                   WEXITSTATUS(status));
}
