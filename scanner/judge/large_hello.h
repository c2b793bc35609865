/* How large, divided and strange first hellos fail: by their size, their pieces, the path, or numbers that the
 * origin does not know. Each is a rule behind a verdict. Pure. */
#pragma once

#include "scanner/judge/findings.h"

/* ---- what happened ---- */

/* `preferred` got no answer to its first hello. */
bool large_hello_preferred_fails(const struct findings *f);
/* The longest hello that a proxy may send failed; an alert to it is a failure. */
bool large_hello_longest_fails(const struct findings *f);
/* A classical hello as large as the one that failed passes: size is not the matter. */
bool large_hello_size_passes(const struct findings *f);
/* Any hello above some size fails, however it is written. */
bool large_hello_sized_fails(const struct findings *f);

/* ---- the rules ---- */

bool large_hello_only_length(const struct findings *f);   /* length-quirk */
bool large_hello_path_mtu(const struct findings *f);      /* path-mtu */
bool large_hello_dropped(const struct findings *f);       /* large-drop */
bool large_hello_first_only(const struct findings *f);    /* large-first-only */
bool large_hello_size_limit(const struct findings *f);    /* size-limit */
bool large_hello_split(const struct findings *f);         /* split-hello */
bool large_hello_unknown_group(const struct findings *f); /* unknown-group */
bool large_hello_unknown_share(const struct findings *f); /* unknown-share */
