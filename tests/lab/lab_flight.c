/* The rest of a server's TLS 1.3 flight with one thing wrong in it. */
#include "lab_flight.h"

#include "scanner/base/alloc.h"

#include <openssl/aead.h>
#include <openssl/bytestring.h>
#include <openssl/digest.h>
#include <openssl/hkdf.h>
#include <openssl/ssl.h>

#include <stdlib.h>
#include <string.h>

/* Handshake messages (RFC 8446 4). */
enum { HELLO = 2, TICKET = 4, EXTENSIONS = 8, CERTIFICATE = 11, VERIFY = 15, FINISHED = 20 };

enum { MESSAGES_MAX = 8, MESSAGE_HEADER = 4, RECORD_MAX = 16384, TAG_MAX = 16 };

/* ---- the table of faults ---- */

enum change {
    DROP,        /* the message is not sent */
    END,         /* nor is anything behind it: FIN */
    TWICE,       /* it is sent twice */
    FLIP,        /* a bit of the byte at `at` is wrong; from the end where it is negative */
    ZERO,        /* all from `at` on is zero, but for the last `keep` bytes */
    CUT,         /* the message is whole after `at` bytes of its body */
    BODY,        /* its body is `bytes` */
    GROW,        /* its body has `bytes` at its end */
    LENGTH,      /* its header announces `at` bytes */
    PLAIN,       /* it is sent in the clear */
    BEFORE,      /* the message `bytes` goes before it */
    RECORD,      /* so does `bytes`, in the clear, as it is */
    INNER,       /* so does an encrypted record of `bytes` with the content type `at` */
    BROKEN_SEAL, /* its record does not open */
    MANY         /* `at` times the record `bytes` in the clear before it */
};

struct fault {
    const char *name;
    const char *text;
    uint8_t message;
    enum change change;
    int at, keep;
    const char *bytes;
    size_t n;
    const char *outcome; /* NULL: malformed */
};

#define BYTES(text) .bytes = (text), .n = sizeof(text) - 1

static const struct fault faults[] = {
    {"hello-session-id", "ServerHello echoes another session id", HELLO, FLIP, .at = 39},
    {"hello-cipher", "ServerHello names a cipher suite that was not offered", HELLO, FLIP,
     .at = 71},
    {"hello-compression", "ServerHello compresses", HELLO, FLIP, .at = 73},
    {"hello-version", "ServerHello chooses a version of TLS that does not exist", HELLO, FLIP,
     .at = -2},
    {"hello-old-version", "legacy_version of the ServerHello is wrong", HELLO, FLIP, .at = 5},
    {"hello-share-zero", "the key share is all zeros", HELLO, ZERO, .at = 84, .keep = 6},
    {"hello-share-group", "the key share is for another group", HELLO, FLIP, .at = 80},
    {"hello-short", "the ServerHello ends in its session id", HELLO, CUT, .at = 50},
    {"hello-trailing", "bytes follow the extensions of the ServerHello", HELLO, GROW,
     BYTES("\0\0\0")},
    {"hello-garbage", "the ServerHello is nonsense", HELLO, BODY,
     BYTES("neither fish nor flesh nor good red herring")},
    {"hello-twice", "a second ServerHello follows the first", HELLO, TWICE},

    {"extensions-missing", "no EncryptedExtensions", EXTENSIONS, DROP},
    {"extensions-empty", "EncryptedExtensions without its length", EXTENSIONS, CUT, .at = 0},
    {"extensions-garbage", "EncryptedExtensions is nonsense", EXTENSIONS, BODY,
     BYTES("\xde\xad\xbe\xef")},
    {"extensions-trailing", "bytes follow the extensions", EXTENSIONS, GROW, BYTES("\xff")},
    {"extensions-length", "EncryptedExtensions announces more than there is", EXTENSIONS, BODY,
     BYTES("\x00\x09\x00\x0a")},
    {"extensions-unknown", "an extension that was not asked for", EXTENSIONS, BODY,
     BYTES("\x00\x04\xee\xee\x00\x00")},
    {"extensions-twice", "an extension twice", EXTENSIONS, BODY,
     BYTES("\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00")},
    {"extensions-early-data", "early data accepted that was never sent", EXTENSIONS, BODY,
     BYTES("\x00\x04\x00\x2a\x00\x00")},
    {"extensions-name", "server_name is not empty", EXTENSIONS, BODY,
     BYTES("\x00\x05\x00\x00\x00\x01x")},
    {"extensions-key-share", "a key share where none belongs", EXTENSIONS, BODY,
     BYTES("\x00\x06\x00\x33\x00\x02\x00\x1d")},
    {"extensions-alpn", "a protocol that was not offered", EXTENSIONS, BODY,
     BYTES("\x00\x09\x00\x10\x00\x05\x00\x03\x02zz")},
    {"extensions-alpn-empty", "an empty list of protocols", EXTENSIONS, BODY,
     BYTES("\x00\x06\x00\x10\x00\x02\x00\x00")},
    {"extensions-endless", "EncryptedExtensions of 16 MB, which ends", EXTENSIONS, LENGTH,
     .at = 0xffffff},
    {"extensions-late", "EncryptedExtensions once more before Finished", FINISHED, BEFORE,
     BYTES("\x08\x00\x00\x02\x00\x00")},

    {"certificate-missing", "no Certificate", CERTIFICATE, DROP},
    {"certificate-none", "a list without a certificate", CERTIFICATE, BODY, BYTES("\0\0\0\0")},
    {"certificate-garbage", "a certificate that is nonsense", CERTIFICATE, BODY,
     BYTES("\0\0\0\x0a\0\0\x05"
           "hello\0\0")},
    {"certificate-context", "a request context that nobody sent", CERTIFICATE, BODY,
     BYTES("\x01x\0\0\0")},
    {"certificate-cut", "a Certificate that ends early", CERTIFICATE, CUT, .at = 60},
    {"certificate-trailing", "bytes follow the list of certificates", CERTIFICATE, GROW,
     BYTES("xyz")},
    {"certificate-damaged", "a certificate with a wrong byte at its start", CERTIFICATE, FLIP,
     .at = 11},
    {"certificate-zero", "a certificate of zeros", CERTIFICATE, ZERO, .at = 11, .keep = 2},
    {"certificate-twice", "the Certificate twice", CERTIFICATE, TWICE},
    {"certificate-endless", "a Certificate of 16 MB, which ends", CERTIFICATE, LENGTH,
     .at = 0xffffff},
    {"certificate-compressed", "a compressed Certificate, not asked for", CERTIFICATE, BEFORE,
     BYTES("\x19\0\0\x08\0\2\0\0\x10\0\0\0")},

    {"verify-missing", "no CertificateVerify", VERIFY, DROP},
    {"verify-wrong", "a signature with a wrong bit", VERIFY, FLIP, .at = -1},
    {"verify-algorithm", "a signature algorithm that was not offered", VERIFY, FLIP, .at = 5},
    {"verify-empty", "an empty signature", VERIFY, BODY, BYTES("\x04\x03\0\0")},
    {"verify-cut", "a CertificateVerify that ends early", VERIFY, CUT, .at = 3},
    {"verify-trailing", "bytes follow the signature", VERIFY, GROW, BYTES("\0")},
    {"verify-twice", "the CertificateVerify twice", VERIFY, TWICE},

    {"finished-wrong", "a Finished with a wrong bit", FINISHED, FLIP, .at = -1},
    {"finished-short", "a Finished that is too short", FINISHED, CUT, .at = 12},
    {"finished-long", "a Finished that is too long", FINISHED, GROW, BYTES("\0")},
    {"finished-empty", "a Finished without content", FINISHED, CUT, .at = 0},
    {"finished-early", "a Finished before the Certificate", CERTIFICATE, BEFORE,
     BYTES("\x14\0\0\x04"
           "abcd")},

    {"message-unknown", "a message that does not exist", CERTIFICATE, BEFORE, BYTES("\x63\0\0\0")},
    {"message-hello-request", "a HelloRequest within the flight", CERTIFICATE, BEFORE,
     BYTES("\0\0\0\0")},
    {"message-client-hello", "a ClientHello within the flight", CERTIFICATE, BEFORE,
     BYTES("\1\0\0\0")},
    {"message-key-update", "a KeyUpdate before Finished", FINISHED, BEFORE, BYTES("\x18\0\0\1\0")},
    {"message-ticket", "a session ticket before Finished", FINISHED, BEFORE,
     BYTES("\4\0\0\x0d\0\0\1\0\0\0\0\0\0\0\0\0\0")},
    {"message-done", "the ServerHelloDone of TLS 1.2", FINISHED, BEFORE, BYTES("\x0e\0\0\0")},

    {"record-seal", "a record that no key opens", CERTIFICATE, BROKEN_SEAL},
    {"record-plain", "EncryptedExtensions in the clear", EXTENSIONS, PLAIN},
    {"record-plain-finished", "Finished in the clear", FINISHED, PLAIN},
    {"record-padding", "a record of nothing but padding", CERTIFICATE, INNER, .at = 0,
     BYTES("\0\0\0")},
    {"record-data", "application data within the flight", CERTIFICATE, INNER, .at = 23,
     BYTES("GET / HTTP/1.1")},
    {"record-type", "an encrypted record of an unknown type", CERTIFICATE, INNER, .at = 99,
     BYTES("x")},
    {"record-type-outer", "a record of an unknown type", EXTENSIONS, RECORD,
     BYTES("\x63\3\3\0\1x")},
    {"record-long", "a record of more than 16 KB", CERTIFICATE, RECORD,
     BYTES("\x17\3\3\x42\0xxxx")},
    {"record-version", "a record of TLS 9", EXTENSIONS, RECORD, BYTES("\x17\x0c\3\0\x20xxxx")},
    {"record-ccs", "a ChangeCipherSpec that is none", EXTENSIONS, RECORD, BYTES("\x14\3\3\0\1\2")},
    {"record-ccs-many", "a thousand times ChangeCipherSpec", EXTENSIONS, MANY, .at = 1000,
     BYTES("\x14\3\3\0\1\1")},
    {"record-no-tls", "plain text behind the ServerHello", EXTENSIONS, RECORD,
     BYTES("HTTP/1.1 400 Bad Request\r\n\r\n")},

    {"alert-refusal", "alert 40 behind the ServerHello, encrypted", CERTIFICATE, INNER, .at = 21,
     BYTES("\2\x28"), .outcome = "alert"},
    {"alert-trouble", "alert 80 behind the ServerHello, encrypted", CERTIFICATE, INNER, .at = 21,
     BYTES("\2\x50"), .outcome = "alert"},
    {"alert-version", "alert 70 behind the ServerHello, encrypted", CERTIFICATE, INNER, .at = 21,
     BYTES("\2\x46"), .outcome = "alert"},
    {"alert-unknown", "an alert of an unknown number", CERTIFICATE, INNER, .at = 21,
     BYTES("\2\xfa"), .outcome = "alert"},
    {"alert-cut", "half an alert", CERTIFICATE, INNER, .at = 21, BYTES("\2")},
    {"alert-goodbye", "close_notify behind the ServerHello", CERTIFICATE, INNER, .at = 21,
     BYTES("\1\0"), .outcome = "closed"},

    {"end-hello", "FIN behind the ServerHello", EXTENSIONS, END, .outcome = "closed"},
    {"end-extensions", "FIN behind EncryptedExtensions", CERTIFICATE, END, .outcome = "closed"},
    {"end-certificate", "FIN behind the Certificate", VERIFY, END, .outcome = "closed"},
    {"end-verify", "FIN before Finished", FINISHED, END, .outcome = "closed"},
};

enum { FAULTS = sizeof faults / sizeof *faults };

uint32_t lab_flight_fault(const char *name) {
    for (uint32_t i = 0; i < FAULTS; i++)
        if (strcmp(faults[i].name, name) == 0)
            return i + 1;
    return 0;
}

const char *lab_flight_outcome(uint32_t fault) {
    const struct fault *row = &faults[fault - 1];
    if (row->message == HELLO)
        return NULL;
    return row->outcome ? row->outcome : "malformed";
}

void lab_flight_help(FILE *out) {
    for (size_t i = 0; i < FAULTS; i++)
        fprintf(out, "  %-24s %s\n", faults[i].name, faults[i].text);
}

/* ---- what the server wants to send ---- */

struct message {
    uint8_t *bytes;
    size_t n;
};

struct lab_flight {
    const struct fault *fault;
    struct message messages[MESSAGES_MAX];
    size_t messages_n;
    uint8_t secret[EVP_MAX_MD_SIZE];
    size_t secret_n;
    /* while it is sent */
    lab_flight_write *write;
    void *arg;
    EVP_AEAD_CTX *seal;
    uint8_t nonce[12]; /* with the sequence number 0 */
    uint64_t sequence;
};

static void must(int ok) {
    if (!ok)
        abort();
}

static void forget_messages(struct lab_flight *flight) {
    for (size_t i = 0; i < flight->messages_n; i++)
        free(flight->messages[i].bytes);
    flight->messages_n = 0;
}

static void set_message(struct message *message, const uint8_t *bytes, size_t n) {
    uint8_t *copy = alloc_zero(n, 1);
    memcpy(copy, bytes, n);
    free(message->bytes);
    *message = (struct message){copy, n};
}

static void on_message(int is_write, int version, int content_type, const void *bytes, size_t n,
                       SSL *ssl, void *arg) {
    struct lab_flight *flight = arg;
    const uint8_t *at = bytes;
    (void)version;
    (void)ssl;
    if (!is_write || content_type != SSL3_RT_HANDSHAKE || at[0] == TICKET)
        return;
    if (at[0] == HELLO)
        forget_messages(flight); /* of a retry */
    must(flight->messages_n < MESSAGES_MAX);
    flight->messages[flight->messages_n] = (struct message){0};
    set_message(&flight->messages[flight->messages_n++], at, n);
}

static int data_index(void) {
    static int index = -1;
    if (index < 0)
        index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    return index;
}

static uint8_t hex_digit(char digit) {
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

/* A line of NSS's key log: a label, the client's random, the secret. */
static void on_key(const SSL *ssl, const char *line) {
    static const char label[] = "SERVER_HANDSHAKE_TRAFFIC_SECRET ";
    struct lab_flight *flight = SSL_get_ex_data(ssl, data_index());
    if (!flight || strncmp(line, label, sizeof label - 1) != 0)
        return;
    const char *hex = strrchr(line, ' ') + 1;
    flight->secret_n = strlen(hex) / 2;
    must(flight->secret_n <= sizeof flight->secret);
    for (size_t i = 0; i < flight->secret_n; i++)
        flight->secret[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
}

struct lab_flight *lab_flight_new(SSL *ssl, uint32_t fault) {
    struct lab_flight *flight = alloc_zero(1, sizeof *flight);
    flight->fault = &faults[fault - 1];
    must(SSL_set_ex_data(ssl, data_index(), flight));
    SSL_CTX_set_keylog_callback(SSL_get_SSL_CTX(ssl), on_key);
    SSL_set_msg_callback(ssl, on_message);
    SSL_set_msg_callback_arg(ssl, flight);
    return flight;
}

void lab_flight_free(struct lab_flight *flight) {
    if (!flight)
        return;
    forget_messages(flight);
    free(flight);
}

/* ---- encryption (RFC 8446 5.2, 7.3) ---- */

/* HKDF-Expand-Label without context. */
static void expand(const struct lab_flight *flight, const char *label, uint8_t *out, size_t n) {
    CBB cbb, text;
    uint8_t info[64];
    size_t info_n = 0;
    must(CBB_init_fixed(&cbb, info, sizeof info) && CBB_add_u16(&cbb, (uint16_t)n) &&
         CBB_add_u8_length_prefixed(&cbb, &text) &&
         CBB_add_bytes(&text, (const uint8_t *)"tls13 ", 6) &&
         CBB_add_bytes(&text, (const uint8_t *)label, strlen(label)) && CBB_add_u8(&cbb, 0) &&
         CBB_finish(&cbb, NULL, &info_n));
    must(HKDF_expand(out, n, flight->secret_n == 48 ? EVP_sha384() : EVP_sha256(), flight->secret,
                     flight->secret_n, info, info_n));
}

/* The suite that the ServerHello names, behind its session id. */
static const EVP_AEAD *cipher_of(const struct message *hello) {
    size_t at = MESSAGE_HEADER + 2 + 32;
    must(hello->n > at && hello->n > at + 1 + hello->bytes[at] + 2);
    switch (hello->bytes[at + 1 + hello->bytes[at] + 1]) {
    case 1:
        return EVP_aead_aes_128_gcm();
    case 2:
        return EVP_aead_aes_256_gcm();
    default:
        return EVP_aead_chacha20_poly1305();
    }
}

static void begin_sealing(struct lab_flight *flight) {
    uint8_t key[EVP_AEAD_MAX_KEY_LENGTH];
    const EVP_AEAD *aead = cipher_of(&flight->messages[0]);
    expand(flight, "key", key, EVP_AEAD_key_length(aead));
    expand(flight, "iv", flight->nonce, sizeof flight->nonce);
    flight->seal =
        EVP_AEAD_CTX_new(aead, key, EVP_AEAD_key_length(aead), EVP_AEAD_DEFAULT_TAG_LENGTH);
    must(flight->seal != NULL);
    flight->sequence = 0;
}

static void write_plain(struct lab_flight *flight, const uint8_t *bytes, size_t n) {
    uint8_t header[] = {SSL3_RT_HANDSHAKE, 3, 3, (uint8_t)(n >> 8), (uint8_t)n};
    flight->write(header, sizeof header, flight->arg);
    flight->write(bytes, n, flight->arg);
}

static void write_sealed(struct lab_flight *flight, uint8_t type, const uint8_t *bytes, size_t n,
                         bool broken) {
    static uint8_t record[5 + RECORD_MAX + 1 + TAG_MAX]; /* one thread */
    uint8_t nonce[sizeof flight->nonce];
    size_t sealed_n, whole_n = n + 1 + TAG_MAX;
    must(n <= RECORD_MAX);
    memcpy(nonce, flight->nonce, sizeof nonce);
    for (unsigned i = 0; i < 8; i++)
        nonce[sizeof nonce - 1 - i] ^= (uint8_t)(flight->sequence >> (8 * i));
    flight->sequence++;
    const uint8_t header[] = {SSL3_RT_APPLICATION_DATA, 3, 3, (uint8_t)(whole_n >> 8),
                              (uint8_t)whole_n};
    memcpy(record, header, sizeof header);
    memcpy(record + 5, bytes, n);
    record[5 + n] = type;
    must(EVP_AEAD_CTX_seal(flight->seal, record + 5, &sealed_n, n + 1 + TAG_MAX, nonce,
                           sizeof nonce, record + 5, n + 1, header, sizeof header) &&
         sealed_n == whole_n);
    record[5] ^= broken;
    flight->write(record, 5 + whole_n, flight->arg);
}

/* ---- changing ---- */

static void set_length(struct message *message, size_t n) {
    message->bytes[1] = (uint8_t)(n >> 16);
    message->bytes[2] = (uint8_t)(n >> 8);
    message->bytes[3] = (uint8_t)n;
}

/* The body becomes its first `keep` bytes and `more`. */
static void set_body(struct message *message, size_t keep, const char *more, size_t more_n) {
    size_t n = MESSAGE_HEADER + keep + more_n;
    uint8_t *bytes = alloc_zero(n, 1);
    must(MESSAGE_HEADER + keep <= message->n);
    memcpy(bytes, message->bytes, MESSAGE_HEADER + keep);
    memcpy(bytes + MESSAGE_HEADER + keep, more, more_n);
    free(message->bytes);
    *message = (struct message){bytes, n};
    set_length(message, keep + more_n);
}

/* What is wrong within the message itself. */
static void change_message(const struct fault *fault, struct message *message) {
    size_t body_n = message->n - MESSAGE_HEADER;
    size_t at = fault->at < 0 ? message->n - (size_t)-fault->at : (size_t)fault->at;
    if (fault->change == FLIP) {
        must(at < message->n);
        message->bytes[at] ^= 1;
    } else if (fault->change == ZERO) {
        must(at + (size_t)fault->keep < message->n);
        memset(message->bytes + at, 0, message->n - at - (size_t)fault->keep);
    } else if (fault->change == CUT) {
        set_body(message, at, "", 0);
    } else if (fault->change == BODY) {
        set_body(message, 0, fault->bytes, fault->n);
    } else if (fault->change == GROW) {
        set_body(message, body_n, fault->bytes, fault->n);
    } else if (fault->change == LENGTH) {
        set_length(message, at);
    }
}

static void write_message(struct lab_flight *flight, const struct message *message, bool plain,
                          bool broken) {
    if (plain || message == &flight->messages[0])
        write_plain(flight, message->bytes, message->n);
    else
        write_sealed(flight, SSL3_RT_HANDSHAKE, message->bytes, message->n, broken);
}

/* What goes before the message. */
static void write_before(struct lab_flight *flight, const struct fault *fault) {
    const uint8_t *bytes = (const uint8_t *)fault->bytes;
    if (fault->change == BEFORE)
        write_sealed(flight, SSL3_RT_HANDSHAKE, bytes, fault->n, false);
    if (fault->change == INNER)
        write_sealed(flight, (uint8_t)fault->at, bytes, fault->n, false);
    for (int i = 0; fault->change == MANY && i < fault->at; i++)
        flight->write(bytes, fault->n, flight->arg);
    if (fault->change == RECORD)
        flight->write(bytes, fault->n, flight->arg);
}

/* Writes the message that the fault is about; false where nothing follows. */
static bool write_faulty(struct lab_flight *flight, struct message *message) {
    const struct fault *fault = flight->fault;
    change_message(fault, message);
    write_before(flight, fault);
    if (fault->change == END)
        return false;
    if (fault->change != DROP)
        write_message(flight, message, fault->change == PLAIN, fault->change == BROKEN_SEAL);
    if (fault->change == TWICE)
        write_message(flight, message, false, false);
    return true;
}

void lab_flight_send(struct lab_flight *flight, lab_flight_write *write, void *arg) {
    flight->write = write;
    flight->arg = arg;
    begin_sealing(flight);
    bool goes_on = true;
    for (size_t i = 0; i < flight->messages_n && goes_on; i++) {
        struct message *message = &flight->messages[i];
        if (message->bytes[0] == flight->fault->message)
            goes_on = write_faulty(flight, message);
        else
            write_message(flight, message, false, false);
    }
    EVP_AEAD_CTX_free(flight->seal);
    flight->seal = NULL;
}
