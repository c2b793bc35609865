/* Lines of a page for people: a label on the left, text that is broken between words on the right.
 */
#pragma once

#include <stdio.h>

/* The left column of every line; what follows an overlong label starts behind it. */
#define WRAP_LABEL "  %-15s "

/* Prints the text behind its label, over as many lines as it needs. */
void wrap_print(FILE *to, const char *label, const char *text);
