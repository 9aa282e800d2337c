#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scratch_store.h"
#include "storage/prune.h"

enum { FEED = 3, OTHER = 4, STEPS_MAX = 10000, TEXT_MAX = 16384 };

static int start(void **state)
{
    static struct scratch scratch;

    scratch_start(&scratch);
    assert_true(scratch_put(&scratch, scratch_feed(FEED, "bus")));
    assert_true(scratch_put(&scratch, scratch_definition(FEED, 1, "{}")));
    *state = &scratch;
    return 0;
}

static int end(void **state)
{
    scratch_end(*state);
    return 0;
}

static int64_t at(int second)
{
    return NOON + second * SECOND;
}

/* Each letter a poll, ten seconds apart: N new, S same as the last N, F failed, M missed, R a run
 * of four missed, two seconds apart; O new, by --once with a clock that is wrong: what follows
 * points at the N before. Bodies differ in length. */
static int put_polls(struct scratch *scratch, uint32_t feed_id, const char *polls, int second)
{
    static char body[4096];
    int64_t body_at = AT_NONE;
    size_t length = 0;

    for (const char *poll = polls; *poll; poll++, second += 10) {
        struct record *record = NULL;

        if (*poll == 'N' || *poll == 'O') {
            size_t bytes = 100 + (size_t)second % 3000;

            scratch_noise(body, bytes, (uint64_t)second + 1);
            record = scratch_new(feed_id, at(second), body, bytes);
            if (*poll == 'O')
                record->poll.flags = POLL_ONCE;
            else
                body_at = at(second), length = bytes;
        } else if (*poll == 'S') {
            scratch_noise(body, length, (uint64_t)((body_at - NOON) / SECOND) + 1);
            record = scratch_same(feed_id, at(second), body_at, body, length);
        } else if (*poll == 'F') {
            record = scratch_poll(feed_id, at(second), OUTCOME_FAILED);
        } else {
            record = scratch_missed(feed_id, at(second), *poll == 'R' ? 4 : 1,
                                    *poll == 'R' ? 2 * SECOND : 0);
        }
        assert_true(scratch_put(scratch, record));
    }
    return second;
}

/* All the steps it takes. */
static struct pruned prune(struct scratch *scratch, uint32_t feed_id, int64_t before_at)
{
    struct pruned all = {0}, step;
    struct err err = {0};
    unsigned steps = 0;

    do {
        if (prune_step(scratch->store, feed_id, before_at, &step, &err))
            fail_msg("%s", err.text);
        all.polls += step.polls;
        all.bodies += step.bodies;
        all.bytes += step.bytes;
        all.has_lost_body |= step.has_lost_body;
        assert_true(++steps < STEPS_MAX);
    } while (!step.is_done);
    all.oldest_at = step.oldest_at;
    return all;
}

static struct resume resume_of(struct scratch *scratch, uint32_t feed_id)
{
    struct resume resume;
    struct reader *reader;

    assert_int_equal(reader_open(&reader, scratch->store, NULL), 0);
    assert_int_equal(reader_resume(reader, feed_id, &resume, NULL), 0);
    reader_close(reader);
    return resume;
}

/* Every answer's body can be read; how many bodies that are. */
static unsigned count_bodies(struct scratch *scratch, uint32_t feed_id)
{
    struct reader *reader;
    struct poll_record poll;
    struct buf body;
    int64_t last_at = AT_NONE;
    unsigned count = 0;

    buf_init(&body, 1 << 20);
    assert_int_equal(reader_open(&reader, scratch->store, NULL), 0);
    assert_int_equal(reader_seek(reader, feed_id, AT_NONE, NULL), 0);
    while (reader_next(reader, &poll, NULL) == 1) {
        if (poll.body_slot_at == AT_NONE)
            continue;
        assert_int_equal(reader_body(reader, feed_id, poll.body_slot_at, &body, NULL), 0);
        count += poll.body_slot_at != last_at;
        last_at = poll.body_slot_at;
    }
    reader_close(reader);
    buf_release(&body);
    return count;
}

static void expect(struct scratch *scratch, const char *printed, uint64_t bodies)
{
    static char text[TEXT_MAX];
    struct store_stat stat;

    scratch_print(scratch, FEED, text, sizeof text);
    assert_string_equal(text, printed);
    assert_int_equal(store_stat(scratch->store, &stat, NULL), 0);
    assert_int_equal(stat.bodies, bodies);
    scratch_close(scratch);
    scratch_expect_sound(scratch->dir);
    scratch_reopen(scratch);
}

static const struct {
    const char *polls;
    int before;
    const char *left;
    unsigned polls_gone, bodies_left;
} cases[] = {
    {"NSSNS", 0, "N0 S10 S20 N30 S40", 0, 2},
    {"NSSNS", 1, "N10 S20 N30 S40", 1, 2},
    {"NSSNS", 20, "N20 N30 S40", 2, 2},
    {"NSSNS", 30, "N30 S40", 3, 1},
    {"NSSNS", 40, "N40", 4, 1},
    {"NSSNS", 41, "", 5, 0},
    {"NFMSS", 20, "M20 N30 S40", 2, 1},
    {"NFMSS", 5, "F10 M20 N30 S40", 1, 1},
    {"NFFF", 10, "F10 F20 F30", 1, 0},
    {"NFFF", 40, "", 4, 0},
    {"FFF", 25, "", 3, 0},
    {"R", 3, "M4 M6", 2, 0},
    {"R", 6, "M6", 3, 0},
    {"R", 7, "", 4, 0},
    {"NRSR", 14, "M14 M16 N20 M30 M32 M34 M36", 3, 1},
    {"NRN", 13, "M14 M16 N20", 3, 1},
    {"NNNN", 35, "", 4, 0},
    {"", 35, "", 0, 0},
    /* S15 of another N than the one before it */
    {"NOSSN", 5, "N10 S20 S30 N40", 1, 3},
    {"NOSSN", 15, "N20 S30 N40", 2, 2},
    {"NOSSN", 35, "N40", 4, 1},
    {"NOOFSOS", 15, "N20 F30 S40 N50 S60", 2, 3},
    {"NOOFSOS", 35, "N40 N50 S60", 4, 2},
};

static void what_is_older_goes_and_what_is_pointed_at_stays(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scratch scratch;
        struct pruned pruned;
        void *started = NULL;
        char left[64];

        assert_int_equal(start(&started), 0);
        scratch = *(struct scratch *)started;
        put_polls(&scratch, FEED, cases[i].polls, 0);
        pruned = prune(&scratch, FEED, at(cases[i].before));
        if (pruned.polls != cases[i].polls_gone)
            fail_msg("%s before %d: %d polls went", cases[i].polls, cases[i].before,
                     (int)pruned.polls);
        (void)snprintf(left, sizeof left, "%s", cases[i].left);
        expect(&scratch, left, cases[i].bodies_left);
        if (*left)
            assert_int_equal(pruned.oldest_at, at((int)strtol(left + 1, NULL, 10)));
        else
            assert_int_equal(pruned.oldest_at, AT_NONE);
        assert_int_equal(pruned.has_lost_body,
                         strpbrk(cases[i].polls, "NS") && !cases[i].bodies_left);
        scratch_end(&scratch);
    }
}

/* Random polls, cut at random places again and again, beside a count of our own. */
static void polls_cut_at_random_places_leave_a_whole_store(void **state)
{
    enum { POLLS = 300, CUTS = 12 };
    static const char letters[] = "NSSSFMRO";
    struct scratch *scratch = *state;
    char polls[POLLS + 1] = "N";
    unsigned seed = 20261123;
    int cut = 0;

    for (int i = 1; i < POLLS; i++)
        polls[i] = letters[rand_r(&seed) % (sizeof letters - 1)];
    polls[POLLS - 1] = 'F';
    put_polls(scratch, FEED, polls, 0);
    for (int i = 0; i < CUTS; i++) {
        struct pruned pruned;
        int first;

        cut += rand_r(&seed) % (20 * POLLS / CUTS);
        pruned = prune(scratch, FEED, at(cut));
        for (first = cut / 10 * 10; first < 10 * POLLS && first < cut;)
            first += polls[first / 10] == 'R' && first % 10 < 6 ? 2 : 10 - first % 10;
        if (pruned.oldest_at != (first < 10 * POLLS ? at(first) : AT_NONE))
            fail_msg("before %d: %d is left, not %d of %s", cut,
                     (int)((pruned.oldest_at - NOON) / SECOND), first, polls + cut / 10 - 3);
        (void)count_bodies(scratch, FEED);
        assert_int_equal(resume_of(scratch, FEED).accounted_to_at, at(10 * (POLLS - 1)));
        scratch_close(scratch);
        scratch_expect_sound(scratch->dir);
        scratch_reopen(scratch);
    }
}

static void every_step_is_small_and_leaves_a_whole_store(void **state)
{
    enum { POLLS = 1000, MOST = 200 };
    struct scratch *scratch = *state;
    char polls[POLLS + 1] = "";
    struct pruned step;
    unsigned steps = 0;

    for (int i = 0; i < POLLS; i++)
        polls[i] = "NSSF"[i % 4];
    put_polls(scratch, FEED, polls, 0);
    do {
        assert_int_equal(prune_step(scratch->store, FEED, at(10 * POLLS), &step, NULL), 0);
        assert_true(step.polls > 0 && step.polls <= MOST);
        (void)count_bodies(scratch, FEED);
        scratch_close(scratch);
        scratch_expect_sound(scratch->dir);
        scratch_reopen(scratch);
        steps++;
    } while (!step.is_done);
    assert_true(steps >= POLLS / MOST);
    expect(scratch, "", 0);
}

/* Whether the last answer's body is still in use is not looked for without end. */
static void an_answer_stays_while_the_next_is_far_away(void **state)
{
    enum { FAILED = 1500 };
    struct scratch *scratch = *state;
    char polls[FAILED + 2];
    struct pruned pruned;
    struct resume resume;

    memset(polls, 'F', sizeof polls);
    polls[0] = 'N';
    polls[FAILED + 1] = '\0';
    put_polls(scratch, FEED, polls, 0);
    pruned = prune(scratch, FEED, at(15));
    assert_int_equal(pruned.polls, 1);
    assert_int_equal(pruned.oldest_at, at(0));
    assert_false(pruned.has_lost_body);
    assert_int_equal(count_bodies(scratch, FEED), 1);
    resume = resume_of(scratch, FEED);
    assert_true(resume.has_body);
    pruned = prune(scratch, FEED, at(10 * FAILED));
    assert_int_equal(count_bodies(scratch, FEED), 0);
    assert_true(pruned.has_lost_body);
    assert_false(resume_of(scratch, FEED).has_body);
}

static void the_account_goes_on_where_it_was_when_every_poll_is_forgotten(void **state)
{
    struct scratch *scratch = *state;
    struct record *once = scratch_poll(FEED, at(47), OUTCOME_FAILED);
    struct resume resume;

    put_polls(scratch, FEED, "NSFR", 0);
    once->poll.flags = POLL_ONCE;
    assert_true(scratch_put(scratch, once));
    (void)prune(scratch, FEED, at(20));
    assert_int_equal(resume_of(scratch, FEED).accounted_to_at, at(36));
    (void)prune(scratch, FEED, AT_NEVER);
    resume = resume_of(scratch, FEED);
    assert_int_equal(resume.accounted_to_at, at(36));
    assert_false(resume.has_body);
    put_polls(scratch, FEED, "N", 50);
    resume = resume_of(scratch, FEED);
    assert_int_equal(resume.accounted_to_at, at(50));
    assert_true(resume.has_body);
}

static int on_feed(void *cookie, const struct stored_feed *feed)
{
    if (feed->id == FEED)
        *(struct stored_feed *)cookie = *feed;
    return 0;
}

static void the_first_slot_survives(void **state)
{
    struct scratch *scratch = *state;
    struct stored_feed feed = {0};

    put_polls(scratch, FEED, "NSSS", 100);
    (void)prune(scratch, FEED, AT_NEVER);
    put_polls(scratch, FEED, "N", 200);
    assert_int_equal(store_each_feed(scratch->store, on_feed, &feed, NULL), 0);
    assert_int_equal(feed.first_slot_at, at(100));
    assert_int_equal(feed.forgotten_to_at, at(130));
}

static void other_feeds_are_left_alone(void **state)
{
    struct scratch *scratch = *state;

    assert_true(scratch_put(scratch, scratch_feed(FEED - 1, "before")));
    assert_true(scratch_put(scratch, scratch_definition(FEED - 1, 1, "{}")));
    assert_true(scratch_put(scratch, scratch_feed(OTHER, "behind")));
    assert_true(scratch_put(scratch, scratch_definition(OTHER, 1, "{}")));
    put_polls(scratch, FEED - 1, "NSF", 0);
    put_polls(scratch, OTHER, "NSF", 0);
    put_polls(scratch, FEED, "NSF", 0);
    (void)prune(scratch, FEED, AT_NEVER);
    (void)prune(scratch, 77, AT_NEVER);
    assert_int_equal(count_bodies(scratch, FEED - 1), 1);
    assert_int_equal(count_bodies(scratch, OTHER), 1);
    expect(scratch, "", 2);
}

static struct record *answer_304(int64_t slot_at, int64_t body_slot_at, const char *body)
{
    struct record *record = scratch_same(FEED, slot_at, body_slot_at, body, strlen(body));

    record->poll.status = 304;
    record->poll.etag = record->poll.content_type = (struct text){0};
    return record;
}

/* What only the poll said that brought the body is not lost with it. */
static void an_heir_keeps_validator_and_content_type(void **state)
{
    static const char body[] = "the body";
    struct scratch *scratch = *state;
    struct resume before, after;

    assert_true(scratch_put(scratch, scratch_new(FEED, at(0), body, strlen(body))));
    for (int i = 1; i < 500; i++)
        assert_true(scratch_put(scratch, answer_304(at(i), at(0), body)));
    before = resume_of(scratch, FEED);
    assert_true(before.etag[0]);
    for (int i = 1; i < 500; i += 166) {
        struct reader *reader;
        struct poll_record poll;

        (void)prune(scratch, FEED, at(i));
        after = resume_of(scratch, FEED);
        assert_string_equal(after.etag, before.etag);
        assert_int_equal(after.body_slot_at, at(0));
        assert_int_equal(reader_open(&reader, scratch->store, NULL), 0);
        assert_int_equal(reader_seek(reader, FEED, AT_NONE, NULL), 0);
        assert_int_equal(reader_next(reader, &poll, NULL), 1);
        assert_int_equal(poll.outcome, OUTCOME_NEW);
        assert_true(poll.content_type.length > 0);
        assert_int_equal(poll.status, 304);
        reader_close(reader);
    }
}

static void a_body_of_many_parts_goes_whole(void **state)
{
    enum { BODY_BYTES = 3 * 1000 * 1000 };
    struct scratch *scratch = *state;
    char *body = malloc(BODY_BYTES);
    struct store_space before, after;
    struct pruned pruned;

    assert_non_null(body);
    scratch_noise(body, BODY_BYTES, 7);
    assert_int_equal(store_space(scratch->store, &before, NULL), 0);
    for (int i = 0; i < 6; i++) {
        body[i]++;
        assert_true(scratch_put(scratch, scratch_new(FEED, at(i), body, BODY_BYTES)));
    }
    pruned = prune(scratch, FEED, AT_NEVER);
    assert_int_equal(pruned.bodies, 6);
    assert_true(pruned.bytes > 6 * (uint64_t)BODY_BYTES);
    assert_int_equal(store_space(scratch->store, &after, NULL), 0);
    assert_true(after.used_bytes < before.used_bytes + (UINT64_C(256) << 10));
    free(body);
    expect(scratch, "", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_older_goes_and_what_is_pointed_at_stays),
        cmocka_unit_test_setup_teardown(polls_cut_at_random_places_leave_a_whole_store, start, end),
        cmocka_unit_test_setup_teardown(every_step_is_small_and_leaves_a_whole_store, start, end),
        cmocka_unit_test_setup_teardown(an_answer_stays_while_the_next_is_far_away, start, end),
        cmocka_unit_test_setup_teardown(
            the_account_goes_on_where_it_was_when_every_poll_is_forgotten, start, end),
        cmocka_unit_test_setup_teardown(the_first_slot_survives, start, end),
        cmocka_unit_test_setup_teardown(other_feeds_are_left_alone, start, end),
        cmocka_unit_test_setup_teardown(an_heir_keeps_validator_and_content_type, start, end),
        cmocka_unit_test_setup_teardown(a_body_of_many_parts_goes_whole, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
