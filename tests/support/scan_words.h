/* Scans and probe results in a few words, so that a table of cases has one case a line.
 *
 * A result is an outcome and what was seen, with commas between:
 *     ok:X25519    ok:hybrid,>hybrid    alert40    reset:@retry,>P-256    timeout    ok:P-256,tls12
 * outcome       a name from words.h; `alert40` is an alert with its number
 * @STAGE        how far it got; without it what that outcome usually means
 * GROUP         negotiated; `hybrid` and `draft` stand for their names
 * >GROUP        a valid HelloRetryRequest named it; `>cookie`: it only carried a cookie
 * hrr>GROUP     one came that was not accepted: `hrr>none` names nothing
 * noecho        it lacks our session id
 * loop          it was the second
 * tls12, tls13  the version; TLS 1.3 where the peer got so far
 * nokx          TLS 1.2 without a key exchange on a named curve
 * after-OUTCOME the second attempt after one that ended so, `after-reset@retry` at that stage;
 *               `shape`: in the shape of `classical`
 * leaf=C        the certificate, told apart by a character
 * unacked       the peer's kernel did not acknowledge all of our bytes
 * mtls          a client certificate was asked for
 * noalpn        sent without ALPN; `badalpn`: a protocol was chosen that was not offered
 * ticket        a session ticket came; `resumed`: the session was accepted
 * curve=GROUP   the curve of an ECDSA certificate
 * whole         the longest hello left in one piece, as in scans of before
 * list=A/B      supported_groups of EncryptedExtensions
 * late          our event loop ran late
 * why=TEXT      the detail, `_` for a blank
 *
 * A scan is `probe=result` with blanks between, in the order of the probes:
 * probe=RESULT  `size-1466` and `group-X448` are probes with a parameter; a probe that is named
 *               again replaces what it was
 * -probe        takes it away
 * large=RESULT  stands for `preferred` and `preferred-dual`
 * quick         takes away what the quick plan does not ask
 * status=NAME   sets the status
 * NAME          an origin to depart from: `modern`, `old` (no hybrid), `p256`, `tls12`, `rsa`,
 *               `refused`, `alert70`
 *
 * Everything not said is what a sound TLS stack would leave there. A mistake in the notation fails
 * the running test. */
#pragma once

#include "scanner/visit/scan.h"

#define SCAN_WORDS_HYBRID GROUP_X25519MLKEM768

/* One attempt or result of that probe. */
struct probe_result scan_words_result(enum probe_id probe, const char *text);

/* A scan and room for what it points to. */
struct scan_words {
    struct scan scan;
    struct probe_result probes[SCAN_PROBES_MAX];
};

/* An empty daily scan of origin.example:443 at 192.0.2.7, complete. */
void scan_words_init(struct scan_words *words);

/* Applies words to it, from left to right. */
void scan_words_apply(struct scan_words *words, const char *text);

/* A scan of the first few probes with results of every kind; or with nothing but our own giving up,
 * and perhaps some that work. The status stays complete. */
void scan_words_random(struct scan_words *words, unsigned *seed);
void scan_words_random_mild(struct scan_words *words, unsigned *seed, bool some_work);

/* One letter for a group: X, 2, 3, 5, H(ybrid), D(raft), 0 for none, # for any other. */
char scan_words_letter(uint16_t group);

/* Writes what is to be compared. */
typedef void scan_words_render(const struct scan *scan, char *out, size_t size);

/* Reads tests/tables/NAME, whose lines are `WORDS => TEXT`, renders each scan and fails the running
 * test if a text differs. Returns how many lines there were. */
size_t scan_words_table(const char *name, scan_words_render *render);
