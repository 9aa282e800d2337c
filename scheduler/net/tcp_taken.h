/* How much of what was sent has reached the other side. Apart, because <linux/tcp.h> knows it and
 * cannot be included beside <netinet/tcp.h>, which libuv brings. */
#ifndef SCHEDULER_NET_TCP_TAKEN_H
#define SCHEDULER_NET_TCP_TAKEN_H

#include <stdint.h>

/* Bytes that the client's side has acknowledged (tcp(7), TCP_INFO); 0: cannot be told. What waits
 * in our kernel's buffer is not counted. */
uint64_t tcp_bytes_taken(int fd);

#endif
