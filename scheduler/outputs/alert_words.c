#include "scheduler/outputs/alert_words.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "base/zone.h"

/* '@' stands for the subject. */
static const struct {
    const char *opens, *closes;
    const char *does; /* what pollard does about it */
    const char *look; /* how to see more */
} kinds[] = {
    [ALERT_FAILING] = {"feed @ fails", "feed @ answers again",
                       "pollard goes on asking: ever more rarely, unless backoff is false.",
                       "pollard gaps @ --list"},
    [ALERT_STALE] = {"feed @ is stale: no valid answer", "feed @ has valid answers again",
                     "pollard goes on asking on schedule.", "pollard gaps @ --list"},
    [ALERT_UNCHANGED] = {"feed @ does not change: the same bytes again and again",
                         "feed @ changes again",
                         "The server answers, but with old data. pollard goes on asking.",
                         "pollard polls @ --from -24h"},
    [ALERT_CROWD] = {"most feeds fail", "most feeds answer again",
                     "The network of this machine is a likely cause. pollard goes on asking; no "
                     "further message comes for single feeds meanwhile.",
                     "pollard gaps --list --from -24h"},
    [ALERT_CERTIFICATE] = {"the TLS certificate of @ ends soon",
                           "the TLS certificate of @ was renewed",
                           "After its end every poll of that host fails. Its operator must renew "
                           "it.",
                           "pollard polls --from -24h"},
    [ALERT_CONFIG] = {"the configuration is broken: @", "the configuration is mended: @",
                      "pollard goes on with the version of that file that it had before; if it "
                      "had none, the file's feeds are not polled.",
                      "pollard check"},
    [ALERT_DISK_NEAR] = {"the disk is nearly full", "the disk has room again",
                         "At disk_reserve pollard stops storing, until there is room again.",
                         "pollard stat; df -h"},
    [ALERT_DISK_FULL] = {"the disk is full: nothing is stored", "storing goes on",
                         "Slots are missed (disk) until there is room; pollard then goes on by "
                         "itself.",
                         "pollard stat; df -h"},
    [ALERT_STORE_NEAR] = {"the store is near store_limit", "the store has room again",
                          "At store_limit polling pauses, because no feed sets \"keep\".",
                          "pollard stat; pollard prune --help"},
    [ALERT_STORE_FULL] = {"the store is full: polling pauses",
                          "the store has room: polling goes on",
                          "Slots are missed until polls are pruned or store_limit is raised.",
                          "pollard stat; pollard prune --help"},
    [ALERT_TEST] = {"this is a test", "this is a test", "Nothing is wrong.", "pollard status"},
};

enum { CHARACTER_BYTES = 3 };

/* Appends as much of `text` as fits, harmless; returns the new length. */
static size_t append_harmless(char *out, size_t length, size_t size, const char *text)
{
    size_t left = strlen(text);

    while (left > 0 && length + CHARACTER_BYTES + 2 < size) {
        bool is_valid;
        size_t step = utf8_char(text, left, &is_valid);
        unsigned char byte = (unsigned char)*text;

        if (!is_valid) {
            memcpy(out + length, "\xef\xbf\xbd", CHARACTER_BYTES);
            length += CHARACTER_BYTES;
        } else if (byte < ' ' || byte == 0x7f || (byte == 0xc2 && (text[1] & 0xe0) == 0x80)) {
            out[length++] = '?';
        } else {
            memcpy(out + length, text, step);
            length += step;
        }
        text += step;
        left -= step;
    }
    out[length] = '\0';
    return length;
}

static void fill_in(const char *form, const char *subject, char *out, size_t size)
{
    size_t length = 0;

    for (; *form && length + 1 < size; form++) {
        if (*form == '@')
            length = append_harmless(out, length, size, subject);
        else
            out[length++] = *form;
    }
    out[length] = '\0';
}

void alert_sentence(const struct alert_item *item, char out[ALERT_SENTENCE_MAX])
{
    bool has_closed = item->event == ALERT_CLOSE && !item->is_moot;
    size_t length = 0;

    if (item->is_moot)
        length = (size_t)snprintf(out, ALERT_SENTENCE_MAX, "no alert any more: ");
    fill_in(has_closed ? kinds[item->kind].closes : kinds[item->kind].opens, item->subject,
            out + length, ALERT_SENTENCE_MAX - length);
}

void alert_sentence_why(const struct alert_item *item, char out[ALERT_REASONED_MAX])
{
    size_t length;

    alert_sentence(item, out);
    if (!*item->words)
        return;
    length = strlen(out);
    length += (size_t)snprintf(out + length, ALERT_REASONED_MAX - length, " (%s",
                               item->event == ALERT_CLOSE && !item->is_moot ? "was: " : "");
    length = append_harmless(out, length, ALERT_REASONED_MAX - 1, item->words);
    memcpy(out + length, ")", 2);
}

static void count_events(const struct alert_message *message, unsigned counts[])
{
    for (size_t i = 0; i < message->count; i++)
        counts[message->items[i].event]++;
}

int alert_headline(const struct alert_message *message, struct buf *out)
{
    unsigned counts[ALERT_TRIAL + 1] = {0};
    char sentence[ALERT_SENTENCE_MAX];
    size_t all = message->count + message->more;

    if (all == 1) {
        alert_sentence(message->items, sentence);
        return buf_printf(out, "%s%s", message->event == ALERT_REMIND ? "still: " : "", sentence);
    }
    if (message->event == ALERT_REMIND)
        return buf_printf(out, "%zu alerts are still open", all);
    count_events(message, counts);
    return buf_printf(out, "%zu alerts: %u opened, %u closed%s", all, counts[ALERT_OPEN],
                      counts[ALERT_CLOSE], message->more > 0 ? ", and more" : "");
}

static int write_span(const struct alert_item *item, int64_t now_at, struct buf *out)
{
    char since[ZONE_ISO_MAX], span[CLOCK_DURATION_MAX];
    int64_t ms = (now_at - item->since_at) / US_PER_MS;

    zone_format_iso(zone_utc(), item->since_at, 0, since);
    clock_format_duration(ms < 0 ? 0 : ms / 1000 * 1000, span);
    return buf_printf(out, "%s %s (%s)\n", item->event == ALERT_CLOSE ? "Began:" : "Since:", since,
                      span);
}

/* All there is to say of one. */
static int write_item(const struct alert_item *item, int64_t now_at, struct buf *out)
{
    char sentence[ALERT_SENTENCE_MAX], words[ALERT_REASONED_MAX];
    char look[ALERT_SENTENCE_MAX];

    alert_sentence(item, sentence);
    if (buf_printf(out, "%s%s.\n\n", item->event == ALERT_REMIND ? "Still: " : "", sentence) != 0 ||
        (item->event != ALERT_TRIAL && write_span(item, now_at, out) != 0))
        return -1;
    append_harmless(words, 0, sizeof words, item->words);
    if (*words && buf_printf(out, "Last word: %s\n", words) != 0)
        return -1;
    fill_in(kinds[item->kind].look, item->subject, look, sizeof look);
    return buf_printf(out, "%s%s%sTo look: %s\n", *words || item->event != ALERT_TRIAL ? "\n" : "",
                      item->event == ALERT_CLOSE ? "" : kinds[item->kind].does,
                      item->event == ALERT_CLOSE ? "" : "\n", look);
}

/* One of many: a line. */
static int write_line(const struct alert_item *item, struct buf *out)
{
    char sentence[ALERT_REASONED_MAX], since[ZONE_ISO_MAX];
    const char *mark = item->event == ALERT_CLOSE ? "closed" : "open";

    alert_sentence_why(item, sentence);
    zone_format_iso(zone_utc(), item->since_at, 0, since);
    return buf_printf(out, "- %s: %s, since %s\n", mark, sentence, since);
}

int alert_text(const struct alert_message *message, const char *host, struct buf *out)
{
    if (message->count == 1 && message->more == 0) {
        if (write_item(message->items, message->at, out) != 0)
            return -1;
    } else {
        if (alert_headline(message, out) != 0 || buf_append_text(out, ":\n\n") != 0)
            return -1;
        for (size_t i = 0; i < message->count; i++)
            if (write_line(message->items + i, out) != 0)
                return -1;
        if (message->more > 0 && buf_printf(out, "- and %zu more\n", message->more) != 0)
            return -1;
        if (buf_append_text(out, "\nTo look: pollard status; pollard gaps --list --from -24h\n") !=
            0)
            return -1;
    }
    return buf_printf(out, "\npollard on %s\n", host);
}
