/* Commands that we print for people to copy. */
#pragma once

#include <stdio.h>

/* Writes the text as one word of a shell, which reads it back: as it is where it is plain (letters, digits and
 * `._:/-`), else in single quotes; with bytes that are not printable ASCII, or a backtick, which ends commands in our
 * sentences, as $'…' of bash, zsh and POSIX 2024. Always printable ASCII on one line. */
void shell_word_write(FILE *to, const char *text);

/* The same as a string; the caller frees it. */
char *shell_word_new(const char *text);

/* `originscan COMMAND --db DATABASE ARGUMENT`, whole, with the last two as words; where one is NULL, without it. An
 * argument that looks like an option comes behind `--`. The caller frees it. */
char *shell_word_command(const char *command, const char *database, const char *argument);
