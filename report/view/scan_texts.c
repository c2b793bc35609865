/* The texts of a scan as JSON. */
#include "report/view/scan_texts.h"

#include "report/json_value.h"
#include "report/view/explain.h"
#include "report/view/probe_words.h"
#include "report/view/remedy.h"
#include "report/view/reproduce.h"
#include "report/view/scan_phrases.h"
#include "report/view/verdict_text.h"
#include "scanner/probe/certificate.h"

#include <stdlib.h>

/* A text under construction: write to `stream`, then finish_text once. */
struct text {
    FILE *stream;
    char *text;
    size_t size;
};

static void begin_text(struct text *text) {
    text->stream = open_memstream(&text->text, &text->size);
    if (!text->stream)
        abort();
}

static json_t *finish_text(struct text *text) {
    fclose(text->stream);
    json_t *value = json_value_text_or_null(text->text);
    free(text->text);
    return value;
}

/* ---- the verdict and what to do --------------------------------------------------------------- */

static json_t *make_meaning(const struct scan *scan, const struct judgement *judgement) {
    struct text text;
    begin_text(&text);
    if (judgement->verdict == VERDICT_COUNT)
        remedy_write_unknown(text.stream, scan, judgement);
    else
        fputs(remedy_meaning(judgement->verdict, scan), text.stream);
    return finish_text(&text);
}

static json_t *make_others(const struct judgement *judgement) {
    json_t *list = json_array();
    for (enum verdict other = 0; other < VERDICT_COUNT; other++)
        if (other != judgement->verdict && verdict_holds(judgement, other))
            json_array_append_new(list, json_pack("{s:s,s:s}", "verdict", verdict_name(other),
                                                  "meaning", verdict_text(other)->meaning));
    return list;
}

static json_t *make_remedy(const struct scan *scan, const struct judgement *judgement) {
    json_t *list = json_array();
    struct text text;
    begin_text(&text);
    remedy_write(text.stream, scan, judgement);
    json_array_append_new(list, finish_text(&text));
    if (judgement->verdict == VERDICT_READY &&
        verdict_holds(judgement, VERDICT_HYBRID_ONLY_IF_FIRST)) {
        begin_text(&text);
        remedy_write_only_if_first(text.stream, scan);
        json_array_append_new(list, finish_text(&text));
    }
    if (verdict_holds(judgement, VERDICT_CLIENT_CERTIFICATE))
        json_array_append_new(list, json_string(verdict_text(VERDICT_CLIENT_CERTIFICATE)->remedy));
    return list;
}

static json_t *make_contrast(const struct scan *scan, const struct judgement *judgement) {
    struct text text;
    begin_text(&text);
    reproduce_write_contrast(text.stream, scan, judgement);
    return finish_text(&text);
}

static json_t *make_reproduction(const struct scan *scan, const struct judgement *judgement) {
    struct text text;
    begin_text(&text);
    reproduce_write(text.stream, scan, judgement);
    return finish_text(&text);
}

/* ---- what was seen ---------------------------------------------------------------------------- */

static json_t *make_remark(const struct judgement *judgement, const struct probe_result *result,
                           enum mode mode) {
    struct text text;
    begin_text(&text);
    const char *reservation = scan_phrases_reservation(judgement, result, mode);
    if (result->outcome != OUTCOME_OK || result->flapped)
        probe_words_print_failure(text.stream, result);
    else if (reservation)
        fputs(reservation, text.stream);
    return finish_text(&text);
}

static json_t *make_modes(const struct scan *scan, const struct judgement *judgement) {
    json_t *object = json_object();
    for (enum mode mode = 0; mode < MODE_COUNT; mode++) {
        const struct probe_result *result = scan_phrases_mode_probe(scan, judgement, mode);
        if (!result)
            continue;
        struct text hello;
        begin_text(&hello);
        scan_phrases_write_hello(hello.stream, result);
        json_t *one = json_object();
        json_value_set(one, "hello", finish_text(&hello));
        json_value_set(one, "remark", make_remark(judgement, result, mode));
        json_value_set(object, mode_name(mode), one);
    }
    return object;
}

static json_t *make_certificate(const struct scan *scan, const struct certificate *certificate) {
    if (!certificate)
        return json_null();
    struct text objections;
    begin_text(&objections);
    scan_phrases_write_objections(objections.stream, scan, certificate);
    json_t *object = json_object();
    json_value_set(object, "subject", json_value_text_or_null(certificate->subject));
    json_value_set(object, "issuer",
                   certificate->self_issued ? json_null() : json_value_text(certificate->issuer));
    json_value_set(object, "not_before", json_value_time(certificate->not_before_ms));
    json_value_set(object, "not_after", json_value_time(certificate->not_after_ms));
    json_value_set(object, "objections", finish_text(&objections));
    return object;
}

static json_t *make_evidence(const struct scan *scan) {
    char name[PROBE_NAME_SIZE];
    json_t *list = json_array();
    for (size_t i = 0; i < scan->probes_n; i++) {
        const struct probe_result *result = &scan->probes[i];
        struct text text;
        begin_text(&text);
        probe_words_print(text.stream, result);
        json_t *one = json_object();
        json_value_set(one, "probe",
                       json_string(probe_full_name(result->probe, result->parameter, name)));
        json_value_set(one, "text", finish_text(&text));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *make_tried(const struct scan *scan, const struct judgement *judgement) {
    struct text text;
    begin_text(&text);
    scan_phrases_write_tried(text.stream, scan, judgement);
    return finish_text(&text);
}

static json_t *make_limit(const struct scan *scan, const struct judgement *judgement) {
    struct text text;
    begin_text(&text);
    scan_phrases_write_limit(text.stream, scan, judgement);
    return finish_text(&text);
}

static json_t *make_explanation(const struct scan *scan, const struct judgement *judgement) {
    struct text text;
    begin_text(&text);
    explain_verdicts(text.stream, scan, judgement);
    return finish_text(&text);
}

static json_t *make_failure(const struct scan *scan) {
    struct text text;
    begin_text(&text);
    probe_words_print_failure(text.stream, &scan->probes[0]);
    return finish_text(&text);
}

/* As in the text: where nobody spoke TLS with us there are neither groups nor modes to show. */
static void set_seen(json_t *object, const struct scan *scan, const struct judgement *judgement,
                     const struct certificate *certificate) {
    bool measured = judgement->status == STATUS_COMPLETE || judgement->status == STATUS_INTERRUPTED;
    measured = measured && scan->probes[0].stage >= STAGE_HELLO;
    json_value_set(object, "failure", measured ? json_null() : make_failure(scan));
    json_value_set(object, "tried", measured ? make_tried(scan, judgement) : json_null());
    json_value_set(object, "modes", measured ? make_modes(scan, judgement) : json_object());
    json_value_set(object, "certificate", make_certificate(scan, measured ? certificate : NULL));
}

static json_t *make_mood(const struct judgement *judgement) {
    static const char *const names[] = {
        [SCAN_MOOD_GOOD] = "good", [SCAN_MOOD_FAIR] = "fair", [SCAN_MOOD_BAD] = "bad"};
    bool any = judgement->verdict != VERDICT_COUNT;
    return json_string(names[any ? scan_phrases_mood(judgement->verdict) : SCAN_MOOD_FAIR]);
}

json_t *scan_texts_json(const struct scan *scan, const struct judgement *judgement,
                        const struct scan_text_options *options) {
    char where[ORIGIN_TEXT_SIZE];
    json_t *object = json_object();
    json_value_set(object, "where", json_value_text(origin_format(&scan->origin, where)));
    json_value_set(object, "source", json_value_text_or_null(options->source));
    json_value_set(object, "version", json_value_text_or_null(options->version));
    json_value_set(object, "mood", make_mood(judgement));
    json_value_set(object, "meaning", make_meaning(scan, judgement));
    json_value_set(object, "others", make_others(judgement));
    json_value_set(object, "remedy", make_remedy(scan, judgement));
    json_value_set(object, "limit", make_limit(scan, judgement));
    json_value_set(object, "reproduce", make_reproduction(scan, judgement));
    json_value_set(object, "contrast", make_contrast(scan, judgement));
    json_value_set(object, "explanation", make_explanation(scan, judgement));
    json_value_set(object, "evidence", make_evidence(scan));
    set_seen(object, scan, judgement, options->certificate);
    return object;
}
