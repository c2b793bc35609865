/* The operator's own check of a new file or folder before it takes its place. */
#pragma once

#include "scanner/base/err.h"

#include <stdbool.h>

/* Runs the command by /bin/sh, where `{}` and `$1` stand for the path, which is appended where neither
 * is there. Its standard output goes to our standard error. False with the reason if it fails. */
bool check_command_pass(const char *command, const char *path, struct err *err);
