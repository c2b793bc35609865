/* Atomic replacement of an export's file. */
#include "report/output/export_file.h"

#include "report/output/check_command.h"
#include "report/output/export_guard.h"
#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct replacement {
    const struct export_file_options *file;
    struct export_options *options;
    char path[PATH_MAX]; /* symbolic links followed */
    char folder[PATH_MAX];
    char temporary[PATH_MAX + 32];
    bool made;          /* a file of that name is there */
    struct stat before; /* st_size 0 where there was no file */
    bool existed;
    struct export_previous previous;
    struct export_previous next; /* what was written, read back */
    enum export_file_outcome *outcome;
};

static bool fail_with_errno(struct err *err, const char *what, const char *path) {
    return err_set(err, "cannot %s %s: %s", what, path, strerror(errno));
}

/* ---- the previous file ----------------------------------------------------------------------- */

static bool find_path(struct replacement *r, struct err *err) {
    char copy[PATH_MAX];
    if (strlen(r->file->path) >= PATH_MAX - 1)
        return err_set(err, "the name of the output file is too long");
    if (!realpath(r->file->path, r->path)) {
        if (errno != ENOENT)
            return fail_with_errno(err, "find", r->file->path);
        memcpy(r->path, r->file->path, strlen(r->file->path) + 1);
    }
    memcpy(copy, r->path, strlen(r->path) + 1);
    snprintf(r->folder, sizeof r->folder, "%s", dirname(copy));
    memcpy(copy, r->path, strlen(r->path) + 1);
    int n = snprintf(r->temporary, sizeof r->temporary, "%s/.originscan-XXXXXX-%s", r->folder,
                     basename(copy));
    return n < (int)sizeof r->temporary ? true
                                        : err_set(err, "the name of the output file is too long");
}

static bool read_previous(struct replacement *r, struct err *err) {
    FILE *from = export_previous_open(r->path, &r->before, err);
    if (!from)
        return errno == ENOENT;
    r->existed = true;
    bool done = export_previous_read(from, r->options->format, &r->previous);
    if (!done)
        fail_with_errno(err, "read", r->path);
    fclose(from);
    return done;
}

/* ---- the new file ---------------------------------------------------------------------------- */

/* A new file is readable by all, as far as the umask allows; nothing in it is secret. */
static bool take_mode(const struct replacement *r, int fd) {
    mode_t mask = umask(0);
    umask(mask);
    mode_t mode = r->existed ? r->before.st_mode & 07777 : 0666 & ~mask;
    struct stat now;
    if (r->existed && fstat(fd, &now) == 0 &&
        (now.st_uid != r->before.st_uid || now.st_gid != r->before.st_gid) &&
        fchown(fd, r->before.st_uid, r->before.st_gid) != 0)
        return false;
    return fchmod(fd, mode) == 0;
}

static FILE *open_temporary(struct replacement *r, struct err *err) {
    char *name = strrchr(r->temporary, '/') + 1;
    int suffix = (int)strlen(name + strlen(".originscan-XXXXXX"));
    int fd = mkostemps(r->temporary, suffix, O_CLOEXEC);
    if (fd < 0) {
        fail_with_errno(err, "make a file in", r->folder);
        return NULL;
    }
    r->made = true;
    FILE *to = fdopen(fd, "w+");
    if (!take_mode(r, fd) || !to) {
        fail_with_errno(err, "prepare", r->temporary);
        if (to)
            fclose(to);
        else
            close(fd);
        return NULL;
    }
    return to;
}

static bool read_back(struct replacement *r, FILE *written, struct err *err) {
    rewind(written);
    export_previous_clear(&r->next);
    if (!export_previous_read(written, r->options->format, &r->next))
        return fail_with_errno(err, "read", r->temporary);
    return r->next.whole ||
           err_set(err, "%s does not contain what was written to it", r->temporary);
}

/* Writes it as the next generation of the previous file; where it then tells the same, as the same
 * one. */
static bool write_generation(struct replacement *r, FILE *to, FILE *body, uint64_t generation,
                             struct export_summary *summary, struct err *err) {
    r->options->generation = generation;
    rewind(to);
    if (ftruncate(fileno(to), 0) != 0)
        return fail_with_errno(err, "write", r->temporary);
    return export_write(to, r->options, summary, body, err) && read_back(r, to, err);
}

static bool tells_the_same(const struct replacement *r) {
    return r->previous.whole && strcmp(r->previous.told, r->next.told) == 0;
}

/* Requests are sent while they are young (deploy/apply-cloudflare takes those of 24 hours), so a file of
 * lines is written anew in time. */
static bool is_young(const struct replacement *r) {
    int64_t made_ms = (int64_t)r->before.st_mtime * SECOND_MS;
    return r->options->format->layout != EXPORT_LINES ||
           r->options->now_ms - made_ms < EXPORT_FILE_REFRESH_MS / 2;
}

/* Whether the previous file may go on as it is: times in ISO 8601 compare as texts. */
static bool is_fresh(const struct replacement *r) {
    char soon[CLOCK_ISO_SIZE];
    const char *not_after = r->previous.not_after;
    if (!is_young(r))
        return false;
    if (strcmp(r->previous.sha256, r->next.sha256) == 0 || strcmp(not_after, "-") == 0)
        return true;
    return strcmp(not_after, clock_iso(r->options->now_ms + EXPORT_FILE_REFRESH_MS, soon)) > 0;
}

static bool write_new(struct replacement *r, FILE *to, export_source *source, void *source_arg,
                      struct export_summary *summary, struct err *err) {
    FILE *body = export_body(r->options, source, source_arg, summary, err);
    if (!body)
        return false;
    uint64_t before = r->previous.generation;
    bool done = write_generation(r, to, body, before + 1, summary, err);
    if (done && tells_the_same(r)) {
        r->options->generation = before;
        if (!is_fresh(r))
            done = write_generation(r, to, body, before, summary, err);
    }
    fclose(body);
    if (done && fsync(fileno(to)) != 0)
        done = fail_with_errno(err, "write", r->temporary);
    return done;
}

static enum export_file_outcome find_outcome(const struct replacement *r) {
    if (!tells_the_same(r))
        return EXPORT_FILE_CHANGED;
    return is_fresh(r) ? EXPORT_FILE_UNTOUCHED : EXPORT_FILE_REFRESHED;
}

/* ---- the guard ------------------------------------------------------------------------------- */

/* False with the reason if the new export should not replace the previous one; an empty file may be
 * replaced. */
static bool check_guard(const struct export_previous *previous, int64_t previous_bytes,
                        const struct export_previous *next, struct err *err) {
    if (previous_bytes == 0)
        return true;
    if (!previous->ours)
        return err_set(err, "the existing file is not an export of this format");
    if (!previous->whole)
        return err_set(err, "the existing export is damaged or was edited: what is in it does not "
                            "match the sha256 in it");
    return export_guard_check(previous, next, err);
}

/* What --force passes says so. */
static bool pass_guard(struct replacement *r, struct err *err) {
    struct err why;
    if (!r->existed || r->file->force ||
        check_guard(&r->previous, r->before.st_size, &r->next, &why))
        return true;
    return err_set(err, "%s; --force replaces it all the same", why.text);
}

/* ---- the replacement ------------------------------------------------------------------------- */

bool export_file_kept(const char *path, uint64_t generation, char *out) {
    return snprintf(out, PATH_MAX, "%s.~%" PRIu64 "~", path, generation) < PATH_MAX;
}

/* A link to the previous file, before its name goes to the new one; those that are too old go. */
static bool keep_previous(const struct replacement *r, struct err *err) {
    char kept[PATH_MAX];
    uint64_t generation = r->previous.generation, keep = r->file->keep;
    if (keep == 0 || !r->previous.whole || r->options->generation == generation)
        return true;
    if (!export_file_kept(r->path, generation, kept))
        return err_set(err, "the name of the output file is too long");
    unlink(kept);
    if (link(r->path, kept) != 0)
        return fail_with_errno(err, "make", kept);
    for (uint64_t old = generation > keep ? generation - keep : 0; old > 0; old--) {
        if (!export_file_kept(r->path, old, kept) || unlink(kept) != 0)
            break;
    }
    return true;
}

static bool rename_over(struct replacement *r, struct err *err) {
    if (!keep_previous(r, err))
        return false;
    if (rename(r->temporary, r->path) != 0)
        return fail_with_errno(err, "replace", r->path);
    r->made = false;
    int folder = open(r->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return fail_with_errno(err, "open", r->folder);
    bool done = fsync(folder) == 0 ? true : fail_with_errno(err, "write", r->folder);
    close(folder);
    return done;
}

static bool replace_file(struct replacement *r, export_source *source, void *source_arg,
                         struct export_summary *summary, struct err *err) {
    if (!find_path(r, err) || !read_previous(r, err))
        return false;
    FILE *to = open_temporary(r, err);
    if (!to)
        return false;
    bool done = write_new(r, to, source, source_arg, summary, err) && pass_guard(r, err);
    if (fclose(to) != 0 && done)
        done = fail_with_errno(err, "write", r->temporary);
    if (!done)
        return false;
    *r->outcome = find_outcome(r);
    if (*r->outcome == EXPORT_FILE_UNTOUCHED) {
        unlink(r->temporary);
        return true;
    }
    if (r->file->check_command && !check_command_pass(r->file->check_command, r->temporary, err))
        return false;
    return rename_over(r, err);
}

bool export_file_write(const struct export_file_options *file, struct export_options *options,
                       export_source *source, void *source_arg, struct export_summary *summary,
                       enum export_file_outcome *outcome, struct err *err) {
    struct replacement *r = alloc_zero(1, sizeof *r);
    *r = (struct replacement){.file = file, .options = options, .outcome = outcome};
    bool done = replace_file(r, source, source_arg, summary, err);
    if (!done && r->made)
        unlink(r->temporary);
    export_previous_clear(&r->previous);
    export_previous_clear(&r->next);
    free(r);
    return done;
}
