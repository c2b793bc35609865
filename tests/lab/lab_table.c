/* The table file: which behaviour lives at which address. */
#include "lab_table.h"

#include "scanner/base/alloc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lab_table {
    struct lab_entry *entries; /* as in the file */
    size_t n, room;
    const struct lab_entry **sorted; /* by bits, port, address */
    bool has_bits[129];              /* prefix lengths that occur */
};

static bool parse_number(const char *text, unsigned long max, unsigned long *out) {
    char *end;
    errno = 0;
    *out = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && !errno && *out <= max;
}

static bool parse_port(const char *text, uint16_t base, uint16_t *out, struct err *err) {
    unsigned long number;
    unsigned long add = 0;
    if (*text == '+') {
        add = base;
        text++;
    }
    if (!parse_number(text, 65535, &number) || number + add == 0 || number + add > 65535)
        return err_set(err, "`%s` is no port", text);
    *out = (uint16_t)(number + add);
    return true;
}

/* `127.1.0.0/24`, `127.1.0.1:443`, `127.1.0.0/24:+1`, `[::1]:443`, `[fd00::]/64:443` */
static bool parse_block(char *text, uint16_t base, struct lab_entry *entry, struct err *err) {
    char *address = text;
    char *rest = strpbrk(text, "/:");
    if (*text == '[') {
        address = text + 1;
        rest = strchr(text, ']');
        if (!rest)
            return err_set(err, "`[` without `]`");
        *rest++ = '\0';
    }
    char *port = rest ? strchr(rest, ':') : NULL;
    if (port)
        *port++ = '\0';
    char *bits = rest && *rest == '/' ? rest : NULL;
    if (bits)
        *bits++ = '\0';
    if (!lab_address_parse(address, &entry->address))
        return err_set(err, "`%s` is no address", address);
    unsigned offset = lab_address_offset(&entry->address);
    unsigned long number = 128 - offset;
    if (bits && !parse_number(bits, 128 - offset, &number))
        return err_set(err, "`%s` is no prefix length", bits);
    entry->bits = (unsigned)number + offset;
    struct lab_address masked = lab_address_mask(&entry->address, entry->bits);
    if (memcmp(&masked, &entry->address, sizeof masked) != 0)
        return err_set(err, "`%s` has bits set behind its prefix", address);
    entry->port = base;
    return !port || parse_port(port, base, &entry->port, err);
}

/* Reads one line, which it takes apart; `used` is false for an empty one. */
static bool parse_line(char *line, uint16_t base, struct lab_entry *entry, bool *used,
                       struct err *err) {
    line[strcspn(line, "#\r\n")] = '\0';
    char *rest = line;
    const char *blank = " \t";
    char *block = strtok_r(rest, blank, &rest);
    *used = block != NULL;
    if (!block)
        return true;
    if (!parse_block(block, base, entry, err))
        return false;
    char *name = strtok_r(rest, blank, &rest);
    if (!name)
        return err_set(err, "no behaviour");
    entry->behaviour = lab_behaviour_find(name);
    if (!entry->behaviour)
        return err_set(err, "unknown behaviour `%s` (lab --list has them)", name);
    lab_behaviour_profile(entry->behaviour, &entry->profile);
    for (char *word; (word = strtok_r(rest, blank, &rest));)
        if (!lab_profile_set(&entry->profile, word, err))
            return false;
    const char *wrong = lab_profile_check(&entry->profile);
    return !wrong || err_set(err, "%s", wrong);
}

bool lab_table_closed(const struct lab_entry *entry) {
    return entry->behaviour->rules_n > 0 && entry->behaviour->rules[0].act == LAB_ACT_NO_LISTENER;
}

static int compare(const struct lab_entry *a, const struct lab_entry *b) {
    if (a->bits != b->bits)
        return a->bits < b->bits ? -1 : 1;
    if (a->port != b->port)
        return a->port < b->port ? -1 : 1;
    return memcmp(&a->address, &b->address, sizeof a->address);
}

static int compare_pointers(const void *a, const void *b) {
    return compare(*(const struct lab_entry *const *)a, *(const struct lab_entry *const *)b);
}

/* Sorts for lab_table_find and refuses two lines for the same block, and a closed port that another
 * line wants open (listeners stand on all addresses of a port). */
static bool finish(struct lab_table *table, const char *path, struct err *err) {
    bool open[65536] = {false};
    table->sorted = alloc_zero(table->n, sizeof(struct lab_entry *));
    for (size_t i = 0; i < table->n; i++) {
        table->sorted[i] = &table->entries[i];
        table->has_bits[table->entries[i].bits] = true;
        if (!lab_table_closed(&table->entries[i]))
            open[table->entries[i].port] = true;
    }
    qsort(table->sorted, table->n, sizeof *table->sorted, compare_pointers);
    for (size_t i = 0; i < table->n; i++) {
        const struct lab_entry *entry = table->sorted[i];
        if (i > 0 && compare(table->sorted[i - 1], entry) == 0)
            return err_set(err, "%s:%u: the same block as line %u", path, entry->line,
                           table->sorted[i - 1]->line);
        if (lab_table_closed(entry) && open[entry->port])
            return err_set(err, "%s:%u: port %u is to be closed, but another line uses it", path,
                           entry->line, entry->port);
    }
    return true;
}

static bool read_lines(struct lab_table *table, FILE *file, const char *path, uint16_t base,
                       struct err *err) {
    char line[1024];
    for (unsigned number = 1; fgets(line, sizeof line, file); number++) {
        if (!strchr(line, '\n') && !feof(file))
            return err_set(err, "%s:%u: line too long", path, number);
        struct lab_entry entry = {.line = number};
        bool used;
        struct err why;
        if (!parse_line(line, base, &entry, &used, &why))
            return err_set(err, "%s:%u: %s", path, number, why.text);
        if (!used)
            continue;
        if (table->n == table->room) {
            table->room = table->room ? table->room * 2 : 64;
            table->entries = alloc_resize(table->entries, table->room, sizeof *table->entries);
        }
        table->entries[table->n++] = entry;
    }
    if (ferror(file))
        return err_set(err, "%s: %s", path, strerror(errno));
    if (table->n == 0)
        return err_set(err, "%s: no origin in it", path);
    return finish(table, path, err);
}

struct lab_table *lab_table_read(const char *path, uint16_t port_base, struct err *err) {
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (!file) {
        err_set(err, "%s: %s", path, strerror(errno));
        return NULL;
    }
    struct lab_table *table = alloc_zero(1, sizeof *table);
    bool ok = read_lines(table, file, path, port_base, err);
    if (file != stdin)
        fclose(file);
    if (ok)
        return table;
    lab_table_free(table);
    return NULL;
}

void lab_table_free(struct lab_table *table) {
    if (!table)
        return;
    free(table->sorted);
    free(table->entries);
    free(table);
}

const struct lab_entry *lab_table_find(const struct lab_table *table,
                                       const struct lab_address *address, uint16_t port) {
    for (unsigned bits = 128;; bits--) {
        if (table->has_bits[bits]) {
            struct lab_entry key = {
                .address = lab_address_mask(address, bits), .bits = bits, .port = port};
            const struct lab_entry *wanted = &key;
            const struct lab_entry **found =
                bsearch(&wanted, table->sorted, table->n, sizeof *table->sorted, compare_pointers);
            if (found)
                return *found;
        }
        if (bits == 0)
            return NULL;
    }
}

const struct lab_entry *lab_table_entries(const struct lab_table *table, size_t *n) {
    *n = table->n;
    return table->entries;
}
