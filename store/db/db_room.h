/* How long the write-ahead log may become on the file system that it is on. */
#pragma once

#include <stdint.h>

struct sqlite3;

/* The length in pages at which it is to be emptied: `wanted`, but no more than a quarter of the room
 * that it and what is free have together, nor less than 100. The rest is for the database to grow and
 * for the checkpoint itself, which needs room before it gives any. */
int db_room_pages(struct sqlite3 *handle, int wanted, uint64_t page_bytes, int log_pages);
