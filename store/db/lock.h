/* One writing process for a database: an exclusive lock on FILE.lock, gone with its holder. */
#pragma once

#include "scanner/base/err.h"

/* Returns a descriptor to give to lock_release(), or -1 with a line that names the holder's process
 * number. The file stays: removing it would let two processes lock two files of the same name. */
int lock_take(const char *path, struct err *err);
void lock_release(int fd);

/* The process that holds the lock of a database; 0: nobody does. */
long lock_holder(const char *path);
