/* One writing process for a database: an exclusive lock on the file itself, by whatever name it is
 * reached, and one on NAME.lock, where its process number is. Both are gone with their holder. */
#pragma once

#include "scanner/base/err.h"

struct lock;

/* Takes both locks of the database at `path`, or the one on its name while there is no file yet. NULL
 * with a line that names the holder's process number. NAME.lock stays: removing it would let two
 * processes lock two files of the same name. To be called before this process has a transaction on the
 * file, and released after it closed it: closing a descriptor drops what SQLite holds (POSIX). */
struct lock *lock_take(const char *path, struct err *err);
void lock_release(struct lock *lock);

/* The process that holds the lock of a database; 0: nobody does. Opens nothing but NAME.lock. */
long lock_holder(const char *path);

/* The process that holds the lock of the file by another name than this one, links resolved: a hard link,
 * a mount of the file alone. 0: nobody does, or by this one. Takes no lock and opens nothing. */
long lock_holder_by_other_name(const char *path);
