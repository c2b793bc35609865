/* The days of evidence that the rule looks back on: counters a day, so that the order of the scans
 * within a day cannot matter, and the addresses that an origin is known by. */
#pragma once

#include "report/rule/observation.h"
#include "report/rule/rule_params.h"

#define EVIDENCE_ADDRESSES 16

/* One day's counters; they stop at 255. [MODE_OFF] counts the controls. */
struct evidence_day {
    uint8_t trials[MODE_COUNT];         /* first tries that worked or failed attributably */
    uint8_t failed[MODE_COUNT];         /* of them, those that failed */
    uint8_t further[MODE_COUNT];        /* tries after a failure: redials and confirming scans */
    uint8_t further_failed[MODE_COUNT]; /* of them, those that failed too */
    uint8_t picked; /* `preferred` trials that ended with the hybrid, without a retry */
    uint8_t flags;
    uint8_t shares;    /* 2 bits a classical group: the worst enum share_answer of the day */
    uint8_t confirmed; /* 1 bit a classical group; 4 bits higher, whether it was needed */
    uint8_t dark;      /* visits that went silent after a large hello */
    uint8_t silent;    /* visits that went silent elsewhere */
    uint8_t reached;   /* DAY_REACHED_… */
    uint8_t duals;     /* 2 bits a classical group: the worst enum dual_answer of the day */
};

/* Whether a hello reached the hybrid that day, and whether it worked without; both are possible. */
enum {
    DAY_REACHED_BY_SUPPORTED = 1,
    DAY_MISSED_BY_SUPPORTED = 2,
    DAY_REACHED_BY_DUAL = 4,
    DAY_MISSED_BY_DUAL = 8,
};

enum {
    DAY_CONCLUSIVE = 1,
    DAY_TLS13 = 2,
    DAY_HYBRID_KNOWN = 4,
    DAY_CEILING_OFF = 8,        /* a fault was diagnosed whose safe setting is `off` */
    DAY_CEILING_SUPPORTED = 16, /* the same, `supported` */
    DAY_RELEASED = 32,
    DAY_TOO_MANY_ADDRESSES = 64,
    DAY_SILENT = 128, /* a visit went silent, wherever */
};

struct evidence_address {
    uint32_t id;
    int32_t day;    /* last seen */
    uint8_t trials; /* of `preferred` since it is known; stops at 255 */
};

/* A plain value; all zeroes but for `day` = EVIDENCE_NO_DAY is the empty one. */
struct origin_evidence {
    int32_t day;                               /* today: days since 1970-01-01 UTC */
    struct evidence_day days[RULE_WINDOW_MAX]; /* day d is at d mod RULE_WINDOW_MAX */
    uint8_t addresses_n;
    struct evidence_address addresses[EVIDENCE_ADDRESSES]; /* by rising id */
};

#define EVIDENCE_NO_DAY INT32_MIN

/* Starts empty. */
void origin_evidence_init(struct origin_evidence *evidence);

/* The UTC day of a moment, in days since 1970-01-01. */
int32_t origin_evidence_day_of(int64_t time_ms);

/* Opens that day: days that fell out are cleared and addresses not seen in the window forgotten.
 * Does nothing if the day is today or earlier. */
void origin_evidence_advance(struct origin_evidence *evidence, const struct rule_params *params,
                             int32_t day);

/* Counts a visit that went silent on today: nothing else of it is evidence. */
void origin_evidence_add_silence(struct origin_evidence *evidence, enum silence silence);

/* Counts a conclusive scan, or a release, on today. */
void origin_evidence_add(struct origin_evidence *evidence, const struct rule_params *params,
                         const struct observation *scan);

/* Today's counters, borrowed until the next call that adds something. */
const struct evidence_day *origin_evidence_today(const struct origin_evidence *evidence);

/* What the window adds up to. */
struct evidence_sum {
    uint32_t trials[MODE_COUNT];
    uint32_t failed[MODE_COUNT];
    uint32_t good_days[MODE_COUNT]; /* days with a trial that worked */
    int32_t broken_day[MODE_COUNT]; /* latest day with a reproducible failure, or NO_DAY */
    /* over memory_days, for comparison with the control; days with a reproducible failure of the
     * mode are left out of its sums: they have a rule of their own */
    uint32_t memory_trials[MODE_COUNT];
    uint32_t memory_failed[MODE_COUNT];
    uint32_t picked;
    uint32_t conclusive_days;
    uint32_t off_fault_days;       /* days with DAY_CEILING_OFF */
    uint32_t supported_fault_days; /* days with either ceiling */
    int32_t fault_day;             /* latest day with either, or NO_DAY */
    uint32_t dark_visits;          /* that went silent after a large hello */
    uint32_t dark_days;            /* with such a visit */
    int32_t dark_day;              /* the latest of them, or NO_DAY */
    bool silent;                   /* some visit went silent elsewhere */
    uint8_t flags;                 /* of all days together */
    uint8_t confirmed;             /* the same */
};

/* Sums the window up to today, or without today. */
void origin_evidence_sum(const struct origin_evidence *evidence, const struct rule_params *params,
                         bool with_today, struct evidence_sum *out);

/* What a judgement looks at: the evidence, the thresholds, and its sum up to and with today. */
struct evidence_window {
    const struct origin_evidence *evidence; /* borrowed, as the thresholds */
    const struct rule_params *params;
    struct evidence_sum sum;
};

/* Sums the evidence for a judgement. */
struct evidence_window origin_evidence_window(const struct origin_evidence *evidence,
                                              const struct rule_params *params);

/* Whether the origin goes silent after large hellos: EVIDENCE_DARK_VISITS of EVIDENCE_DARK_DAYS
 * different days did, and no visit went silent elsewhere. */
#define EVIDENCE_DARK_VISITS 3
#define EVIDENCE_DARK_DAYS 2
bool origin_evidence_is_dark(const struct evidence_sum *sum);

/* Whether that day shows a reproducible failure of the mode. */
bool origin_evidence_broken(const struct evidence_day *day, const struct rule_params *params,
                            enum mode mode);

/* Whether so many trials of the mode failed that it is no chance: rate_failures of them, more often
 * than the control by more than rate_p explains. */
bool origin_evidence_rate_is_high(const struct evidence_window *window, enum mode mode);

/* The smallest number of trials among the known addresses; UINT32_MAX if none is known. */
uint32_t origin_evidence_least_trials(const struct origin_evidence *evidence);

/* The answer to that classical share: FAILED if it failed on any day of the window, else that of
 * the latest day that knows; `confirmed` if any day confirmed it. */
enum share_answer origin_evidence_share(const struct origin_evidence *evidence,
                                        const struct rule_params *params,
                                        enum classical_group which, bool *confirmed);

/* Whether some visit of the last half of the window knows an answer to that share. */
bool origin_evidence_share_is_fresh(const struct origin_evidence *evidence,
                                    const struct rule_params *params, enum classical_group which);

/* Whether the hybrid is reached by a hello of that mode: by the most of its trials that worked, and
 * for `preferred` within the last benefit_days. */
bool origin_evidence_gains(const struct evidence_window *window, enum mode mode);

/* What the window says of the hybrid's key share with that classical one beside it. For X25519 the
 * trials of `preferred-dual` say it, for the others one trial a day by `confirm-dual`. */
struct dual_evidence {
    bool failed; /* on some day, and a redial did not help; or at a rate that is no chance */
    bool proven; /* dual_trials of them worked and none failed so */
    bool tried;  /* some worked: `gains` is known */
    bool gains;  /* most of them reached the hybrid */
};
struct dual_evidence origin_evidence_dual(const struct evidence_window *window,
                                          enum classical_group which);

/* Whether any visit of the window needed that group in the list. */
bool origin_evidence_needed(const struct evidence_window *window, enum classical_group which);
