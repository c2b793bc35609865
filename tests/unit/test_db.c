/* Statements of a database: what they do inside each other. */
#include "../support/store_fixture.h"

#include "store/db/db.h"

static struct db *open_db(const struct fixture *fixture) {
    sqlite3 *handle;
    assert_int_equal(sqlite3_open(fixture->path, &handle), SQLITE_OK);
    return db_new(handle, fixture->path);
}

static const char NOTHING[] = "SELECT 1 AS n WHERE 0";
static const char TWO[] = "SELECT 1 AS n UNION ALL SELECT 2";

/* A query that has no row ends by itself; whoever ends it once more does no harm. */
static void a_number_is_asked_for_inside_its_own_loop(void **state) {
    struct db *db = open_db(*state);
    db_begin_read(db);
    struct db_query *outer = db_query(db, NOTHING);
    for (int i = 0; i < 3; i++)
        assert_int_equal(db_number(db, NOTHING), 0);
    assert_false(db_row(outer));
    assert_int_equal(db_end(db, NULL), DB_FINE);
    db_close(db);
}

static void a_loop_inside_the_same_loop(void **state) {
    struct db *db = open_db(*state);
    int sum = 0;
    db_begin_read(db);
    struct db_query *outer = db_query(db, TWO);
    while (db_row(outer)) {
        struct db_query *inner = db_query(db, TWO);
        assert_ptr_not_equal(inner, outer);
        while (db_row(inner))
            sum += (int)(10 * db_get_int(outer, "n") + db_get_int(inner, "n"));
        db_reset(inner);
    }
    assert_int_equal(sum, 11 + 12 + 21 + 22);
    assert_int_equal(db_end(db, NULL), DB_FINE);
    db_close(db);
}

/* What is outside of it neither begins anew nor goes on. */
static void an_inner_transaction_that_is_given_up_ends_the_loops_outside(void **state) {
    struct db *db = open_db(*state);
    struct err err = {""};
    int rows = 0;
    db_exec(db, "CREATE TABLE t (x)");
    db_begin_write(db);
    struct db_query *outer = db_query(db, TWO);
    while (db_row(outer) && rows < 10) {
        rows++;
        db_begin_write(db);
        db_exec(db, "INSERT INTO t VALUES (1)");
        db_rollback(db);
    }
    assert_int_equal(rows, 1);
    assert_int_equal(db_end(db, &err), DB_BROKEN);
    assert_non_null(strstr(err.text, "given up"));
    assert_int_equal(db_number(db, "SELECT count(*) FROM t"), 0);
    db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_number_is_asked_for_inside_its_own_loop),
        FIXTURE_TEST(a_loop_inside_the_same_loop),
        FIXTURE_TEST(an_inner_transaction_that_is_given_up_ends_the_loops_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
