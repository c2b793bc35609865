/* Counting scans by day. Every update is a sum, a maximum or a set union, hence without order. */
#include "report/rule/origin_evidence.h"

#include "report/rule/binomial.h"
#include "scanner/base/duration.h"

#include <assert.h>
#include <string.h>

void origin_evidence_init(struct origin_evidence *evidence) {
    memset(evidence, 0, sizeof *evidence);
    evidence->day = EVIDENCE_NO_DAY;
}

int32_t origin_evidence_day_of(int64_t time_ms) {
    int64_t day = time_ms / DAY_MS;
    if (time_ms % DAY_MS < 0)
        day--;
    return (int32_t)day;
}

static unsigned slot_of_day(int32_t day) {
    int32_t slot = day % RULE_WINDOW_MAX;
    return (unsigned)(slot < 0 ? slot + RULE_WINDOW_MAX : slot);
}

static const struct evidence_day *day_of_age(const struct origin_evidence *evidence, int32_t age) {
    return &evidence->days[slot_of_day(evidence->day - age)];
}

/* For loops from one day to those before it, which need no division then. */
static const struct evidence_day *day_before(const struct origin_evidence *evidence,
                                             const struct evidence_day *day) {
    return day > evidence->days ? day - 1 : &evidence->days[RULE_WINDOW_MAX - 1];
}

const struct evidence_day *origin_evidence_today(const struct origin_evidence *evidence) {
    return day_of_age(evidence, 0);
}

static void forget_addresses(struct origin_evidence *evidence, int32_t window) {
    unsigned kept = 0;
    for (unsigned i = 0; i < evidence->addresses_n; i++) {
        if (evidence->day - evidence->addresses[i].day < window)
            evidence->addresses[kept++] = evidence->addresses[i];
    }
    evidence->addresses_n = (uint8_t)kept;
}

void origin_evidence_advance(struct origin_evidence *evidence, const struct rule_params *params,
                             int32_t day) {
    if (day <= evidence->day)
        return;
    int64_t passed = (int64_t)day - evidence->day;
    if (passed >= RULE_WINDOW_MAX) {
        memset(evidence->days, 0, sizeof evidence->days);
    } else {
        for (int32_t d = evidence->day + 1; d <= day; d++)
            memset(&evidence->days[slot_of_day(d)], 0, sizeof *evidence->days);
    }
    evidence->day = day;
    forget_addresses(evidence, (int32_t)params->window_days);
}

static void count_up(uint8_t *counter, unsigned more) {
    unsigned sum = *counter + more;
    *counter = (uint8_t)(sum < UINT8_MAX ? sum : UINT8_MAX);
}

/* A trial that neither worked nor failed attributably says nothing. A TLS 1.2 answer shows that the
 * hello is tolerated; that it gains nothing is another matter. */
static void add_trial(struct evidence_day *day, const struct observation *scan, enum mode mode) {
    const struct rule_trial *trial = &scan->trials[mode];
    if (trial->tries == 0)
        return;
    if (scan->kind == KIND_CONFIRM) {
        count_up(&day->further[mode], trial->tries);
        count_up(&day->further_failed[mode], trial->failed);
        return;
    }
    if (trial->failed > 0) {
        count_up(&day->trials[mode], 1);
        count_up(&day->failed[mode], 1);
        count_up(&day->further[mode], trial->tries - 1U);
        count_up(&day->further_failed[mode], trial->failed - 1U);
    } else if (trial->works) {
        count_up(&day->trials[mode], 1);
    }
}

/* Bits of the day for a mode: reached, or worked without the hybrid. */
static void add_reach(struct evidence_day *day, const struct rule_params *params,
                      const struct observation *scan, enum mode mode, uint8_t reached,
                      uint8_t missed) {
    const struct rule_trial *trial = &scan->trials[mode];
    if (scan->kind == KIND_CONFIRM || !trial->works || trial->failed > 0)
        return;
    bool at_once = mode == MODE_SUPPORTED || !trial->retry;
    bool hybrid = scan->tls13 && trial->group == params->hybrid && at_once;
    day->reached |= hybrid ? reached : missed;
}

static void add_share_answers(struct evidence_day *day, const struct observation *scan) {
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        unsigned answer = (unsigned)scan->shares[i];
        if (answer > (day->shares >> 2 * i & 3U))
            day->shares = (uint8_t)((day->shares & ~(3U << 2 * i)) | answer << 2 * i);
        unsigned dual = (unsigned)scan->duals[i];
        if (dual > (day->duals >> 2 * i & 3U))
            day->duals = (uint8_t)((day->duals & ~(3U << 2 * i)) | dual << 2 * i);
        if (scan->confirmed[i])
            day->confirmed |= (uint8_t)(1U << i);
        if (scan->needed[i])
            day->confirmed |= (uint8_t)(1U << (CLASSICAL_COUNT + i));
    }
}

void origin_evidence_add_silence(struct origin_evidence *evidence, enum silence silence) {
    struct evidence_day *day = &evidence->days[slot_of_day(evidence->day)];
    if (silence == SILENCE_NONE)
        return;
    day->flags |= DAY_SILENT;
    count_up(silence == SILENCE_AFTER_LARGE ? &day->dark : &day->silent, 1);
}

static uint8_t scan_flags(const struct observation *scan) {
    unsigned flags = DAY_CONCLUSIVE;
    if (scan->tls13)
        flags |= DAY_TLS13;
    if (scan->hybrid_known)
        flags |= DAY_HYBRID_KNOWN;
    if (scan->ceiling == LEVEL_OFF)
        flags |= DAY_CEILING_OFF;
    if (scan->ceiling == LEVEL_SUPPORTED)
        flags |= DAY_CEILING_SUPPORTED;
    return (uint8_t)flags;
}

/* Keeps the smallest ids when there are too many, whatever the order in which they come. */
static struct evidence_address *know_address(struct origin_evidence *evidence, uint32_t id) {
    struct evidence_address *all = evidence->addresses;
    unsigned n = evidence->addresses_n;
    unsigned at = 0;
    while (at < n && all[at].id < id)
        at++;
    if (at < n && all[at].id == id)
        return &all[at];
    if (n == EVIDENCE_ADDRESSES) {
        evidence->days[slot_of_day(evidence->day)].flags |= DAY_TOO_MANY_ADDRESSES;
        if (at == n)
            return NULL;
        n--;
    }
    memmove(&all[at + 1], &all[at], (n - at) * sizeof *all);
    all[at] = (struct evidence_address){.id = id};
    evidence->addresses_n = (uint8_t)(n + 1);
    return &all[at];
}

static void add_address(struct origin_evidence *evidence, const struct observation *scan) {
    struct evidence_address *address = know_address(evidence, scan->address);
    if (!address)
        return;
    address->day = evidence->day;
    const struct rule_trial *trial = &scan->trials[MODE_PREFERRED];
    bool counts =
        scan->kind != KIND_CONFIRM && trial->tries > 0 && (trial->failed > 0 || trial->works);
    count_up(&address->trials, counts ? 1 : 0);
}

void origin_evidence_add(struct origin_evidence *evidence, const struct rule_params *params,
                         const struct observation *scan) {
    assert(evidence->day != EVIDENCE_NO_DAY);
    struct evidence_day *day = &evidence->days[slot_of_day(evidence->day)];
    if (scan->kind == KIND_RELEASE) {
        day->flags |= DAY_RELEASED;
        return;
    }
    day->flags |= scan_flags(scan);
    count_up(&day->trials[MODE_OFF], scan->controls);
    count_up(&day->failed[MODE_OFF], scan->controls_failed);
    for (unsigned m = MODE_SUPPORTED; m < MODE_COUNT; m++)
        add_trial(day, scan, (enum mode)m);
    const struct rule_trial *trial = &scan->trials[MODE_PREFERRED];
    bool picked = scan->kind != KIND_CONFIRM && trial->works && !trial->retry &&
                  trial->failed == 0 && scan->tls13 && trial->group == params->hybrid;
    count_up(&day->picked, picked ? 1 : 0);
    add_reach(day, params, scan, MODE_SUPPORTED, DAY_REACHED_BY_SUPPORTED, DAY_MISSED_BY_SUPPORTED);
    add_reach(day, params, scan, MODE_PREFERRED_DUAL, DAY_REACHED_BY_DUAL, DAY_MISSED_BY_DUAL);
    add_share_answers(day, scan);
    add_address(evidence, scan);
}

bool origin_evidence_broken(const struct evidence_day *day, const struct rule_params *params,
                            enum mode mode) {
    /* Further tries follow a failure only; it may have been before midnight. */
    bool any = day->failed[mode] > 0 || day->further_failed[mode] > 0;
    return any && day->further_failed[mode] >= params->further_failures;
}

/* One mode of one day; `recent`: the day lies in the window, not just in the memory. */
static void sum_mode(const struct evidence_day *day, const struct rule_params *params, int32_t date,
                     bool recent, enum mode mode, struct evidence_sum *out) {
    bool broken = origin_evidence_broken(day, params, mode);
    if (!broken) {
        out->memory_trials[mode] += day->trials[mode];
        out->memory_failed[mode] += day->failed[mode];
    }
    if (!recent)
        return;
    out->trials[mode] += day->trials[mode];
    out->failed[mode] += day->failed[mode];
    out->good_days[mode] += day->trials[mode] > day->failed[mode];
    if (broken && out->broken_day[mode] == EVIDENCE_NO_DAY)
        out->broken_day[mode] = date;
}

/* Over all days that are kept: silence is rare, and profile `fast` has a window of its own. */
static void sum_silence(const struct origin_evidence *evidence, bool with_today,
                        struct evidence_sum *out) {
    int32_t age = with_today ? 0 : 1;
    const struct evidence_day *day = day_of_age(evidence, age);
    for (; age < RULE_WINDOW_MAX; age++, day = day_before(evidence, day)) {
        out->silent = out->silent || day->silent > 0;
        out->dark_visits += day->dark;
        out->dark_days += day->dark > 0;
        if (day->dark > 0 && out->dark_day == EVIDENCE_NO_DAY)
            out->dark_day = evidence->day - age;
    }
}

bool origin_evidence_is_dark(const struct evidence_sum *sum) {
    return sum->dark_visits >= EVIDENCE_DARK_VISITS && sum->dark_days >= EVIDENCE_DARK_DAYS &&
           !sum->silent;
}

static void sum_day(const struct evidence_day *day, int32_t date, struct evidence_sum *out) {
    out->picked += day->picked;
    out->conclusive_days += (day->flags & DAY_CONCLUSIVE) != 0;
    out->flags |= day->flags;
    out->confirmed |= day->confirmed;
    if (!(day->flags & (DAY_CEILING_OFF | DAY_CEILING_SUPPORTED)))
        return;
    out->off_fault_days += (day->flags & DAY_CEILING_OFF) != 0;
    out->supported_fault_days++;
    if (out->fault_day == EVIDENCE_NO_DAY)
        out->fault_day = date;
}

void origin_evidence_sum(const struct origin_evidence *evidence, const struct rule_params *params,
                         bool with_today, struct evidence_sum *out) {
    memset(out, 0, sizeof *out);
    out->fault_day = out->dark_day = EVIDENCE_NO_DAY;
    for (unsigned m = 0; m < MODE_COUNT; m++)
        out->broken_day[m] = EVIDENCE_NO_DAY;
    if (evidence->day == EVIDENCE_NO_DAY)
        return;
    sum_silence(evidence, with_today, out);
    int32_t age = with_today ? 0 : 1;
    const struct evidence_day *day = day_of_age(evidence, age);
    for (; age < (int32_t)params->memory_days; age++, day = day_before(evidence, day)) {
        if (!day->flags) /* nothing is counted without a flag */
            continue;
        bool recent = age < (int32_t)params->window_days;
        for (unsigned m = 0; m < MODE_COUNT; m++)
            sum_mode(day, params, evidence->day - age, recent, (enum mode)m, out);
        if (recent)
            sum_day(day, evidence->day - age, out);
    }
}

struct evidence_window origin_evidence_window(const struct origin_evidence *evidence,
                                              const struct rule_params *params) {
    struct evidence_window window = {.evidence = evidence, .params = params};
    origin_evidence_sum(evidence, params, true, &window.sum);
    return window;
}

bool origin_evidence_rate_is_high(const struct evidence_window *window, enum mode mode) {
    const struct evidence_sum *sum = &window->sum;
    const struct rule_params *params = window->params;
    if (sum->failed[mode] < params->rate_failures)
        return false;
    /* Laplace's rule: a few controls without a failure do not prove a rate of zero. */
    double rate = (sum->failed[MODE_OFF] + 1.0) / (sum->trials[MODE_OFF] + 2.0);
    if (rate < params->control_floor)
        rate = params->control_floor;
    return binomial_excess_below(sum->trials[mode], sum->failed[mode], rate, params->rate_p);
}

uint32_t origin_evidence_least_trials(const struct origin_evidence *evidence) {
    uint32_t least = UINT32_MAX;
    for (unsigned i = 0; i < evidence->addresses_n; i++) {
        if (evidence->addresses[i].trials < least)
            least = evidence->addresses[i].trials;
    }
    return least;
}

enum share_answer origin_evidence_share(const struct origin_evidence *evidence,
                                        const struct rule_params *params,
                                        enum classical_group which, bool *confirmed) {
    enum share_answer latest = SHARE_UNKNOWN;
    *confirmed = false;
    if (evidence->day == EVIDENCE_NO_DAY)
        return latest;
    const struct evidence_day *day = origin_evidence_today(evidence);
    for (int32_t age = 0; age < (int32_t)params->window_days;
         age++, day = day_before(evidence, day)) {
        enum share_answer answer = (enum share_answer)(day->shares >> 2 * (unsigned)which & 3);
        if (answer == SHARE_FAILED)
            return SHARE_FAILED;
        if (latest == SHARE_UNKNOWN)
            latest = answer;
        *confirmed = *confirmed || (day->confirmed >> (unsigned)which & 1);
    }
    return latest;
}

bool origin_evidence_share_is_fresh(const struct origin_evidence *evidence,
                                    const struct rule_params *params, enum classical_group which) {
    if (evidence->day == EVIDENCE_NO_DAY)
        return false;
    const struct evidence_day *day = origin_evidence_today(evidence);
    for (int32_t age = 0; age * 2 < (int32_t)params->window_days;
         age++, day = day_before(evidence, day)) {
        if (day->shares >> 2 * (unsigned)which & 3)
            return true;
    }
    return false;
}

/* Days of the window with one of these bits, less those with the other. */
static int days_ahead(const struct evidence_window *window, uint8_t reached, uint8_t missed) {
    int ahead = 0;
    const struct evidence_day *day = origin_evidence_today(window->evidence);
    for (int32_t age = 0; age < (int32_t)window->params->window_days;
         age++, day = day_before(window->evidence, day)) {
        uint8_t bits = day->reached;
        ahead += ((bits & reached) != 0) - ((bits & missed) != 0);
    }
    return ahead;
}

static bool preferred_gains(const struct evidence_window *window) {
    const struct evidence_sum *sum = &window->sum;
    if (sum->picked * 2 <= sum->trials[MODE_PREFERRED] - sum->failed[MODE_PREFERRED])
        return false;
    uint32_t worked = 0;
    for (int32_t age = 0; age < (int32_t)window->params->benefit_days; age++) {
        const struct evidence_day *day = day_of_age(window->evidence, age);
        if (day->picked > 0)
            return true;
        worked += day->trials[MODE_PREFERRED] > day->failed[MODE_PREFERRED];
    }
    return worked < window->params->benefit_days;
}

bool origin_evidence_gains(const struct evidence_window *window, enum mode mode) {
    if (window->evidence->day == EVIDENCE_NO_DAY)
        return false;
    switch (mode) {
    case MODE_SUPPORTED:
        return days_ahead(window, DAY_REACHED_BY_SUPPORTED, DAY_MISSED_BY_SUPPORTED) > 0;
    case MODE_PREFERRED:
        return preferred_gains(window);
    case MODE_PREFERRED_DUAL:
        return days_ahead(window, DAY_REACHED_BY_DUAL, DAY_MISSED_BY_DUAL) > 0;
    case MODE_OFF:
    case MODE_COUNT:
        break;
    }
    return false;
}

/* A failure of `preferred-dual` that its redial did not make good, or that had none: an alert. */
static bool dual_failed_for_good(const struct evidence_day *day) {
    const enum mode mode = MODE_PREFERRED_DUAL;
    return day->failed[mode] + day->further_failed[mode] > day->further[mode];
}

/* One connection lost in a fortnight is no reason to give the variant up. */
static struct dual_evidence dual_of_mode(const struct evidence_window *window) {
    const enum mode mode = MODE_PREFERRED_DUAL;
    uint32_t worked = window->sum.trials[mode] - window->sum.failed[mode];
    struct dual_evidence out = {.failed = origin_evidence_rate_is_high(window, mode),
                                .tried = worked > 0,
                                .gains = origin_evidence_gains(window, mode)};
    const struct evidence_day *day = origin_evidence_today(window->evidence);
    for (int32_t age = 0; age < (int32_t)window->params->window_days;
         age++, day = day_before(window->evidence, day))
        out.failed = out.failed || dual_failed_for_good(day);
    out.proven = !out.failed && worked >= window->params->dual_trials;
    return out;
}

struct dual_evidence origin_evidence_dual(const struct evidence_window *window,
                                          enum classical_group which) {
    struct dual_evidence out = {.failed = false};
    if (window->evidence->day == EVIDENCE_NO_DAY)
        return out;
    if (which == CLASSICAL_X25519)
        return dual_of_mode(window);
    uint32_t hybrid = 0, worked = 0;
    const struct evidence_day *day = origin_evidence_today(window->evidence);
    for (int32_t age = 0; age < (int32_t)window->params->window_days;
         age++, day = day_before(window->evidence, day)) {
        unsigned answer = day->duals >> 2 * (unsigned)which & 3U;
        out.failed = out.failed || answer == DUAL_FAILED;
        hybrid += answer == DUAL_HYBRID;
        worked += answer == DUAL_HYBRID || answer == DUAL_CLASSICAL;
    }
    out.proven = !out.failed && worked >= window->params->dual_trials;
    out.tried = worked > 0;
    out.gains = hybrid * 2 > worked;
    return out;
}

bool origin_evidence_needed(const struct evidence_window *window, enum classical_group which) {
    return window->sum.confirmed >> (CLASSICAL_COUNT + (unsigned)which) & 1;
}
