/* THE TABLE of behaviours: what each kind of origin does, in rules that the server obeys
 * (lab_conn) and from which the truth is derived (lab_truth). */
#pragma once

#include "lab_profile.h"

#include <stdio.h>

/* When a rule is looked at. */
enum lab_point {
    LAB_AT_ACCEPT,     /* before anything is read */
    LAB_AT_FIRST_READ, /* after the first read(), which takes one TCP segment */
    LAB_AT_ONE_READ,   /* after the first read(), which takes all that is there */
    LAB_AT_ONE_READ2,  /* the same of the second hello */
    LAB_AT_HELLO,      /* the first ClientHello is complete */
    LAB_AT_HELLO2,     /* the second one is */
};

/* What must hold for a rule to apply. */
enum lab_condition {
    LAB_IF_ALWAYS,
    LAB_IF_INCOMPLETE,     /* the hello is not complete yet */
    LAB_IF_LARGE,          /* hello of more than `size` bytes; a second one of more than `size2` */
    LAB_IF_UNKNOWN_GROUP,  /* lists a group that a server of before 2023 does not know */
    LAB_IF_UNKNOWN_SHARE,  /* sends a share for one */
    LAB_IF_HYBRID_SHARE,   /* sends a share for X25519MLKEM768 */
    LAB_IF_TWO_RECORDS,    /* hello in more than one record */
    LAB_IF_QUIRK,          /* length of the hello message modulo 256 is `quirk` */
    LAB_IF_NO_GROUP,       /* nothing in common: a sound server would send an alert */
    LAB_IF_RETRY,          /* a sound server would send a HelloRetryRequest */
    LAB_IF_RETRY_BY_SHARE, /* the same, although the hello has a key share */
    LAB_IF_NO_RETRY,       /* a sound server would go on to its certificate */
    LAB_IF_TICKET,         /* wants to resume a session */
    LAB_IF_NO_SHARES,      /* its list of key shares is empty */
    LAB_IF_ALPN,           /* offers protocols, but not `lab` */
    LAB_IF_NOT_OUR_ALPN,   /* does not offer the protocol `lab` */
    LAB_IF_NO_NAME,        /* no server name */
    LAB_IF_OTHER_NAME,     /* not the server name lab.example */
    LAB_IF_HYBRID_LISTED,  /* lists X25519MLKEM768 */
    LAB_IF_HYBRID_PICKED,  /* a sound server would go on to its certificate with X25519MLKEM768 */
    LAB_IF_NO_P256,        /* does not list P-256 */
    LAB_IF_FIPS_HYBRID,    /* lists SecP256r1MLKEM768 */
};

/* What the origin does then. After all but the last group it serves no handshake any more. */
enum lab_act {
    LAB_ACT_SERVE,            /* a sound handshake */
    LAB_ACT_CLOSE,            /* FIN */
    LAB_ACT_RESET,            /* RST */
    LAB_ACT_HANG,             /* reads on and says nothing */
    LAB_ACT_ALERT,            /* a fatal alert, then FIN */
    LAB_ACT_HTTP,             /* an HTTP answer in the clear, then FIN */
    LAB_ACT_SSH,              /* an SSH banner, then waits */
    LAB_ACT_GARBAGE,          /* random bytes, then FIN */
    LAB_ACT_ENDLESS_GARBAGE,  /* random bytes without end */
    LAB_ACT_ENDLESS_RECORDS,  /* a ServerHello and a Certificate (TLS 1.2) that never end */
    LAB_ACT_ENDLESS_WARNINGS, /* warning alerts without end */
    LAB_ACT_ENDLESS_EMPTY,    /* empty handshake records without end */
    /* hand-made HelloRetryRequests */
    LAB_ACT_HRR_NO_SESSION_ID, /* does not echo legacy_session_id */
    LAB_ACT_HRR_EMPTY,         /* asks for nothing */
    LAB_ACT_HRR_CIPHER,        /* a cipher suite that was not offered */
    LAB_ACT_HRR_TRAILING,      /* bytes after the extensions */
    LAB_ACT_HRR_EXCESS,        /* another message begins in the same record */
    LAB_ACT_HRR_NOT_OFFERED,   /* names X448, which the client did not list */
    LAB_ACT_HRR_SHARED,        /* names a group whose share is there already */
    LAB_ACT_HRR_AGAIN,         /* a valid one; the second hello gets it again */
    LAB_ACT_HRR_FIPS,          /* the same, naming SecP256r1MLKEM768 */
    /* a handshake with something wrong in it */
    LAB_ACT_SERVE_TLS12,      /* serves, but TLS 1.2 at most */
    LAB_ACT_SERVE_OTHER_CERT, /* serves with another certificate */
    LAB_ACT_FLIGHT_CLOSE,     /* FIN after the ServerHello */
    LAB_ACT_FLIGHT_RESET,     /* RST after the ServerHello */
    LAB_ACT_FLIGHT_HANG,      /* silence after the ServerHello */
    LAB_ACT_FLIGHT_NOISE,     /* a record after the ServerHello that no key opens, then silence */
    LAB_ACT_FLIGHT_FAULT,     /* a flight with the `fault` in it, then FIN */
    LAB_ACT_SERVE_CLASSICAL,  /* serves, but with classical groups only */
    LAB_ACT_WRONG_CURVE,      /* TLS 1.2 whose ServerKeyExchange is on the group `curve` */
    LAB_ACT_BAN,              /* FIN, and everybody is closed on for `ban_ms` from now on */
    LAB_ACT_NO_LISTENER,      /* the port is closed */
};

struct lab_rule {
    enum lab_point point;
    enum lab_condition condition;
    enum lab_act act;
};

#define LAB_RULES_MAX 2

struct lab_behaviour {
    const char *name;
    const char *text;     /* a line for a person */
    const char *settings; /* key=value pairs that differ from lab_profile_init, NULL for none */
    uint8_t rules_n;
    struct lab_rule rules[LAB_RULES_MAX];
    const char *verdict; /* that drill-down ends in; NULL: follows from what the probes see */
};

const struct lab_behaviour *const *lab_behaviour_table(size_t *count);

/* Its two parts. */
const struct lab_behaviour *lab_behaviour_rows(size_t *count);
const struct lab_behaviour *lab_behaviour_faults(size_t *count);

/* The behaviour of that name, or NULL. */
const struct lab_behaviour *lab_behaviour_find(const char *name);

/* The profile of a behaviour before a table line changes it. */
void lab_behaviour_profile(const struct lab_behaviour *behaviour, struct lab_profile *profile);

/* The act of the first rule that applies at this point, LAB_ACT_SERVE if none does. `hello` and
 * `pick` may be NULL before a hello is complete. */
enum lab_act lab_behaviour_act(const struct lab_behaviour *behaviour,
                               const struct lab_profile *profile, enum lab_point point,
                               const struct lab_hello *hello, const struct lab_pick *pick);

/* True if some rule is looked at there. */
bool lab_behaviour_looks_at(const struct lab_behaviour *behaviour, enum lab_point point);

/* True if some rule asks for it. */
bool lab_behaviour_has(const struct lab_behaviour *behaviour, enum lab_condition condition);
bool lab_behaviour_does(const struct lab_behaviour *behaviour, enum lab_act act);

/* True for a LAB_ACT_FLIGHT_…: it ends behind the ServerHello. */
bool lab_behaviour_cuts_flight(enum lab_act act);

/* `serve`, `close`, … for the log. */
const char *lab_behaviour_act_name(enum lab_act act);

/* A behaviour a line with its explanation. */
void lab_behaviour_help(FILE *out);
