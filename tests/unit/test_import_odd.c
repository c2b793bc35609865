/* Odd but legal inventories: what each program of the trade takes, and few write. */
#include "scanner/base/array.h"
#include "tests/unit/import_says.h"

static void assert_reads_by(const char *text, const char *const *names, const char *want) {
    struct import_map map = {{NULL}};
    struct err err;
    for (size_t i = 0; names[i]; i++)
        assert_true(import_fields_map(&map, names[i], &err));
    char *said = read_all_bytes(text, strlen(text), IMPORT_AUTO, &map);
    assert_string_equal(said, want);
    free(said);
}

/* ---- CSV ---- */

static void a_cell_in_quotes_may_have_line_breaks(void **state) {
    (void)state;
    assert_reads("host,note,port\n"
                 "a.example,\"two\n"
                 "lines, \"\"said\"\" Kim\n"
                 "\n"
                 "\",8443\n"
                 "b.example,x,8444\n",
                 "2 a.example a.example 8443 a.example - 1\n"
                 "6 b.example b.example 8444 b.example - 1\n"
                 "csv\n"
                 "ignored columns: \"note\"\n");
}

static void a_stray_quote_spoils_only_its_line(void **state) {
    (void)state;
    assert_reads("host,note\n"
                 "a.example,\"19 inch\n"
                 "b.example,x\n"
                 "c.example,\"y\"\n"
                 "d.example,\"z\n"
                 "e.example,x\n",
                 "2 BAD not valid CSV: a quote is missing or in the wrong place\n"
                 "3 b.example b.example 443 b.example - 1\n"
                 "4 c.example c.example 443 c.example - 1\n"
                 "5 BAD not valid CSV: a quote is missing or in the wrong place\n"
                 "6 e.example e.example 443 e.example - 1\n"
                 "csv\n"
                 "ignored columns: \"note\"\n");
}

/* A line that is no text never gets into the row whose quote is open, but it is a line of the file. */
static void lines_of_a_row_that_is_given_up_keep_their_numbers(void **state) {
    (void)state;
    assert_reads("host,note\n"
                 "a.example,\"19 inch\n"
                 "b.example,\xff\n"
                 "c.example,x,y\n"
                 "d.example,x\n",
                 "3 BAD the line is not valid UTF-8\n"
                 "2 BAD not valid CSV: a quote is missing or in the wrong place\n"
                 "4 BAD 3 fields, but the header has 2\n"
                 "5 d.example d.example 443 d.example - 1\n"
                 "csv\n"
                 "ignored columns: \"note\"\n");
}

static void an_open_quote_ends_after_a_hundred_lines(void **state) {
    (void)state;
    char text[8192] = "host,note\na.example,\"\n", *said;
    size_t n = strlen(text);
    for (int i = 0; i < 300; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "b%d.example,x\n", i);
    said = read_all_bytes(text, n, IMPORT_CSV, NULL);
    assert_non_null(strstr(said, "2 BAD not valid CSV"));
    assert_null(strstr(said, "3 BAD"));
    assert_non_null(strstr(said, "\n3 b0.example"));
    assert_non_null(strstr(said, "\n302 b299.example"));
    free(said);
}

static void rows_that_say_nothing_are_passed_over(void **state) {
    (void)state;
    assert_reads("host,port,\n"
                 "# by hand, of 2026\n"
                 "a.example,443,\n"
                 "# more\n"
                 ",,\n"
                 "\n",
                 "3 a.example a.example 443 a.example - 1\ncsv\n");
}

static void a_mapped_column_has_to_be_there(void **state) {
    (void)state;
    assert_reads_by("name,team\na.example,x\n", (const char *[]){"host=name", "zone=taem", NULL},
                    "1 FAILED line 1: the CSV header has no column \"taem\", which --map names as "
                    "zone\ncsv\n");
}

static void a_host_of_a_csv_may_be_a_url(void **state) {
    (void)state;
    assert_reads_by("name,url,port\n"
                    "A,https://kim@a.example:8443/cart,\n"
                    "B,b.example:9443,\n"
                    "C,ldaps://c.example,\n"
                    "D,https://d.example:8443/,443.0\n"
                    "E,e.example,444.5\n"
                    "F,http://f.example/,\n"
                    "G,2001:db8::1,\n"
                    "H,[2001:db8::1]:8443,\n"
                    "I,[2001:db8::2],9443\n"
                    "J,[2001:db8::3]:8443,9443\n"
                    "K,k.example,.0\n",
                    (const char *[]){"host=url", NULL},
                    "2 a.example a.example 8443 a.example - 1\n"
                    "3 b.example b.example 9443 b.example - 1\n"
                    "4 c.example c.example 636 c.example - 1\n"
                    "5 d.example d.example 443 d.example - 1\n"
                    "6 BAD port \"444.5\": not a number between 1 and 65535\n"
                    "7 BAD a URL without TLS; use https://\n"
                    "8 2001:db8::1 2001:db8::1 443 - - 1\n"
                    "9 2001:db8::1 2001:db8::1 8443 - - 1\n"
                    "10 2001:db8::2 2001:db8::2 9443 - - 1\n"
                    "11 2001:db8::3 2001:db8::3 9443 - - 1\n"
                    "12 BAD port \".0\": not a number between 1 and 65535\n"
                    "csv\n"
                    "ignored columns: \"name\"\n");
}

static void a_header_with_tabs_is_named(void **state) {
    (void)state;
    assert_reads("hostname\tip\na.example\t10.0.0.1\n",
                 "1 FAILED line 1: a CSV begins with a header, and this one has no column "
                 "\"host\" (it has \"hostname\", \"ip\"); say which column has the host names "
                 "with --map host=COLUMN\ncsv\n");
    assert_reads("a.example\t8443\n", "1 a.example a.example 8443 a.example - 1\nlist\n");
}

/* ---- configurations ---- */

static void haproxy_may_begin_with_any_section(void **state) {
    (void)state;
    static const char *const begins[] = {".if defined(X)\nglobal\n.endif\n", "ring logs\n",
                                         "http-errors site\n    errorfile 503 /e.http\n",
                                         "program api\n    command /bin/api\n"};
    for (size_t i = 0; i < COUNT_OF(begins); i++) {
        char text[256];
        snprintf(text, sizeof text, "%sbackend shop\n    server s a.example:443 ssl\n", begins[i]);
        char *said = read_all_bytes(text, strlen(text), IMPORT_AUTO, NULL);
        assert_non_null(strstr(said, " shop a.example 443 a.example - 1\nhaproxy\n"));
        assert_null(strstr(said, "BAD"));
        free(said);
    }
}

static void defaults_of_haproxy_have_names(void **state) {
    (void)state;
    assert_reads("defaults web\n"
                 "    default-server ssl sni str(web.example) weight 7\n"
                 "defaults plain\n"
                 "    mode tcp\n"
                 "defaults heavy from web\n"
                 "    default-server weight 70\n"
                 "backend a from web\n"
                 "    server s a.example:80\n"
                 "backend b from plain\n"
                 "    server s b.example:443\n"
                 "listen c\n"
                 "    server s c.example:443\n"
                 "backend d from web\n"
                 "    default-server no-ssl\n"
                 "    server s d.example:80\n"
                 "backend e from web\n"
                 "    server s e.example:443\n"
                 "    server t t.example:443 sni str(\"${NAME}\")\n",
                 "8 a a.example 80 web.example - 7\n"
                 "10 b b.example 443 b.example - 1\n"
                 "12 c c.example 443 web.example - 70\n"
                 "17 e e.example 443 web.example - 7\n"
                 "18 e t.example 443 t.example - 7\n"
                 "haproxy\n"
                 "skipped: servers on port 80 without ssl (1)\n");
}

static void nginx_may_be_written_in_one_line(void **state) {
    (void)state;
    assert_reads("upstream a{zone a 64k;server x.example:443;server y.example:8443 weight=3;}\n",
                 "1 a x.example 443 x.example - 1\n"
                 "1 a y.example 8443 y.example - 3\n"
                 "nginx\n");
}

static void nginx_passes_on_to_more_than_https(void **state) {
    (void)state;
    assert_reads("upstream api { server g.example:8443; }\n"
                 "server {\n"
                 "  proxy_ssl_name web.example;\n"
                 "  grpc_ssl_name api.example;\n"
                 "  location /a { grpc_pass grpcs://api; }\n"
                 "  location /b { grpc_pass grpcs://h.example:50051; }\n"
                 "  location /c { proxy_pass HTTPS://i.example; }\n"
                 "  location /d { proxy_pass https://unix:/run/j.sock:/uri/; }\n"
                 "  location /e { grpc_pass grpc://k.example; }\n"
                 "  location /f { grpc_pass grpcs://$host; }\n"
                 "}\n",
                 "1 api g.example 8443 api.example - 1\n"
                 "6 h.example h.example 50051 api.example - 1\n"
                 "7 i.example i.example 443 web.example - 1\n"
                 "nginx\n"
                 "skipped: servers that are not on the network (sockets) (1)\n"
                 "skipped: targets with a variable (1)\n");
}

/* ---- inventories ---- */

static const char *const https_port[] = {"port=https_port", "weight=share", NULL};

static void groups_of_an_ini_have_variables(void **state) {
    (void)state;
    assert_reads_by("alone.example\n"
                    "[web]\n"
                    "a.example\n"
                    "b.example https_port=1443\n"
                    "[web:vars]\n"
                    "https_port = 8443\n"
                    "originscan_sni=\"web.example\"\n"
                    "[db]\n"
                    "c.example\n"
                    "[prod:children]\n"
                    "web\n"
                    "db # both\n"
                    "[prod:vars]\n"
                    "https_port=9443\n"
                    "share=5\n"
                    "[all:vars]\n"
                    "share=2\n"
                    "[loop:children]\n"
                    "prod\n"
                    "[prod:children]\n"
                    "loop\n",
                    https_port,
                    "1 alone.example alone.example 443 alone.example - 2\n"
                    "3 web a.example 8443 web.example - 5\n"
                    "4 web b.example 1443 web.example - 5\n"
                    "9 db c.example 9443 c.example - 5\n"
                    "ansible\n");
}

static void groups_of_a_yaml_have_variables(void **state) {
    (void)state;
    assert_reads_by("all:\n"
                    "  vars: {share: 2}\n"
                    "  hosts:\n"
                    "    alone.example:\n"
                    "  children:\n"
                    "    prod:\n"
                    "      vars: {https_port: 9443, share: 5}\n"
                    "      children:\n"
                    "        web:\n"
                    "          vars: {https_port: 8443}\n"
                    "          hosts:\n"
                    "            a.example:\n"
                    "            b.example: {https_port: 1443}\n"
                    "        db:\n"
                    "          hosts:\n"
                    "            c.example:\n"
                    "    old:\n"
                    "      hosts:\n"
                    "        d.example:\n",
                    https_port,
                    "4 alone.example alone.example 443 alone.example - 2\n"
                    "12 web a.example 8443 a.example - 5\n"
                    "13 web b.example 1443 b.example - 5\n"
                    "16 db c.example 9443 c.example - 5\n"
                    "19 old d.example 443 d.example - 2\n"
                    "ansible\n");
}

static void groups_of_a_json_have_variables(void **state) {
    (void)state;
    assert_reads_by("{\"web\": {\"hosts\": [\"a.example\"], \"vars\": {\"https_port\": 8443}},\n"
                    "\"old\": [\"b.example\"],\n"
                    "\"all\": {\"vars\": {\"https_port\": 9443}}}\n",
                    https_port,
                    "1 web a.example 8443 a.example - 1\n"
                    "2 old b.example 9443 b.example - 1\n"
                    "ansible\n");
}

/* Which groups a group is within may be said before it, behind it, or by its name alone. */
static void groups_of_a_document_are_within_others_by_name(void **state) {
    (void)state;
    assert_reads_by("webservers:\n"
                    "  hosts:\n"
                    "    a.example:\n"
                    "prod:\n"
                    "  children:\n"
                    "    webservers: {}\n"
                    "    db:\n"
                    "  vars: {https_port: 8443}\n"
                    "db:\n"
                    "  hosts:\n"
                    "    b.example:\n",
                    https_port,
                    "3 webservers a.example 8443 a.example - 1\n"
                    "11 db b.example 8443 b.example - 1\n"
                    "ansible\n");
    assert_reads_by("{\"all\": {\"children\": [\"ungrouped\", \"prod\"]},\n"
                    "\"web\": {\"hosts\": [\"a.example\"]},\n"
                    "\"prod\": {\"children\": [\"web\"], \"vars\": {\"https_port\": 8443}}}\n",
                    https_port,
                    "2 web a.example 8443 a.example - 1\n"
                    "ansible\n");
}

/* One host, with a weight in each zone. */
static void a_host_in_several_groups_has_the_variables_of_all(void **state) {
    (void)state;
    assert_reads_by("[web]\n"
                    "a.example\n"
                    "b.example share=3 https_port=1443\n"
                    "[prod]\n"
                    "a.example:22 ansible_host=10.0.0.1\n"
                    "b.example\n"
                    "[old]\n"
                    "b.example\n"
                    "[prod:vars]\n"
                    "https_port=8443\n"
                    "share=5\n"
                    "[old:vars]\n"
                    "https_port=9443\n",
                    https_port,
                    "2 web a.example 8443 a.example 10.0.0.1 1\n"
                    "3 web b.example 1443 b.example - 3\n"
                    "5 prod a.example 8443 a.example 10.0.0.1 5\n"
                    "6 prod b.example 1443 b.example - 5\n"
                    "8 old b.example 1443 b.example - 1\n"
                    "ansible\n");
    assert_reads_by("all:\n"
                    "  hosts:\n"
                    "    a.example: {https_port: 8443}\n"
                    "  children:\n"
                    "    web:\n"
                    "      hosts:\n"
                    "        a.example:\n",
                    https_port,
                    "3 a.example a.example 8443 a.example - 1\n"
                    "7 web a.example 8443 a.example - 1\n"
                    "ansible\n");
}

/* Of groups that are as deep, the last by name; of others, the deeper. */
static void one_of_several_groups_goes_before(void **state) {
    (void)state;
    assert_reads_by("[zebra]\na.example\n"
                    "[apple]\na.example\n"
                    "[deep]\nb.example\n"
                    "[zebra:vars]\nhttps_port=1\n"
                    "[apple:vars]\nhttps_port=2\n"
                    "[deep:vars]\nhttps_port=3\n"
                    "[apple:children]\ndeep\n"
                    "[zebra]\nb.example\n",
                    https_port,
                    "2 zebra a.example 1 a.example - 1\n"
                    "4 apple a.example 1 a.example - 1\n"
                    "6 deep b.example 3 b.example - 1\n"
                    "16 zebra b.example 3 b.example - 1\n"
                    "ansible\n");
}

static void addresses_of_a_link_are_passed_over(void **state) {
    (void)state;
    assert_reads("127.0.0.1 localhost\n"
                 "fe80::1%lo0 localhost\n"
                 "10.0.0.1 a.example\n",
                 "3 a.example a.example 443 a.example 10.0.0.1 1\n"
                 "hosts\n"
                 "skipped: names of the machine itself or of no server (1)\n"
                 "skipped: addresses of a single link (1)\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cell_in_quotes_may_have_line_breaks),
        cmocka_unit_test(a_stray_quote_spoils_only_its_line),
        cmocka_unit_test(lines_of_a_row_that_is_given_up_keep_their_numbers),
        cmocka_unit_test(an_open_quote_ends_after_a_hundred_lines),
        cmocka_unit_test(rows_that_say_nothing_are_passed_over),
        cmocka_unit_test(a_mapped_column_has_to_be_there),
        cmocka_unit_test(a_host_of_a_csv_may_be_a_url),
        cmocka_unit_test(a_header_with_tabs_is_named),
        cmocka_unit_test(haproxy_may_begin_with_any_section),
        cmocka_unit_test(defaults_of_haproxy_have_names),
        cmocka_unit_test(nginx_may_be_written_in_one_line),
        cmocka_unit_test(nginx_passes_on_to_more_than_https),
        cmocka_unit_test(groups_of_an_ini_have_variables),
        cmocka_unit_test(groups_of_a_yaml_have_variables),
        cmocka_unit_test(groups_of_a_json_have_variables),
        cmocka_unit_test(groups_of_a_document_are_within_others_by_name),
        cmocka_unit_test(a_host_in_several_groups_has_the_variables_of_all),
        cmocka_unit_test(one_of_several_groups_goes_before),
        cmocka_unit_test(addresses_of_a_link_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
