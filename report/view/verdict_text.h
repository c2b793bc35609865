/* What each verdict means and what the owner of the origin can do about it, in plain words. */
#pragma once

#include "scanner/words/words.h"

struct verdict_text {
    const char *meaning; /* one clause, no full stop */
    const char *remedy;  /* one or two sentences */
};

/* Static; never NULL, and neither are the texts. */
const struct verdict_text *verdict_text(enum verdict verdict);
