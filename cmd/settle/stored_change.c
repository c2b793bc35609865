/* A change of the store as a row of a report. */
#include "cmd/settle/stored_change.h"

#include "store/store_read.h"

struct change_row stored_change_row(const struct store_change *change) {
    return (struct change_row){
        .changed_ms = change->at_ms,
        .subject = change->subject,
        .field = change->field,
        .old = change->old,
        .new = change->new,
        .reason = change->reason,
    };
}
