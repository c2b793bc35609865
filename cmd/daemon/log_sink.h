/* Where lines go that must not hold up whoever writes them: a descriptor whose reader may be slow, gone or
 * stopped. What it does not take at once waits in memory, up to LOG_SINK_WAITING_MAX bytes; lines
 * beyond that are refused. A line comes out whole and in order, or not at all. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define LOG_SINK_WAITING_MAX (256 * 1024)

struct log_sink;

/* Writes to `fd`, which is borrowed and keeps its flags, since others may share it. */
struct log_sink *log_sink_new(int fd);
void log_sink_free(struct log_sink *sink); /* what waits is lost; NULL is fine */

/* True if the line was written or waits; `text` ends in a line break. Never blocks, but for a regular file
 * as its file system does. */
bool log_sink_put(struct log_sink *sink, const char *text, size_t n);

/* Writes what waits, as far as it is taken now. */
void log_sink_flush(struct log_sink *sink);

/* Gives the reader so many milliseconds to take what waits: at the end of the process. */
void log_sink_finish(struct log_sink *sink, int ms);
