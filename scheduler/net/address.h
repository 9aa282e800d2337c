/* May a feed connect there? Pure; any thread.
 *
 * Sources: IANA special-purpose address registries (RFC 6890 and its updates) for IPv4 and IPv6. */
#ifndef SCHEDULER_NET_ADDRESS_H
#define SCHEDULER_NET_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* Loopback, private, link-local, unspecified, multicast, documentation and carrier addresses, also
 * inside IPv4-mapped, NAT64 and 6to4 IPv6 ones, only with `allow_private`; the cloud metadata
 * addresses 169.254.169.254 and fd00:ec2::254 never; `own_port` (0: none) on a loopback address
 * never. */
bool address_is_allowed(const struct sockaddr *address, bool allow_private, unsigned own_port);

#endif
