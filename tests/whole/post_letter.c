/* One letter by the courier: post_letter CA_BUNDLE SERVER USERNAME PASSWORD < message. An empty
 * USERNAME: no login. Prints "sent", or why not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/net/courier.h"

enum { MESSAGE_MAX = 1 << 20, TIMEOUT_MS = 3000 };

static struct loop *loop;

static void on_done(void *cookie, const struct receipt *receipt)
{
    (void)cookie;
    puts(receipt->is_sent ? "sent" : receipt->words);
    loop_stop(loop);
}

int main(int argc, char **argv)
{
    static char message[MESSAGE_MAX];
    const char *const to[] = {"you@example.org", "them@example.org"};
    const struct courier_options options = {.ca_bundle = argv[1], .timeout_ms = TIMEOUT_MS};
    struct letter letter = {
        .from = "me@example.org", .to = to, .to_count = 2, .bytes = message, .allow_private = true};
    struct courier *courier = NULL;
    struct err err = {0};

    if (argc != 5)
        return 2;
    letter.server = argv[2];
    letter.username = *argv[3] ? argv[3] : NULL;
    letter.password = *argv[3] ? argv[4] : NULL;
    letter.length = fread(message, 1, sizeof message, stdin);
    if (loop_new(&loop, &err) != 0 || courier_new(&courier, loop, &options, &err) != 0 ||
        courier_send(courier, &letter, on_done, NULL, &err) != 0) {
        puts(err.text);
        return 1;
    }
    loop_run(loop, &err);
    courier_free(courier);
    loop_free(loop);
    return 0;
}
