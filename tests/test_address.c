#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "scheduler/net/address.h"

enum verdict {
    OPEN,    /* anyone may */
    PRIVATE, /* with allow_private */
    NEVER,
};

static const struct {
    const char *text;
    enum verdict verdict;
} ADDRESSES[] = {
    /* IPv4: each block's first and last address and its neighbours */
    {"0.0.0.0", PRIVATE},
    {"0.255.255.255", PRIVATE},
    {"1.0.0.0", OPEN},
    {"1.1.1.1", OPEN},
    {"8.8.8.8", OPEN},
    {"9.255.255.255", OPEN},
    {"10.0.0.0", PRIVATE},
    {"10.255.255.255", PRIVATE},
    {"11.0.0.0", OPEN},
    {"100.63.255.255", OPEN},
    {"100.64.0.0", PRIVATE},
    {"100.127.255.255", PRIVATE},
    {"100.128.0.0", OPEN},
    {"126.255.255.255", OPEN},
    {"127.0.0.1", PRIVATE},
    {"127.255.255.255", PRIVATE},
    {"128.0.0.0", OPEN},
    {"169.253.255.255", OPEN},
    {"169.254.0.0", PRIVATE},
    {"169.254.169.253", PRIVATE},
    {"169.254.169.254", NEVER},
    {"169.254.255.255", PRIVATE},
    {"169.255.0.0", OPEN},
    {"172.15.255.255", OPEN},
    {"172.16.0.0", PRIVATE},
    {"172.31.255.255", PRIVATE},
    {"172.32.0.0", OPEN},
    {"191.255.255.255", OPEN},
    {"192.0.0.0", PRIVATE},
    {"192.0.0.255", PRIVATE},
    {"192.0.1.0", OPEN},
    {"192.0.2.1", PRIVATE},
    {"192.0.3.0", OPEN},
    {"192.88.99.1", PRIVATE},
    {"192.88.100.0", OPEN},
    {"192.167.255.255", OPEN},
    {"192.168.0.0", PRIVATE},
    {"192.168.255.255", PRIVATE},
    {"192.169.0.0", OPEN},
    {"198.17.255.255", OPEN},
    {"198.18.0.0", PRIVATE},
    {"198.19.255.255", PRIVATE},
    {"198.20.0.0", OPEN},
    {"198.51.99.255", OPEN},
    {"198.51.100.7", PRIVATE},
    {"198.51.101.0", OPEN},
    {"203.0.112.255", OPEN},
    {"203.0.113.7", PRIVATE},
    {"203.0.114.0", OPEN},
    {"223.255.255.255", OPEN},
    {"224.0.0.1", PRIVATE},
    {"239.255.255.255", PRIVATE},
    {"240.0.0.1", PRIVATE},
    {"255.255.255.255", PRIVATE},
    /* IPv6 */
    {"::", PRIVATE},
    {"::1", PRIVATE},
    {"::2", PRIVATE},
    {"::8.8.8.8", PRIVATE},
    {"::169.254.169.254", NEVER},
    {"100::1", PRIVATE},
    {"1fff:ffff::1", PRIVATE},
    {"2001::1", PRIVATE}, /* Teredo */
    {"2001:1ff:ffff::1", PRIVATE},
    {"2001:200::1", OPEN},
    {"2001:db7:ffff::1", OPEN},
    {"2001:db8::1", PRIVATE},
    {"2001:db8:ffff::1", PRIVATE},
    {"2001:db9::1", OPEN},
    {"2606:4700:4700::1111", OPEN},
    {"2a00:1450:4001:80b::200e", OPEN},
    {"3ffe:ffff::1", OPEN},
    {"3fff::1", PRIVATE},
    {"3fff:fff:ffff::1", PRIVATE},
    {"3fff:1000::1", OPEN},
    {"4000::1", PRIVATE},
    {"5f00::1", PRIVATE},
    {"fc00::1", PRIVATE},
    {"fd00:ec2::253", PRIVATE},
    {"fd00:ec2::254", NEVER},
    {"fdff:ffff::1", PRIVATE},
    {"fe80::1", PRIVATE},
    {"febf:ffff::1", PRIVATE},
    {"fec0::1", PRIVATE},
    {"ff02::1", PRIVATE},
    {"ff0e::1", PRIVATE},
    /* IPv4 inside IPv6: mapped, NAT64, 6to4, local NAT64 */
    {"::ffff:8.8.8.8", OPEN},
    {"::ffff:127.0.0.1", PRIVATE},
    {"::ffff:10.1.2.3", PRIVATE},
    {"::ffff:169.254.169.254", NEVER},
    {"64:ff9b::8.8.8.8", OPEN},
    {"64:ff9b::192.168.1.1", PRIVATE},
    {"64:ff9b::169.254.169.254", NEVER},
    {"64:ff9b:0:0:0:1:808:808", PRIVATE},
    {"64:ff9b:1::8.8.8.8", PRIVATE},
    {"64:ff9b:1::169.254.169.254", NEVER},
    {"64:ff9b:1:a9fe:a9:fe00::", NEVER},
    {"2002:808:808::1", OPEN},
    {"2002:7f00:1::1", PRIVATE},
    {"2002:c0a8:101::1", PRIVATE},
    {"2002:a9fe:a9fe::1", NEVER},
};

static const struct {
    const char *text;
    bool is_this_machine;
} OWN[] = {
    {"127.0.0.1", true},   {"127.9.9.9", true},
    {"0.0.0.0", true},     {"::1", true},
    {"::", true},          {"::ffff:127.0.0.1", true},
    {"::127.0.0.1", true}, {"64:ff9b::127.0.0.1", true},
    {"10.0.0.1", false},   {"8.8.8.8", false},
    {"fd00::1", false},    {"::2", false},
};

static struct sockaddr_storage read_address(const char *text, unsigned port)
{
    struct sockaddr_storage out = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out;

    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
    }
    return out;
}

static bool is_allowed(const char *text, bool allow_private, unsigned port, unsigned own_port)
{
    struct sockaddr_storage address = read_address(text, port);

    return address_is_allowed((struct sockaddr *)&address, allow_private, own_port);
}

static void each_address_is_open_private_or_never_allowed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ADDRESSES) / sizeof(ADDRESSES[0]); i++) {
        const char *text = ADDRESSES[i].text;
        enum verdict verdict = NEVER;

        if (is_allowed(text, false, 80, 0))
            verdict = OPEN;
        else if (is_allowed(text, true, 80, 0))
            verdict = PRIVATE;
        if (verdict != ADDRESSES[i].verdict)
            fail_msg("%s: verdict %d, expected %d", text, verdict, ADDRESSES[i].verdict);
        /* What is open is open with allow_private, too. */
        assert_int_equal(is_allowed(text, true, 80, 0), ADDRESSES[i].verdict != NEVER);
    }
}

static void the_page_itself_is_never_reached_on_this_machine(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(OWN) / sizeof(OWN[0]); i++) {
        const char *text = OWN[i].text;

        if (is_allowed(text, true, 8889, 8889) == OWN[i].is_this_machine)
            fail_msg("%s: wrong about our own port", text);
        assert_true(is_allowed(text, true, 8888, 8889));
        assert_true(is_allowed(text, true, 8889, 0));
        assert_true(is_allowed(text, true, 0, 0));
    }
}

static void other_families_are_never_allowed(void **state)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/tmp/socket"};

    (void)state;
    assert_false(address_is_allowed((struct sockaddr *)&local, true, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_address_is_open_private_or_never_allowed),
        cmocka_unit_test(the_page_itself_is_never_reached_on_this_machine),
        cmocka_unit_test(other_families_are_never_allowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
