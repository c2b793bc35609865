/* A folder of snippets: what is in it, what stays, what goes, and that a refusal changes nothing. */
#include "tests/unit/export_zones.h"

#include "report/output/export_folder.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
    char root[64];
    char path[96];
    struct export_many many;
    struct export_folder_summary summary; /* of the last export */
    struct err err;
};

static int set_up(void **state) {
    struct place *place = calloc(1, sizeof *place);
    strcpy(place->root, "/tmp/originscan-folder-XXXXXX");
    assert_non_null(mkdtemp(place->root));
    snprintf(place->path, sizeof place->path, "%s/pq", place->root);
    export_many_fill(&place->many);
    *state = place;
    return 0;
}

static int tear_down(void **state) {
    struct place *place = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf -- '%s'", place->root);
    int status = system(command);
    free(place);
    return status;
}

static bool write_checked(struct place *place, const char *check, bool force) {
    struct export_options options = export_test_options("nginx");
    struct export_file_options file = {.path = place->path, .check_command = check, .force = force};
    options.snippet = options.folder = true;
    place->err.text[0] = '\0';
    return export_folder_write(&file, &options, zone_list_source, &place->many.list,
                               &place->summary, &place->err);
}

static void assert_written(struct place *place) {
    if (!write_checked(place, NULL, false))
        fail_msg("%s", place->err.text);
}

static int count_entries(const char *path) {
    DIR *folder = opendir(path);
    int n = 0;
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));)
        n += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
    closedir(folder);
    return n;
}

static struct stat stat_file(const struct place *place, const char *name) {
    char path[160];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", place->path, name);
    if (stat(path, &info) != 0)
        fail_msg("%s is not there", path);
    return info;
}

static void put_file(const struct place *place, const char *name, const char *text) {
    char path[160];
    snprintf(path, sizeof path, "%s/%s", place->path, name);
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    fputs(text, to);
    fclose(to);
}

/* With that reason; the folder itself is as it was, and alone. */
static void assert_refused(struct place *place, const char *why) {
    struct stat before = stat_file(place, "."), after;
    int files = count_entries(place->path);
    assert_false(write_checked(place, NULL, false));
    if (!strstr(place->err.text, why))
        fail_msg("\"%s\" does not say \"%s\"", place->err.text, why);
    after = stat_file(place, ".");
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(count_entries(place->path), files);
    assert_int_equal(count_entries(place->root), 1);
}

static void a_file_a_zone(void **state) {
    struct place *place = *state;
    assert_written(place);
    assert_int_equal(count_entries(place->path), EXPORT_MANY);
    assert_int_equal(place->summary.files, EXPORT_MANY);
    assert_int_equal(place->summary.changed, EXPORT_MANY);
    assert_int_equal(place->summary.settings.by_level[LEVEL_PREFERRED], EXPORT_MANY);
    assert_int_equal(place->summary.outcome, EXPORT_FILE_CHANGED);
    assert_true(stat_file(place, "zone-000.example.conf").st_size > 200);
    assert_int_equal(count_entries(place->root), 1);
}

static void what_tells_the_same_stays(void **state) {
    struct place *place = *state;
    assert_written(place);
    struct stat folder = stat_file(place, "."), kept = stat_file(place, "zone-001.example.conf"),
                moved = stat_file(place, "zone-003.example.conf");
    place->many.zones[1].advice.trials += 7;
    assert_true(write_checked(place, "false", false)); /* there is nothing to check */
    assert_int_equal(place->summary.outcome, EXPORT_FILE_UNTOUCHED);
    assert_int_equal(stat_file(place, ".").st_ino, folder.st_ino);
    place->many.zones[3].advice = export_zones[3].advice;
    assert_written(place);
    assert_int_equal(place->summary.changed, 1);
    assert_int_equal(stat_file(place, "zone-001.example.conf").st_ino, kept.st_ino);
    assert_int_equal(stat_file(place, "zone-001.example.conf").st_mtime, kept.st_mtime);
    assert_int_equal(stat_file(place, "zone-001.example.conf").st_nlink, 1);
    assert_int_not_equal(stat_file(place, "zone-003.example.conf").st_ino, moved.st_ino);
    assert_int_equal(count_entries(place->root), 1);
}

static void files_of_zones_that_are_gone_go(void **state) {
    struct place *place = *state;
    assert_written(place);
    place->many.list.n = EXPORT_MANY - 2;
    assert_written(place);
    assert_int_equal(place->summary.removed, 2);
    assert_int_equal(place->summary.outcome, EXPORT_FILE_CHANGED);
    assert_int_equal(count_entries(place->path), EXPORT_MANY - 2);
    place->many.list.n = EXPORT_MANY / 2;
    assert_refused(place, "18 of the 38 zones in the existing export would be missing");
    assert_true(write_checked(place, NULL, true));
    assert_int_equal(count_entries(place->path), EXPORT_MANY / 2);
}

static void many_lowered_zones_are_refused(void **state) {
    struct place *place = *state;
    assert_written(place);
    for (int i = 0; i < 5; i++)
        place->many.zones[i].advice = export_zones[0].advice;
    assert_refused(place, "5 of the 40 zones in the existing export would get a lower setting");
}

static void edited_and_foreign_files_are_refused(void **state) {
    struct place *place = *state;
    char path[160];
    assert_written(place);
    snprintf(path, sizeof path, "%s/zone-000.example.conf", place->path);
    FILE *to = fopen(path, "a");
    assert_non_null(to);
    fputs("proxy_ssl_verify off;\n", to);
    fclose(to);
    assert_refused(place, "zone-000.example.conf is damaged or was edited");
    assert_true(write_checked(place, NULL, true));
    put_file(place, "README", "mine\n");
    assert_refused(place,
                   "README is not an export of this format: the folder is for exports alone");
    assert_false(
        write_checked(place, NULL, true)); /* nobody's file is removed, not even by force */
}

static void the_check_command_sees_the_new_folder(void **state) {
    struct place *place = *state;
    assert_false(write_checked(place, "false", false));
    assert_int_equal(access(place->path, F_OK), -1);
    assert_int_equal(count_entries(place->root), 0);
    assert_true(write_checked(place, "test -f {}/zone-000.example.conf && test -d", false));
}

static void a_link_to_a_folder_is_followed(void **state) {
    struct place *place = *state;
    char link[96];
    snprintf(link, sizeof link, "%s/link", place->root);
    assert_written(place);
    assert_int_equal(symlink("pq", link), 0);
    strcpy(place->path, link);
    place->many.zones[3].advice = export_zones[3].advice;
    assert_written(place);
    assert_int_equal(place->summary.changed, 1);
    assert_int_equal(count_entries(place->root), 2);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_file_a_zone),
        TEST(what_tells_the_same_stays),
        TEST(files_of_zones_that_are_gone_go),
        TEST(many_lowered_zones_are_refused),
        TEST(edited_and_foreign_files_are_refused),
        TEST(the_check_command_sees_the_new_folder),
        TEST(a_link_to_a_folder_is_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
