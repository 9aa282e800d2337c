#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "companion/now.h"
#include "companion/open.h"
#include "feeds/template.h"
#include "scheduler/host_key.h"
#include "scheduler/plan.h"

enum { URL_MAX = 64 * 1024, WEEK_DAYS = 7 };

static const struct option_row options[] = {OPTION_CONFIG, OPTION_STORE, {0}};

/* Of the week from now, as if `from`, `until` and `for` were not there. */
static uint64_t polls_a_week(const struct feed *feed, int64_t now_at)
{
    struct schedule schedule = feed->schedule;
    struct plan plan = {&schedule, AT_NEVER};
    int64_t end_at = now_at + WEEK_DAYS * US_PER_DAY;
    int64_t at = now_at;
    uint64_t count = 0;

    schedule.from_at = AT_NONE;
    schedule.until_at = AT_NEVER;
    for (;;) {
        struct plan_run run = plan_run_from(&plan, at, end_at);

        if (!run.count)
            return count;
        count += run.count;
        at = run.first_at + (int64_t)(run.count - 1) * run.step_us + 1;
    }
}

static void print_totals(const struct feed_set *set, int64_t now_at)
{
    size_t disabled = 0, i;
    uint64_t polls = 0;
    double a_day;

    for (i = 0; i < set->count; i++) {
        if (set->feeds[i]->enabled)
            polls += polls_a_week(set->feeds[i], now_at);
        else
            disabled++;
    }
    a_day = (double)polls / WEEK_DAYS;
    printf("%zu feed%s", set->count, set->count == 1 ? "" : "s");
    if (disabled)
        printf(", %zu of them disabled", disabled);
    printf(", %.*f polls a day\n", polls % WEEK_DAYS ? 1 : 0, a_day);
}

/* A feed and the host that it asks. */
struct asking {
    char host[HOST_KEY_MAX];
    const struct feed *feed;
};

static int by_host(const void *a, const void *b)
{
    return strcmp(((const struct asking *)a)->host, ((const struct asking *)b)->host);
}

static int find_host(struct asking *asking, const struct feed *feed, int64_t now_at)
{
    struct buf url;
    const char *text;
    int result;

    buf_init(&url, URL_MAX);
    asking->feed = feed;
    text = template_display_url(feed, now_at, &url) ? NULL : buf_text(&url);
    result = text && host_key_of_url(text, asking->host) ? 0 : -1;
    buf_release(&url);
    return result;
}

/* Of the feeds of one host: does every slot leave the gap its time? */
static void check_host(const struct asking *asking, size_t count)
{
    int64_t gap_ms = 0, shortest_ms = 0;
    double share = 0;
    char gap[CLOCK_DURATION_MAX], needed[CLOCK_DURATION_MAX], interval[CLOCK_DURATION_MAX];
    size_t i;

    for (i = 0; i < count; i++) {
        if (asking[i].feed->host_gap_ms > gap_ms)
            gap_ms = asking[i].feed->host_gap_ms;
    }
    for (i = 0; i < count; i++) {
        int64_t interval_ms = asking[i].feed->schedule.interval_ms;

        if (!interval_ms)
            continue;
        share += (double)gap_ms / (double)interval_ms;
        if (!shortest_ms || interval_ms < shortest_ms)
            shortest_ms = interval_ms;
    }
    if (share <= 1)
        return;
    clock_format_duration(gap_ms, gap);
    clock_format_duration(gap_ms * (int64_t)count, needed);
    clock_format_duration(shortest_ms, interval);
    printf("warning: host \"%s\": host_gap %s times %zu feeds is %s, more than their interval of "
           "%s: slots will be missed/host_busy\n",
           asking->host, gap, count, needed, interval);
}

static int check_hosts(const struct feed_set *set, int64_t now_at, struct err *err)
{
    struct asking *asking = calloc(set->count + 1, sizeof *asking);
    size_t count = 0, start, i;

    if (!asking)
        return err_memory(err);
    for (i = 0; i < set->count; i++) {
        if (set->feeds[i]->enabled && !find_host(&asking[count], set->feeds[i], now_at))
            count++;
    }
    qsort(asking, count, sizeof *asking, by_host);
    for (start = 0; start < count; start = i) {
        for (i = start + 1; i < count && !by_host(&asking[start], &asking[i]); i++)
            continue;
        check_host(asking + start, i - start);
    }
    free(asking);
    return 0;
}

static int run(const struct arguments *arguments, struct err *err)
{
    int64_t now_at = now_wall();
    struct feed_set *set;
    int result;

    if (open_feeds(&set, arguments, err))
        return -1;
    result = feeds_verdict(set, err);
    if (!result) {
        print_totals(set, now_at);
        if (!set->count)
            printf("a feed is a file \"%s/feeds/NAME.json\"\n", set->dir);
        result = check_hosts(set, now_at, err);
    }
    feed_set_free(set);
    return result;
}

const struct command command_check = {
    .name = "check",
    .operands = "",
    .help = "reads the configuration and prints every mistake",
    .details =
        "Mistakes go to stderr as file:line:column: text, and it ends with 78. Without any it\n"
        "prints how many feeds there are, their polls a day, and which hosts have more feeds\n"
        "than their host_gap leaves time for.",
    .options = options,
    .run = run,
};
