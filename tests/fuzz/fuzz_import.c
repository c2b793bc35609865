/* Fuzz target: a list in any state of disrepair ends, and what it gives is sound. The first byte of an
 * input chooses the format, the rest is the list. */
#include "scanner/words/zone_name.h"
#include "store/import/import_reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "import: %s\n", what);
    abort();
}

/* What is stored is what would be imported again. */
static void check_origin(const struct origin *origin) {
    struct origin again = {.weight = 1};
    struct err err;
    must(zone_name_check(origin->zone, &err), "a zone's name that is none");
    must(origin_set_host(&again, origin->host, &err), "a host that is none");
    must(strcmp(again.host, origin->host) == 0, "a host that is not in its canonical form");
    must(origin_set_sni(&again, origin->sni, &err), "an SNI that is none");
    must(origin_set_address(&again, origin->address, &err), "an address that is none");
    must(origin->port > 0, "no port");
    must(isfinite(origin->weight) && origin->weight >= 0 && origin->weight <= ORIGIN_WEIGHT_MAX,
         "a weight out of bounds");
}

static void check_message(const struct err *err) {
    must(err->text[0] != 0, "no reason");
    for (const char *at = err->text; *at; at++)
        must(*at >= ' ' && *at <= '~', "a reason that is no line of ASCII");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    if (n < 2)
        return 0;
    FILE *in = fmemopen((void *)(data + 1), n - 1, "r");
    must(in != NULL, "no memory");
    enum import_format format = (enum import_format)(data[0] % (IMPORT_FILE_SD + 1));
    struct import_reader *reader = import_reader_new(in, format, NULL);
    struct origin origin;
    struct err err = {""};
    enum import_step step;
    while ((step = import_reader_next(reader, &origin, &err)) != IMPORT_END) {
        if (step == IMPORT_ORIGIN)
            check_origin(&origin);
        else
            check_message(&err);
        if (step == IMPORT_FAILED)
            break;
    }
    for (size_t i = 0; import_reader_note(reader, i); i++)
        continue;
    import_reader_free(reader);
    fclose(in);
    return 0;
}
