#include "lab_truth.h"
void lab_truth_print(const struct lab_table *table, FILE *out) {
    (void)table;
    (void)out;
}
