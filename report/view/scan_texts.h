/* What the text of a scan (scan_text.h) says beyond the scan's own JSON object, as JSON: for the page of an origin. */
#pragma once

#include "report/view/scan_text.h"

#include <jansson.h>

/* A new object; null stands for what there is nothing to say about.
 *   where, source, version           which origin, seen from where, by which program
 *   mood                             good, fair or bad
 *   meaning, others                  of the main verdict; a list of {verdict, meaning}
 *   remedy                           what to do, a list of paragraphs
 *   limit, tried, failure            as in the text; failure only where nothing was measured
 *   modes                            by name {hello, remark}, of those that were tried
 *   reproduce, contrast              a command that fails as the scan did, and what makes it work
 *   certificate                      {subject, issuer, not_before, not_after, objections}; issuer null: itself
 *   explanation                      why the verdicts hold, in lines
 *   evidence                         a list of {probe, text} */
json_t *scan_texts_json(const struct scan *scan, const struct judgement *judgement,
                        const struct scan_text_options *options);
