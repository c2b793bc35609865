/* The one style sheet that the status page may use: its hash, for the Content-Security-Policy. */
#pragma once

/* SHA-256 of report/page's style sheet in base64. From any thread. */
const char *http_style_hash(void);
