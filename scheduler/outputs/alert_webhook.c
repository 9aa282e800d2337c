#include "scheduler/outputs/alert_webhook.h"

#include <string.h>

#include "base/json.h"
#include "base/zone.h"
#include "scheduler/outputs/alert_words.h"

static int write_text(struct buf *out, const char *key, const char *text)
{
    if (buf_printf(out, "\"%s\":", key) != 0)
        return -1;
    return text ? json_write_string(out, text, strlen(text)) : buf_append_text(out, "null");
}

static int write_instant(struct buf *out, const char *key, int64_t at)
{
    char text[ZONE_ISO_MAX];

    zone_format_iso(zone_utc(), at, 0, text);
    return write_text(out, key, text);
}

/* `item` NULL: there are several. */
static int write_incident(struct buf *out, const struct alert_item *item)
{
    bool is_of_feed = item && alert_kind_is_of_feed(item->kind);

    if (write_text(out, "incident", item ? item->key : NULL) != 0 ||
        buf_append_char(out, ',') != 0 ||
        write_text(out, "kind", item ? alert_kind_name(item->kind) : NULL) != 0 ||
        buf_append_char(out, ',') != 0 ||
        write_text(out, "feed", is_of_feed ? item->subject : NULL) != 0 ||
        buf_append_char(out, ',') != 0)
        return -1;
    return item ? write_instant(out, "since", item->since_at) : write_text(out, "since", NULL);
}

static int write_item(struct buf *out, const struct alert_item *item)
{
    char sentence[ALERT_REASONED_MAX];

    alert_sentence_why(item, sentence);
    if (buf_append_char(out, '{') != 0 ||
        write_text(out, "event", alert_event_name(item->event)) != 0 ||
        buf_append_char(out, ',') != 0 || write_incident(out, item) != 0 ||
        buf_append_char(out, ',') != 0 || write_text(out, "text", sentence) != 0)
        return -1;
    return buf_append_char(out, '}');
}

static int write_items(struct buf *out, const struct alert_message *message)
{
    if (buf_append_text(out, ",\"alerts\":[") != 0)
        return -1;
    for (size_t i = 0; i < message->count; i++)
        if ((i > 0 && buf_append_char(out, ',') != 0) || write_item(out, message->items + i) != 0)
            return -1;
    return buf_printf(out, "],\"more\":%zu}", message->more);
}

/* "<!channel>" in the words of a server would call everybody in a chat. */
static void disarm(char *text)
{
    for (; (text = strchr(text, '<')); text++)
        *text = '(';
}

static int write_words(struct buf *out, const struct alert_message *message, const char *host)
{
    struct buf text;
    int status = -1;

    buf_init(&text, ALERT_TEXT_MAX);
    if (alert_text(message, host, &text) == 0 && buf_text(&text)) {
        disarm(text.bytes);
        status = write_text(out, "text", buf_text(&text));
    }
    buf_release(&text);
    return status;
}

int alert_webhook_write(const struct alert_message *message, const char *host, struct buf *out)
{
    bool is_single = message->count == 1 && message->more == 0;

    if (buf_append_char(out, '{') != 0 || write_words(out, message, host) != 0 ||
        buf_append_char(out, ',') != 0 ||
        write_text(out, "event", alert_event_name(message->event)) != 0 ||
        buf_append_char(out, ',') != 0 ||
        write_incident(out, is_single ? message->items : NULL) != 0 ||
        buf_append_char(out, ',') != 0 || write_instant(out, "at", message->at) != 0 ||
        buf_append_char(out, ',') != 0 || write_text(out, "host", host) != 0)
        return -1;
    return write_items(out, message);
}
