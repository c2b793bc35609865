/* originscan: which TLS key agreement may a proxy use with each of its origins? */
#include "cmd/cmd.h"
#include "cmd/service/stop_signals.h"
#include "cmd/standard_output.h"
#include "scanner/base/array.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"probe", "Probe origins now and print what they support", cmd_probe},
    {"import", "Add origins to a database", cmd_import},
    {"remove", "Remove zones and origins from a database", cmd_remove},
    {"scan", "Scan every origin that is due, once", cmd_scan},
    {"daemon", "Run continuously, scanning every origin once per period", cmd_daemon},
    {"rescan", "Have a running daemon scan origins now", cmd_rescan},
    {"zone", "Override the settings of zones", cmd_zone},
    {"feedback", "Read reports about real connections", cmd_feedback},
    {"export", "Write the settings as configuration for a proxy or CDN", cmd_export},
    {"status", "Show on one screen how things stand and what needs you", cmd_status},
    {"report", "Show group support, failures, retries, settings and changes", cmd_report},
    {"explain", "Explain the setting of a zone or an origin", cmd_explain},
    {"db", "Check, back up, restore, prune or upgrade a database", cmd_db},
};

static void print_version(FILE *to, struct argp_state *state) {
    (void)state;
    fprintf(to, "originscan %s (BoringSSL %s)\n", ORIGINSCAN_VERSION, BORINGSSL_COMMIT);
}

static char *list_commands(int key, const char *text, void *input) {
    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)text;
    char *out = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&out, &n);
    if (!to)
        return (char *)text;
    fputs("Commands:\n", to);
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fputs("\nRun `originscan COMMAND --help' for the options of a command.", to);
    fclose(to);
    return out;
}

/* Where the command's own arguments begin in argv, and which command it is. */
struct choice {
    int index;
    int command;
};

static error_t parse_command(int key, char *text, struct argp_state *state) {
    struct choice *choice = state->input;
    if (key == ARGP_KEY_END && choice->index == 0)
        argp_usage(state);
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (strcmp(text, commands[i].name) == 0)
            choice->command = (int)i;
    if (choice->command < 0)
        cmd_usage_error(state, "unknown command \"%s\"", text);
    choice->index = state->next - 1;
    state->next = state->argc; /* the rest is the command's */
    return 0;
}

/* A standard stream that came closed would be the number of the next socket, and what is printed
 * would go to a peer. The opposite direction makes every use of the stream fail. */
static void hold_standard_streams(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv) {
    stop_signals_hold(); /* a daemon that starts has a use for them; nothing before it is slow */
    argp_program_version_hook = print_version;
    argp_err_exit_status = CMD_USAGE;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a full disk: the write says so */
    hold_standard_streams();
    standard_output_watch();
    const struct argp argp = {
        .parser = parse_command,
        .args_doc = "COMMAND [ARG...]",
        .doc =
            "Finds out which TLS key agreement a proxy can safely use with each of its origins.\v",
        .help_filter = list_commands,
    };
    struct choice choice = {.command = -1};
    argv[0] = (char *)"originscan";
    cmd_parse(&argp, argc, argv, ARGP_IN_ORDER, &choice);
    char name[64];
    snprintf(name, sizeof name, "originscan %s", commands[choice.command].name);
    argv[choice.index] = name;
    if (commands[choice.command].run != cmd_daemon)
        stop_signals_release();
    return commands[choice.command].run(argc - choice.index, argv + choice.index);
}
