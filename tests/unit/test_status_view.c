/* What `originscan status` reads is what a report says of the same. */
#include "cmd/settle/fleet_view.h"
#include "report/fleet/fleet_status_text.h"
#include "store/store_lever.h"
#include "store/store_zone.h"
#include "tests/support/settle_play.h"

/* The words are the first part of the name: after a day some hosts get worse. */
static const char *by_name_and_day(void *arg, const struct store_claim *claim, int64_t now_ms) {
    static const char *const worse[][2] = {
        {"falls", "modern large=timeout:unacked"},
        {"unstable", "modern preferred=reset"},
        {"gone", "modern status=unreachable"},
    };
    (void)arg;
    for (size_t i = 0; i < sizeof worse / sizeof *worse; i++)
        if (strstr(claim->origin.host, worse[i][0]) && now_ms > FIXTURE_NOW + 4 * FIXTURE_DAY)
            return worse[i][1];
    return strstr(claim->origin.host, "refused") ? "refused"
           : strstr(claim->origin.host, "old")   ? "old"
                                                 : "modern";
}

static int64_t zone_id(struct store *store, const char *name) {
    int64_t id;
    FIXTURE_OK(store_zone_make(store, name, &id, &err));
    return id;
}

static void order(struct store *store, const char *zone, const char *name, const char *value) {
    FIXTURE_OK(
        store_lever_set(store, zone_id(store, zone), name, value, FIXTURE_NOW, "operator", &err));
}

/* Zones that move, fall, have no setting, wait for traffic; an origin of two zones, one that is new. */
static struct settle_play play_fleet(const struct fixture *fixture) {
    static const char *const members[][2] = {
        {"z-first", "modern.example"}, {"a-last", "modern.example"},  {"a-last", "old.example"},
        {"falling", "falls.example"},  {"falling", "modern.example"}, {"mixed", "unstable.example"},
        {"bare", "refused.example"},   {"gone", "gone.example"},      {"pinned", "old.example"},
    };
    struct settle_play play = {.store = fixture_open(fixture, STORE_CREATE),
                               .now_ms = FIXTURE_NOW,
                               .words = by_name_and_day};
    settle_options_init(&play.options, PROFILE_FAST);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        fixture_import(play.store, members[i][0], members[i][1]);
    order(play.store, "pinned", "pin", "off");
    settle_play_days(&play, 8);
    fixture_import(play.store, "new", "new.example");
    zone_id(play.store, "empty");
    return play;
}

static json_t *report_of(const struct settle_play *play) {
    struct err err;
    struct fleet_report *report = fleet_view_read(
        play->store, play->now_ms, play->now_ms - FLEET_VIEW_DAYS * FIXTURE_DAY, &err);
    json_t *document = fleet_view_document(report);
    fleet_report_free(report);
    return document;
}

static void assert_same(const json_t *whole, const json_t *part, const char *key) {
    const json_t *expected = json_object_get(whole, key), *found = json_object_get(part, key);
    assert_non_null(expected);
    if (json_equal(expected, found))
        return;
    char *a = json_dumps(expected, JSON_INDENT(1)), *b = json_dumps(found, JSON_INDENT(1));
    fail_msg("%s: %s\nis %s", key, a, b);
}

static char *text_of(const json_t *document) {
    char *text = NULL;
    size_t n;
    FILE *to = open_memstream(&text, &n);
    fleet_status_text(to, document);
    fclose(to);
    return text;
}

static void a_look_says_what_a_report_says(void **state) {
    static const char *const members[] = {"generated_at", "freshness", "attention",
                                          "moves",        "scanner",   "matrix"};
    const struct fixture *fixture = *state;
    struct settle_play play = play_fleet(fixture);
    struct err err;
    fixture_write_sql(fixture->path, "DELETE FROM zone_setting WHERE zone_id ="
                                     " (SELECT id FROM zone WHERE name = 'a-last')");
    fixture_write_sql(fixture->path, "UPDATE origin SET sni = 'shop.example', address = '192.0.2.9'"
                                     " WHERE host = 'falls.example'");
    json_t *whole = report_of(&play);
    json_t *look = fleet_view_status_document(play.store, play.now_ms, &err);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        assert_same(whole, look, members[i]);
    assert_same(json_object_get(whole, "settings"), json_object_get(look, "settings"), "counts");
    char *expected = text_of(whole), *found = text_of(look);
    assert_string_equal(found, expected);
    assert_non_null(strstr(found, "`originscan probe --sni shop.example "
                                  "'falls.example:443@192.0.2.9'`"));
    const json_t *kinds = json_object_get(json_object_get(whole, "attention"), "kinds");
    assert_true(json_integer_value(json_object_get(kinds, "fell")) > 0);
    assert_true(json_integer_value(json_object_get(kinds, "no-setting")) > 0);
    assert_true(json_integer_value(json_object_get(kinds, "unmeasured")) > 0);
    free(expected);
    free(found);
    json_decref(whole);
    json_decref(look);
    store_close(play.store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_look_says_what_a_report_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
