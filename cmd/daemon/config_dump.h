/* Prints a configuration as a file that says what each key means. */
#pragma once

#include "cmd/daemon/config.h"

/* Every key with its value, its default and its help, as a file that config_load reads. */
void config_dump(const struct config *config, FILE *to);

/* Writes a text as the file's format has it, in quotation marks. */
void config_dump_text(FILE *to, const char *text, size_t n);
