/* A YAML or JSON document in memory, with the line of each of its nodes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct import_out;
struct import_document;

/* A node is a number that is valid while its document is; 0 is none. */
typedef int import_node;

enum import_node_kind { IMPORT_NODE_NONE, IMPORT_NODE_TEXT, IMPORT_NODE_LIST, IMPORT_NODE_MAP };

/* Reads one document; the text may be changed. NULL after a failure that is told to `out`. */
struct import_document *import_document_new(char *text, size_t n, struct import_out *out);
void import_document_free(struct import_document *document);

/* The outermost node, what a node is, and the line on which it begins, from 1 on. */
import_node import_document_root(struct import_document *document);
enum import_node_kind import_document_kind(struct import_document *document, import_node node);
uint64_t import_document_line(struct import_document *document, import_node node);

/* The text of a node; "" if it is no text, or null. Belongs to the document. */
char *import_document_text(struct import_document *document, import_node node);

/* The members of a list or map: a list's have no key. False behind the last one, and always once
 * the document has been walked more often than any honest one needs (aliases of aliases). */
bool import_document_member(struct import_document *document, import_node node, size_t i,
                            import_node *key, import_node *value);

/* The value of a key; 0 if the node is no map or has none of that name. */
import_node import_document_find(struct import_document *document, import_node map,
                                 const char *key);
