/* Whether an open database still is the file of its name. */
#include "store/db/db_watch.h"

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER_SIZE = 100 }; /* https://sqlite.org/fileformat.html#the_database_header */

static const char *const suffixes[DB_WATCH_FILES] = {"", "-wal", "-shm"};

enum file_look { LOOK_NONE, LOOK_SAME, LOOK_OTHER };

/* The absolute name that SQLite opened, links resolved. */
static bool name_of_file(struct sqlite3 *handle, int which, char out[PATH_MAX]) {
    const char *name = sqlite3_db_filename(handle, "main");
    return name && *name && snprintf(out, PATH_MAX, "%s%s", name, suffixes[which]) < PATH_MAX;
}

/* A trouble of another kind, such as a folder that may not be entered now, is no news of the file. */
static enum file_look look_at_file(struct db_watch_id *id, struct sqlite3 *handle, int which) {
    char name[PATH_MAX];
    struct stat found;
    if (!name_of_file(handle, which, name))
        return LOOK_SAME;
    if (stat(name, &found) != 0)
        return id->known && (errno == ENOENT || errno == ENOTDIR) ? LOOK_NONE : LOOK_SAME;
    if (!id->known)
        *id = (struct db_watch_id){true, found.st_dev, found.st_ino};
    return id->device == found.st_dev && id->inode == found.st_ino ? LOOK_SAME : LOOK_OTHER;
}

static long long bytes_by_header(const uint8_t *header) {
    long long page = header[16] << 8 | header[17];
    uint32_t pages = (uint32_t)header[28] << 24 | (uint32_t)header[29] << 16 |
                     (uint32_t)header[30] << 8 | header[31];
    return (page == 1 ? 65536 : page) * pages;
}

/* VACUUM of another program makes it shorter, too, and then the header says so. While a checkpoint
 * lengthens it the header may be ahead, but then it is not shorter than it was. */
static bool was_cut(struct db_watch *watch, struct sqlite3 *handle) {
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    uint8_t header[HEADER_SIZE] = {0};
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (!file || !file->pMethods || file->pMethods->xFileSize(file, &size) != SQLITE_OK)
        return false;
    long long before = watch->size;
    watch->size = size;
    if (size >= before)
        return false;
    int code = file->pMethods->xRead(file, header, HEADER_SIZE, 0);
    if (size >= HEADER_SIZE && (code != SQLITE_OK || size >= bytes_by_header(header)))
        return false;
    watch->size = before; /* so that it is found again */
    return true;
}

/* The head of the log's index, which all who have the database open share in memory:
 * https://sqlite.org/walformat.html#the_wal_index_header */
struct index_head {
    uint32_t version, unused;
    uint32_t changes; /* counts commits */
    uint8_t ready, big_endian;
    uint16_t page_bytes; /* 1: 65536 */
    uint32_t frames;     /* in the log; 0: all of it is in the file */
};

static bool read_index(struct sqlite3 *handle, struct index_head *out) {
    enum { REGION_BYTES = 32768, AT_WRITE_VERSION = 18, LOGGED = 2 };
    sqlite3_file *file = NULL;
    uint8_t header[HEADER_SIZE];
    void volatile *region = NULL;
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (!file || !file->pMethods || file->pMethods->iVersion < 2 ||
        file->pMethods->xRead(file, header, HEADER_SIZE, 0) != SQLITE_OK ||
        header[AT_WRITE_VERSION] != LOGGED ||
        file->pMethods->xShmMap(file, 0, REGION_BYTES, 0, &region) != SQLITE_OK || !region)
        return false;
    memcpy(out, (const void *)region, sizeof *out);
    return out->ready;
}

/* The log holds less than what its index tells of: a commit would be written behind a hole, and the hole
 * copied into the database. Another process may write, unless we do: then it is looked at another time. */
static bool log_was_cut(struct sqlite3 *handle) {
    enum { LOG_HEADER = 32, FRAME_HEADER = 24 };
    struct index_head before, after;
    struct stat log;
    char name[PATH_MAX];
    if (!read_index(handle, &before) || !name_of_file(handle, 1, name) || stat(name, &log) != 0 ||
        !read_index(handle, &after) || before.changes != after.changes ||
        before.frames != after.frames || after.frames == 0)
        return false;
    int64_t page_bytes = after.page_bytes == 1 ? 65536 : after.page_bytes;
    return log.st_size < LOG_HEADER + after.frames * (FRAME_HEADER + page_bytes);
}

/* By the name that was given, where that is a link. One that is missing is being made anew. */
static bool leads_elsewhere(const struct db_watch *watch) {
    struct stat found;
    const struct db_watch_id *id = &watch->ids[0];
    return stat(watch->path, &found) == 0 &&
           (id->device != found.st_dev || id->inode != found.st_ino);
}

void db_watch_begin(struct db_watch *watch, struct sqlite3 *handle, const char *path) {
    *watch = (struct db_watch){.path = path};
    look_at_file(&watch->ids[0], handle, 0);
    was_cut(watch, handle);
}

enum db_watch_found db_watch_look(struct db_watch *watch, struct sqlite3 *handle) {
    enum file_look database = look_at_file(&watch->ids[0], handle, 0);
    if (database != LOOK_SAME)
        return database == LOOK_NONE ? DB_WATCH_DELETED : DB_WATCH_REPLACED;
    if (leads_elsewhere(watch))
        return DB_WATCH_LED_ELSEWHERE;
    if (was_cut(watch, handle))
        return DB_WATCH_CUT;
    for (int which = 1; which < DB_WATCH_FILES; which++) {
        enum file_look log = look_at_file(&watch->ids[which], handle, which);
        if (log != LOOK_SAME)
            return log == LOOK_NONE ? DB_WATCH_LOG_DELETED : DB_WATCH_LOG_REPLACED;
    }
    return log_was_cut(handle) ? DB_WATCH_LOG_CUT : DB_WATCH_FINE;
}

const char *db_watch_text(enum db_watch_found found) {
    switch (found) {
    case DB_WATCH_FINE:
        return "is as it was";
    case DB_WATCH_DELETED:
        return "was deleted, moved or renamed while it was open";
    case DB_WATCH_REPLACED:
        return "was replaced by another file while it was open";
    case DB_WATCH_CUT:
        return "was cut short while it was open";
    case DB_WATCH_LED_ELSEWHERE:
        return "its name leads to another file now (a symbolic link)";
    case DB_WATCH_LOG_DELETED:
        return "its write-ahead log (-wal or -shm) was deleted while it was open";
    case DB_WATCH_LOG_REPLACED:
        return "its write-ahead log (-wal or -shm) was replaced while it was open";
    case DB_WATCH_LOG_CUT:
        return "its write-ahead log (-wal) was cut short while it was open";
    }
    return "";
}

/* Only those that were ours: somebody else may have made new ones. */
static void remove_own_log(const struct db_watch *watch, struct sqlite3 *handle) {
    for (int which = 1; which < DB_WATCH_FILES; which++) {
        char name[PATH_MAX];
        struct db_watch_id id = watch->ids[which];
        if (id.known && look_at_file(&id, handle, which) == LOOK_SAME &&
            name_of_file(handle, which, name))
            unlink(name);
    }
}

void db_watch_part(const struct db_watch *watch, struct sqlite3 *handle,
                   enum db_watch_found found) {
    switch (found) {
    case DB_WATCH_FINE:
    case DB_WATCH_LED_ELSEWHERE: /* the file has its log and its name */
        return;
    case DB_WATCH_CUT: /* the log is what is left */
    case DB_WATCH_LOG_CUT:
    case DB_WATCH_LOG_REPLACED: /* another log is in use: two must not be written back */
        sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        return;
    case DB_WATCH_DELETED:
    case DB_WATCH_REPLACED:
        sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        sqlite3_wal_checkpoint_v2(handle, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        remove_own_log(watch, handle);
        return;
    case DB_WATCH_LOG_DELETED:
        sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        sqlite3_wal_checkpoint_v2(handle, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        return;
    }
}
