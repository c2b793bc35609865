/* HTML through libxml2. */
#include "report/page/html.h"

#include "scanner/base/alloc.h"
#include "scanner/base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <libxml/HTMLtree.h>
#include <libxml/tree.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct html {
    htmlDocPtr document;
    xmlNodePtr body;
    xmlNodePtr open;
};

/* libxml2 returns NULL only where memory is out, which nothing here goes on without. */
static void *there(void *made) {
    if (!made)
        abort();
    return made;
}

/* Whether a page can show the character without harm: what it must not hold, what ends a line and what turns
 * the text around is shown by its number. */
static bool is_shown(uint32_t code) {
    return code != UTF8_BAD && !utf8_is_control(code) && !utf8_is_separator(code) &&
           !utf8_is_noncharacter(code) && !utf8_is_direction(code);
}

/* The caller frees. Only a text that we laid out has lines. */
static char *visible_text(const char *text, bool lines) {
    enum { BYTE_SHOWN = sizeof "\\xNN" - 1 };
    char *shown = alloc_zero(strlen(text) * BYTE_SHOWN + 1, 1), *out = shown;
    while (*text) {
        uint32_t code;
        const char *next = utf8_next(text, &code);
        if (is_shown(code) || (lines && code == '\n')) {
            memcpy(out, text, (size_t)(next - text));
            out += next - text;
        } else {
            for (const char *byte = text; byte < next; byte++)
                out += sprintf(out, "\\x%02x", (unsigned char)*byte);
        }
        text = next;
    }
    return shown;
}

static xmlNodePtr append_element(xmlNodePtr to, const char *name) {
    return there(xmlNewChild(to, NULL, BAD_CAST name, NULL));
}

static void set_attribute(xmlNodePtr element, const char *name, const char *value) {
    char *shown = visible_text(value, false);
    there(xmlNewProp(element, BAD_CAST name, BAD_CAST shown));
    free(shown);
}

static void append_head(xmlNodePtr root, const char *title, const char *css) {
    xmlNodePtr head = append_element(root, "head");
    set_attribute(append_element(head, "meta"), "charset", "utf-8");
    xmlNodePtr viewport = append_element(head, "meta");
    set_attribute(viewport, "name", "viewport");
    set_attribute(viewport, "content", "width=device-width, initial-scale=1");
    xmlNodePtr scheme = append_element(head, "meta");
    set_attribute(scheme, "name", "color-scheme");
    set_attribute(scheme, "content", "light dark");
    char *shown = visible_text(title, false);
    xmlNodeAddContent(append_element(head, "title"), BAD_CAST shown);
    free(shown);
    xmlNodeAddContent(append_element(head, "style"), BAD_CAST css);
}

struct html *html_new(const char *title, const char *css) {
    struct html *html = alloc_zero(1, sizeof *html);
    html->document = there(htmlNewDocNoDtD(NULL, NULL));
    there(xmlCreateIntSubset(html->document, BAD_CAST "html", NULL, NULL));
    xmlNodePtr root = there(xmlNewDocNode(html->document, NULL, BAD_CAST "html", NULL));
    xmlDocSetRootElement(html->document, root);
    set_attribute(root, "lang", "en");
    append_head(root, title, css);
    html->body = append_element(root, "body");
    html->open = html->body;
    return html;
}

void html_free(struct html *html) {
    if (!html)
        return;
    xmlFreeDoc(html->document);
    free(html);
}

void html_open(struct html *html, const char *element, ...) {
    html->open = append_element(html->open, element);
    va_list attributes;
    va_start(attributes, element);
    const char *name;
    while ((name = va_arg(attributes, const char *))) {
        const char *value = va_arg(attributes, const char *);
        if (value)
            set_attribute(html->open, name, value);
    }
    va_end(attributes);
}

void html_close(struct html *html) {
    assert(html->open != html->body);
    html->open = html->open->parent;
}

void html_text(struct html *html, const char *text) {
    bool lines = strcmp((const char *)html->open->name, "pre") == 0;
    char *shown = visible_text(text, lines);
    xmlNodeAddContent(html->open, BAD_CAST shown);
    free(shown);
}

__attribute__((format(printf, 2, 0))) static void
append_format(struct html *html, const char *format, va_list values) {
    char *text = NULL;
    if (vasprintf(&text, format, values) < 0)
        abort();
    html_text(html, text);
    free(text);
}

void html_textf(struct html *html, const char *format, ...) {
    va_list values;
    va_start(values, format);
    append_format(html, format, values);
    va_end(values);
}

void html_leaf(struct html *html, const char *element, const char *class, const char *text) {
    html_open(html, element, "class", class, NULL);
    html_text(html, text);
    html_close(html);
}

void html_open_section(struct html *html, const char *id, const char *title) {
    html_open(html, "section", "id", id, NULL);
    html_leaf(html, "h2", NULL, title);
}

void html_leaff(struct html *html, const char *element, const char *class, const char *format,
                ...) {
    html_open(html, element, "class", class, NULL);
    va_list values;
    va_start(values, format);
    append_format(html, format, values);
    va_end(values);
    html_close(html);
}

bool html_print(const struct html *html, FILE *to) {
    assert(html->open == html->body);
    xmlOutputBufferPtr out = there(xmlAllocOutputBuffer(NULL)); /* which is UTF-8 */
    htmlDocContentDumpFormatOutput(out, html->document, "UTF-8", 1);
    size_t size = xmlOutputBufferGetSize(out);
    errno = 0;
    bool written = fwrite(xmlOutputBufferGetContent(out), 1, size, to) == size && fflush(to) == 0;
    xmlOutputBufferClose(out);
    return written;
}
