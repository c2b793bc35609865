/* The check of what is dialled. */
#include "report/export/export_origin.h"

#include "report/export/export_text.h"

bool export_origin_is_sound(const struct export_origin *origin) {
    return export_text_is_host(origin->host) &&
           (!origin->address[0] || export_text_is_address(origin->address));
}

const char *export_origin_dialled(const struct export_origin *origin) {
    return origin->address[0] ? origin->address : origin->host;
}
