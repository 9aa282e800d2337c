#include "scheduler/outputs/alert_mail.h"

#include <inttypes.h>
#include <string.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "base/zone.h"
#include "scheduler/outputs/alert_words.h"

enum {
    ENCODED_BYTES = 42, /* of a subject in one encoded-word: 56 of base64, 75 at most in all */
    LINE_MOST = 76,     /* RFC 2045: characters of a quoted-printable line */
    SUBJECT_MOST = 1024,
    ADDRESS_MOST = 254,
};

bool alert_mail_is_address(const char *text)
{
    const char *at = strchr(text, '@');

    if (!at || at == text || !at[1] || strchr(at + 1, '@') || strlen(text) > ADDRESS_MOST)
        return false;
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f ||
            strchr("<>()[],;:\\\"", *text))
            return false;
    return true;
}

static int append_base64(struct buf *out, const char *bytes, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *from = (const unsigned char *)bytes;

    for (size_t i = 0; i < length; i += 3) {
        unsigned value = (unsigned)from[i] << 16;
        char four[4];

        value |= i + 1 < length ? (unsigned)from[i + 1] << 8 : 0;
        value |= i + 2 < length ? (unsigned)from[i + 2] : 0;
        for (int digit = 0; digit < 4; digit++)
            four[digit] = digits[value >> (18 - 6 * digit) & 63];
        if (i + 1 >= length)
            four[2] = '=';
        if (i + 2 >= length)
            four[3] = '=';
        if (buf_append(out, four, sizeof four) != 0)
            return -1;
    }
    return 0;
}

static bool is_plain(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || (unsigned char)*text >= 0x7f)
            return false;
    return true;
}

/* RFC 2047: encoded-words of whole characters, one on a line; also for plain text that is longer
 * than a line may be. */
static int append_subject(struct buf *out, const char *text)
{
    size_t length = strlen(text);

    if (buf_append_text(out, "Subject:") != 0)
        return -1;
    if (is_plain(text) && length < LINE_MOST - sizeof "Subject: ")
        return buf_printf(out, " %s\r\n", text);
    while (length > 0) {
        size_t take = length <= ENCODED_BYTES ? length : utf8_cut(text, ENCODED_BYTES);

        if (take == 0)
            take = length < ENCODED_BYTES ? length : ENCODED_BYTES;
        if (buf_append_text(out, " =?UTF-8?B?") != 0 || append_base64(out, text, take) != 0 ||
            buf_append_text(out, "?=\r\n") != 0)
            return -1;
        text += take;
        length -= take;
    }
    return 0;
}

/* RFC 5322 3.3, always in UTC. */
static int append_date(struct buf *out, int64_t at)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct civil civil;

    zone_civil(zone_utc(), at, &civil);
    return buf_printf(out, "Date: %s, %d %s %04d %02d:%02d:%02d +0000\r\n", days[civil.weekday],
                      civil.day, months[civil.month - 1], civil.year, civil.hour, civil.minute,
                      civil.second);
}

/* An incident's messages hang together: the opening's id is made of what does not change, and the
 * others refer to it. */
static int append_ids(struct buf *out, const struct alert_message *message, const char *domain)
{
    const struct alert_item *first = message->items;
    bool is_single = message->count == 1 && message->more == 0;
    uint64_t incident = hash64(first->key, strlen(first->key), 0);

    if (is_single && message->event == ALERT_OPEN)
        return buf_printf(out, "Message-ID: <pollard.%016" PRIx64 ".%" PRId64 "@%s>\r\n", incident,
                          first->since_at, domain);
    if (buf_printf(out, "Message-ID: <pollard.%016" PRIx64 ".%" PRId64 ".%s@%s>\r\n", incident,
                   message->at, alert_event_name(message->event), domain) != 0)
        return -1;
    if (!is_single || message->event == ALERT_TRIAL)
        return 0;
    return buf_printf(out,
                      "In-Reply-To: <pollard.%016" PRIx64 ".%" PRId64 "@%s>\r\n"
                      "References: <pollard.%016" PRIx64 ".%" PRId64 "@%s>\r\n",
                      incident, first->since_at, domain, incident, first->since_at, domain);
}

static int append_addresses(struct buf *out, const struct alert_envelope *envelope)
{
    if (buf_printf(out, "From: pollard <%s>\r\nTo: ", envelope->from) != 0)
        return -1;
    for (size_t i = 0; i < envelope->to_count; i++)
        if (buf_printf(out, "%s<%s>", i > 0 ? ",\r\n " : "", envelope->to[i]) != 0)
            return -1;
    return buf_append_text(out, "\r\n");
}

/* RFC 2045 6.7. A line's last blank, and a dot or "From" at its start, would not all arrive. */
static int append_quoted(struct buf *out, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t column = 0;

    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        bool is_last = text[1] == '\n' || text[1] == '\0';
        bool must_quote = byte < ' ' || byte >= 0x7f || byte == '=' || (byte == ' ' && is_last) ||
                          (column == 0 && (byte == '.' || byte == 'F'));
        char quoted[3] = {'=', digits[byte >> 4], digits[byte & 15]};

        if (byte == '\n') {
            column = 0;
            if (buf_append_text(out, "\r\n") != 0)
                return -1;
            continue;
        }
        if (column + (must_quote ? 3 : 1) >= LINE_MOST) {
            column = 0;
            if (buf_append_text(out, "=\r\n") != 0)
                return -1;
        }
        column += must_quote ? 3 : 1;
        if (must_quote ? buf_append(out, quoted, 3) != 0 : buf_append_char(out, *text) != 0)
            return -1;
    }
    return 0;
}

static int append_headers(struct buf *out, const struct alert_message *message,
                          const struct alert_envelope *envelope, const char *host)
{
    const char *domain = strchr(envelope->from, '@') + 1;
    struct buf subject;
    int status = -1;

    buf_init(&subject, SUBJECT_MOST + ALERT_SENTENCE_MAX);
    if (buf_printf(&subject, "[pollard %s] ", host) != 0 ||
        alert_headline(message, &subject) != 0 || !buf_text(&subject))
        goto done;
    if (append_date(out, message->at) != 0 || append_ids(out, message, domain) != 0 ||
        append_addresses(out, envelope) != 0 || append_subject(out, buf_text(&subject)) != 0)
        goto done;
    status = buf_append_text(out, "Auto-Submitted: auto-generated\r\n"
                                  "MIME-Version: 1.0\r\n"
                                  "Content-Type: text/plain; charset=utf-8\r\n"
                                  "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
done:
    buf_release(&subject);
    return status;
}

static int check_addresses(const struct alert_envelope *envelope, struct err *err)
{
    if (!alert_mail_is_address(envelope->from))
        return err_set(err, ERR_CONFIG, "\"from\" of \"email\" is no address");
    for (size_t i = 0; i < envelope->to_count; i++)
        if (!alert_mail_is_address(envelope->to[i]))
            return err_set(err, ERR_CONFIG, "\"to\" of \"email\" holds what is no address");
    return 0;
}

int alert_mail_write(const struct alert_message *message, const struct alert_envelope *envelope,
                     const char *host, struct buf *out, struct err *err)
{
    struct buf text;
    int status = -1;

    if (check_addresses(envelope, err) != 0)
        return -1;
    buf_init(&text, ALERT_TEXT_MAX);
    if (alert_text(message, host, &text) == 0 && buf_text(&text) &&
        append_headers(out, message, envelope, host) == 0)
        status = append_quoted(out, buf_text(&text));
    buf_release(&text);
    return status == 0 ? 0 : err_set(err, ERR_FULL, "the mail is too long, or out of memory");
}
