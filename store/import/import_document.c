/* Loads YAML and JSON documents. */
#include "store/import/import_document.h"

#include "scanner/base/alloc.h"
#include "store/import/import_out.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* Each member that is asked for is a step. A document without aliases is walked a few times. */
enum { STEPS_A_NODE = 64 };

struct import_document {
    yaml_document_t yaml;
    uint64_t steps_left;
};

/* JSON escapes what is beyond 16 bits in two halves, which libyaml refuses. Such characters are in
 * no name of a host: two marks of something unknown take their place. */
static void replace_surrogates(char *text, size_t n) {
    for (size_t i = 0; i + 6 <= n; i++) {
        if (text[i] != '\\')
            continue;
        if (text[i + 1] == 'u' && (text[i + 2] == 'd' || text[i + 2] == 'D') &&
            strchr("89abcdefABCDEF", text[i + 3]))
            memcpy(text + i + 2, "fffd", 4);
        i++;
    }
}

static bool is_json(const char *text) {
    const char *at = text + strspn(text, " \t\r\n");
    return *at == '{' || *at == '[';
}

/* jansson judges JSON; libyaml, of whose YAML JSON is a part but for that, knows the lines. */
static bool check_json(char *text, size_t n, struct import_out *out) {
    json_error_t why;
    json_t *json = json_loadb(text, n, 0, &why);
    if (!json) {
        import_out_fail(out, why.line > 0 ? (uint64_t)why.line : 1, "not valid JSON: %s", why.text);
        return false;
    }
    json_decref(json);
    replace_surrogates(text, n);
    return true;
}

static bool load_yaml(struct import_document *document, const char *text, size_t n,
                      struct import_out *out) {
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        abort();
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
    bool loaded = yaml_parser_load(&parser, &document->yaml);
    if (!loaded)
        import_out_fail(out, parser.problem_mark.line + 1, "not valid YAML: %s",
                        parser.problem ? parser.problem : "no memory");
    yaml_parser_delete(&parser);
    return loaded;
}

struct import_document *import_document_new(char *text, size_t n, struct import_out *out) {
    if (is_json(text) && !check_json(text, n, out))
        return NULL;
    struct import_document *document = alloc_zero(1, sizeof *document);
    if (!load_yaml(document, text, n, out)) {
        free(document);
        return NULL;
    }
    size_t nodes = (size_t)(document->yaml.nodes.top - document->yaml.nodes.start);
    document->steps_left = (nodes + 1) * STEPS_A_NODE;
    return document;
}

void import_document_free(struct import_document *document) {
    if (!document)
        return;
    yaml_document_delete(&document->yaml);
    free(document);
}

import_node import_document_root(struct import_document *document) {
    return yaml_document_get_root_node(&document->yaml) ? 1 : 0;
}

enum import_node_kind import_document_kind(struct import_document *document, import_node node) {
    yaml_node_t *at = yaml_document_get_node(&document->yaml, node);
    if (!at)
        return IMPORT_NODE_NONE;
    if (at->type == YAML_MAPPING_NODE)
        return IMPORT_NODE_MAP;
    if (at->type == YAML_SEQUENCE_NODE)
        return IMPORT_NODE_LIST;
    return at->type == YAML_SCALAR_NODE ? IMPORT_NODE_TEXT : IMPORT_NODE_NONE;
}

uint64_t import_document_line(struct import_document *document, import_node node) {
    yaml_node_t *at = yaml_document_get_node(&document->yaml, node);
    return at ? at->start_mark.line + 1 : 0;
}

char *import_document_text(struct import_document *document, import_node node) {
    static char empty[1];
    yaml_node_t *at = yaml_document_get_node(&document->yaml, node);
    *empty = '\0';
    if (!at || at->type != YAML_SCALAR_NODE)
        return empty;
    char *text = (char *)at->data.scalar.value;
    bool plain = at->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return plain && (strcmp(text, "null") == 0 || strcmp(text, "~") == 0) ? empty : text;
}

bool import_document_member(struct import_document *document, import_node node, size_t i,
                            import_node *key, import_node *value) {
    yaml_node_t *at = yaml_document_get_node(&document->yaml, node);
    if (!at || document->steps_left == 0)
        return false;
    document->steps_left--;
    if (at->type == YAML_SEQUENCE_NODE) {
        yaml_node_item_t *item = at->data.sequence.items.start + i;
        *key = 0;
        if (item >= at->data.sequence.items.top)
            return false;
        *value = *item;
        return true;
    }
    if (at->type != YAML_MAPPING_NODE)
        return false;
    yaml_node_pair_t *pair = at->data.mapping.pairs.start + i;
    if (pair >= at->data.mapping.pairs.top)
        return false;
    *key = pair->key;
    *value = pair->value;
    return true;
}

import_node import_document_find(struct import_document *document, import_node map,
                                 const char *key) {
    yaml_node_t *at = yaml_document_get_node(&document->yaml, map);
    if (!at || at->type != YAML_MAPPING_NODE)
        return 0;
    for (yaml_node_pair_t *pair = at->data.mapping.pairs.start; pair < at->data.mapping.pairs.top;
         pair++)
        if (strcmp(import_document_text(document, pair->key), key) == 0)
            return pair->value;
    return 0;
}
