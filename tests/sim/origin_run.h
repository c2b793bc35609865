/* One simulated origin: a server behind a network, its scanner, and the rule's state of it. */
#pragma once

#include "report/rule/extra_visit.h"
#include "tests/sim/fault.h"
#include "tests/sim/server.h"

struct origin_run {
    const struct server *server;
    struct fault_world world; /* its network; perfectly healthy where the model is all zeroes */
    struct origin_state state;
    int64_t daily_ms; /* the next daily visit */
    int64_t last_visit_ms;
    int64_t next_ms; /* the next visit of any kind */
    enum observation_kind next_kind;
};

/* The borrowed model and server have to stay. */
void origin_run_init(struct origin_run *run, const struct server *server,
                     const struct fault_model *model, uint64_t scenario, uint64_t origin);

/* Makes the visit that is due next. True if a trial failed, so that the zone is to be judged at once. */
bool origin_run_visit(struct origin_run *run, const struct rule_params *params);

/* The zone tells it what to prove. */
void origin_run_wish(struct origin_run *run, const struct rule_params *params,
                     struct proof_wish wish);
