/* The shortest command of OpenSSL that shows the failure of a scan to anybody who doubts it. Pure. */
#pragma once

#include "scanner/judge/verdict.h"

#include <stdbool.h>
#include <stdio.h>

/* Writes a command line for a shell that fails in the same way: `openssl s_client -connect … </dev/null`, under
 * `timeout` where the failure is silence. Whatever a name contains, it is one word for the shell. False, and nothing
 * written, where no handshake failed or OpenSSL cannot send what failed: it neither pads hellos nor sends them in
 * pieces. */
bool reproduce_write(FILE *to, const struct scan *scan, const struct judgement *judgement);

/* Writes the option that makes the same command succeed, `-groups X25519`; false where none is known to. */
bool reproduce_write_contrast(FILE *to, const struct scan *scan, const struct judgement *judgement);
