/* The page of scanned origins. */
#include "report/page/scan_page.h"

#include "report/json_value.h"
#include "report/page/html.h"
#include "report/page/page_style.h"
#include "report/page/page_table.h"
#include "scanner/base/array.h"

#include <stdlib.h>
#include <string.h>

static bool is_there(const json_t *object, const char *key) {
    return json_value_text_at(object, key)[0] != '\0';
}

/* Names of what stands on a page once for each origin. */
struct names {
    char table[64];
    size_t number;
};

static const char *name_table(struct names *names, const char *name) {
    snprintf(names->table, sizeof names->table, names->number ? "%s-%zu" : "%s", name,
             names->number + 1);
    return names->table;
}

/* ---- verdict and advice ----------------------------------------------------------------------- */

static void append_lead(struct html *to, const json_t *scan, const json_t *texts) {
    static const struct {
        const char *mood, *class, *mark;
    } looks[] = {
        {"good", "lead good", "\xe2\x9c\x93"},
        {"fair", "lead warn", "!"},
        {"bad", "lead bad", "\xe2\x9c\x97"},
    };
    size_t i = 0;
    while (i + 1 < COUNT_OF(looks) && strcmp(looks[i].mood, json_value_text_at(texts, "mood")) != 0)
        i++;
    html_leaff(to, "p", looks[i].class, "%s %s%s%s", looks[i].mark,
               json_value_text_at(scan, "verdict"), is_there(scan, "verdict") ? ": " : "",
               json_value_text_at(texts, "meaning"));
    size_t at;
    json_t *other;
    json_array_foreach(json_object_get(texts, "others"), at, other)
        html_leaff(to, "p", NULL, "%s: %s", json_value_text_at(other, "verdict"),
                   json_value_text_at(other, "meaning"));
}

static void append_circumstances(struct html *to, const json_t *scan, const json_t *texts) {
    const char *at = json_value_text_at(scan, "started_at"); /* always a whole ISO-8601 time */
    const json_t *origin = json_object_get(scan, "origin");
    html_open(to, "p", "class", "soft", NULL);
    html_textf(to, "Scanned %.10s %.8s UTC", at, at + 11);
    if (is_there(origin, "address"))
        html_textf(to, " at %s", json_value_text_at(origin, "address"));
    if (is_there(texts, "source"))
        html_textf(to, " from %s", json_value_text_at(texts, "source"));
    if (is_there(scan, "tls_version"))
        html_textf(to, ", %s", json_value_text_at(scan, "tls_version"));
    html_close(to);
}

static void append_advice(struct html *to, const json_t *scan) {
    const json_t *advice = json_object_get(scan, "recommendation");
    if (json_is_object(advice))
        html_leaff(
            to, "p", NULL,
            "Recommended setting of the proxy: %s, first share %s (%s; from this scan alone).",
            json_value_text_at(advice, "setting"), json_value_text_at(advice, "first_share"),
            json_value_text_at(advice, "reason"));
    else
        html_leaf(to, "p", NULL, "No setting of the proxy can be recommended from this scan.");
}

static void append_remedy(struct html *to, const json_t *scan, const json_t *texts) {
    size_t at;
    json_t *paragraph;
    html_leaf(to, "h3", NULL, "What to do");
    json_array_foreach(json_object_get(texts, "remedy"), at, paragraph)
        html_leaf(to, "p", NULL, json_string_value(paragraph));
    append_advice(to, scan);
}

static void append_reproduction(struct html *to, const json_t *texts) {
    if (!is_there(texts, "reproduce"))
        return;
    html_leaf(to, "h3", NULL, "See it yourself");
    html_leaf(to, "p", NULL, "This command of OpenSSL 3.5 fails in the same way:");
    html_leaf(to, "pre", NULL, json_value_text_at(texts, "reproduce"));
    if (!is_there(texts, "contrast"))
        return;
    html_open(to, "p", NULL);
    html_text(to, "It works with ");
    html_leaf(to, "code", NULL, json_value_text_at(texts, "contrast"));
    html_text(to, ".");
    html_close(to);
}

/* ---- what was seen ---------------------------------------------------------------------------- */

static json_t *say_truth(const json_t *value) {
    return json_string(json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "unknown");
}

static json_t *list_modes(const json_t *scan, const json_t *texts) {
    json_t *rows = json_array(), *said;
    const char *mode;
    json_object_foreach((json_t *)json_object_get(texts, "modes"), mode, said) {
        const json_t *fact = json_object_get(json_object_get(scan, "modes"), mode);
        json_array_append_new(rows, json_pack("{s:s,s:o,s:O?,s:o,s:O?,s:O?}", "mode", mode, "works",
                                              say_truth(json_object_get(fact, "works")), "group",
                                              json_object_get(fact, "group"), "retry",
                                              say_truth(json_object_get(fact, "retry")), "hello",
                                              json_object_get(said, "hello"), "remark",
                                              json_object_get(said, "remark")));
    }
    return rows;
}

static void append_modes(struct html *to, struct names *names, const json_t *scan,
                         const json_t *texts) {
    static const struct page_column columns[] = {
        {"Setting of the proxy", "mode", PAGE_NAME},
        {"Works", "works", PAGE_TEXT},
        {"Group", "group", PAGE_TEXT},
        {"Retry", "retry", PAGE_TEXT},
        {"Hello", "hello", PAGE_TEXT},
        {"Remark", "remark", PAGE_PROSE},
    };
    json_t *rows = list_modes(scan, texts);
    html_leaf(to, "h3", NULL, "What was tried");
    page_table(to,
               &(struct page_table){name_table(names, "modes"), NULL, columns, COUNT_OF(columns)},
               rows, "No handshake came far enough.");
    json_decref(rows);
    if (is_there(texts, "failure"))
        html_leaff(to, "p", NULL, "Failure: %s.", json_value_text_at(texts, "failure"));
    if (is_there(texts, "tried"))
        html_leaff(to, "p", NULL, "Tried: %s.", json_value_text_at(texts, "tried"));
    if (is_there(texts, "limit"))
        html_leaff(to, "p", NULL, "Limit: %s.", json_value_text_at(texts, "limit"));
}

static void add_groups(json_t *rows, const json_t *groups) {
    const char *name;
    json_t *known;
    json_object_foreach((json_t *)groups, name, known) json_array_append_new(
        rows, json_pack("{s:s,s:o}", "group", name, "supported", say_truth(known)));
}

static void append_groups(struct html *to, struct names *names, const json_t *scan) {
    static const struct page_column columns[] = {
        {"Group", "group", PAGE_NAME},
        {"Supported", "supported", PAGE_TEXT},
    };
    json_t *rows = json_array();
    add_groups(rows, json_object_get(scan, "groups"));
    add_groups(rows, json_object_get(scan, "other_groups"));
    html_leaf(to, "h3", NULL, "Groups");
    if (is_there(scan, "group_order"))
        html_leaff(to, "p", NULL, "The %s decides; it comes to %s.",
                   strcmp(json_value_text_at(scan, "group_order"), "server") == 0
                       ? "server's order"
                       : "client's order",
                   json_value_text_at(scan, "preferred_group"));
    page_table(to,
               &(struct page_table){name_table(names, "groups"), NULL, columns, COUNT_OF(columns)},
               rows, "");
    json_decref(rows);
}

static void append_certificate(struct html *to, const json_t *texts) {
    const json_t *certificate = json_object_get(texts, "certificate");
    if (!json_is_object(certificate))
        return;
    html_leaf(to, "h3", NULL, "Certificate");
    html_open(to, "p", NULL);
    html_leaf(to, "bdi", NULL,
              is_there(certificate, "subject") ? json_value_text_at(certificate, "subject")
                                               : "nobody");
    html_text(to, ", issued by ");
    html_leaf(to, "bdi", NULL,
              is_there(certificate, "issuer") ? json_value_text_at(certificate, "issuer")
                                              : "itself");
    html_textf(to, ", valid from %.10s to %.10s.", json_value_text_at(certificate, "not_before"),
               json_value_text_at(certificate, "not_after"));
    html_close(to);
    if (is_there(certificate, "objections"))
        html_leaff(to, "p", "warn", "! %s", json_value_text_at(certificate, "objections"));
}

/* ---- folded ----------------------------------------------------------------------------------- */

static void append_evidence(struct html *to, struct names *names, const json_t *texts) {
    static const struct page_column columns[] = {
        {"Probe", "probe", PAGE_NAME},
        {"What came of it", "text", PAGE_PROSE},
    };
    html_open(to, "details", NULL);
    html_leaf(to, "summary", NULL, "Evidence: every probe, in the order sent");
    if (is_there(texts, "explanation"))
        html_leaf(to, "pre", NULL, json_value_text_at(texts, "explanation"));
    page_table(
        to, &(struct page_table){name_table(names, "evidence"), NULL, columns, COUNT_OF(columns)},
        json_object_get(texts, "evidence"), "Nothing was sent.");
    html_close(to);
}

static void append_document(struct html *to, const json_t *scan) {
    char *text = json_dumps(scan, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    html_open(to, "details", "class", "machine", NULL);
    html_leaf(to, "summary", NULL, "The same for programs: JSON, schema originscan.scan/1");
    html_leaf(to, "pre", NULL, text ? text : "");
    html_close(to);
    free(text);
}

static void append_origin(struct html *to, const json_t *item, size_t number) {
    const json_t *scan = json_object_get(item, "scan"), *texts = json_object_get(item, "texts");
    struct names names = {.number = number};
    html_open(to, "section", NULL);
    html_open(to, "h2", NULL);
    html_leaf(to, "bdi", NULL, json_value_text_at(texts, "where"));
    html_close(to);
    append_lead(to, scan, texts);
    append_circumstances(to, scan, texts);
    append_remedy(to, scan, texts);
    append_modes(to, &names, scan, texts);
    append_reproduction(to, texts);
    if (json_object_size(json_object_get(texts, "modes")) > 0)
        append_groups(to, &names, scan);
    append_certificate(to, texts);
    append_evidence(to, &names, texts);
    append_document(to, scan);
    html_close(to);
}

bool scan_page_write(FILE *to, const json_t *scans) {
    struct html *page = html_new("originscan probe", page_style);
    size_t at, n = json_array_size(scans);
    json_t *item;
    html_open(page, "main", NULL);
    html_leaf(page, "h1", NULL,
              n == 1 ? "Which key agreement this origin takes"
                     : "Which key agreement these origins take");
    json_array_foreach(scans, at, item) append_origin(page, item, at);
    html_close(page);
    html_open(page, "footer", NULL);
    html_leaff(page, "p", NULL, "originscan %s",
               json_value_text_at(json_object_get(json_array_get(scans, 0), "texts"), "version"));
    html_close(page);
    bool written = html_print(page, to);
    html_free(page);
    return written;
}
