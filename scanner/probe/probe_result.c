/* What one probe saw: the questions that every judge asks of it. */
#include "scanner/probe/probe_result.h"

#include <stddef.h>
#include <string.h>

const struct probe_result *probe_result_find(const struct probe_result *results, size_t n,
                                             enum probe_id id, uint16_t parameter) {
    for (size_t i = 0; i < n; i++)
        if (results[i].probe == id && (parameter == 0 || results[i].parameter == parameter))
            return &results[i];
    return NULL;
}

bool probe_result_worked(const struct probe_result *result) {
    return result && result->outcome == OUTCOME_OK;
}

uint32_t probe_result_handshake_us(const struct probe_result *result) {
    bool connected = result->connect_us > 0 && result->duration_us > result->connect_us;
    return connected ? result->duration_us - result->connect_us : 0;
}

bool probe_result_starved(const struct probe_result *result) {
    return result && result->outcome == OUTCOME_CANCELLED &&
           strcmp(result->detail, PROBE_RESULT_STARVED) == 0;
}

bool probe_result_failed(const struct probe_result *result) {
    return result && result->stage >= STAGE_HELLO && result->outcome != OUTCOME_OK &&
           result->outcome != OUTCOME_CANCELLED;
}

bool probe_result_failed_at(const struct probe_result *result, enum stage stage) {
    return probe_result_failed(result) && result->stage == stage;
}

bool probe_result_is_sized(const struct probe_result *result) {
    return result && (result->probe == PROBE_SIZE || result->probe == PROBE_LARGE_CLASSICAL);
}
