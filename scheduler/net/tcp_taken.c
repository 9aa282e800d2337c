#include "scheduler/net/tcp_taken.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

uint64_t tcp_bytes_taken(int fd)
{
    struct tcp_info said = {0};
    socklen_t length = sizeof said;

    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &said, &length) == 0 ? said.tcpi_bytes_acked : 0;
}
