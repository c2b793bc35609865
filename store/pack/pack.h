/* Scans and judgements as short byte strings for the database. Pure.
 *
 * A scan, in form 1 to 3: version, plan, status, hybrid, duration, address, number of probes, probes,
 * checksum. A probe is the distance to one before that ended alike, a bit map of the fields that
 * differ from it, then those fields: numbers as the difference, byte strings as a reference to one
 * that was met before in this scan or as themselves. Probes that end alike differ in little, so the
 * eleven of the daily plan take about 200 bytes.
 *
 * Enumerators are never stored: pack_codes.c gives each a number of its own that stays for ever. The
 * version is raised when a field is added; readers of all older versions stay. The origin and the
 * time of start are not in it: they are columns. */
#pragma once

#include "scanner/base/err.h"
#include "scanner/judge/verdict.h"
#include "scanner/visit/scan.h"
#include "store/pack/bytes.h"

/* Appends the scan without origin and started_ms. Bytes that mean nothing are not kept: first_bytes
 * and server_groups beyond their numbers, leaf_sha256 without has_leaf. */
void pack_scan(const struct scan *scan, struct bytes *out);

/* Fills everything but origin and started_ms. `probes` is allocated: free it with
 * pack_scan_clear(). False for input that is cut, damaged or of a newer version; `out` then owns
 * nothing. */
bool pack_read_scan(const uint8_t *bytes, size_t n, struct scan *out, struct err *err);

/* Frees what pack_read_scan() allocated. */
void pack_scan_clear(struct scan *scan);

/* The same for a judgement, in some 30 bytes and without a checksum. */
void pack_judgement(const struct judgement *judgement, struct bytes *out);
bool pack_read_judgement(const uint8_t *bytes, size_t n, struct judgement *out, struct err *err);

/* One line for each number and the name that it stands for, "outcome 1 ok", and the fields in the
 * order of their bits; a test compares it with the golden text, for numbers never change. */
void pack_describe(struct bytes *out);
