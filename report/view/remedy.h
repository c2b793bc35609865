/* What to do about an origin, in words that fit what was seen: the verdict's own remedy (verdict_text.h), or a more
 * exact one where the scan says more. Pure. */
#pragma once

#include "scanner/judge/verdict.h"

#include <stdio.h>

/* What that verdict means here, in a few words. */
const char *remedy_meaning(enum verdict verdict, const struct scan *scan);

/* Every handshake was refused for the application protocols that were offered. */
bool remedy_is_about_alpn(enum verdict verdict, const struct scan *scan);

/* The scan broke off because this machine was too busy to listen, which says nothing about the origin. */
bool remedy_is_about_us(enum verdict verdict, const struct scan *scan);

/* The origin refused the second hello by an alert that no short buffer explains. */
bool remedy_is_about_retry(enum verdict verdict, const struct scan *scan);

/* The large hello that fails was answered by a ServerHello, and the handshake broke off behind it. */
bool remedy_is_behind_answer(enum verdict verdict, const struct scan *scan);

/* What to do where the hybrid is used only if its share comes first, whatever the main verdict is. */
void remedy_write_only_if_first(FILE *to, const struct scan *scan);

/* Writes the remedy of the main verdict, without a line's end. */
void remedy_write(FILE *to, const struct scan *scan, const struct judgement *judgement);

/* Writes why no verdict holds: what was not asked or not answered. */
void remedy_write_unknown(FILE *to, const struct scan *scan, const struct judgement *judgement);
