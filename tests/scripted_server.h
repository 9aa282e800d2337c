/* A server on loopback that answers by script, byte for byte: what broken and hostile ones send.
 *
 * One thread of its own serves all connections; the calls are for the test's thread. A script
 * belongs to a path; the query is not looked at. */
#ifndef TESTS_SCRIPTED_SERVER_H
#define TESTS_SCRIPTED_SERVER_H

#include <stddef.h>

enum script_ending {
    THEN_KEEP,    /* the next request of this connection is read */
    THEN_CLOSE,   /* in good order */
    THEN_RESET,   /* a TCP reset */
    THEN_SILENCE, /* nothing more, and the connection stays open */
};

struct script {
    const char *path;
    const char *head; /* sent first */
    size_t head_length;
    const char *again; /* then sent again and again; NULL: nothing */
    size_t again_length;
    unsigned repeats;  /* 0: without end */
    unsigned pause_ms; /* before each `again`, or without one before the ending */
    enum script_ending ending;
};

enum { REQUEST_TEXT_MAX = 16 * 1024 };

struct scripted_server;
/* Listens on a free port of `address` (an IPv4 one). Borrows the scripts. NULL: it cannot. */
struct scripted_server *scripted_server_new(const char *address, const struct script *scripts,
                                            size_t count);
void scripted_server_free(struct scripted_server *server);
unsigned scripted_server_port(const struct scripted_server *server);
/* Accepted so far. */
unsigned scripted_server_connections(struct scripted_server *server);
/* The bytes of the last whole request, terminated. */
void scripted_server_last_request(struct scripted_server *server, char out[REQUEST_TEXT_MAX]);

#endif
