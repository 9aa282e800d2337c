/* Every mistake of feed files, at its place and in its words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/config_dir.h"

struct mistake_case {
    const char *text;  /* of the file */
    const char *lines; /* the mistakes of the directory */
};

#define AT(column, text) "feeds/a.json:1:" #column ": " text "\n"
/* Column 39 is where the keys of the case begin. */
#define FEED(keys) "{\"url\":\"http://h/\",\"interval\":\"1m\",   " keys "}"

/* Without a mistake, to be sure that the table below fails for the mistake alone. */
static const char *const legal[] = {
    "{\"url\":\"http://h/\",\"interval\":\"100ms\"}",
    "{\"url\":\"http://h/\",\"interval\":\"366d\",\"timeout\":\"1h\"}",
    "{\"url\":\"https://[::1]:65535/?q#f\",\"interval\":\"1m\"}",
    "{\"url\":\"HTTPS://user:pass@h:1/\",\"at\":[\"00:00\",\"23:59:59\"]}",
    "{\"url\":\"http://h/{a}\",\"name\":\"x-{a}\",\"interval\":\"1m\",\"for_each\":{\"a\":[1]}}",
    "{\"url\":\"http://h/${slot:%Y-%m-%d}?k=${secret:key}\",\"interval\":\"1m\"}",
    "{\"url\":\"${secret:url}/x\",\"interval\":\"1m\"}",
    FEED("\"offset\":\"59s999ms\""),
    FEED("\"hours\":\"00:00-24:00\""),
    FEED("\"hours\":\"05:00-01:30\",\"days\":[\"sun\"]"),
    FEED("\"from\":\"2026-11-23\",\"until\":\"2026-11-23\""),
    FEED("\"body\":\"{x} {\",\"method\":\"post\""),
    FEED("\"retry\":false,\"backoff\":false,\"alert\":false"),
    FEED("\"rows\":\"$.a['b'][*]\",\"columns\":{\"x\":\"@.x\",\"y\":\"$.y\"}"),
    FEED("\"proxy\":\"socks5h://u:p@h:1080\""),
    FEED("\"pin\":\"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\""),
    FEED("\"ca_file\":\"feeds/a.json\""),
    FEED("\"max_body\":\"1KiB\",\"redirects\":0"),
    FEED("\"headers\":{\"X\":\"{q} ${secret:key}\"}"),
};

static const struct mistake_case cases[] = {
    /* syntax */
    {"", AT(1, "the text is empty")},
    {"[]", AT(1, "expected an object {…}")},
    /* keys */
    {FEED("\"intervall\":1"), AT(39, "unknown key \"intervall\", did you mean \"interval\"?")},
    {FEED("\"url\":\"http://i/\""), AT(39, "duplicate key \"url\"")},
    {FEED("\"zzzzzzzz\":1"), AT(39, "unknown key \"zzzzzzzz\"")},
    {FEED("\"enabled\":1"), AT(49, "\"enabled\" must be true or false, not 1")},
    {FEED("\"notes\":null"), AT(47, "\"notes\" must be a string, not null")},
    {FEED("\"method\":null"), AT(48, "\"method\" must not be null")},
    /* numbers and their bounds */
    {FEED("\"timeout\":30"), AT(49, "\"timeout\" must be a duration such as \"30s\", not 30")},
    {FEED("\"timeout\":\"49ms\""), AT(49, "\"timeout\" must be between 50ms and 1h, not \"49ms\"")},
    {FEED("\"timeout\":\"61s\""),
     AT(49, "\"timeout\" must not exceed \"interval\", \"1m\" in feeds/a.json, not \"61s\"")},
    {"{\"url\":\"http://h/\",\"interval\":\"99ms\"}",
     AT(31, "\"interval\" must be between 100ms and 366d, not \"99ms\"")},
    {"{\"url\":\"http://h/\",\"interval\":\"367d\"}",
     AT(31, "\"interval\" must be between 100ms and 366d, not \"367d\"")},
    {"{\"url\":\"http://h/\",\"interval\":60}",
     AT(31, "\"interval\" must be a duration such as \"30s\", not 60")},
    {FEED("\"connect_timeout\":\"2h\""),
     AT(57, "\"connect_timeout\" must be between 50ms and 1h, not \"2h\"")},
    {FEED("\"max_body\":1024"), AT(50, "\"max_body\" must be a size such as \"16MiB\", not 1024")},
    {FEED("\"max_body\":\"1023B\""),
     AT(50, "\"max_body\" must be between 1KiB and 256MiB, not \"1023B\"")},
    {FEED("\"max_body\":\"257MiB\""),
     AT(50, "\"max_body\" must be between 1KiB and 256MiB, not \"257MiB\"")},
    {FEED("\"redirects\":11"),
     AT(51, "\"redirects\" must be a whole number between 0 and 10, not 11")},
    {FEED("\"host_limit\":0"),
     AT(52, "\"host_limit\" must be a whole number between 1 and 1024, not 0")},
    {FEED("\"host_limit\":1025"),
     AT(52, "\"host_limit\" must be a whole number between 1 and 1024, not 1025")},
    {FEED("\"host_gap\":\"25h\""), AT(50, "\"host_gap\" must be between 0s and 1d, not \"25h\"")},
    {FEED("\"retry\":{\"attempts\":11}"),
     AT(59, "\"retry.attempts\" must be a whole number between 1 and 10, not 11")},
    {FEED("\"retry\":{\"wait\":\"25h\"}"),
     AT(55, "\"retry.wait\" must be between 0s and 1d, not \"25h\"")},
    {FEED("\"retry\":{\"max_wait\":\"25h\"}"),
     AT(59, "\"retry.max_wait\" must be between 0s and 1d, not \"25h\"")},
    {FEED("\"retry\":true"), AT(47, "\"retry\" must be an object or false, not true")},
    {FEED("\"retry\":{\"wiat\":\"1s\"}"),
     AT(48, "unknown key \"retry.wiat\", did you mean \"wait\"?")},
    {FEED("\"backoff\":{\"max\":\"25h\"}"),
     AT(56, "\"backoff.max\" must be between 0s and 1d, not \"25h\"")},
    {FEED("\"alert\":{\"stale\":10}"),
     AT(56, "\"alert.stale\" must be a duration such as \"30s\", not 10")},
    {FEED("\"for\":\"0s\""), AT(45, "\"for\" must be at least 1ms, not \"0s\"")},
    {FEED("\"keep\":\"0s\""), AT(46, "\"keep\" must be at least 1ms, not \"0s\"")},
    /* when */
    {"{\"url\":\"http://h/\"}", AT(1, "\"interval\" is required, or \"at\"")},
    {FEED("\"at\":[\"06:00\"]"), AT(44, "\"at\" stands instead of \"interval\": give one of them")},
    {"{\"url\":\"http://h/\",\"at\":[]}",
     AT(25, "\"at\" must be a list of 1 to 1440 times of day, such as [\"06:00\"], not []")},
    {"{\"url\":\"http://h/\",\"at\":[\"24:00\",\"6:00\",\"06:00:60\"]}",
     AT(26, "\"at\" must be times of day such as \"06:00\" or \"18:30:15\", not \"24:00\"")
         AT(34, "\"at\" must be times of day such as \"06:00\" or \"18:30:15\", not \"6:00\"")
             AT(41, "\"at\" must be times of day such as \"06:00\" or \"18:30:15\", "
                    "not \"06:00:60\"")},
    {FEED("\"offset\":\"1m\""),
     AT(48, "\"offset\" must be less than \"interval\", \"1m\" in feeds/a.json, not \"1m\"")},
    {FEED("\"offset\":5"),
     AT(48, "\"offset\" must be \"auto\" or a duration such as \"30s\", not 5")},
    {FEED("\"hours\":\"05:00\""),
     AT(47, "\"hours\" must be a window such as \"05:00-01:30\", not \"05:00\"")},
    {FEED("\"hours\":\"24:00-05:00\""),
     AT(47, "\"hours\" must be a window such as \"05:00-01:30\", not \"24:00-05:00\"")},
    {FEED("\"hours\":\"05:00-25:00\""),
     AT(47, "\"hours\" must be a window such as \"05:00-01:30\", not \"05:00-25:00\"")},
    {FEED("\"hours\":\"05:00-05:00\""),
     AT(47, "\"hours\" must be a window whose two ends differ (all day: leave it out), "
            "not \"05:00-05:00\"")},
    {FEED("\"days\":[\"mon\",\"Tue\"]"),
     AT(53, "\"days\" must be a list of mon tue wed thu fri sat sun, not \"Tue\"")},
    {FEED("\"days\":[]"), AT(46, "\"days\" must be a list of mon tue wed thu fri sat sun, not []")},
    {FEED("\"timezone\":\"Mars/Olympus\""),
     AT(50, "\"timezone\": unknown time zone \"Mars/Olympus\", must be an IANA name")},
    {FEED("\"from\":\"2026-02-30\""),
     AT(46, "\"from\" must be a date such as \"2026-11-23\" or an instant such as "
            "\"2026-11-23T06:00:00Z\", not \"2026-02-30\"")},
    {FEED("\"until\":\"-24h\""),
     AT(47, "\"until\" must be a date such as \"2026-11-23\" or an instant such as "
            "\"2026-11-23T06:00:00Z\", not \"-24h\"")},
    {FEED("\"from\":\"2026-11-24\",\"until\":\"2026-11-23\""),
     AT(67, "\"until\" must be later than \"from\", not \"2026-11-23\"")},
    {FEED("\"from\":\"2026-11-24T00:00:00Z\",\"until\":\"2026-11-24T00:00:00Z\""),
     AT(77, "\"until\" must be later than \"from\", not \"2026-11-24T00:00:00Z\"")},
    /* what and how */
    {"{\"interval\":\"1m\"}", AT(1, "\"url\" is required")},
    {"{\"url\":\"ftp://h/\",\"interval\":\"1m\"}",
     AT(8, "\"url\" must be a URL that starts with http:// or https://, not \"ftp://h/\"")},
    {"{\"url\":\"http:///x\",\"interval\":\"1m\"}",
     AT(8, "\"url\" must name a host, not \"http:///x\"")},
    {"{\"url\":\"http://h:0/\",\"interval\":\"1m\"}",
     AT(8, "\"url\" must have a port of 1 to 65535, not \"http://h:0/\"")},
    {"{\"url\":\"http://h:65536/\",\"interval\":\"1m\"}",
     AT(8, "\"url\" must have a port of 1 to 65535, not \"http://h:65536/\"")},
    {"{\"url\":\"http://h/a b\",\"interval\":\"1m\"}",
     AT(8, "\"url\" must not hold blanks or control characters, not \"http://h/a b\"")},
    {"{\"url\":\"http://[::g]/\",\"interval\":\"1m\"}",
     AT(8, "\"url\" must name an IPv6 address between [ and ], not \"http://[::g]/\"")},
    {"{\"url\":\"http://h/{route}\",\"interval\":\"1m\",\"name\":\"a-{line}\"}",
     AT(8, "\"url\" holds \"{route}\", which \"for_each\" lacks")
         AT(50, "\"name\" holds \"{line}\", which \"for_each\" lacks")},
    {FEED("\"name\":\"a b\""),
     AT(46, "\"name\" must be 1 to 100 letters, digits, \".\", \"_\" or \"-\", not \"a b\"")},
    {FEED("\"name\":\"..\""),
     AT(46, "\"name\" must be 1 to 100 letters, digits, \".\", \"_\" or \"-\", not \"..\"")},
    {FEED("\"method\":\"GE T\""),
     AT(48, "\"method\" must be a method of HTTP, such as \"GET\" or \"POST\", not \"GE T\"")},
    {FEED("\"method\":\"HEAD\",\"body\":\"x\""),
     AT(62, "\"body\" must not stand with \"method\" \"HEAD\", not \"x\"")},
    {FEED("\"headers\":[]"), AT(49, "\"headers\" must be an object of strings, not []")},
    {FEED("\"headers\":{\"X\":1,\"A b\":\"\",\"x\":\"2\",\"Y\":\"a\\nb\"}"),
     AT(54, "\"X\" must be a string, not 1") AT(56, "\"A b\" cannot be the name of a header")
         AT(65, "duplicate key \"x\"") AT(77, "\"Y\" must be without line breaks, not \"a\\nb\"")},
    {FEED("\"auth\":{\"type\":\"digest\"}"),
     AT(54, "\"auth.type\" must be \"basic\" or \"bearer\", not \"digest\"")},
    {FEED("\"auth\":{}"), AT(46, "\"auth\" lacks \"type\", \"basic\" or \"bearer\"")},
    {FEED("\"auth\":{\"type\":\"basic\"}"), AT(46, "\"auth\" of type basic lacks \"password\"") AT(
                                                46, "\"auth\" of type basic lacks \"username\"")},
    {FEED("\"auth\":{\"type\":\"bearer\",\"tokn\":\"\"}"),
     AT(46, "\"auth\" of type bearer lacks \"token\"")
         AT(63, "unknown key \"auth.tokn\", type bearer has: token")},
    {FEED("\"format\":\"xml\""),
     AT(48, "\"format\" must be one of auto json ndjson gtfs-rt csv text binary, not \"xml\"")},
    {FEED("\"pin\":\"sha256//AAAA\""),
     AT(45, "\"pin\" must be \"sha256//\" and 44 characters of base64, not \"sha256//AAAA\"")},
    {FEED("\"proxy\":\"h:8080\""),
     AT(47, "\"proxy\" must be a URL that starts with http://, https://, socks4://, socks4a://, "
            "socks5:// or socks5h://, not \"h:8080\"")},
    {FEED("\"ca_file\":\"ca.pem\""),
     AT(49, "\"ca_file\" must be a file that can be read, not \"ca.pem\"")},
    {FEED("\"headers\":{\"A\\r\\nB: c\":\"x\"}"),
     AT(50, "\"A??B: c\" cannot be the name of a header")},
    {FEED("\"user_agent\":\"a\\r\\nb\""),
     AT(52, "\"user_agent\" must be one line of text, not \"a\\r\\nb\"")},
    /* rows */
    {FEED("\"rows\":\"$.a[\""), AT(46, "\"rows\": \"$.a[\" is not a path: column 5: "
                                       "expected an index, \"*\" or a name in quotes")},
    {FEED("\"rows\":\"@.a\""),
     AT(46, "\"rows\" must be a path that starts with \"$\", not \"@.a\"")},
    {FEED("\"columns\":[]"),
     AT(49, "\"columns\" must be a list of 1 to 1000 names, or an object of names and paths, "
            "not []")},
    {FEED("\"columns\":[\"a\",\"a\"]"), AT(54, "\"columns\" holds \"a\" twice")},
    {FEED("\"columns\":{\"x\":\"x\"}"),
     AT(54, "\"x\" must be a path that starts with \"$\" or \"@\", not \"x\"")},
    /* templates */
    {FEED("\"headers\":{\"X\":\"${secret:absent}\"}"),
     AT(54, "\"X\": secret \"absent\" is absent: put it into secrets/absent, mode 0600")},
    {FEED("\"body\":\"${secrets:key}\""),
     AT(46, "\"body\": unknown \"${secrets:key}\", known are ${secret:NAME} and ${slot:FORM}")},
    {FEED("\"body\":\"${slot:%Q}\""), AT(46, "\"body\": \"${slot:%Q}\": not a form of strftime")},
    {FEED("\"body\":\"${slot:%Y\""), AT(46, "\"body\": \"${slot:%Y\" lacks its \"}\"")},
    {FEED("\"body\":\"${secret:../x}\""),
     AT(46, "\"body\": \"${secret:../x}\": a name is 1 to 100 letters, digits, \".\", \"_\" or "
            "\"-\"")},
    {"{\"url\":\"http://h/${slot:%H %M}\",\"interval\":\"1m\"}",
     AT(8, "\"url\" must not hold blanks or control characters, not \"http://h/${slot:%H %M}\"")},
    {"{\"url\":\"http://${secret:blank}/\",\"interval\":\"1m\"}",
     AT(8, "\"url\" must not hold blanks or control characters, not "
           "\"http://${secret:blank}/\"")},
    /* for_each */
    {FEED("\"for_each\":[]"), AT(50, "\"for_each\" must be an object of 1 to 16 lists, not []")},
    {FEED("\"for_each\":null"),
     AT(50, "\"for_each\" must be an object of 1 to 16 lists, not null")},
    {FEED("\"for_each\":{\"a\":[],\"b\":[null],\"c d\":[1],\"a\":[1]}"),
     AT(55, "\"a\" must be a list of values, not []")
         AT(63, "\"b\" must be a list of strings, numbers, true or false, not null")
             AT(69, "\"c d\" in \"for_each\" must be 1 to 64 letters, digits, \".\", \"_\" or "
                    "\"-\"") AT(79, "duplicate key \"a\"")},
    {FEED("\"for_each\":{\"a\":[1,2]}"),
     AT(1, "\"name\" must be unique: this file makes two feeds of name \"a\"")},
    {FEED("\"for_each\":{\"a\":[1]},\"for_each\":{\"a\":[1]}"),
     AT(60, "duplicate key \"for_each\"")},
    /* many at once */
    {"{\"url\":\"http://h/"
     "{r}\",\"name\":\"x-{r}\",\"interval\":\"1m\",\"for_each\":{\"r\":5},\"timeout\":\"x\"}",
     AT(70, "\"r\" must be a list of values, not 5")
         AT(83, "\"timeout\" must be a duration such as \"30s\", not \"x\"")},
    {"{\"url\":5,\n \"timeout\":\"x\",\n \"enabled\":0}",
     AT(1, "\"interval\" is required, or \"at\"")
         AT(8, "\"url\" must be a string, not 5") "feeds/a.json:2:12: \"timeout\" must be a "
                                                  "duration such as \"30s\", not \"x\"\n"
                                                  "feeds/a.json:3:12: \"enabled\" must be true or "
                                                  "false, not 0\n"},
};

static void put_secrets(struct config_dir *dir)
{
    config_dir_put(dir, "secrets/key", "k3y\n");
    config_dir_put(dir, "secrets/url", "https://example.org:8443\n");
    config_dir_put(dir, "secrets/blank", "a b\n");
}

static void feeds_without_mistakes_load(void **state)
{
    struct config_dir dir;

    (void)state;
    config_dir_open(&dir);
    put_secrets(&dir);
    for (size_t i = 0; i < sizeof legal / sizeof *legal; i++) {
        struct feed_set *set = NULL;

        config_dir_put(&dir, "feeds/a.json", legal[i]);
        set = config_dir_load(&dir, NULL);
        config_dir_expect(set, "");
        assert_int_equal(set->count, 1);
        assert_int_equal(set->broken_count, 0);
        feed_set_free(set);
    }
    config_dir_close(&dir);
}

static void every_mistake_of_a_feed_is_told_at_its_place(void **state)
{
    struct config_dir dir;

    (void)state;
    config_dir_open(&dir);
    put_secrets(&dir);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct feed_set *set = NULL;

        config_dir_put(&dir, "feeds/a.json", cases[i].text);
        set = config_dir_load(&dir, NULL);
        config_dir_expect(set, cases[i].lines);
        assert_int_equal(set->count, 0);
        assert_true(feed_set_is_broken(set, "feeds/a.json"));
        feed_set_free(set);
    }
    config_dir_close(&dir);
}

static void mistakes_of_all_files_come_in_order(void **state)
{
    struct config_dir dir;
    struct feed_set *set = NULL;

    (void)state;
    config_dir_open(&dir);
    config_dir_put(&dir, "pollard.json",
                   "{\"defaults\":{\"timeout\":\"5m\",\"interval\":\"10m\"}}");
    config_dir_put(&dir, "feeds/b.json", "{\"url\":\"http://h/\",\"interval\":\"1m\"}");
    config_dir_put(&dir, "feeds/c.json", "{\"url\":\"http://h/\",\"name\":\"d\"}");
    config_dir_put(&dir, "feeds/d.json", "{\"url\":\"http://h/\"}");
    config_dir_put(&dir, "feeds/e.json", "{\"url\":\"http://h/\"}");
    config_dir_put(&dir, "feeds/.hidden.json", "x");
    config_dir_put(&dir, "feeds/notes.txt", "x");
    config_dir_put(&dir, "feeds/.json", "x");
    set = config_dir_load(&dir, NULL);
    config_dir_expect(set,
                      "feeds/d.json:1:1: \"name\" must be unique: \"d\" is a feed of feeds/c.json "
                      "too\n"
                      "pollard.json:1:24: \"timeout\" must not exceed \"interval\", \"1m\" in "
                      "feeds/b.json, not \"5m\"\n");
    assert_false(set->service_is_broken);
    assert_int_equal(set->broken_count, 2);
    assert_true(feed_set_is_broken(set, "feeds/b.json"));
    assert_true(feed_set_is_broken(set, "feeds/d.json"));
    assert_int_equal(set->count, 2);
    assert_string_equal(set->feeds[0]->name, "d");
    assert_string_equal(set->feeds[0]->file, "feeds/c.json");
    assert_string_equal(set->feeds[1]->name, "e");
    feed_set_free(set);
    config_dir_close(&dir);
}

static void an_unreadable_pollard_json_does_not_blame_the_feeds(void **state)
{
    struct config_dir dir;
    struct feed_set *set = NULL;

    (void)state;
    config_dir_open(&dir);
    config_dir_put(&dir, "pollard.json", "{\"defaults\":{\"interval\":\"1m\"},}");
    config_dir_put(&dir, "feeds/a.json", "{\"url\":\"http://h/\"}");
    config_dir_put(&dir, "feeds/b.json", "{\"url\":\"http://h/\",\"timeout\":1}");
    set = config_dir_load(&dir, NULL);
    assert_int_equal(set->mistake_count, 2);
    assert_string_equal(set->mistakes[0].file, "feeds/b.json");
    assert_string_equal(set->mistakes[1].file, "pollard.json");
    feed_set_free(set);
    config_dir_put(&dir, "pollard.json", "{\"defaults\":{\"interval\":\"1m\"},\"x\":1}");
    set = config_dir_load(&dir, NULL);
    assert_int_equal(set->mistake_count, 2);
    assert_int_equal(set->count, 1);
    assert_int_equal(set->feeds[0]->schedule.interval_ms, 60000);
    feed_set_free(set);
    config_dir_close(&dir);
}

static void large_files_and_odd_ones_are_mistakes(void **state)
{
    struct config_dir dir;
    struct feed_set *set = NULL;
    struct buf text;
    char path[128];

    (void)state;
    buf_init(&text, (1 << 20) + 1);
    buf_append_text(&text, "{\"url\":\"http://h/\",\"interval\":\"1m\"}");
    while (buf_append_char(&text, ' ') == 0)
        ;
    config_dir_open(&dir);
    config_dir_put_bytes(&dir, "feeds/a.json", text.bytes, text.length);
    config_dir_put_bytes(&dir, "feeds/b.json", text.bytes, text.length - 1);
    snprintf(path, sizeof path, "%s/feeds/c.json", dir.path);
    assert_int_equal(mkdir(path, 0755), 0);
    snprintf(path, sizeof path, "%s/feeds/d.json", dir.path);
    assert_int_equal(mkfifo(path, 0644), 0);
    snprintf(path, sizeof path, "%s/feeds/e.json", dir.path);
    assert_int_equal(symlink("nothing", path), 0);
    snprintf(path, sizeof path, "%s/feeds/f.json", dir.path);
    assert_int_equal(symlink("f.json", path), 0);
    snprintf(path, sizeof path, "%s/feeds/g.json", dir.path);
    assert_int_equal(symlink("b.json", path), 0);
    set = config_dir_load(&dir, NULL);
    config_dir_expect(set, "feeds/a.json:1:1: it is larger than 1MiB\n"
                           "feeds/c.json:1:1: it is not a regular file\n"
                           "feeds/d.json:1:1: it is not a regular file\n"
                           "feeds/e.json:1:1: it is gone, or a link to nothing\n"
                           "feeds/f.json:1:1: it cannot be read: Too many levels of symbolic "
                           "links\n");
    assert_int_equal(set->count, 2);
    feed_set_free(set);
    config_dir_close(&dir);
    buf_release(&text);
}

static void a_file_does_not_tell_mistakes_without_end(void **state)
{
    struct config_dir dir;
    struct feed_set *set = NULL;
    struct buf text;

    (void)state;
    buf_init(&text, 1 << 20);
    buf_append_text(&text, "{\"url\":\"http://h/\",\"interval\":\"1m\"");
    for (int i = 0; i < 3000; i++)
        assert_int_equal(buf_printf(&text, ",\"zzz%d\":1", i), 0);
    buf_append_text(&text, "}");
    config_dir_open(&dir);
    config_dir_put_bytes(&dir, "feeds/a.json", text.bytes, text.length);
    set = config_dir_load(&dir, NULL);
    assert_int_equal(set->mistake_count, 1001);
    feed_set_free(set);
    config_dir_close(&dir);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(feeds_without_mistakes_load),
        cmocka_unit_test(every_mistake_of_a_feed_is_told_at_its_place),
        cmocka_unit_test(mistakes_of_all_files_come_in_order),
        cmocka_unit_test(an_unreadable_pollard_json_does_not_blame_the_feeds),
        cmocka_unit_test(large_files_and_odd_ones_are_mistakes),
        cmocka_unit_test(a_file_does_not_tell_mistakes_without_end),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    zones_release();
    return failed;
}
