/* Comparing zones with those of an earlier generation. */
#include "report/output/export_since.h"

#include "report/output/export_file.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* False with `err` only if the file is there and cannot be read. */
static bool read_generation(struct export_since *since, const char *path, uint64_t generation,
                            bool *found, struct err *err) {
    struct stat info;
    FILE *from = export_previous_open(path, &info, err);
    *found = false;
    if (!from)
        return errno == ENOENT;
    export_previous_clear(&since->then);
    bool done = export_previous_read(from, since->format, &since->then);
    fclose(from);
    if (!done)
        return err_set(err, "cannot read %s: %s", path, strerror(errno));
    *found = since->then.whole && since->then.generation == generation;
    return true;
}

bool export_since_open(struct export_since *since, const char *path, uint64_t generation,
                       const struct export_format *format, struct err *err) {
    char kept[PATH_MAX];
    bool found;
    *since = (struct export_since){.format = format};
    if (!format->zones_apart)
        return err_set(err, "--since: a %s export is for all of its zones together",
                       export_name(format));
    if (!export_file_kept(path, generation, kept))
        return err_set(err, "the name of the output file is too long");
    if (!read_generation(since, path, generation, &found, err) ||
        (!found && !read_generation(since, kept, generation, &found, err)))
        return false;
    if (found)
        return true;
    export_since_clear(since);
    return err_set(err,
                   "--since: generation %" PRIu64
                   " is neither in the file nor in %s; --keep says how "
                   "many older ones are kept",
                   generation, kept);
}

static int compare_keys(const void *key, const void *zone) {
    uint64_t a = *(const uint64_t *)key, b = ((const struct export_previous_zone *)zone)->key;
    return a < b ? -1 : a > b;
}

bool export_since_passes(void *arg, char *block, size_t n) {
    struct export_since *since = arg;
    const struct export_previous_zone *before = NULL;
    struct export_previous_zone zone;
    bool known = export_previous_block(block, n, since->format, &zone);
    if (known && since->then.zones_n > 0)
        before = bsearch(&zone.key, since->then.zones, since->then.zones_n,
                         sizeof *since->then.zones, compare_keys);
    bool same = before && before->level == zone.level && before->told == zone.told;
    since->matched += before != NULL;
    since->changed += !same;
    return !same;
}

void export_since_clear(struct export_since *since) {
    export_previous_clear(&since->then);
}
