/* Copying a database while others write. */
#include "store/db/db_copy.h"

#include "scanner/base/array.h"
#include "scanner/base/hash.h"
#include "store/db/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The new name must be on the disk too before the copy counts as made. */
static bool sync_path(const char *path, int flags) {
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool synced = fsync(fd) == 0;
    close(fd);
    return synced;
}

static bool sync_directory_of(const char *path) {
    char *directory = strdup(path);
    char *slash = directory ? strrchr(directory, '/') : NULL;
    if (slash)
        slash[slash == directory] = '\0';
    bool synced = sync_path(slash ? directory : ".", O_RDONLY | O_DIRECTORY);
    free(directory);
    return synced;
}

/* What a file holds, so far as two of them can be compared by it. */
struct contents {
    uint64_t pages;
    uint64_t tables;
    uint64_t rows;
    uint64_t each; /* the names and rows of all tables, hashed */
};

static int64_t ask_number(sqlite3 *handle, const char *sql, int *code) {
    sqlite3_stmt *statement = NULL;
    int64_t number = 0;
    if (*code != SQLITE_OK)
        return 0;
    *code = sqlite3_prepare_v2(handle, sql, -1, &statement, NULL);
    if (*code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    if (*code == SQLITE_OK)
        *code = sqlite3_finalize(statement);
    return number;
}

static void add_table(sqlite3 *handle, const char *name, struct contents *out, int *code) {
    char *sql = sqlite3_mprintf("SELECT count(*) FROM main.\"%w\"", name);
    int64_t rows = sql ? ask_number(handle, sql, code) : 0;
    char line[80];
    snprintf(line, sizeof line, "%.40s %lld", name, (long long)rows);
    out->each = out->each * 31 + hash_text_32(line);
    out->rows += (uint64_t)rows;
    out->tables++;
    sqlite3_free(sql);
}

static int read_contents(sqlite3 *handle, struct contents *out) {
    sqlite3_stmt *statement = NULL;
    int code = SQLITE_OK;
    *out = (struct contents){.pages = 0};
    out->pages = (uint64_t)ask_number(handle, "PRAGMA page_count", &code);
    if (code == SQLITE_OK)
        code = sqlite3_prepare_v2(
            handle, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", -1,
            &statement, NULL);
    while (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        add_table(handle, (const char *)sqlite3_column_text(statement, 0), out, &code);
    int ended = sqlite3_finalize(statement);
    return code == SQLITE_OK ? ended : code;
}

static int write_pages(sqlite3 *from, const char *to) {
    sqlite3 *copy = NULL;
    int code = sqlite3_open_v2(
        to, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    sqlite3_backup *backup =
        code == SQLITE_OK ? sqlite3_backup_init(copy, "main", from, "main") : NULL;
    if (backup) {
        sqlite3_backup_step(backup, -1); /* at once: one consistent snapshot of the source */
        code = sqlite3_backup_finish(backup);
    } else if (code == SQLITE_OK) {
        code = sqlite3_errcode(copy);
    }
    sqlite3_close(copy);
    return code;
}

/* In one transaction, so that both are of the same moment. */
static bool copy_pages(struct db *db, const char *to, struct contents *contents, struct err *err) {
    db_begin_read(db);
    db_number(db, "SELECT count(*) FROM sqlite_schema"); /* it begins with what is read first */
    int code = db_failed(db) ? SQLITE_OK : write_pages(db_handle(db), to);
    if (code != SQLITE_OK)
        db_fail(db, "%s: cannot be written: %s", to, sqlite3_errstr(code));
    code = db_failed(db) ? SQLITE_OK : read_contents(db_handle(db), contents);
    if (code != SQLITE_OK)
        db_fail(db, "%s: cannot be read: %s", db_path(db), sqlite3_errstr(code));
    return db_end(db, err) == DB_FINE;
}

/* Read back from the disk: each page of each table and index, and the same number of rows. */
static bool prove_copy(const char *part, const struct contents *want, struct err *err) {
    sqlite3 *copy = NULL;
    sqlite3_stmt *check = NULL;
    struct contents found;
    char said[160] = "";
    int code = sqlite3_open_v2(part, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_prepare_v2(copy, "PRAGMA main.quick_check(1)", -1, &check, NULL);
    if (code == SQLITE_OK && sqlite3_step(check) == SQLITE_ROW)
        snprintf(said, sizeof said, "%s", (const char *)sqlite3_column_text(check, 0));
    int ended = sqlite3_finalize(check);
    code = code == SQLITE_OK ? ended : code;
    bool whole = code == SQLITE_OK && strcmp(said, "ok") == 0;
    if (whole)
        code = read_contents(copy, &found);
    sqlite3_close(copy);
    if (code != SQLITE_OK || !whole)
        return err_set(err, "the copy is damaged and was thrown away: %s",
                       code != SQLITE_OK ? sqlite3_errstr(code) : said);
    return (found.pages == want->pages && found.tables == want->tables &&
            found.rows == want->rows && found.each == want->each) ||
           err_set(err, "the copy has %llu rows in %llu tables, not %llu in %llu: thrown away",
                   (unsigned long long)found.rows, (unsigned long long)found.tables,
                   (unsigned long long)want->rows, (unsigned long long)want->tables);
}

static const char *const log_suffixes[] = {"-wal", "-shm", "-journal"};

enum { NAME_SIZE = PATH_MAX + 16 }; /* a path and the longest of them */

static bool has_logs(const char *path) {
    bool any = false;
    for (size_t i = 0; i < COUNT_OF(log_suffixes); i++) {
        char name[NAME_SIZE];
        struct stat found;
        snprintf(name, sizeof name, "%s%s", path, log_suffixes[i]);
        any = any || lstat(name, &found) == 0;
    }
    return any;
}

static bool remove_file(const char *path, const char *suffix) {
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "%s%s", path, suffix);
    return unlink(name) == 0 || errno == ENOENT;
}

static bool remove_with_logs(const char *path) {
    bool done = remove_file(path, "");
    for (size_t i = 0; i < COUNT_OF(log_suffixes); i++)
        done = done && remove_file(path, log_suffixes[i]);
    return done;
}

/* A log that stands beside the former file would be replayed into the copy. Where there is one, the
 * former file goes first: a crash in between leaves no file of that name, and the copy as *.part. */
static bool put_in_place(const char *part, const char *path, struct err *err) {
    bool done = sync_path(part, O_RDONLY) && (!has_logs(path) || remove_with_logs(path)) &&
                rename(part, path) == 0 && sync_directory_of(path);
    return done || err_set(err, "%s: %s", path, strerror(errno));
}

static bool same_file(const char *a, const char *b) {
    struct stat left, right;
    return stat(a, &left) == 0 && stat(b, &right) == 0 && left.st_dev == right.st_dev &&
           left.st_ino == right.st_ino;
}

/* A device or a pipe of that name would be lost; a link to one, such as /dev/stdout, too. */
static bool is_no_file(const char *path) {
    struct stat found;
    return stat(path, &found) == 0 && !S_ISREG(found.st_mode);
}

bool db_copy_to(struct db *db, const char *path, struct err *err) {
    enum { SUFFIX_SIZE = 16 };
    char part[PATH_MAX];
    struct contents contents;
    if (snprintf(part, sizeof part, "%s.part", path) >= PATH_MAX - SUFFIX_SIZE)
        return err_set(err, "%s: the name is too long", path);
    if (is_no_file(path))
        return err_set(err, "%s: not a regular file", path);
    if (same_file(db_path(db), path))
        return err_set(err, "%s: is the database itself", path);
    long holder = lock_holder(path);
    if (holder)
        return err_set(err, "%s: in use by another originscan (process %ld)", path, holder);
    remove_with_logs(part);
    bool done = copy_pages(db, part, &contents, err) && prove_copy(part, &contents, err) &&
                put_in_place(part, path, err);
    if (!done)
        remove_with_logs(part);
    return done;
}
