/* The log's line about one finished scan. */
#pragma once

struct judgement;
struct scan;

void scan_log_write(const struct scan *scan, const struct judgement *judgement);
