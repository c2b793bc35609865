/* Whether the schema of a database is the one that the migrations make. */
#include "store/db/db_schema.h"

#include "store/db/migrations.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct comparing {
    struct db *db;
    struct db *made;
    db_file_problem *problem;
    void *arg;
    struct db_schema_found found;
};

__attribute__((format(printf, 2, 3))) static void tell_difference(struct comparing *c,
                                                                  const char *format, ...) {
    char line[300];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    c->problem(c->arg, line);
    c->found.problems++;
}

static struct db *make_in_memory(void) {
    unsigned steps;
    migrations_table(&steps);
    sqlite3 *handle = NULL;
    if (sqlite3_open_v2(":memory:", &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        sqlite3_close(handle);
        return NULL;
    }
    struct db *made = db_new(handle, "a new database");
    migrations_apply(made, 0, steps);
    return made;
}

static bool has_column(struct db *db, const char *table, const char *column) {
    struct db_query *query =
        db_query(db, "SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2 COLLATE BINARY");
    db_text(query, 1, table);
    db_text(query, 2, column);
    bool found = db_row(query);
    db_reset(query);
    return found;
}

static bool has_all_columns(struct comparing *c, const char *type, const char *name) {
    bool all = true;
    struct db_query *query = db_query(c->made, "SELECT name FROM pragma_table_info(?1)");
    db_text(query, 1, name);
    while (db_row(query)) {
        const char *column = db_get_text(query, "name");
        if (has_column(c->db, name, column))
            continue;
        tell_difference(c, "%s %s: its column %s is missing", type, name, column);
        all = false;
    }
    return all;
}

/* Each of ours: a table, index or view. */
static void compare_one(struct comparing *c, const char *type, const char *name, const char *sql) {
    bool is_table = strcmp(type, "table") == 0;
    struct db_query *query =
        db_query(c->db, "SELECT sql FROM sqlite_schema WHERE type = ?1 AND name = ?2");
    db_text(query, 1, type);
    db_text(query, 2, name);
    bool there = db_row(query);
    bool same = there && strcmp(db_get_text(query, "sql"), sql) == 0;
    db_reset(query);
    if (db_failed(c->db) || same)
        return;
    bool whole = there && (strcmp(type, "index") == 0 || has_all_columns(c, type, name));
    if (!there)
        tell_difference(c, "%s %s is missing", type, name);
    else if (whole)
        tell_difference(c, "%s %s differs from the one that originscan creates", type, name);
    c->found.readable = c->found.readable && (whole || !is_table);
}

static bool is_made(struct comparing *c, const char *type, const char *name) {
    struct db_query *query =
        db_query(c->made, "SELECT 1 FROM sqlite_schema WHERE type = ?1 AND name = ?2");
    db_text(query, 1, type);
    db_text(query, 2, name);
    bool made = db_row(query);
    db_reset(query);
    return made;
}

/* pragma_index_list knows what is unique, however it is written. */
static void find_what_is_too_many(struct comparing *c) {
    struct db_query *query = db_query(
        c->db, "SELECT type, name, tbl_name FROM sqlite_schema s WHERE type = 'trigger' OR"
               " (type = 'index' AND sql IS NOT NULL AND EXISTS (SELECT 1 FROM"
               " pragma_index_list(s.tbl_name) i WHERE i.name = s.name AND i.\"unique\"))");
    while (db_row(query)) {
        const char *type = db_get_text(query, "type"), *name = db_get_text(query, "name");
        bool ours =
            strcmp(type, "trigger") == 0 || is_made(c, "table", db_get_text(query, "tbl_name"));
        if (ours && !is_made(c, type, name))
            tell_difference(c, "%s %s of %s: originscan creates none of that name", type, name,
                            db_get_text(query, "tbl_name"));
    }
}

struct db_schema_found db_schema_compare(struct db *db, db_file_problem *problem, void *arg) {
    struct comparing c = {
        .db = db, .made = make_in_memory(), .problem = problem, .arg = arg, .found = {0, true}};
    if (!c.made) {
        db_fail(db, "%s: no memory to compare its schema", db_path(db));
        return c.found;
    }
    struct db_query *query =
        db_query(c.made, "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL"
                         " ORDER BY type <> 'table', name");
    while (db_row(query))
        compare_one(&c, db_get_text(query, "type"), db_get_text(query, "name"),
                    db_get_text(query, "sql"));
    find_what_is_too_many(&c);
    if (db_fault(c.made, NULL) != DB_FINE)
        db_fail(db, "%s: its schema could not be compared", db_path(db));
    db_close(c.made);
    return c.found;
}
