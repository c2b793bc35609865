/* A new folder beside the old one, and the exchange of both. */
#include "report/output/export_folder.h"

#include "report/export/export_text.h"
#include "report/output/check_command.h"
#include "report/output/export_guard.h"
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".conf"

/* What the files of one folder say together. */
struct content {
    struct export_previous all;
    size_t room;
    uint64_t files;
};

struct folder {
    const struct export_file_options *file;
    const struct export_options *options;
    struct export_folder_summary *out;
    char path[PATH_MAX]; /* symbolic links followed, without a slash at its end */
    char made[PATH_MAX]; /* the new one; "" while there is none */
    bool existed;
    struct err *err;
    bool failed; /* in the middle of the source's run */
};

static bool fail_with_errno(struct err *err, const char *what, const char *path) {
    return err_set(err, "cannot %s %s: %s", what, path, strerror(errno));
}

/* ---- what is there --------------------------------------------------------------------------- */

static bool find_path(struct folder *folder, struct err *err) {
    size_t n = strlen(folder->file->path);
    if (n == 0 || n >= PATH_MAX - 64)
        return err_set(err, "the name of the output folder is empty or too long");
    if (!realpath(folder->file->path, folder->path)) {
        if (errno != ENOENT)
            return fail_with_errno(err, "find", folder->file->path);
        memcpy(folder->path, folder->file->path, n + 1);
        while (n > 1 && folder->path[n - 1] == '/')
            folder->path[--n] = '\0';
        return true;
    }
    struct stat info;
    if (stat(folder->path, &info) != 0 || !S_ISDIR(info.st_mode))
        return err_set(err, "%s is not a folder", folder->path);
    folder->existed = true;
    return true;
}

static void add_content(struct content *content, const struct export_previous *previous) {
    struct export_previous *all = &content->all;
    all->zones = array_reserve(all->zones, all->zones_n + previous->zones_n, &content->room,
                               sizeof *all->zones);
    for (size_t i = 0; i < previous->zones_n; i++)
        all->zones[all->zones_n++] = previous->zones[i];
    content->files++;
}

static bool read_file(const struct folder *folder, const char *path, struct content *content,
                      struct err *err) {
    struct export_previous previous = {.ours = false};
    struct stat info;
    FILE *from = export_previous_open(path, &info, err);
    if (!from)
        return false;
    bool done = export_previous_read(from, folder->options->format, &previous);
    fclose(from);
    if (!done)
        return fail_with_errno(err, "read", path);
    if (!previous.ours)
        done = err_set(err, "%s is not an export of this format: the folder is for exports alone",
                       path);
    else if (!previous.whole && !folder->file->force)
        done = err_set(err, "%s is damaged or was edited; --force replaces it all the same", path);
    else
        add_content(content, &previous);
    export_previous_clear(&previous);
    return done;
}

static int compare_keys(const void *left, const void *right) {
    const struct export_previous_zone *a = left, *b = right;
    return a->key < b->key ? -1 : a->key > b->key;
}

static bool read_folder(const struct folder *folder, const char *path, struct content *content,
                        struct err *err) {
    char name[PATH_MAX + NAME_MAX + 2];
    bool done = true;
    DIR *entries = opendir(path);
    if (!entries)
        return fail_with_errno(err, "read", path);
    for (struct dirent *entry; done && (entry = readdir(entries));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        done = read_file(folder, name, content, err);
    }
    closedir(entries);
    if (content->all.zones_n > 0)
        qsort(content->all.zones, content->all.zones_n, sizeof *content->all.zones, compare_keys);
    return done;
}

/* Only files of ours are in it. */
static void remove_folder(const char *path) {
    char name[PATH_MAX + NAME_MAX + 2];
    DIR *entries = opendir(path);
    if (!entries)
        return;
    for (struct dirent *entry; (entry = readdir(entries));) {
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlink(name);
    }
    closedir(entries);
    rmdir(path);
}

/* ---- the new folder -------------------------------------------------------------------------- */

static bool make_folder(struct folder *folder, struct err *err) {
    struct stat before;
    mode_t mask = umask(0);
    umask(mask);
    snprintf(folder->made, sizeof folder->made, "%.*s.originscan-XXXXXX", PATH_MAX - 32,
             folder->path);
    if (!mkdtemp(folder->made)) {
        fail_with_errno(err, "make a folder beside", folder->path);
        folder->made[0] = '\0';
        return false;
    }
    bool known = folder->existed && stat(folder->path, &before) == 0;
    if (chmod(folder->made, known ? before.st_mode & 07777 : 0777 & ~mask) != 0 ||
        (known && (before.st_uid != geteuid() || before.st_gid != getegid()) &&
         chown(folder->made, before.st_uid, before.st_gid) != 0))
        return fail_with_errno(err, "prepare", folder->made);
    return true;
}

static bool give_one(void *arg, export_sink *sink, void *sink_arg, struct err *err) {
    (void)err;
    sink(sink_arg, arg);
    return true;
}

static void add_settings(struct export_summary *all, const struct export_summary *one) {
    all->zones += one->zones;
    all->inexact += one->inexact;
    for (enum rule_level level = LEVEL_NONE; level < LEVEL_COUNT; level++)
        all->by_level[level] += one->by_level[level];
}

/* The old file comes along first, by a link: it is what the new one is compared with, and where both
 * tell the same it stays. */
static bool write_zone(struct folder *folder, const struct export_zone *zone, struct err *err) {
    char slug[EXPORT_SLUG_SIZE], path[PATH_MAX + 128], old[PATH_MAX + 128];
    struct export_file_options file = {.path = path, .force = folder->file->force};
    struct export_options options = *folder->options;
    struct export_summary summary;
    enum export_file_outcome outcome;
    export_text_slug(zone->name, slug);
    snprintf(path, sizeof path, "%s/%s" SUFFIX, folder->made, slug);
    snprintf(old, sizeof old, "%s/%s" SUFFIX, folder->path, slug);
    if (folder->existed && link(old, path) != 0 && errno != ENOENT)
        return fail_with_errno(err, "link", old);
    options.zones = &zone->name;
    options.zones_n = 1;
    if (!export_file_write(&file, &options, give_one, (void *)zone, &summary, &outcome, err))
        return false;
    add_settings(&folder->out->settings, &summary);
    folder->out->changed += outcome == EXPORT_FILE_CHANGED;
    if (outcome < folder->out->outcome)
        folder->out->outcome = outcome;
    return true;
}

static bool take_zone(void *arg, const struct export_zone *zone) {
    struct folder *folder = arg;
    if (zone->shadow) {
        folder->out->settings.shadow++;
        return true;
    }
    folder->failed = !write_zone(folder, zone, folder->err);
    return !folder->failed;
}

/* How many of the old files have no successor. */
static uint64_t count_removed(const struct content *before, const struct content *after) {
    uint64_t removed = 0;
    size_t at = 0;
    for (size_t i = 0; i < before->all.zones_n; i++) {
        while (at < after->all.zones_n && after->all.zones[at].key < before->all.zones[i].key)
            at++;
        removed += at == after->all.zones_n || after->all.zones[at].key != before->all.zones[i].key;
    }
    return removed;
}

/* ---- the replacement ------------------------------------------------------------------------- */

static bool exchange_folders(struct folder *folder, struct err *err) {
    unsigned flags = folder->existed ? RENAME_EXCHANGE : RENAME_NOREPLACE;
    if (renameat2(AT_FDCWD, folder->made, AT_FDCWD, folder->path, flags) != 0)
        return fail_with_errno(err, "replace", folder->path);
    if (!folder->existed)
        folder->made[0] = '\0'; /* else the old one is there now, to be removed */
    return true;
}

static bool pass_guard(struct folder *folder, const struct content *before,
                       const struct content *after, struct err *err) {
    struct err why;
    if (folder->file->force || export_guard_check(&before->all, &after->all, &why))
        return true;
    return err_set(err, "%s; --force replaces it all the same", why.text);
}

static bool replace_folder(struct folder *folder, export_source *source, void *source_arg,
                           struct content *before, struct content *after, struct err *err) {
    if (!find_path(folder, err) ||
        (folder->existed && !read_folder(folder, folder->path, before, err)) ||
        !make_folder(folder, err) || !source(source_arg, take_zone, folder, err) ||
        folder->failed || !read_folder(folder, folder->made, after, err) ||
        !pass_guard(folder, before, after, err))
        return false;
    folder->out->files = after->files;
    folder->out->removed = count_removed(before, after);
    if (!folder->existed || folder->out->removed > 0)
        folder->out->outcome = EXPORT_FILE_CHANGED;
    if (folder->out->outcome == EXPORT_FILE_UNTOUCHED)
        return true;
    if (folder->file->check_command &&
        !check_command_pass(folder->file->check_command, folder->made, err))
        return false;
    return exchange_folders(folder, err);
}

bool export_folder_write(const struct export_file_options *file,
                         const struct export_options *options, export_source *source,
                         void *source_arg, struct export_folder_summary *out, struct err *err) {
    struct folder *folder = alloc_zero(1, sizeof *folder);
    struct content before = {.files = 0}, after = {.files = 0};
    *out = (struct export_folder_summary){.outcome = EXPORT_FILE_UNTOUCHED};
    *folder = (struct folder){.file = file, .options = options, .out = out, .err = err};
    bool done = replace_folder(folder, source, source_arg, &before, &after, err);
    if (folder->made[0])
        remove_folder(folder->made);
    export_previous_clear(&before.all);
    export_previous_clear(&after.all);
    free(folder);
    return done;
}
