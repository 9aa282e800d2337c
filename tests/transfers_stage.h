/* What the tests of transfers stand on: a scripted server, a loop, one transfers, and fetch(). */
#ifndef TESTS_TRANSFERS_STAGE_H
#define TESTS_TRANSFERS_STAGE_H

#include "scheduler/net/transfers.h"
#include "tests/scripted_server.h"

#define HEAD(text)  .head = (text), .head_length = sizeof(text) - 1
#define AGAIN(text) .again = (text), .again_length = sizeof(text) - 1
#define OK          "HTTP/1.1 200 OK\r\n"
#define TEN(text)   text text text text text text text text text text
#define KILOBYTE    TEN(TEN("1234567890")) "123456789012345678901234"

enum { BODY_MAX = 2048, PATIENCE_MS = 20000, URL_BYTES = 200 };

extern struct scripted_server *server;
extern struct loop *loop;
extern struct transfers *transfers;

/* Borrows the scripts until stage_tear_down(). -1: it cannot. */
int stage_set_up(const struct script *scripts, size_t count);
int stage_tear_down(void **state);

/* A request to the server, with a query that must not be seen in any text. */
struct request request_for(const char *path, char url[URL_BYTES]);

struct answer {
    bool is_here;
    struct response response; /* its body is owned: answer_release() */
};

/* Stops the loop. The cookie is a struct answer. */
void on_answer(void *cookie, struct response *response);
void fetch_request(const struct request *request, struct answer *answer);
void fetch(const char *path, struct answer *answer);
void answer_release(struct answer *answer);

#endif
