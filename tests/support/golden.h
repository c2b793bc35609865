/* Golden files: what the program printed when its text was last reviewed, under tests/golden. A
 * difference is either a mistake or a change that a reviewer should see as a diff. */
#pragma once

#include <stdio.h>

/* Fails the running cmocka test with the first line that differs unless the file `name` in
 * tests/golden holds exactly `text`. With ORIGINSCAN_UPDATE_GOLDEN=1 in the environment it writes
 * the file instead. */
void golden_expect(const char *name, const char *text);

/* A stream whose text is compared with a golden file: write to `stream`, then golden_close once. */
struct golden {
    FILE *stream;
    char *text;
    size_t size;
};
void golden_open(struct golden *golden);
void golden_close(struct golden *golden, const char *name);
