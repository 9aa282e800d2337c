#include "tests/sim/print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/zone.h"

static void write_instant(int64_t at, char text[ZONE_ISO_MAX])
{
    char *offset;

    zone_format_iso(zone_utc(), at, at % US_PER_SECOND ? 3 : 0, text);
    offset = strrchr(text, '+');
    if (offset)
        memcpy(offset, "Z", 2);
}

static void write_like(const struct poll_record *poll, char text[PRINT_SLOT_MAX])
{
    int length = snprintf(text, PRINT_SLOT_MAX, "%s%s%s", outcome_name(poll->outcome),
                          poll->detail ? "/" : "", poll_detail_name(poll->detail));

    if (poll->attempts > 1)
        length += snprintf(text + length, PRINT_SLOT_MAX - (size_t)length, " attempts=%u",
                           poll->attempts);
    if (poll->status != 0 && poll->status != 200)
        length +=
            snprintf(text + length, PRINT_SLOT_MAX - (size_t)length, " status=%u", poll->status);
    if (poll->flags & POLL_INVALID)
        length += snprintf(text + length, PRINT_SLOT_MAX - (size_t)length, " invalid");
    if (poll->definition != 1)
        snprintf(text + length, PRINT_SLOT_MAX - (size_t)length, " definition=%" PRIu32,
                 poll->definition);
}

static void write_late(const struct poll_record *poll, int64_t slot_at, char text[64])
{
    char late[CLOCK_DURATION_MAX];

    text[0] = '\0';
    if (poll->outcome == OUTCOME_MISSED || poll->started_at - slot_at < US_PER_MS)
        return;
    clock_format_duration((poll->started_at - slot_at) / US_PER_MS, late);
    snprintf(text, 64, " late=%s", late);
}

void print_slot(const struct poll_record *poll, int64_t slot_at, char text[PRINT_SLOT_MAX])
{
    char at[ZONE_ISO_MAX], like[PRINT_SLOT_MAX], late[64];

    write_instant(slot_at, at);
    write_like(poll, like);
    write_late(poll, slot_at, late);
    snprintf(text, PRINT_SLOT_MAX, "%.40s %.120s%s", at, like, late);
}

void print_end(struct print *print)
{
    char at[ZONE_ISO_MAX], step[CLOCK_DURATION_MAX];
    int64_t day = clock_floor_div(print->first_at, US_PER_DAY);

    if (print->count > 0) {
        size_t length;

        write_instant(print->first_at, at);
        length = strlen(at);
        if (day == print->day && length > 12) { /* only the time, without the date and the Z */
            at[length - 1] = '\0';
            memmove(at, at + 11, length - 11);
        }
        print->day = day;
        printf("  %s %s", at, print->like);
        clock_format_duration(print->step_us / US_PER_MS, step);
        if (print->count > 1)
            printf(" x%" PRIu64 " every %s", print->count, step);
        printf("\n");
    }
    print->count = 0;
}

void print_feed(struct print *print, const char *name)
{
    print->count = 0;
    print->day = INT64_MIN;
    printf("expect %s\n", name);
}

static bool is_next(const struct print *print, const struct poll_record *poll, const char *like)
{
    int64_t step_us = poll->slot_at - print->last_at;

    return print->count > 0 && strcmp(print->like, like) == 0 &&
           (print->count == 1 || step_us == print->step_us) &&
           (poll->count == 1 || step_us == poll->step_us);
}

void print_poll(struct print *print, const struct poll_record *poll)
{
    char like[PRINT_SLOT_MAX], late[64];
    size_t length;

    write_like(poll, like);
    write_late(poll, poll->slot_at, late);
    length = strlen(like);
    snprintf(like + length, sizeof like - length, "%s", late);
    if (!is_next(print, poll, like)) {
        print_end(print);
        print->first_at = poll->slot_at;
        print->step_us = poll->step_us;
        memcpy(print->like, like, sizeof like);
    } else if (print->count == 1) {
        print->step_us = poll->slot_at - print->last_at;
    }
    print->count += poll->count;
    print->last_at = poll_record_last_slot(poll);
}
