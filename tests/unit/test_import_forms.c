/* Inventories as the programs of the trade write them: whole, cut anywhere, mixed, in UTF-16. */
#include "scanner/base/array.h"
#include "tests/unit/import_says.h"

static const char list[] = "# ours\n"
                           "a.example # behind a name\n"
                           "https://b.example:8443/path?q#f\n"
                           "HTTPS://user@c.example/\n"
                           "d.example 8443\n"
                           "e.example:444,\n"
                           "wss://[2001:db8::1]/\n";

static const char csv[] = "sep=;\n"
                          "owner;Host;weight;port\n"
                          "bob;a.example;0,5;8443\n"
                          "\"x;y\";b.example;2;\n";

static const char hosts[] = "127.0.0.1 localhost\n"
                            "::1 localhost ip6-localhost ip6-loopback\n"
                            "ff02::1 ip6-allnodes\n"
                            "127.0.1.1 builder.corp.example builder\n"
                            "# machines\n"
                            "10.0.0.5\tapp.corp.example app www.corp.example # both\n"
                            "2001:db8::5 six\n";

static const char haproxy[] =
    "global\n"
    "    log /dev/log local0\n"
    "defaults web\n"
    "    mode http\n"
    "    default-server inter 3s weight 50\n"
    "frontend www\n"
    "    bind :443 ssl crt /etc/server.pem\n"
    "    default_backend shop\n"
    "backend shop\n"
    "    option httpchk\n"
    "    http-check expect status 200\n"
    "    server s1 a.example:443 check weight 10 ssl sni str(shop.example)\n"
    "    server s2 10.0.0.5:8443 ssl backup # weight 7\n"
    "    server s3 2001:db8::5:444 ssl sni req.hdr(host)\n"
    "    server s4 unix@/run/s4.sock\n"
    "    server s5 10.0.0.6:80 check\n"
    "    server s6 \"${APP}:443\" ssl\n"
    "resolvers dns\n"
    "    nameserver one 10.0.0.2:53\n"
    "listen api\n"
    "    default-server weight 3\n"
    "    server-template t 1-3 api.example:443 ssl\n"
    "    server\n"
    "peers rest\n"
    "    server here 10.0.0.9:1024\n";

static const char nginx[] = "user www-data;\n"
                            "include /etc/nginx/modules/*.conf;\n"
                            "http {\n"
                            "    upstream shop { # ours\n"
                            "        least_conn;\n"
                            "        server a.example:443 weight=3\n"
                            "               max_fails=2;\n"
                            "        server [2001:db8::5]:8443 backup;\n"
                            "        server unix:/run/shop.sock;\n"
                            "        server 10.0.0.6:80;\n"
                            "        keepalive 16;\n"
                            "    }\n"
                            "    upstream 'api' { server api.example; }\n"
                            "    server {\n"
                            "        listen 443 ssl;\n"
                            "        location / {\n"
                            "            proxy_pass https://shop;\n"
                            "            proxy_ssl_name shop.example;\n"
                            "        }\n"
                            "        location /b { proxy_pass https://b.example:9443/b; }\n"
                            "        location /c { proxy_pass \"https://$host\"; }\n"
                            "        location /d { proxy_pass http://d.example; }\n"
                            "    }\n"
                            "}\n";

static const char ini[] = "mail.example\n"
                          "\n"
                          "[web]\n"
                          "www[01:02].example ansible_user=root\n"
                          "web9 ansible_host=10.0.0.9 ansible_port=2222 originscan_port=8443\n"
                          "[db]\n"
                          "db-[a:b].example:22 originscan_weight=\"2\"\n"
                          "[web:vars]\n"
                          "ntp_server=ntp.example\n"
                          "[all:children]\n"
                          "web\n"
                          "[local]\n"
                          "localhost ansible_connection=local\n";

static const char yaml[] = "---\n"
                           "all:\n"
                           "  hosts:\n"
                           "    mail.example:\n"
                           "  children:\n"
                           "    web:\n"
                           "      hosts:\n"
                           "        www[1:2].example: {originscan_port: 8443}\n"
                           "        web9:\n"
                           "          ansible_host: 10.0.0.9\n"
                           "      vars:\n"
                           "        ntp_server: ntp.example\n";

static const char json[] = "{\n"
                           "\t\"_meta\": {\"hostvars\": {\"a.example\":\n"
                           "\t\t{\"ansible_host\": \"10.0.0.9\", \"mood\": \"\\ud83d\\ude80\"}}},\n"
                           "\t\"all\": {\"children\": [\"ungrouped\", \"web\"]},\n"
                           "\t\"web\": {\"hosts\": [\"a.example\",\n"
                           "\t\t\"b.example\"]},\n"
                           "\t\"old\": [\"c.example\"]\n"
                           "}\n";

static const char file_sd[] = "[\n"
                              "  {\"targets\": [\"a.example:443\",\n"
                              "               \"https://b.example/metrics\"],\n"
                              "   \"labels\": {\"job\": \"shop\", \"zone\": \"eu-1a\"}},\n"
                              "  {\"targets\": [\"10.0.0.7:9100\", 7, null]},\n"
                              "  {\"labels\": {}}\n"
                              "]\n";

static const char ndjson[] = "{\"host\":\"a.example\",\"port\":8443}\n"
                             "{\"host\":\"b.example\",\"weight\":0.5}\n";

static void lists_have_comments_and_urls(void **state) {
    (void)state;
    assert_reads(list, "2 a.example a.example 443 a.example - 1\n"
                       "3 b.example b.example 8443 b.example - 1\n"
                       "4 c.example c.example 443 c.example - 1\n"
                       "5 d.example d.example 8443 d.example - 1\n"
                       "6 e.example e.example 444 e.example - 1\n"
                       "7 2001:db8::1 2001:db8::1 443 - - 1\n"
                       "list\n");
    assert_reads("http://a.example/\nmailto://b\nc.example d.example\nhttps://\n",
                 "1 BAD a URL without TLS; use https://\n"
                 "2 BAD unknown URL scheme; use https://\n"
                 "3 BAD more than one word where one host[:port] or URL is expected\n"
                 "4 BAD host is empty\n"
                 "list\n");
}

static void a_csv_may_have_any_separator_and_more_columns(void **state) {
    (void)state;
    assert_reads(csv, "3 a.example a.example 8443 a.example - 0.5\n"
                      "4 b.example b.example 443 b.example - 2\n"
                      "csv\n"
                      "ignored columns: \"owner\"\n");
    assert_reads("host\tport\na.example\t1\n", "2 a.example a.example 1 a.example - 1\ncsv\n");
    assert_reads("# ours\nzone|host\nz|a.example\n", "3 z a.example 443 a.example - 1\ncsv\n");
    assert_reads("a,host,b,c\n1,a.example,2,3\n", "2 a.example a.example 443 a.example - 1\ncsv\n"
                                                  "ignored columns: \"a\", \"b\", \"c\"\n");
}

static void a_map_names_columns(void **state) {
    (void)state;
    static const char text[] = "hostname,ip,port\na.example,10.0.0.1,8443\n";
    struct import_map map = {{NULL}};
    struct err err;
    assert_true(import_fields_map(&map, "host=HostName", &err));
    assert_true(import_fields_map(&map, "address=ip", &err));
    assert_false(import_fields_map(&map, "hots=x", &err));
    assert_false(import_fields_map(&map, "host=", &err));
    assert_false(import_fields_map(&map, "host", &err));
    char *said = read_all_bytes(text, sizeof text - 1, IMPORT_AUTO, &map);
    assert_string_equal(said, "2 a.example a.example 8443 a.example 10.0.0.1 1\ncsv\n");
    free(said);
    said = read_all_bytes(text, sizeof text - 1, IMPORT_AUTO, NULL);
    assert_string_equal(said,
                        "1 FAILED line 1: a CSV begins with a header, and this one has no column "
                        "\"host\" (it has \"hostname\", \"ip\"); say which column has the host "
                        "names with --map host=COLUMN\ncsv\n");
    free(said);
}

static void a_hosts_file(void **state) {
    (void)state;
    assert_reads(hosts, "6 app.corp.example app.corp.example 443 app.corp.example 10.0.0.5 1\n"
                        "6 www.corp.example www.corp.example 443 www.corp.example 10.0.0.5 1\n"
                        "7 six six 443 six 2001:db8::5 1\n"
                        "hosts\n"
                        "skipped: names of the machine itself or of no server (7)\n"
                        "skipped: short aliases (1)\n");
}

static void an_haproxy_configuration(void **state) {
    (void)state;
    assert_reads(haproxy, "12 shop a.example 443 shop.example - 10\n"
                          "13 shop 10.0.0.5 8443 - - 50\n"
                          "14 shop 2001:db8::5 444 - - 50\n"
                          "22 api api.example 443 api.example - 3\n"
                          "23 BAD a server without an address\n"
                          "haproxy\n"
                          "skipped: servers that are not on the network (sockets) (1)\n"
                          "skipped: servers on port 80 without ssl (1)\n"
                          "skipped: servers whose address is a variable (1)\n");
}

static void an_nginx_configuration(void **state) {
    (void)state;
    assert_reads(nginx, "6 shop a.example 443 shop.example - 3\n"
                        "8 shop 2001:db8::5 8443 shop.example - 1\n"
                        "13 api api.example 443 api.example - 1\n"
                        "20 b.example b.example 9443 b.example - 1\n"
                        "nginx\n"
                        "skipped: include lines, whose files are not read (1)\n"
                        "skipped: servers that are not on the network (sockets) (1)\n"
                        "skipped: servers on port 80 (1)\n"
                        "skipped: targets with a variable (1)\n");
    assert_reads("upstream a {\n server a.example:443;\n",
                 "1 BAD a block that is never closed\n"
                 "2 a a.example 443 a.example - 1\nnginx\n");
}

static void inventories_of_ansible(void **state) {
    (void)state;
    assert_reads(ini, "1 mail.example mail.example 443 mail.example - 1\n"
                      "4 web www01.example 443 www01.example - 1\n"
                      "4 web www02.example 443 www02.example - 1\n"
                      "5 web web9 8443 web9 10.0.0.9 1\n"
                      "7 db db-a.example 443 db-a.example - 2\n"
                      "7 db db-b.example 443 db-b.example - 2\n"
                      "ansible\n"
                      "skipped: entries for localhost (1)\n");
    assert_reads(yaml, "4 mail.example mail.example 443 mail.example - 1\n"
                       "8 web www1.example 8443 www1.example - 1\n"
                       "8 web www2.example 8443 www2.example - 1\n"
                       "9 web web9 443 web9 10.0.0.9 1\n"
                       "ansible\n");
    assert_reads(json, "5 web a.example 443 a.example 10.0.0.9 1\n"
                       "6 web b.example 443 b.example - 1\n"
                       "7 old c.example 443 c.example - 1\n"
                       "ansible\n");
}

static void ranges_of_hosts_end(void **state) {
    (void)state;
    assert_reads("[web]\na[1:9:4].example\nb[3:1]\nc[x\nd[0:9999999]\n",
                 "2 web a1.example 443 a1.example - 1\n"
                 "2 web a5.example 443 a5.example - 1\n"
                 "2 web a9.example 443 a9.example - 1\n"
                 "3 BAD not a range of hosts, such as [01:50] or [a:f]\n"
                 "4 BAD not a range of hosts, such as [01:50] or [a:f]\n"
                 "5 BAD the ranges expand to more than 65536 names\n"
                 "ansible\n");
}

static void targets_of_prometheus(void **state) {
    (void)state;
    assert_reads(file_sd, "2 a.example a.example 443 a.example - 1\n"
                          "3 b.example b.example 443 b.example - 1\n"
                          "5 10.0.0.7 10.0.0.7 9100 - - 1\n"
                          "5 BAD host \"7\": ends in a number, but is not an IPv4 address\n"
                          "5 BAD a target must be a text\n"
                          "6 BAD an entry without a list of targets\n"
                          "file_sd\n");
    assert_reads("- targets: [a.example]\n  labels:\n    originscan_zone: z\n",
                 "1 z a.example 443 a.example - 1\nfile_sd\n");
}

/* Nine levels of nine aliases each are 387,420,489 hosts. */
static void aliases_of_aliases_end(void **state) {
    (void)state;
    char text[4096];
    int n = snprintf(text, sizeof text, "a0: &a0 {children: {x: {hosts: {h.example: }}}}\n");
    for (int i = 1; i < 10; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n, "a%d: &a%d {children: {", i, i);
        for (int k = 0; k < 9; k++)
            n += snprintf(text + n, sizeof text - (size_t)n, "k%d: *a%d, ", k, i - 1);
        n += snprintf(text + n, sizeof text - (size_t)n, "}}\n");
    }
    char *said = read_all_bytes(text, (size_t)n, IMPORT_ANSIBLE, NULL);
    assert_true(strlen(said) < 4 << 20);
    free(said);
}

/* ---- each form, mistreated ---- */

static const struct sample {
    const char *text;
    size_t n;
    enum import_format format;
} samples[] = {
    {list, sizeof list - 1, IMPORT_LIST},          {csv, sizeof csv - 1, IMPORT_CSV},
    {hosts, sizeof hosts - 1, IMPORT_HOSTS},       {haproxy, sizeof haproxy - 1, IMPORT_HAPROXY},
    {nginx, sizeof nginx - 1, IMPORT_NGINX},       {ini, sizeof ini - 1, IMPORT_ANSIBLE},
    {yaml, sizeof yaml - 1, IMPORT_ANSIBLE},       {json, sizeof json - 1, IMPORT_ANSIBLE},
    {file_sd, sizeof file_sd - 1, IMPORT_FILE_SD}, {ndjson, sizeof ndjson - 1, IMPORT_NDJSON},
};

static size_t count_lines(const char *said, const char *word) {
    size_t n = 0;
    for (const char *at = said; (at = strstr(at, word)); at++)
        n++;
    return n;
}

/* What is cut may be refused or lack origins, but has none that the whole has not, but for the one
 * at the cut. */
static void a_list_that_is_cut_invents_nothing(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        char *whole = read_all_bytes(samples[i].text, samples[i].n, samples[i].format, NULL);
        for (size_t n = 1; n < samples[i].n; n++) {
            char *said = read_all_bytes(samples[i].text, n, samples[i].format, NULL);
            size_t strange = 0;
            for (char *line = strtok(said, "\n"); line; line = strtok(NULL, "\n"))
                strange += strstr(line, ".example ") && !strstr(line, "BAD") &&
                           !strstr(line, "FAILED") && !strstr(whole, line);
            if (strange > 2) /* a name and its range may both be cut */
                fail_msg("sample %zu cut at %zu has %zu origins of its own", i, n, strange);
            free(said);
        }
        free(whole);
    }
}

static void a_list_in_utf16_is_named(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(samples); i++)
        for (int kind = 0; kind < 4; kind++) { /* with or without a mark, either order */
            bool marked = kind & 1, big = kind & 2;
            size_t n = 0;
            char *wide = malloc(2 * samples[i].n + 2);
            if (marked) {
                memcpy(wide, big ? "\xfe\xff" : "\xff\xfe", 2);
                n = 2;
            }
            for (size_t k = 0; k < samples[i].n; k++) {
                wide[n++] = big ? 0 : samples[i].text[k];
                wide[n++] = big ? samples[i].text[k] : 0;
            }
            char *said = read_all_bytes(wide, n, IMPORT_AUTO, NULL);
            assert_int_equal(count_lines(said, "FAILED line 1: the text is UTF-16"), 1);
            free(said);
            free(wide);
        }
}

static void a_compressed_list_is_named(void **state) {
    (void)state;
    char *said = read_all_bytes("\x1f\x8b\x08\0\0\0", 6, IMPORT_LIST, NULL);
    assert_string_equal(said, "1 FAILED line 1: the text is compressed by gzip; convert it first: "
                              "gzip -dc < FILE\nlist\n");
    free(said);
}

/* Every form as every other, and lines of all of them in any order: whatever is read is an endpoint
 * that can be written and read again. */
static void a_form_read_as_another_stays_sound(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(samples); i++)
        for (int format = IMPORT_AUTO; format <= IMPORT_FILE_SD; format++)
            free(read_all_bytes(samples[i].text, samples[i].n, (enum import_format)format, NULL));
    char mixed[16384];
    unsigned seed = 1;
    for (int round = 0; round < 300; round++) {
        size_t n = 0;
        while (n < sizeof mixed - 600) {
            seed = seed * 1103515245U + 12345U;
            const struct sample *sample = &samples[(seed >> 16) % COUNT_OF(samples)];
            size_t from = ((seed = seed * 1103515245U + 12345U) >> 8) % sample->n;
            size_t more = ((seed = seed * 1103515245U + 12345U) >> 8) % 200 + 1;
            if (more > sample->n - from)
                more = sample->n - from;
            memcpy(mixed + n, sample->text + from, more);
            n += more;
        }
        for (int format = IMPORT_AUTO; format <= IMPORT_FILE_SD; format++) {
            FILE *in = fmemopen(mixed, n, "r");
            struct import_reader *reader = import_reader_new(in, (enum import_format)format, NULL);
            struct origin origin, again;
            struct err err;
            enum import_step step;
            while ((step = import_reader_next(reader, &origin, &err)) == IMPORT_ORIGIN ||
                   step == IMPORT_BAD) {
                char text[ORIGIN_TEXT_SIZE];
                if (step == IMPORT_ORIGIN)
                    assert_true(origin_parse(origin_format(&origin, text), 443, &again, &err));
            }
            import_reader_free(reader);
            fclose(in);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_have_comments_and_urls),
        cmocka_unit_test(a_csv_may_have_any_separator_and_more_columns),
        cmocka_unit_test(a_map_names_columns),
        cmocka_unit_test(a_hosts_file),
        cmocka_unit_test(an_haproxy_configuration),
        cmocka_unit_test(an_nginx_configuration),
        cmocka_unit_test(inventories_of_ansible),
        cmocka_unit_test(ranges_of_hosts_end),
        cmocka_unit_test(targets_of_prometheus),
        cmocka_unit_test(aliases_of_aliases_end),
        cmocka_unit_test(a_list_that_is_cut_invents_nothing),
        cmocka_unit_test(a_list_in_utf16_is_named),
        cmocka_unit_test(a_compressed_list_is_named),
        cmocka_unit_test(a_form_read_as_another_stays_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
