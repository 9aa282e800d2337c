/* Each way in which a server can answer or fail to, and the one word that transfers has for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tests/transfers_stage.h"

#define GZIPPED         OK "Content-Encoding: gzip\r\n"
#define GZIP_HEAD       "\x1f\x8b\x08\0\0\0\0\0\0\x03"
#define GZIP_DATA       "\x01\x07\0\xf8\xff{\"a\":1}" /* one stored block, the last */
#define GZIP_TAIL       "\xaf\xac\x1b\x56\x07\0\0\0"
#define GZIP_WRONG_TAIL "\xaf\xac\x1b\x57\x07\0\0\0"

enum { BOMB_BYTES = 64 * 1024, LINE_BYTES = 200 * 1024, TOO_LITTLE_MS = 700 };

static char bomb[BOMB_BYTES], long_line[LINE_BYTES], long_status[LINE_BYTES];

struct row {
    struct script script;
    enum response_error error;
    unsigned status;
    const char *body; /* NULL: any */
};

static struct row rows[] = {
    {{"/plain", HEAD(OK "Content-Length: 5\r\n\r\nhello")}, RESPONSE_OK, 200, "hello"},
    {{"/chunked", HEAD(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n"
                          "ETag: \"trailer\"\r\n\r\n")},
     RESPONSE_OK,
     200,
     "hello world"},
    {{"/empty-body", HEAD(OK "Content-Length: 0\r\n\r\n")}, RESPONSE_OK, 200, ""},
    {{"/bare-newlines", HEAD("HTTP/1.1 200 OK\nContent-Length: 2\n\nhi")}, RESPONSE_OK, 200, "hi"},
    {{"/http-1.0", HEAD("HTTP/1.0 200 OK\r\n\r\nold"), .ending = THEN_CLOSE},
     RESPONSE_OK,
     200,
     "old"},
    {{"/no-reason", HEAD("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi")}, RESPONSE_OK, 200, "hi"},
    {{"/not-modified", HEAD("HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n")},
     RESPONSE_OK,
     304,
     ""},
    {{"/no-content", HEAD("HTTP/1.1 204 No Content\r\n\r\n")}, RESPONSE_OK, 204, ""},
    {{"/error-page", HEAD("HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops")},
     RESPONSE_OK,
     500,
     "oops"},
    {{"/gzip", HEAD(GZIPPED "Content-Length: 30\r\n\r\n" GZIP_HEAD GZIP_DATA GZIP_TAIL)},
     RESPONSE_OK,
     200,
     "{\"a\":1}"},
    {{"/gzip-and-more",
      HEAD(GZIPPED "Content-Length: 33\r\n\r\n" GZIP_HEAD GZIP_DATA GZIP_TAIL "xyz")},
     RESPONSE_DECODE,
     200,
     NULL},
    {{"/continue", HEAD("HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 2\r\n\r\nhi")},
     RESPONSE_OK,
     200,
     "hi"},
    {{"/early-hints", HEAD("HTTP/1.1 103 Early Hints\r\nETag: \"no\"\r\nLocation: /no\r\n\r\n" OK
                           "Content-Length: 2\r\n\r\nhi")},
     RESPONSE_OK,
     200,
     "hi"},
    /* The whole answer was there before the reset. */
    {{"/answer-then-reset", HEAD(OK "Content-Length: 2048\r\n\r\n" KILOBYTE KILOBYTE),
      .ending = THEN_RESET},
     RESPONSE_OK,
     200,
     KILOBYTE KILOBYTE},
    /* Without a length an early end looks like a good one: only the parser can tell. */
    {{"/no-length", HEAD(OK "\r\nunti"), .ending = THEN_CLOSE}, RESPONSE_OK, 200, "unti"},
    /* libcurl does not ask whether the compressed stream had its end, if the message has. */
    {{"/gzip-cut", HEAD(GZIPPED "Content-Length: 18\r\n\r\n" GZIP_HEAD "\x01\x07\0\xf8\xff{\"a")},
     RESPONSE_OK,
     200,
     "{\"a"},

    {{"/bomb", .head = bomb}, RESPONSE_TOO_LARGE, 200, NULL},
    {{"/at-most", HEAD(OK "Content-Length: 2048\r\n\r\n" KILOBYTE KILOBYTE)},
     RESPONSE_OK,
     200,
     KILOBYTE KILOBYTE},
    {{"/one-more", HEAD(OK "Content-Length: 2049\r\n\r\n" KILOBYTE KILOBYTE "x")},
     RESPONSE_TOO_LARGE,
     200,
     KILOBYTE KILOBYTE},
    {{"/announced", HEAD(OK "Content-Length: 99999999999\r\n\r\nx")}, RESPONSE_TOO_LARGE, 200, ""},
    {{"/overflow", HEAD(OK "Content-Length: 99999999999999999999999\r\n\r\nx")},
     RESPONSE_TOO_LARGE,
     200,
     ""},
    {{"/endless", HEAD(OK "\r\n"), AGAIN(KILOBYTE)}, RESPONSE_TOO_LARGE, 200, NULL},
    {{"/endless-chunks", HEAD(OK "Transfer-Encoding: chunked\r\n\r\n"),
      AGAIN("400\r\n" KILOBYTE "\r\n")},
     RESPONSE_TOO_LARGE,
     200,
     NULL},
    {{"/header-flood", HEAD(OK), AGAIN("X: " KILOBYTE "\r\n")}, RESPONSE_TOO_LARGE, 200, ""},
    {{"/trailer-flood", HEAD(OK "Transfer-Encoding: chunked\r\n\r\n0\r\n"),
      AGAIN("X: " KILOBYTE "\r\n")},
     RESPONSE_TOO_LARGE,
     200,
     ""},
    {{"/continue-flood", HEAD(""), AGAIN("HTTP/1.1 100 Continue\r\nX: " KILOBYTE "\r\n\r\n")},
     RESPONSE_TOO_LARGE,
     100,
     ""},
    {{"/long-line", .head = long_line}, RESPONSE_TOO_LARGE, 200, ""},
    {{"/long-status", .head = long_status}, RESPONSE_TOO_LARGE, 0, ""},

    {{"/empty", HEAD(""), .ending = THEN_CLOSE}, RESPONSE_TRUNCATED, 0, ""},
    {{"/half-http", HEAD("HTTP/"), .ending = THEN_CLOSE}, RESPONSE_TRUNCATED, 0, ""},
    {{"/reset", HEAD(""), .ending = THEN_RESET}, RESPONSE_TRUNCATED, 0, ""},
    {{"/short", HEAD(OK "Content-Length: 9\r\n\r\nhel"), .ending = THEN_CLOSE},
     RESPONSE_TRUNCATED,
     200,
     "hel"},
    {{"/reset-midway", HEAD(OK "Content-Length: 9\r\n\r\nhel"), .pause_ms = 20,
      .ending = THEN_RESET},
     RESPONSE_TRUNCATED,
     200,
     "hel"},
    {{"/reset-no-length", HEAD(OK "\r\nhel"), .pause_ms = 20, .ending = THEN_RESET},
     RESPONSE_TRUNCATED,
     200,
     "hel"},
    {{"/cut-chunk", HEAD(OK "Transfer-Encoding: chunked\r\n\r\n9\r\nhel"), .ending = THEN_CLOSE},
     RESPONSE_TRUNCATED,
     200,
     "hel"},
    {{"/no-last-chunk", HEAD(OK "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n"),
      .ending = THEN_CLOSE},
     RESPONSE_TRUNCATED,
     200,
     "hel"},
    {{"/cut-headers", HEAD(OK "Content-Le"), .ending = THEN_CLOSE}, RESPONSE_TRUNCATED, 200, ""},
    {{"/only-continue", HEAD("HTTP/1.1 100 Continue\r\n\r\n"), .ending = THEN_CLOSE},
     RESPONSE_TRUNCATED,
     100,
     ""},

    {{"/silence", HEAD(""), .ending = THEN_SILENCE}, RESPONSE_TIMEOUT, 0, ""},
    {{"/silence-midway", HEAD(OK "Content-Length: 9\r\n\r\nhel"), .ending = THEN_SILENCE},
     RESPONSE_TIMEOUT,
     200,
     "hel"},
    {{"/drip", HEAD(OK "Content-Length: 999\r\n\r\n"), AGAIN("."), .pause_ms = 50},
     RESPONSE_TIMEOUT,
     200,
     NULL},
    {{"/drip-headers", HEAD(OK), AGAIN("X: y\r\n"), .pause_ms = 50}, RESPONSE_TIMEOUT, 200, ""},

    {{"/bad-gzip", HEAD(GZIPPED "Content-Length: 7\r\n\r\nnotgzip")}, RESPONSE_DECODE, 200, ""},
    {{"/bad-gzip-data",
      HEAD(GZIPPED "Content-Length: 16\r\n\r\n" GZIP_HEAD "\x07\x07\x07\x07\x07\x07")},
     RESPONSE_DECODE,
     200,
     ""},
    {{"/bad-gzip-sum",
      HEAD(GZIPPED "Content-Length: 30\r\n\r\n" GZIP_HEAD GZIP_DATA GZIP_WRONG_TAIL)},
     RESPONSE_DECODE,
     200,
     NULL},
    {{"/bad-gzip-chunks",
      HEAD(GZIPPED "Transfer-Encoding: chunked\r\n\r\n7\r\nnotgzip\r\n0\r\n\r\n")},
     RESPONSE_DECODE,
     200,
     ""},
    {{"/odd-encoding", HEAD(OK "Content-Encoding: rot13\r\nContent-Length: 2\r\n\r\nuv")},
     RESPONSE_DECODE,
     200,
     ""},

    {{"/bad-chunk", HEAD(OK "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n")},
     RESPONSE_PROTOCOL,
     200,
     ""},
    {{"/bad-chunk-end", HEAD(OK "Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n")},
     RESPONSE_PROTOCOL,
     200,
     NULL},
    {{"/huge-chunk", HEAD(OK "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\nx")},
     RESPONSE_PROTOCOL,
     200,
     ""},
    {{"/garbage", HEAD("\x01\x02\x03\x04\xff\xfe garbage that goes on\r\n"), .ending = THEN_CLOSE},
     RESPONSE_PROTOCOL,
     0,
     ""},
    {{"/garbage-short", HEAD("xyz"), .ending = THEN_CLOSE}, RESPONSE_PROTOCOL, 0, ""},
    {{"/http-0.9", HEAD("<html>hello</html>"), .ending = THEN_CLOSE}, RESPONSE_PROTOCOL, 0, ""},
    {{"/ssh", HEAD("SSH-2.0-OpenSSH_9.2\r\n"), .ending = THEN_SILENCE}, RESPONSE_PROTOCOL, 0, ""},
    {{"/no-status", HEAD("HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\nhi"), .ending = THEN_CLOSE},
     RESPONSE_PROTOCOL,
     0,
     ""},
    {{"/http-9", HEAD("HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\nhi"), .ending = THEN_CLOSE},
     RESPONSE_PROTOCOL,
     0,
     ""},
    {{"/upgrade", HEAD("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nhi"),
      .ending = THEN_CLOSE},
     RESPONSE_PROTOCOL,
     101,
     NULL},
    {{"/nul", HEAD(OK "ETag: \"a\0b\"\r\nContent-Length: 2\r\n\r\nhi")},
     RESPONSE_PROTOCOL,
     200,
     ""},
    {{"/bad-length", HEAD(OK "Content-Length: lots\r\n\r\nhi"), .ending = THEN_CLOSE},
     RESPONSE_PROTOCOL,
     200,
     ""},
    {{"/negative-length", HEAD(OK "Content-Length: -2\r\n\r\nhi"), .ending = THEN_CLOSE},
     RESPONSE_PROTOCOL,
     200,
     ""},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static struct script scripts[ROWS];

/* zlib's fixed code: 13 bits stand for 258 bytes of the same. RFC 1951, 3.2.6. */
static size_t write_bomb(char *out, size_t size)
{
    static const char start[] = GZIPPED "\r\n" GZIP_HEAD;
    /* First bit first: not the last block, fixed codes; a literal 0; then length 258, distance 1.
     */
    static const char first[] = "01000110000", next[] = "1100010100000";
    size_t bit = (sizeof(start) - 1) * 8;
    const char *bits = first;

    memset(out, 0, size);
    memcpy(out, start, sizeof(start) - 1);
    while (bit < size * 8) {
        if (*bits == '\0')
            bits = next;
        if (*bits++ == '1')
            out[bit / 8] = (char)(out[bit / 8] | 1 << bit % 8);
        bit++;
    }
    return size;
}

static void fill(char *out, size_t size, const char *start)
{
    for (size_t i = 0; i < size; i++)
        out[i] = *start ? *start++ : 'x';
}

static int set_up(void **state)
{
    (void)state;
    write_bomb(bomb, sizeof(bomb));
    fill(long_line, sizeof(long_line), OK "X: ");
    fill(long_status, sizeof(long_status), "HTTP/1.1 200 ");
    for (size_t i = 0; i < ROWS; i++) {
        scripts[i] = rows[i].script;
        if (scripts[i].head == bomb)
            scripts[i].head_length = sizeof(bomb);
        if (scripts[i].head == long_line || scripts[i].head == long_status)
            scripts[i].head_length = LINE_BYTES;
    }
    return stage_set_up(scripts, ROWS);
}

static struct request request_of(const struct row *row, char url[URL_BYTES])
{
    struct request request = request_for(row->script.path, url);

    if (row->error == RESPONSE_TIMEOUT)
        request.timeout_ms = TOO_LITTLE_MS;
    return request;
}

static void check(const struct row *row, struct response *response)
{
    const char *body = buf_text(&response->body);

    if (response->error != row->error || response->status != row->status ||
        (row->body && strcmp(body, row->body) != 0))
        fail_msg("%s: error %d status %u body of %zu \"%.40s\" (%s), expected error %d status %u",
                 row->script.path, response->error, response->status, response->body.length, body,
                 response->reason, row->error, row->status);
    assert_true((response->reason[0] == '\0') == (row->error == RESPONSE_OK));
    assert_null(strstr(response->reason, "secret"));
    assert_true(response->has_connected);
    assert_true(response->total_us > 0);
}

static void every_answer_has_its_one_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        char url[URL_BYTES];
        struct request request = request_of(&rows[i], url);
        struct answer answer;

        fetch_request(&request, &answer);
        check(&rows[i], &answer.response);
        answer_release(&answer);
    }
}

static unsigned waiting;

static void on_row(void *cookie, struct response *response)
{
    check(cookie, response);
    if (--waiting == 0)
        loop_stop(loop);
}

static void all_at_once_they_are_the_same(void **state)
{
    (void)state;
    waiting = ROWS;
    for (size_t i = 0; i < ROWS; i++) {
        char url[URL_BYTES];
        struct request request = request_of(&rows[i], url);

        assert_non_null(transfers_start(transfers, &request, on_row, &rows[i], NULL));
    }
    assert_int_equal(transfers_in_flight(transfers), ROWS);
    loop_run(loop, NULL);
    assert_int_equal(transfers_in_flight(transfers), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_has_its_one_word),
        cmocka_unit_test(all_at_once_they_are_the_same),
    };

    return cmocka_run_group_tests(tests, set_up, stage_tear_down);
}
