/* Which slots are accounted for: every one once, in order, with the reason that held. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scheduler/account.h"

#define SECOND(n) ((n)*US_PER_SECOND)

struct book {
    struct account account;
    struct schedule schedule;
    char text[1000]; /* "10x3 down; 40x1 busy; " in seconds */
};

static void on_missed(void *cookie, const struct plan_run *run, enum poll_detail reason)
{
    struct book *book = cookie;
    size_t length = strlen(book->text);

    snprintf(book->text + length, sizeof book->text - length, "%dx%d %s; ",
             (int)(run->first_at / US_PER_SECOND), (int)run->count, poll_detail_name(reason));
}

/* Slots at every tenth second; all up to 0 are accounted for. */
static void begin(struct book *book)
{
    memset(book, 0, sizeof *book);
    book->schedule = (struct schedule){.interval_ms = 10000,
                                       .from_at = AT_NONE,
                                       .until_at = AT_NEVER,
                                       .days = 127,
                                       .zone = zone_utc()};
    book->account = (struct account){.plan = {.schedule = &book->schedule, .end_at = AT_NEVER},
                                     .on_missed = on_missed,
                                     .cookie = book};
}

static void skipped_slots_are_handed_on_in_one_run(void **state)
{
    struct book book;

    (void)state;
    begin(&book);
    account_skip(&book.account, SECOND(10), DETAIL_BACKOFF);
    account_skip(&book.account, SECOND(35), DETAIL_BACKOFF);
    assert_string_equal(book.text, "");
    assert_int_equal(account_next_slot(&book.account), SECOND(40));
    account_note(&book.account, SECOND(40));
    assert_string_equal(book.text, "10x3 backoff; ");
    assert_int_equal(account_next_slot(&book.account), SECOND(50));
}

static void another_reason_hands_on_what_was_skipped_before(void **state)
{
    struct book book;

    (void)state;
    begin(&book);
    account_skip(&book.account, SECOND(20), DETAIL_HOST_BUSY);
    account_skip(&book.account, SECOND(40), DETAIL_DISK);
    assert_string_equal(book.text, "10x2 host_busy; ");
    account_flush(&book.account, SECOND(100));
    assert_string_equal(book.text, "10x2 host_busy; 30x2 disk; ");
    account_flush(&book.account, SECOND(100));
    assert_string_equal(book.text, "10x2 host_busy; 30x2 disk; ");
}

static void a_flush_reaches_only_to_now(void **state)
{
    struct book book;

    (void)state;
    begin(&book);
    account_skip(&book.account, SECOND(60), DETAIL_RETRY_AFTER);
    account_flush(&book.account, SECOND(25));
    assert_string_equal(book.text, "10x2 retry_after; ");
    account_flush(&book.account, SECOND(60));
    assert_string_equal(book.text, "10x2 retry_after; 30x4 retry_after; ");
}

static void skipping_back_changes_nothing(void **state)
{
    struct book book;

    (void)state;
    begin(&book);
    account_note(&book.account, SECOND(50));
    account_skip(&book.account, SECOND(30), DETAIL_CLOCK);
    account_note(&book.account, SECOND(20));
    account_flush(&book.account, SECOND(90));
    assert_string_equal(book.text, "");
    assert_int_equal(account_next_slot(&book.account), SECOND(60));
}

static void the_old_grid_counts_until_the_change(void **state)
{
    struct book book;
    struct schedule minutes;
    struct plan plan = {.schedule = &minutes, .end_at = AT_NEVER};

    (void)state;
    begin(&book);
    minutes = book.schedule;
    minutes.interval_ms = 60000;
    account_change(&book.account, SECOND(25), DETAIL_CONFIG, &plan);
    assert_string_equal(book.text, "10x2 config; ");
    assert_int_equal(account_next_slot(&book.account), SECOND(60));
}

static void a_change_gives_up_what_was_skipped_beyond_it(void **state)
{
    struct book book;
    struct plan plan;

    (void)state;
    begin(&book);
    plan = book.account.plan;
    account_skip(&book.account, SECOND(500), DETAIL_BACKOFF);
    account_change(&book.account, SECOND(25), DETAIL_CONFIG, &plan);
    assert_string_equal(book.text, "10x2 backoff; ");
    assert_int_equal(account_next_slot(&book.account), SECOND(30));
}

static void an_account_ends_where_the_feed_ends(void **state)
{
    struct book book;

    (void)state;
    begin(&book);
    book.schedule.until_at = SECOND(25);
    account_skip(&book.account, SECOND(1000), DETAIL_DOWN);
    account_flush(&book.account, SECOND(1000));
    assert_string_equal(book.text, "10x2 down; ");
    assert_int_equal(account_next_slot(&book.account), AT_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(skipped_slots_are_handed_on_in_one_run),
        cmocka_unit_test(another_reason_hands_on_what_was_skipped_before),
        cmocka_unit_test(a_flush_reaches_only_to_now),
        cmocka_unit_test(skipping_back_changes_nothing),
        cmocka_unit_test(the_old_grid_counts_until_the_change),
        cmocka_unit_test(a_change_gives_up_what_was_skipped_beyond_it),
        cmocka_unit_test(an_account_ends_where_the_feed_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
