/* The subcommands, and what their option parsers share. */
#pragma once

#include "store/store.h"

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

/* Exit statuses of the contract. */
enum { CMD_DONE = 0, CMD_SOME_FAILED = 1, CMD_USAGE = 2, CMD_HAS_VERDICT = 3 };

/* Each takes its own argv (argv[0] is "originscan NAME") and returns an exit status. */
int cmd_probe(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_remove(int argc, char **argv);
int cmd_scan(int argc, char **argv);
int cmd_rescan(int argc, char **argv);
int cmd_daemon(int argc, char **argv);
int cmd_db(int argc, char **argv);
int cmd_zone(int argc, char **argv);
int cmd_feedback(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_explain(int argc, char **argv);

/* Reads a whole number in [min, max] for an option; otherwise names option and value on stderr and
 * exits with CMD_USAGE. */
uint32_t cmd_number(struct argp_state *state, const char *option, const char *text, uint32_t min,
                    uint32_t max);

/* The same for an argument that is no option. */
uint32_t cmd_argument_number(struct argp_state *state, const char *name, const char *text,
                             uint32_t min, uint32_t max);

/* Reads seconds with an optional fraction ("10", "0.5") as milliseconds, in [min_ms, max_ms]. */
uint32_t cmd_seconds_ms(struct argp_state *state, const char *option, const char *text,
                        uint32_t min_ms, uint32_t max_ms);

/* Prints `originscan NAME: message` and exits with CMD_USAGE. */
__attribute__((format(printf, 2, 3), noreturn)) void cmd_usage_error(const struct argp_state *state,
                                                                     const char *format, ...);

/* Says that the text is no value of that option ("--plan") and which ones are ("daily, quick or
 * full"), and exits with CMD_USAGE. */
_Noreturn void cmd_unknown_value(const struct argp_state *state, const char *option,
                                 const char *text, const char *values);

/* Prints `originscan NAME: message` on standard error: one line, in which text from outside is shown
 * as quote_byte() does. */
__attribute__((format(printf, 2, 3))) void cmd_say(const char *name, const char *format, ...);

/* argp_parse(), which however shows an option that there is not as it is: here as quote_text() does. */
void cmd_parse(const struct argp *argp, int argc, char **argv, unsigned flags, void *input);

/* Prints `originscan NAME: message` and returns CMD_SOME_FAILED. */
int cmd_fail(const char *name, const struct err *err);

/* Opens a database for a command, which waits for others up to half a minute. NULL after a message
 * as cmd_fail prints it. */
struct store *cmd_open_store(const char *name, const char *path, enum store_access access);

/* Opens a database beside a running daemon if there is one; one that is not there is made, and one of
 * an older release brought up to date while nobody else has it. NULL after a message. */
struct store *cmd_open_inventory(const char *name, const char *path);

/* The id of the zone of that name; 0 if there is none. */
STORE_RESULT cmd_find_zone(struct store *store, const char *zone, int64_t *id, struct err *err);

/* Raises the soft limit of descriptors to the hard one and returns how many there are. */
uint32_t cmd_raise_descriptors(void);

/* What commands with `--db FILE` and at most one argument are asked. */
struct cmd_target {
    const char *db;       /* never NULL once parsed */
    const char *argument; /* NULL if there is none */
};

/* Their options, and their parser, whose input is a struct cmd_target: a second argument and a
 * missing --db are wrong usage. */
extern const struct argp_option cmd_target_options[];
error_t cmd_target_parse(int key, char *text, struct argp_state *state);
