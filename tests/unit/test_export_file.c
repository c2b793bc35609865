/* Replacing an export's file: what is written, what is refused, and that a refusal changes nothing.
 */
#include "tests/unit/export_zones.h"

#include "report/output/export_file.h"
#include "report/output/export_since.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A folder of its own for each test, and zones that it may change. */
struct place {
    char folder[64];
    char path[96];
    struct export_many many;
};

static int set_up(void **state) {
    struct place *place = calloc(1, sizeof *place);
    strcpy(place->folder, "/tmp/originscan-export-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof place->path, "%s/out.conf", place->folder);
    export_many_fill(&place->many);
    *state = place;
    return 0;
}

static int tear_down(void **state) {
    struct place *place = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf -- '%s'", place->folder);
    int status = system(command);
    free(place);
    return status;
}

static enum export_file_outcome outcome; /* of the last export */

static bool write_as(struct place *place, const char *format, const char *check, bool force,
                     struct err *err) {
    struct export_options options = export_test_options(format);
    struct export_file_options file = {.path = place->path, .check_command = check, .force = force};
    struct export_summary summary;
    return export_file_write(&file, &options, zone_list_source, &place->many.list, &summary,
                             &outcome, err);
}

static bool write_nginx(struct place *place, struct err *err) {
    return write_as(place, "nginx", NULL, false, err);
}

static char *content(const struct place *place) {
    FILE *from = fopen(place->path, "r");
    assert_non_null(from);
    char *text = calloc(1, 1 << 18);
    assert_true(fread(text, 1, (1 << 18) - 1, from) > 0);
    fclose(from);
    return text;
}

static void put(const struct place *place, const char *text, size_t n) {
    FILE *to = fopen(place->path, "w");
    assert_non_null(to);
    assert_int_equal(fwrite(text, 1, n, to), n);
    fclose(to);
}

static void assert_generation(const struct place *place, const char *want) {
    char *text = content(place);
    char search[64];
    snprintf(search, sizeof search, " generation=%s ", want);
    assert_non_null(strstr(text, search));
    free(text);
}

/* Only the export itself is in the folder. */
static void assert_alone(const struct place *place) {
    DIR *folder = opendir(place->folder);
    int files = 0;
    for (struct dirent *entry; (entry = readdir(folder));)
        files += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
    closedir(folder);
    assert_int_equal(files, 1);
}

/* Refused with that text, and the file is as it was. */
static void assert_refused(struct place *place, const char *format, const char *why) {
    struct err err = {""};
    char *before = content(place);
    assert_false(write_as(place, format, NULL, false, &err));
    char *after = content(place);
    assert_string_equal(before, after);
    if (!strstr(err.text, why))
        fail_msg("\"%s\" does not say \"%s\"", err.text, why);
    assert_alone(place);
    free(before);
    free(after);
}

static void generations_count_changes(void **state) {
    struct place *place = *state;
    struct err err;
    assert_true(write_nginx(place, &err));
    assert_generation(place, "1");
    assert_true(write_nginx(place, &err));
    assert_generation(place, "1");
    place->many.zones[3].advice = export_zones[3].advice;
    assert_true(write_nginx(place, &err));
    assert_generation(place, "2");
    assert_alone(place);
}

/* Evidence alone is no change: it moves with every scan. */
static void what_tells_the_same_is_left_alone(void **state) {
    struct place *place = *state;
    static const char *const formats[] = {"nginx",  "haproxy", "json",       "akamai",
                                          "ndjson", "csv",     "cloudflare", "pingora"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        bool says_how_long = i < 4 || i == 7; /* in its head */
        struct err err;
        struct stat before, after;
        remove(place->path);
        place->many.zones[3].advice = export_zones[5].advice;
        assert_true(write_as(place, formats[i], NULL, false, &err));
        assert_int_equal(outcome, EXPORT_FILE_CHANGED);
        assert_int_equal(stat(place->path, &before), 0);
        if (!write_as(place, formats[i], "false", false, &err)) /* there is nothing to check */
            fail_msg("%s: %s", formats[i], err.text);
        assert_int_equal(outcome, EXPORT_FILE_UNTOUCHED);
        place->many.zones[3].advice.trials += 5;
        place->many.zones[3].advice.days++;
        assert_true(write_as(place, formats[i], NULL, false, &err));
        assert_int_equal(outcome, says_how_long ? EXPORT_FILE_UNTOUCHED : EXPORT_FILE_REFRESHED);
        assert_int_equal(stat(place->path, &after), 0);
        assert_int_equal(after.st_ino == before.st_ino, says_how_long);
        place->many.zones[3].advice = export_zones[3].advice;
        assert_true(write_as(place, formats[i], NULL, false, &err));
        assert_int_equal(outcome, EXPORT_FILE_CHANGED);
        assert_alone(place);
    }
}

/* A file that lapses soon is written anew, though it tells the same. */
static void what_lapses_soon_is_refreshed(void **state) {
    struct place *place = *state;
    struct err err;
    place->many.zones[3].advice.not_after_ms = EXPORT_NOW_MS + DAY_MS / 2;
    assert_true(write_nginx(place, &err));
    place->many.zones[3].advice.not_after_ms = EXPORT_NOW_MS + 2 * DAY_MS;
    assert_true(write_nginx(place, &err));
    assert_int_equal(outcome, EXPORT_FILE_REFRESHED);
    assert_generation(place, "1");
}

/* Whoever sends requests refuses those of yesterday. */
static void lines_are_kept_young(void **state) {
    struct place *place = *state;
    struct err err;
    struct timespec times[2] = {{.tv_sec = EXPORT_NOW_MS / 1000 - 11 * 3600},
                                {.tv_sec = EXPORT_NOW_MS / 1000 - 11 * 3600}};
    assert_true(write_as(place, "cloudflare", NULL, false, &err));
    assert_int_equal(utimensat(AT_FDCWD, place->path, times, 0), 0);
    assert_true(write_as(place, "cloudflare", NULL, false, &err));
    assert_int_equal(outcome, EXPORT_FILE_UNTOUCHED);
    times[1].tv_sec -= 3600;
    assert_int_equal(utimensat(AT_FDCWD, place->path, times, 0), 0);
    assert_true(write_as(place, "cloudflare", NULL, false, &err));
    assert_int_equal(outcome, EXPORT_FILE_REFRESHED);
}

static void edited_exports_are_not_replaced(void **state) {
    struct place *place = *state;
    static const char *const formats[] = {"haproxy", "json", "csv"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct err err;
        remove(place->path);
        assert_true(write_as(place, formats[i], NULL, false, &err));
        char *text = content(place);
        char *at = strstr(text, "P-384");
        assert_non_null(at);
        memcpy(at, "P-521", 5);
        put(place, text, strlen(text));
        assert_refused(place, formats[i], "was edited");
        assert_refused(place, formats[i], "--force");
        assert_true(write_as(place, formats[i], NULL, true, &err));
        assert_int_equal(outcome, EXPORT_FILE_CHANGED);
        free(text);
    }
}

static void missing_zones_are_refused(void **state) {
    struct place *place = *state;
    struct err err;
    assert_true(write_nginx(place, &err));
    place->many.list.n = EXPORT_MANY - 4; /* 10 %, and not more */
    assert_true(write_nginx(place, &err));
    place->many.list.n = EXPORT_MANY - 8; /* 4 of 36 */
    assert_refused(place, "nginx", "4 of the 36 zones in the existing export would be missing");
    place->many.list.n = 0;
    assert_refused(place, "nginx", "missing");
    assert_true(write_as(place, "nginx", NULL, true, &err));
}

static void lowered_zones_are_refused(void **state) {
    struct place *place = *state;
    struct err err;
    assert_true(write_nginx(place, &err));
    for (int i = 0; i < 4; i++)
        place->many.zones[i].advice = export_zones[0].advice;
    assert_true(write_nginx(place, &err));
    for (int i = 4; i < 9; i++)
        place->many.zones[i].advice = export_zones[3].advice;
    assert_refused(place, "nginx", "5 of the 40 zones in the existing export would get a lower");
    for (int i = 0; i < 9; i++)
        place->many.zones[i].advice = export_zones[5].advice;
    assert_true(write_nginx(place, &err)); /* upwards is not the guard's business */
}

/* A zone may keep its setting and lose it for an origin: that counts where the file says it. */
static void lowered_origins_are_refused(void **state) {
    struct place *place = *state;
    static const struct export_origin lowered[] = {ORIGIN("a.example"),
                                                   {.host = "b.example",
                                                    .port = 443,
                                                    .sni = "b.example",
                                                    .address = "",
                                                    .weight = 1,
                                                    .advice = &takes_off}};
    static const char *const formats[] = {"haproxy", "envoy", "caddy",  "openssl",
                                          "pingora", "json",  "ndjson", "csv"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct err err;
        remove(place->path);
        for (int z = 0; z < EXPORT_MANY; z++) {
            place->many.zones[z].origins = plain_origin;
            place->many.zones[z].origins_n = 1;
        }
        assert_true(write_as(place, formats[i], NULL, false, &err));
        for (int z = 0; z < 5; z++) {
            place->many.zones[z].origins = lowered;
            place->many.zones[z].origins_n = 2;
        }
        assert_refused(place, formats[i],
                       "5 of the 40 zones in the existing export would get a lower");
        assert_true(write_as(place, formats[i], NULL, true, &err));
        assert_true(write_as(place, formats[i], NULL, false, &err)); /* as low as before */
    }
}

/* In a small fleet two demotions at once are nothing unusual, and must not be held up. */
static void few_demotions_pass(void **state) {
    struct place *place = *state;
    struct err err;
    place->many.list.n = 3;
    assert_true(write_nginx(place, &err));
    place->many.zones[0].advice = place->many.zones[1].advice = export_zones[0].advice;
    assert_true(write_nginx(place, &err));
    place->many.zones[0].advice = place->many.zones[1].advice = export_zones[5].advice;
    assert_true(write_nginx(place, &err));
    for (int i = 0; i < 3; i++)
        place->many.zones[i].advice = export_zones[0].advice;
    assert_refused(place, "nginx", "lower setting");
}

static void damaged_exports_are_not_replaced(void **state) {
    struct place *place = *state;
    static const char *const formats[] = {"nginx", "json", "ndjson", "csv", "cloudflare", "akamai"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct err err;
        place->many.list.n = EXPORT_MANY;
        remove(place->path);
        assert_true(write_as(place, formats[i], NULL, false, &err));
        char *text = content(place);
        size_t n = strlen(text);
        put(place, text, n - 40);
        place->many.list.n = EXPORT_MANY - 1; /* within the limit, were the file whole */
        assert_refused(place, formats[i], "damaged");
        place->many.list.n = EXPORT_MANY;
        assert_refused(place, formats[i], "damaged or was edited");
        place->many.list.n = EXPORT_MANY - 1;
        assert_true(write_as(place, formats[i], NULL, true, &err));
        free(text);
    }
}

static void foreign_files_are_left_alone(void **state) {
    struct place *place = *state;
    struct err err;
    put(place, "worker_processes 1;\n", 20);
    assert_refused(place, "nginx", "not an export of this format");
    put(place, "", 0); /* as mktemp leaves it */
    assert_true(write_nginx(place, &err));
    assert_refused(place, "haproxy", "not an export of this format");
    assert_refused(place, "json", "not an export of this format");
}

static void check_commands_decide(void **state) {
    struct place *place = *state;
    struct err err;
    assert_false(write_as(place, "nginx", "false", false, &err));
    assert_non_null(strstr(err.text, "exit status 1"));
    assert_int_equal(access(place->path, F_OK), -1);
    assert_true(write_as(place, "nginx", "grep -q 'zone-039.example'", false, &err));
    char *before = content(place);
    place->many.zones[0].advice = export_zones[0].advice;
    static const char *const refuse[] = {"grep -q 'no such text'", "test ! -s {}",
                                         "exit 3; true",           "kill -9 $$; true",
                                         "no-such-program-at-all", "cmp {} {}; test -z \"$1\""};
    for (size_t i = 0; i < sizeof refuse / sizeof *refuse; i++) {
        assert_false(write_as(place, "nginx", refuse[i], true, &err));
        assert_non_null(strstr(err.text, "check command"));
        char *after = content(place);
        assert_string_equal(before, after);
        free(after);
    }
    assert_alone(place);
    assert_true(write_as(place, "nginx", "grep -q originscan {} && test -s", false, &err));
    free(before);
}

/* Names that look like the pattern of a temporary file. */
static void no_temporary_is_left_behind(void **state) {
    struct place *place = *state;
    static const char *const names[] = {"XXXXXX", "out-XXXXXX.conf", ".originscan-XXXXXX"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct err err;
        remove(place->path);
        snprintf(place->path, sizeof place->path, "%s/%s", place->folder, names[i]);
        assert_true(write_nginx(place, &err));
        assert_alone(place);
        place->many.zones[i].advice = export_zones[0].advice;
        assert_false(write_as(place, "nginx", "false", false, &err));
        assert_alone(place);
    }
}

static void mode_and_link_stay(void **state) {
    struct place *place = *state;
    struct err err;
    char link[96];
    struct stat info;
    snprintf(link, sizeof link, "%s/link", place->folder);
    assert_true(write_nginx(place, &err));
    assert_int_equal(chmod(place->path, 0640), 0);
    assert_int_equal(symlink("out.conf", link), 0);
    char real[96];
    strcpy(real, place->path);
    strcpy(place->path, link);
    place->many.zones[0].advice = export_zones[0].advice;
    assert_true(write_nginx(place, &err));
    assert_int_equal(lstat(link, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_int_equal(stat(real, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0640);
    assert_generation(place, "2");
}

static void bad_places_are_named(void **state) {
    struct place *place = *state;
    struct err err;
    char kept[96];
    strcpy(kept, place->path);
    snprintf(place->path, sizeof place->path, "%s/none/out.conf", place->folder);
    assert_false(write_nginx(place, &err));
    assert_non_null(strstr(err.text, "/none"));
    strcpy(place->path, place->folder);
    assert_false(write_nginx(place, &err));
    strcpy(place->path, "/dev/null");
    assert_false(write_nginx(place, &err));
    assert_non_null(strstr(err.text, "not a regular file"));
    strcpy(place->path, kept);
}

/* A FIFO that nobody writes would be waited for without end. */
static void a_fifo_is_not_waited_for(void **state) {
    struct place *place = *state;
    struct err err = {""};
    assert_int_equal(mkfifo(place->path, 0600), 0);
    alarm(10);
    assert_false(write_nginx(place, &err));
    assert_non_null(strstr(err.text, "not a regular file"));
    struct export_since since;
    assert_false(export_since_open(&since, place->path, 1, export_find("json"), &err));
    assert_non_null(strstr(err.text, "not a regular file"));
    alarm(0);
}

/* What stands for random letters in names of temporary files may be part of the name. */
static void a_name_like_a_temporary_one(void **state) {
    struct place *place = *state;
    static const char *const names[] = {"XXXXXX", "a.XXXXXX", "XXXXXX.originscan-XXXXXX"};
    struct err err = {""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(place->path, sizeof place->path, "%s/%s", place->folder, names[i]);
        assert_true(write_nginx(place, &err));
        assert_generation(place, "1");
        place->many.list
            .n--; /* so that there is something to write, which the command then refuses */
        assert_false(write_as(place, "nginx", "false", true, &err));
        place->many.list.n++;
        assert_int_equal(unlink(place->path), 0);
    }
    assert_int_equal(rmdir(place->folder), 0); /* nothing is left in it */
    assert_int_equal(mkdir(place->folder, 0700), 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(generations_count_changes),
        TEST(missing_zones_are_refused),
        TEST(lowered_zones_are_refused),
        TEST(lowered_origins_are_refused),
        TEST(few_demotions_pass),
        TEST(damaged_exports_are_not_replaced),
        TEST(what_tells_the_same_is_left_alone),
        TEST(what_lapses_soon_is_refreshed),
        TEST(lines_are_kept_young),
        TEST(edited_exports_are_not_replaced),
        TEST(foreign_files_are_left_alone),
        TEST(check_commands_decide),
        TEST(no_temporary_is_left_behind),
        TEST(mode_and_link_stay),
        TEST(bad_places_are_named),
        TEST(a_fifo_is_not_waited_for),
        TEST(a_name_like_a_temporary_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
