/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What switches hear of the groups that are joined: which frames a real kernel sends for it. The
 * bytes are written by hand, from RFC 3376, RFC 2236, RFC 1112 and RFC 3810.
 */
#include "group_report.h"
#include "groups.h"
#include "namespaces.h"
#include "port.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Milliseconds for what takes microseconds: the machine may be busy. */
#define PATIENCE_MS 10000
#define ETHERNET    14u
#define IPV4        24u /* with Router Alert */
#define IPV6        48u /* with the hop-by-hop header that has it */

struct frame {
	uint8_t bytes[2048];
	size_t len;
};

/* Of an interface in the second namespace. */
static int listen_on(const char *interface)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int fd;

	namespaces_enter(1);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	assert_true(fd >= 0);
	address.sll_ifindex = (int)if_nametoindex(interface);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	namespaces_enter(0);
	return fd;
}

/* The kernel's own reports, which it sends when a group is joined or left, have records of another
 * type. */
static bool is_ours(const struct frame *frame)
{
	const uint8_t *ip = frame->bytes + ETHERNET;

	if (frame->bytes[12] == 0x08 && frame->bytes[13] == 0 && ip[9] == IPPROTO_IGMP)
		return ip[IPV4] == 0x12 || ip[IPV4] == 0x16 ||
		       (ip[IPV4] == 0x22 && ip[IPV4 + 8] == 2);
	return frame->bytes[12] == 0x86 && frame->bytes[13] == 0xdd && ip[6] == 0 &&
	       ip[IPV6] == 143 && ip[IPV6 + 8] == 2;
}

static void expect_frame(int fd, struct frame *ret_frame)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	ssize_t len;

	do {
		memset(ret_frame, 0, sizeof(*ret_frame));
		if (poll(&readable, 1, PATIENCE_MS) != 1)
			fail_msg("no report came");
		len = recv(fd, ret_frame->bytes, sizeof(ret_frame->bytes), 0);
		assert_true(len > 0);
	} while (!is_ours(ret_frame));
	ret_frame->len = (size_t)len;
}

/* Behind Ethernet's and IP's headers. */
static void expect_message(int fd, size_t headers, const uint8_t *wanted, size_t len)
{
	struct frame frame;

	expect_frame(fd, &frame);
	assert_int_equal(frame.len, ETHERNET + headers + len);
	assert_memory_equal(frame.bytes + ETHERNET + headers, wanted, len);
}

static void join(struct groups *groups, const char *text, const char *interface)
{
	struct covey_error error = {0};
	struct covey_addr group;

	assert_true(covey_addr_parse(text, &group));
	if (groups_join(groups, &group, if_nametoindex(interface), &error) != 0)
		fail_msg("%s", error.text);
}

static void test_igmp(void **state)
{
	static const uint8_t wanted[] = {
		0x01, 0x00, 0x5e, 0x00, 0x00, 0x16, /* Ethernet: 224.0.0.22 */
		0x46, 0xc0, 0x00, 0x30,             /* IPv4: 48 bytes, six words of header */
		0x01, 0x02,                         /* TTL 1, IGMP */
		0x0a, 0x00, 0x00, 0x01,             /* from 10.0.0.1 */
		0xe0, 0x00, 0x00, 0x16,             /* to 224.0.0.22 */
		0x94, 0x04, 0x00, 0x00,             /* Router Alert */
		0x22, 0x00, 0xf9, 0xf6,             /* IGMPv3 report, checksum */
		0x00, 0x00, 0x00, 0x02,             /* two records */
		0x02, 0x00, 0x00, 0x00, 0xef, 0x01, 0x01, 0x01, /* all sources of 239.1.1.1 */
		0x02, 0x00, 0x00, 0x00, 0xef, 0x01, 0x01, 0x02,
	};
	struct groups *groups = groups_new();
	int fd = listen_on("wire");
	struct frame frame;

	join(groups, "239.1.1.1", "wire");
	join(groups, "239.1.1.2", "wire");
	assert_int_equal(groups_report(groups), 0);
	expect_frame(fd, &frame);
	assert_int_equal(frame.len, ETHERNET + 48);
	assert_memory_equal(frame.bytes, wanted, 6);
	assert_memory_equal(frame.bytes + ETHERNET, wanted + 6, 4);
	assert_memory_equal(frame.bytes + ETHERNET + 8, wanted + 10, 2);
	assert_memory_equal(frame.bytes + ETHERNET + 12, wanted + 12, sizeof(wanted) - 12);
	close(fd);
	groups_free(groups);
}

static size_t count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static struct covey_addr one_of_many(unsigned index)
{
	return (struct covey_addr){.family = AF_INET,
				   .bytes = {239, 2, (uint8_t)(index >> 8), (uint8_t)index}};
}

static void set_memberships(const char *number)
{
	FILE *file = fopen("/proc/sys/net/ipv4/igmp_max_memberships", "w");

	assert_non_null(file);
	assert_true(fputs(number, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* As many as there can be do not use up a process's descriptors, although the kernel bounds the
 * groups of one socket. Who leaves one that is in the middle leaves no other one. */
static void test_many_groups(void **state)
{
	struct groups *groups = groups_new();
	unsigned wire = if_nametoindex("wire");
	size_t before = count_descriptors();
	struct covey_error error;

	set_memberships("20");
	for (unsigned i = 0; i < PORT_GROUPS_MAX; i++) {
		struct covey_addr group = one_of_many(i);

		if (groups_join(groups, &group, wire, &error) != 0)
			fail_msg("%u: %s", i, error.text);
	}
	assert_int_equal(count_descriptors() - before, (PORT_GROUPS_MAX + 19) / 20);
	for (unsigned i = 0; i < PORT_GROUPS_MAX; i += 2) {
		struct covey_addr group = one_of_many(i);

		groups_leave(groups, &group, wire);
	}
	for (unsigned i = 0; i < PORT_GROUPS_MAX; i++) {
		struct covey_addr group = one_of_many(i);
		uint8_t address[16] = {0};

		memcpy(address, group.bytes, 4);
		assert_int_equal(groups_interface(groups, address), i % 2 ? wire : 0);
	}
	/* There is room in the sockets that are there. */
	for (unsigned i = 0; i < PORT_GROUPS_MAX; i += 2) {
		struct covey_addr group = one_of_many(i);

		assert_int_equal(groups_join(groups, &group, wire, &error), 0);
	}
	assert_int_equal(count_descriptors() - before, (PORT_GROUPS_MAX + 19) / 20);
	groups_free(groups);
	assert_int_equal(count_descriptors(), before);
}

/* Versions are those that the kernel goes by. */
static void test_old_queriers(void **state)
{
	static const uint8_t v3[] = {0x22, 0x00, 0xeb, 0xfb, 0,    0, 0, 1,
				     0x02, 0x00, 0x00, 0x00, 0xef, 1, 1, 1};
	static const uint8_t v2[] = {0x16, 0x00, 0xf9, 0xfc, 0xef, 1, 1, 1};
	static const uint8_t v1[] = {0x12, 0x00, 0xfd, 0xfc, 0xef, 1, 1, 1};
	struct groups *groups = groups_new();
	int fd;

	join(groups, "239.1.1.1", "wire");
	namespaces_run("sysctl -qw net.ipv4.conf.wire.force_igmp_version=2");
	fd = listen_on("wire");
	assert_int_equal(groups_report(groups), 0);
	expect_message(fd, IPV4, v2, sizeof(v2));
	expect_message(fd, IPV4, v3, sizeof(v3));
	namespaces_run("sysctl -qw net.ipv4.conf.wire.force_igmp_version=1");
	assert_int_equal(groups_report(groups), 0);
	expect_message(fd, IPV4, v1, sizeof(v1));
	expect_message(fd, IPV4, v3, sizeof(v3));
	namespaces_run("sysctl -qw net.ipv4.conf.wire.force_igmp_version=0");
	close(fd);
	groups_free(groups);
}

static void test_mld(void **state)
{
	static const uint8_t ethernet[] = {0x33, 0x33, 0x00, 0x00, 0x00, 0x16};
	static const uint8_t to[16] = {0xff, 0x02, [15] = 0x16};
	static const uint8_t alert[] = {58, 0, 5, 2, 0, 0, 1, 0};
	static const uint8_t message[] = {0, 0, 0, 1, 2, 0, 0, 0, 0xff, 5, 0, 0,
					  0, 0, 0, 0, 0, 0, 0, 0, 0,    0, 1, 0};
	struct groups *groups = groups_new();
	int fd = listen_on("wire");
	struct frame frame;
	const uint8_t *ip = frame.bytes + ETHERNET;

	join(groups, "ff05::100", "wire");
	assert_int_equal(groups_report(groups), 0);
	expect_frame(fd, &frame);
	assert_int_equal(frame.len, ETHERNET + IPV6 + 28);
	assert_memory_equal(frame.bytes, ethernet, sizeof(ethernet));
	assert_int_equal(ip[7], 1);    /* hop limit */
	assert_int_equal(ip[8], 0xfe); /* from a link-local address */
	assert_memory_equal(ip + 24, to, sizeof(to));
	assert_memory_equal(ip + 40, alert, sizeof(alert));
	assert_memory_equal(ip + IPV6 + 4, message, sizeof(message));
	close(fd);
	groups_free(groups);
}

/* As many in a message as fit, and those of each interface on it alone. */
static void test_many(void **state)
{
	struct groups *groups = groups_new();
	int wire = listen_on("wire"), other = listen_on("other");
	struct frame frame;
	char text[32];

	for (unsigned i = 0; i < GROUP_REPORT_RECORDS + 2; i++) {
		snprintf(text, sizeof(text), "239.2.0.%u", i);
		join(groups, text, "wire");
	}
	join(groups, "239.3.0.1", "other");
	assert_int_equal(groups_report(groups), 0);
	expect_frame(wire, &frame);
	assert_int_equal(frame.bytes[ETHERNET + IPV4 + 7], GROUP_REPORT_RECORDS);
	expect_frame(wire, &frame);
	assert_int_equal(frame.bytes[ETHERNET + IPV4 + 7], 2);
	assert_int_equal(frame.bytes[ETHERNET + IPV4 + 8 + 8 + 7], GROUP_REPORT_RECORDS + 1);
	expect_frame(other, &frame);
	assert_int_equal(frame.bytes[ETHERNET + IPV4 + 7], 1);
	assert_int_equal(frame.bytes[ETHERNET + IPV4 + 8 + 5], 3);
	close(wire);
	close(other);
	groups_free(groups);
}

/* It says that it could not, and goes on with the rest. */
static void test_an_interface_that_is_down(void **state)
{
	struct groups *groups = groups_new();
	int fd = listen_on("wire");
	struct frame frame;

	join(groups, "239.3.0.1", "other");
	join(groups, "239.1.1.1", "wire");
	namespaces_run("ip link set other down");
	assert_true(groups_report(groups) < 0);
	expect_frame(fd, &frame);
	assert_int_equal(frame.bytes[ETHERNET + IPV4 + 8 + 5], 1);
	namespaces_run("ip link set other up");
	close(fd);
	groups_free(groups);
}

static int begin(void **state)
{
	namespaces_open();
	namespaces_add_wire("other");
	namespaces_enter(0);
	namespaces_run("ip -6 address add fe80::77/64 dev wire nodad");
	return 0;
}

static int end(void **state)
{
	namespaces_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_igmp),
		cmocka_unit_test(test_old_queriers),
		cmocka_unit_test(test_mld),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_many_groups),
		cmocka_unit_test(test_an_interface_that_is_down),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
