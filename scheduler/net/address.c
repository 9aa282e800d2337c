#include "scheduler/net/address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* IANA IPv4 Special-Purpose Address Registry, and multicast (RFC 5771) and reserved (RFC 1112)
 * above it. Blocks that the registry calls globally reachable are not here. */
static const struct {
    uint32_t network;
    unsigned bits;
} CLOSED_V4[] = {
    {0x00000000, 8},  /* 0.0.0.0/8 this network; Linux connects 0.0.0.0 to itself */
    {0x0a000000, 8},  /* 10.0.0.0/8 private */
    {0x64400000, 10}, /* 100.64.0.0/10 carrier-grade NAT */
    {0x7f000000, 8},  /* 127.0.0.0/8 loopback */
    {0xa9fe0000, 16}, /* 169.254.0.0/16 link-local */
    {0xac100000, 12}, /* 172.16.0.0/12 private */
    {0xc0000000, 24}, /* 192.0.0.0/24 protocol assignments */
    {0xc0000200, 24}, /* 192.0.2.0/24 documentation */
    {0xc0586300, 24}, /* 192.88.99.0/24 6to4 relays, deprecated */
    {0xc0a80000, 16}, /* 192.168.0.0/16 private */
    {0xc6120000, 15}, /* 198.18.0.0/15 benchmarking */
    {0xc6336400, 24}, /* 198.51.100.0/24 documentation */
    {0xcb007100, 24}, /* 203.0.113.0/24 documentation */
    {0xe0000000, 4},  /* 224.0.0.0/4 multicast */
    {0xf0000000, 4},  /* 240.0.0.0/4 reserved, broadcast */
};

/* Inside 2000::/3, the only global unicast that IANA gives out; all outside of it is closed. */
static const struct {
    uint8_t network[6];
    unsigned bits;
} CLOSED_V6[] = {
    {{0x20, 0x01, 0x00}, 23},       /* 2001::/23 protocol assignments, Teredo among them */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* 2001:db8::/32 documentation */
    {{0x3f, 0xff, 0x00}, 20},       /* 3fff::/20 documentation */
};

static const uint8_t MAPPED[12] = {[10] = 0xff, [11] = 0xff};
static const uint8_t NAT64[12] = {0x00, 0x64, 0xff, 0x9b};
static const uint8_t NAT64_LOCAL[6] = {0x00, 0x64, 0xff, 0x9b, 0x00, 0x01};
static const uint8_t METADATA_V6[16] = {0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54};
static const uint32_t METADATA_V4 = 0xa9fea9fe;

/* What an address is, whatever family it was written in. */
struct reach {
    bool is_metadata, is_own, is_closed; /* own: it leads back to this machine */
};

static struct reach reach_v4(uint32_t address)
{
    struct reach reach = {
        .is_metadata = address == METADATA_V4,
        .is_own = address >> 24 == 127 || address == 0,
    };

    for (size_t i = 0; i < sizeof(CLOSED_V4) / sizeof(CLOSED_V4[0]); i++)
        if ((address ^ CLOSED_V4[i].network) >> (32 - CLOSED_V4[i].bits) == 0)
            reach.is_closed = true;
    return reach;
}

static uint32_t read_v4(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool has_prefix(const uint8_t *bytes, const uint8_t *network, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    return memcmp(bytes, network, whole) == 0 &&
           (rest == 0 || (bytes[whole] ^ network[whole]) >> (8 - rest) == 0);
}

static struct reach reach_v6(const uint8_t *bytes)
{
    static const uint8_t none[15] = {0};
    struct reach reach = {.is_closed = bytes[0] >> 5 != 1};

    if (memcmp(bytes, MAPPED, sizeof(MAPPED)) == 0 || memcmp(bytes, NAT64, sizeof(NAT64)) == 0)
        return reach_v4(read_v4(bytes + 12));
    if (bytes[0] == 0x20 && bytes[1] == 0x02) /* 6to4, RFC 3056 */
        return reach_v4(read_v4(bytes + 2));
    if (memcmp(bytes, NAT64_LOCAL, sizeof(NAT64_LOCAL)) == 0) {
        /* RFC 8215: closed, whichever of RFC 6052's layouts (/96, /48) holds the IPv4 address. */
        const uint8_t split[4] = {bytes[6], bytes[7], bytes[9], bytes[10]};

        reach.is_metadata = read_v4(bytes + 12) == METADATA_V4 || read_v4(split) == METADATA_V4;
        return reach;
    }
    /* :: and ::1; of the long deprecated ::a.b.c.d what it holds decides about the rest. */
    if (memcmp(bytes, none, 12) == 0) {
        reach = reach_v4(read_v4(bytes + 12));
        reach.is_closed = true;
        reach.is_own |= memcmp(bytes, none, 15) == 0 && bytes[15] <= 1;
        return reach;
    }
    reach.is_metadata = memcmp(bytes, METADATA_V6, sizeof(METADATA_V6)) == 0;
    for (size_t i = 0; i < sizeof(CLOSED_V6) / sizeof(CLOSED_V6[0]); i++)
        reach.is_closed |= has_prefix(bytes, CLOSED_V6[i].network, CLOSED_V6[i].bits);
    return reach;
}

bool address_is_allowed(const struct sockaddr *address, bool allow_private, unsigned own_port)
{
    struct reach reach;
    unsigned port;

    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;

        reach = reach_v4(ntohl(v4->sin_addr.s_addr));
        port = ntohs(v4->sin_port);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;

        reach = reach_v6(v6->sin6_addr.s6_addr);
        port = ntohs(v6->sin6_port);
    } else {
        return false;
    }
    if (reach.is_metadata || (reach.is_own && own_port != 0 && port == own_port))
        return false;
    return allow_private || !reach.is_closed;
}
