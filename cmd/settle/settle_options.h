/* What settings are made with: thresholds, compliance, shadow mode. Kept in the database beside the
 * settings, so that every command makes and explains them alike. */
#pragma once

#include "report/rule/rule_params.h"
#include "report/zone/compliance.h"
#include "store/store.h"

struct settle_options {
    struct rule_params params;
    enum compliance compliance; /* of zones without a lever of their own */
    bool shadow;                /* compute everything, export nothing */
    bool quick;                 /* no visit is longer than a quick one */
};

/* The defaults of that profile. */
void settle_options_init(struct settle_options *options, enum rule_profile profile);

/* Whether both lead to the same settings. */
bool settle_options_equal(const struct settle_options *a, const struct settle_options *b);

/* What the settings of this database were last made with; the careful defaults where nothing was
 * noted. */
STORE_RESULT settle_options_load(struct settle_options *options, struct store *store,
                                 struct err *err);

/* Notes them, and touches all zones if they are others than before. */
STORE_RESULT settle_options_save(const struct settle_options *options, struct store *store,
                                 struct err *err);
