#include <nettle/base64.h>
#include <nettle/sha2.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scheduler/outputs/page.h"

enum { MOST_BYTES = 64 * 1024 };

static size_t occurrences(const char *what)
{
    size_t count = 0;

    for (const char *at = page_html; (at = strstr(at, what)); at++)
        count++;
    return count;
}

static void the_page_is_whole_and_small(void **state)
{
    static const char begin[] = "<!doctype html>\n", end[] = "</html>\n";

    (void)state;
    assert_int_equal(strlen(page_html), page_html_length);
    assert_true(page_html_length <= MOST_BYTES);
    assert_memory_equal(page_html, begin, strlen(begin));
    assert_string_equal(page_html + page_html_length - strlen(end), end);
}

/* The hashes anew, by another SHA-256 than the one that made them. */
static void the_policy_names_the_script_and_the_style(void **state)
{
    static const struct {
        const char *open, *close, *directive;
    } table[] = {{"<script>", "</script>", "script-src"}, {"<style>", "</style>", "style-src"}};

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *begin = strstr(page_html, table[i].open);
        const char *end = strstr(page_html, table[i].close);
        char text[BASE64_ENCODE_RAW_LENGTH(SHA256_DIGEST_SIZE) + 1] = "", wanted[128];
        uint8_t digest[SHA256_DIGEST_SIZE];
        struct sha256_ctx sha;

        assert_non_null(begin);
        assert_non_null(end);
        begin += strlen(table[i].open);
        sha256_init(&sha);
        sha256_update(&sha, (size_t)(end - begin), (const uint8_t *)begin);
        sha256_digest(&sha, sizeof digest, digest);
        base64_encode_raw(text, sizeof digest, digest);
        snprintf(wanted, sizeof wanted, "%s 'sha256-%s';", table[i].directive, text);
        assert_non_null(strstr(page_csp, wanted));
    }
}

static void the_policy_lets_nothing_else_in(void **state)
{
    (void)state;
    assert_ptr_equal(strstr(page_csp, "default-src 'none'; "), page_csp);
    assert_null(strstr(page_csp, "unsafe"));
    assert_null(strchr(page_csp, '*'));
    assert_null(strchr(page_csp, '\n'));
    assert_null(strstr(page_csp, "http"));
    assert_non_null(strstr(page_csp, "connect-src 'self'; "));
    assert_non_null(strstr(page_csp, "base-uri 'none'; form-action 'none'; "));
    assert_non_null(strstr(page_csp, "frame-ancestors 'none'"));
}

/* What servers say can become markup only through these; and nothing is asked of another host. */
static void the_page_holds_nothing_that_makes_markup_of_text_or_asks_elsewhere(void **state)
{
    static const char *const forbidden[] = {
        "innerHTML",      "outerHTML",    "insertAdjacentHTML",
        "document.write", "DOMParser",    "setHTML",
        "eval(",          "new Function", "javascript:",
        "srcdoc",         "http://",      "https://",
        "src=\"",         "url(",         "@import",
        " style=\"",      " onclick=",    "import(",
        "<iframe",        "<img",         "createContextualFragment"};

    (void)state;
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
        if (strstr(page_html, forbidden[i]))
            fail_msg("the page holds %s", forbidden[i]);
    assert_int_equal(occurrences("<script"), 1);
    assert_int_equal(occurrences("<style"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_is_whole_and_small),
        cmocka_unit_test(the_policy_names_the_script_and_the_style),
        cmocka_unit_test(the_policy_lets_nothing_else_in),
        cmocka_unit_test(the_page_holds_nothing_that_makes_markup_of_text_or_asks_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
