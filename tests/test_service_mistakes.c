/* Every mistake of pollard.json, at its place and in its words. */
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

#define AT(column, text) "pollard.json:1:" #column ": " text "\n"

static const struct mistake_case service_cases[] = {
    {"{", "pollard.json:1:2: the text ends, but the \"{\" of line 1, column 1 is open\n"},
    {"{\"max_requests\":0}",
     AT(17, "\"max_requests\" must be a whole number between 1 and 1024, not 0")},
    {"{\"max_requests\":1025}",
     AT(17, "\"max_requests\" must be a whole number between 1 and 1024, not 1025")},
    {"{\"listn\":\"off\"}", AT(2, "unknown key \"listn\", did you mean \"listen\"?")},
    {"{\"listen\":\"8889\"}",
     AT(11, "\"listen\" must be \"off\" or an address and a port, such as \"127.0.0.1:8889\", "
            "not \"8889\"")},
    {"{\"listen\":\"127.0.0.1:65536\"}",
     AT(11, "\"listen\" must be \"off\" or an address and a port, such as \"127.0.0.1:8889\", "
            "not \"127.0.0.1:65536\"")},
    {"{\"listen\":\"::1:8889\"}",
     AT(11, "\"listen\" must be \"off\" or an address and a port, such as \"127.0.0.1:8889\", "
            "not \"::1:8889\"")},
    {"{\"listen_hosts\":[\"a:80\"]}",
     AT(18, "\"listen_hosts\" must be a list of host names without ports, not \"a:80\"")},
    {"{\"store\":\"\"}", AT(10, "\"store\" must be a directory, not \"\"")},
    {"{\"store_limit\":5}", AT(16, "\"store_limit\" must be a size such as \"16MiB\", not 5")},
    {"{\"disk_reserve\":\"x\"}",
     AT(17, "\"disk_reserve\" must be a size such as \"16MiB\", not \"x\"")},
    {"{\"defaults\":[]}", AT(13, "\"defaults\" must be an object, not []")},
    {"{\"defaults\":{\"name\":\"a\",\"url\":\"b\",\"for_each\":{},\"timeout\":1}}",
     AT(14, "\"defaults\" may not hold \"name\"") AT(25, "\"defaults\" may not hold \"url\"")
         AT(35, "\"defaults\" may not hold \"for_each\"")
             AT(59, "\"timeout\" must be a duration such as \"30s\", not 1")},
    {"{\"defaults\":{\"interval\":\"1m\",\"at\":[\"06:00\"]}}",
     AT(35, "\"at\" stands instead of \"interval\": give one of them")},
    {"{\"defaults\":{\"headers\":{\"X\":\"${secret:absent}\"}}}",
     AT(29, "\"X\": secret \"absent\" is absent: put it into secrets/absent, mode 0600")},
    {"{\"alerts\":{\"email\":{}}}",
     AT(20, "\"email\" lacks \"from\"") AT(20, "\"email\" lacks \"server\"")
         AT(20, "\"email\" lacks \"to\"")},
    {"{\"alerts\":{\"email\":{\"server\":\"mail.example.org\",\"from\":\"me\",\"to\":[\"a@b\","
     "\"c\"],"
     "\"username\":\"u\"}}}",
     AT(20, "\"email\" has \"username\" and lacks \"password\"")
         AT(30, "\"server\" must be a URL that starts with smtp:// or smtps://, not "
                "\"mail.example.org\"")
             AT(56, "\"alerts.email.from\" must be an address such as \"someone@example.org\", "
                    "not \"me\"") AT(73, "\"alerts.email.to\" must be a list of addresses such as "
                                         "\"someone@example.org\", not \"c\"")},
    {"{\"alerts\":{\"webhook\":{\"headers\":{\"X\":\"${slot:%Y}\"}}}}",
     AT(22, "\"webhook\" lacks \"url\"") AT(38, "\"X\" may not hold ${slot:…}")},
    {"{\"alerts\":{\"heartbeat\":{\"every\":\"25h\"}}}",
     AT(24, "\"heartbeat\" lacks \"url\"")
         AT(33, "\"alerts.heartbeat.every\" must be between 1s and 1d, not \"25h\"")},
    {"{\"alerts\":{\"webhook\":{\"url\":\"${secret:absent}\"}}}",
     AT(29, "\"url\": secret \"absent\" is absent: put it into secrets/absent, mode 0600")},
};

static void every_mistake_of_the_service_is_told_at_its_place(void **state)
{
    struct config_dir dir;

    (void)state;
    config_dir_open(&dir);
    for (size_t i = 0; i < sizeof service_cases / sizeof *service_cases; i++) {
        struct feed_set *set = NULL;

        config_dir_put(&dir, "pollard.json", service_cases[i].text);
        set = config_dir_load(&dir, NULL);
        config_dir_expect(set, service_cases[i].lines);
        assert_true(set->service_is_broken);
        assert_string_equal(set->service.listen, "127.0.0.1:8889");
        assert_int_equal(set->service.max_requests, 64);
        feed_set_free(set);
    }
    config_dir_close(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_of_the_service_is_told_at_its_place),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    zones_release();
    return failed;
}
