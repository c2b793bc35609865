/* The page of scanned origins, which an owner sends to his vendor: one file that needs nothing but itself. The verdict
 * comes first, then what to do, what was really tried and how to see it oneself; the evidence is folded. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Writes the page of a list of {scan, texts}: objects of schema originscan.scan/1, and what scan_texts.h says about
 * each. False, with errno, where `to` takes no more. */
bool scan_page_write(FILE *to, const json_t *scans);
