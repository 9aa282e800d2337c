/* What an alert looks like as a mail and as a webhook's JSON, whatever is in its words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "scheduler/outputs/alert_mail.h"
#include "scheduler/outputs/alert_webhook.h"
#include "scheduler/outputs/alert_words.h"

#define START (INT64_C(1764036847) * US_PER_SECOND) /* Tue, 25 Nov 2025 02:14:07 +0000 */

static const char *const one[] = {"me@example.org"};
static const struct alert_envelope envelope = {"pollard@example.org", one, 1};

static struct alert_message *make(enum alert_event event, size_t count)
{
    struct alert_message *message = calloc(1, sizeof *message + count * sizeof(struct alert_item));

    assert_non_null(message);
    message->event = event;
    message->at = START;
    message->count = count;
    for (size_t i = 0; i < count; i++) {
        struct alert_item *item = message->items + i;

        *item = (struct alert_item){.event = event == ALERT_SUMMARY ? ALERT_OPEN : event,
                                    .kind = ALERT_FAILING,
                                    .since_at = START - 300 * US_PER_SECOND};
        snprintf(item->subject, sizeof item->subject, "bus-%zu", i);
        snprintf(item->key, sizeof item->key, "failing:bus-%zu", i);
        snprintf(item->words, sizeof item->words, "timeout");
    }
    return message;
}

static const char *mail_of(const struct alert_message *message, struct buf *out)
{
    struct err err = {0};

    buf_init(out, ALERT_MAIL_MAX);
    if (alert_mail_write(message, &envelope, "vm1", out, &err) != 0)
        fail_msg("%s", err.text);
    return buf_text(out);
}

static void a_mail_has_its_headers_and_says_what_is_wrong(void **state)
{
    static const char expected[] =
        "Date: Tue, 25 Nov 2025 02:14:07 +0000\r\n"
        "Message-ID: <pollard.ID.1764036547000000@example.org>\r\n"
        "From: pollard <pollard@example.org>\r\n"
        "To: <me@example.org>\r\n"
        "Subject: [pollard vm1] feed bus-0 fails\r\n"
        "Auto-Submitted: auto-generated\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        "feed bus-0 fails.\r\n\r\n"
        "Since: 2025-11-25T02:09:07+00:00 (5m)\r\n"
        "Last word: timeout\r\n\r\n"
        "pollard goes on asking: ever more rarely, unless backoff is false.\r\n"
        "To look: pollard gaps bus-0 --list\r\n\r\n"
        "pollard on vm1\r\n";
    struct alert_message *message = make(ALERT_OPEN, 1);
    struct buf mail;
    char *text, *id;

    (void)state;
    text = (char *)mail_of(message, &mail);
    id = strstr(text, "<pollard.") + 9;
    memmove(id + 2, id + 16, strlen(id + 16) + 1);
    id[0] = 'I';
    id[1] = 'D';
    assert_string_equal(text, expected);
    buf_release(&mail);
    free(message);
}

/* No line of a mail is longer than it may be, and none before the empty one is a header of theirs.
 */
static void check_lines(const char *mail)
{
    bool is_head = true;

    while (*mail) {
        const char *end = strstr(mail, "\r\n");

        assert_non_null(end);
        assert_true(end - mail <= 78);
        assert_null(memchr(mail, '\n', (size_t)(end - mail)));
        assert_null(memchr(mail, '\r', (size_t)(end - mail)));
        if (end == mail)
            is_head = false;
        if (is_head)
            assert_true(strncmp(mail, "Bcc:", 4) != 0);
        for (const char *c = mail; c < end; c++)
            assert_in_range((unsigned char)*c, ' ', '~');
        mail = end + 2;
    }
    assert_false(is_head);
}

static const char *const hostile[] = {
    "x\r\nBcc: everybody@example.org\r\n\r\nhello",
    "\r\n.\r\nMAIL FROM:<a@b>",
    "\xff\xfe\xc3\x28 not UTF-8 \xed\xa0\x80",
    "\xc2\x85\xc2\x9b control \x1b[2J \x7f",
    "\xe2\x82\xac \xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac euro",
    "<!channel> \"\\ %s %n =?UTF-8?Q?x?=",
    "long long long long long long long long long long long long long long long long long long ",
    "ends in the middle of a character \xe2\x82",
};

static void no_words_break_out_of_a_mail(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        struct alert_message *message = make(ALERT_OPEN, 1);
        struct buf mail;

        message->items[0].kind = ALERT_CONFIG;
        snprintf(message->items[0].subject, ALERT_SUBJECT_MAX, "%s", hostile[i]);
        snprintf(message->items[0].words, ALERT_WORDS_MAX, "%s", hostile[i]);
        check_lines(mail_of(message, &mail));
        buf_release(&mail);
        free(message);
    }
}

static void no_words_break_out_of_a_webhook(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        struct alert_message *message = make(ALERT_OPEN, 1);
        struct json_mistake mistake;
        struct json *json;
        struct buf out;

        message->items[0].kind = ALERT_CONFIG;
        snprintf(message->items[0].subject, ALERT_SUBJECT_MAX, "%s", hostile[i]);
        snprintf(message->items[0].words, ALERT_WORDS_MAX, "%s", hostile[i]);
        buf_init(&out, ALERT_WEBHOOK_MAX);
        assert_int_equal(alert_webhook_write(message, "vm1", &out), 0);
        json = json_parse(out.bytes, out.length, &mistake);
        if (!json)
            fail_msg("%zu: %s", i, mistake.text);
        assert_null(strchr(json_get(json, "text")->text, '<'));
        assert_null(strchr(json_get(json, "text")->text, '\x1b'));
        json_free(json);
        buf_release(&out);
        free(message);
    }
}

static void a_subject_that_is_not_ascii_is_in_encoded_words(void **state)
{
    struct alert_message *message = make(ALERT_OPEN, 1);
    const char *text;
    struct buf mail;

    (void)state;
    message->items[0].kind = ALERT_CONFIG;
    snprintf(message->items[0].subject, ALERT_SUBJECT_MAX, "feeds/\xc3\xbc.json");
    text = mail_of(message, &mail);
    /* "[pollard vm1] the configuration is broken: feeds/ü.json", 42 bytes at most in a word. */
    assert_non_null(strstr(
        text,
        "\r\nSubject: =?UTF-8?B?W3BvbGxhcmQgdm0xXSB0aGUgY29uZmlndXJhdGlvbiBpcyBicm9rZW46?=\r\n"
        " =?UTF-8?B?IGZlZWRzL8O8Lmpzb24=?=\r\nAuto-"));
    buf_release(&mail);
    free(message);
}

static void a_closing_refers_to_its_opening(void **state)
{
    struct alert_message *open = make(ALERT_OPEN, 1), *close = make(ALERT_CLOSE, 1);
    struct buf first, second;
    const char *id;
    char line[200];

    (void)state;
    close->at += 3600 * US_PER_SECOND;
    id = strstr(mail_of(open, &first), "Message-ID: ") + strlen("Message-ID: ");
    snprintf(line, sizeof line, "\r\nIn-Reply-To: %.*s\r\n", (int)strcspn(id, "\r"), id);
    assert_non_null(strstr(mail_of(close, &second), line));
    assert_non_null(strstr(second.bytes, "feed bus-0 answers again"));
    assert_null(strstr(second.bytes, "ever more rarely"));
    buf_release(&second);
    close->items[0].is_moot = true;
    assert_non_null(
        strstr(mail_of(close, &second), "\r\n\r\nno alert any more: feed bus-0 fails."));
    buf_release(&first);
    buf_release(&second);
    free(open);
    free(close);
}

static void a_summary_names_each_and_counts_the_rest(void **state)
{
    struct alert_message *message = make(ALERT_SUMMARY, 20);
    struct json_mistake mistake;
    struct json *json;
    struct buf out;
    const char *text;

    (void)state;
    message->more = 30;
    message->items[3].event = ALERT_CLOSE;
    buf_init(&out, ALERT_WEBHOOK_MAX);
    assert_int_equal(alert_webhook_write(message, "vm1", &out), 0);
    json = json_parse(out.bytes, out.length, &mistake);
    assert_non_null(json);
    text = json_get(json, "text")->text;
    assert_memory_equal(text, "50 alerts: 19 opened, 1 closed, and more:\n\n", 43);
    assert_non_null(strstr(text, "- open: feed bus-19 fails (timeout), since 2025-11-25T02:09:07"));
    assert_non_null(strstr(text, "- closed: feed bus-3 answers again"));
    assert_non_null(strstr(text, "- and 30 more\n"));
    assert_string_equal(json_get(json, "event")->text, "summary");
    assert_int_equal(json_get(json, "incident")->type, JSON_NULL);
    assert_int_equal(json_get(json, "alerts")->count, 20);
    assert_string_equal(json_get(json, "more")->text, "30");
    json_free(json);
    buf_release(&out);
    free(message);
}

static void only_plain_addresses_are_written_to(void **state)
{
    static const struct {
        const char *text;
        bool is_address;
    } rows[] = {
        {"me@example.org", true},
        {"a+b.c@x", true},
        {"", false},
        {"me", false},
        {"@x", false},
        {"me@", false},
        {"a@b@c", false},
        {"a b@c", false},
        {"a@b\r\nBcc: c@d", false},
        {"<a@b>", false},
        {"a@b,c@d", false},
        {"\xc3\xbc@b", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *to[] = {rows[i].text};
        struct alert_envelope bad = {"pollard@example.org", to, 1};
        struct alert_message *message = make(ALERT_OPEN, 1);
        struct err err = {0};
        struct buf out;

        assert_int_equal(alert_mail_is_address(rows[i].text), rows[i].is_address);
        buf_init(&out, ALERT_MAIL_MAX);
        assert_int_equal(alert_mail_write(message, &bad, "vm1", &out, &err) == 0,
                         rows[i].is_address);
        buf_release(&out);
        free(message);
    }
}

static void every_kind_has_its_words(void **state)
{
    (void)state;
    for (int kind = 0; kind < ALERT_KIND_COUNT; kind++) {
        struct alert_message *message = make(ALERT_REMIND, 1);
        struct buf text;

        message->items[0].kind = (enum alert_kind)kind;
        buf_init(&text, ALERT_TEXT_MAX);
        assert_int_equal(alert_text(message, "vm1", &text), 0);
        assert_memory_equal(buf_text(&text), "Still: ", 7);
        assert_non_null(strstr(text.bytes, "\nTo look: pollard "));
        assert_null(strchr(text.bytes, '@'));
        buf_release(&text);
        free(message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mail_has_its_headers_and_says_what_is_wrong),
        cmocka_unit_test(no_words_break_out_of_a_mail),
        cmocka_unit_test(no_words_break_out_of_a_webhook),
        cmocka_unit_test(a_subject_that_is_not_ascii_is_in_encoded_words),
        cmocka_unit_test(a_closing_refers_to_its_opening),
        cmocka_unit_test(a_summary_names_each_and_counts_the_rest),
        cmocka_unit_test(only_plain_addresses_are_written_to),
        cmocka_unit_test(every_kind_has_its_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
