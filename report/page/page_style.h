/* How pages look: one style sheet for reports, the status page and the page of one origin. Dark and light
 * after the reader's choice, narrow and wide, and on paper. Every pair of colours that carries text has a
 * contrast of 4.5 to 1 or more (WCAG 2.1, 1.4.3); graphics 3 to 1 (1.4.11). No colour says anything alone. */
#pragma once

extern const char page_style[];
