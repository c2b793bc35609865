/* An HTML document while it is written, node after node. libxml2 keeps the tree and writes it out, so that
 * nothing that is given here as text or as the value of an attribute can become markup. No element runs
 * anything: there are no scripts and no handlers.
 *
 *   struct html *page = html_new("A title", css);
 *   html_open(page, "p", "class", "lead", NULL);
 *   html_text(page, "3 < 4");
 *   html_close(page);
 *   html_print(page, stdout);
 *   html_free(page);
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct html;

/* A document in English with its head; the body is open. `css` is trusted. */
struct html *html_new(const char *title, const char *css);
void html_free(struct html *html);

/* Opens an element; what comes next goes into it, until html_close. Pairs of an attribute's name and its
 * value follow, then NULL; a value of NULL leaves the attribute out. */
void html_open(struct html *html, const char *element, ...) __attribute__((sentinel));
void html_close(struct html *html);

/* Opens a section of the page with its heading. */
void html_open_section(struct html *html, const char *id, const char *title);

/* Text in the element that is open. Bytes that are no UTF-8, and characters that no document may hold or that
 * would turn the line around, are shown as \xNN; so are ends of lines, but in <pre>. */
void html_text(struct html *html, const char *text);
void html_textf(struct html *html, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An element with nothing but text in it, and a class unless that is NULL. */
void html_leaf(struct html *html, const char *element, const char *class, const char *text);
void html_leaff(struct html *html, const char *element, const char *class, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Writes the document; false, with errno, where `to` takes no more. All elements must be closed. */
bool html_print(const struct html *html, FILE *to);
