/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fabric port on the kernel's sockets: what the kernel refuses is counted by its reason, and
 * keeps nothing else back.
 */
#include "kernel_ends.h"

#include <errno.h>
#include <headers.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

/* --- a kernel that refuses ------------------------------------------------------------------- */

static int send_error;                    /* 0: none */
static unsigned send_errors = UINT32_MAX; /* so many times */

ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
int __real_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);

static bool refuses(void)
{
	if (send_error == 0 || send_errors == 0)
		return false;
	send_errors -= send_errors != UINT32_MAX;
	errno = send_error;
	return true;
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return refuses() ? -1 : __real_sendmsg(fd, message, flags);
}

static unsigned calls;    /* of sendmmsg */
static unsigned call_max; /* packets that each call takes at most; 0: all */

int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	calls++;
	if (refuses())
		return -1;
	return __real_sendmmsg(fd, messages, call_max && call_max < count ? call_max : count,
			       flags);
}

/* --- tests ----------------------------------------------------------------------------------- */

/* Each refusal of the kernel has its reason. */
static void test_refusals(void **state)
{
	const struct {
		const char *command;
		uint8_t to[4];
		uint16_t len;
		enum covey_drop reason;
	} rows[] = {
		{"nft add table inet t && "
		 "nft 'add chain inet t o { type filter hook output priority 0; }' && "
		 "nft add rule inet t o udp dport 4798 drop",
		 {10, 0, 0, 2},
		 100,
		 COVEY_DROP_OUT_REFUSED},
		{"nft delete table inet t", {192, 0, 2, 1}, 100, COVEY_DROP_OUT_UNREACHABLE},
		{"ip route add unreachable 192.0.2.1",
		 {192, 0, 2, 1},
		 100,
		 COVEY_DROP_OUT_UNREACHABLE},
		{"ip route add prohibit 192.0.2.2", {192, 0, 2, 2}, 100, COVEY_DROP_OUT_REFUSED},
		{"ip link set wire mtu 1400", {10, 0, 0, 2}, 1400, COVEY_DROP_OUT_TOO_BIG},
		{"ip link set wire down", {10, 0, 0, 2}, 100, COVEY_DROP_OUT_UNREACHABLE},
	};
	struct ends ends;

	ends_open(&ends, false, true);
	for (unsigned i = 0; i < RTE_DIM(rows); i++)
		for (unsigned count = 1; count < 4; count++) {
			struct sent sent = {.to = {.family = AF_INET},
					    .source_port = ENDS_SOURCE_PORT,
					    .len = rows[i].len};
			struct rte_mbuf *packets[4];
			uint64_t before = ends_drops(ends.near, rows[i].reason);

			namespaces_enter(0);
			if (count == 1)
				namespaces_run(rows[i].command);
			memcpy(sent.to.bytes, rows[i].to, 4);
			for (unsigned j = 0; j < count; j++)
				packets[j] = ends_packet(&sent);
			ends_transmit(ends.near, packets, (uint16_t)count);
			assert_int_equal(ends_drops(ends.near, rows[i].reason), before + count);
		}
	namespaces_run("ip link set wire mtu 1500 up && "
		       "ip -6 address replace fd00::1/64 dev wire nodad");
	ends_expect_passes(&ends);
	ends_close(&ends);
}

/* What the kernel says only under load, or when a machine is about to fail. */
static void test_all_refusals(void **state)
{
	static const struct {
		int error;
		enum covey_drop reason;
	} rows[] = {
		{EAGAIN, COVEY_DROP_OUT_TX_FULL},
		{ENOBUFS, COVEY_DROP_OUT_TX_FULL},
		{ENOMEM, COVEY_DROP_OUT_TX_FULL},
		{EMSGSIZE, COVEY_DROP_OUT_TOO_BIG},
		{ENETUNREACH, COVEY_DROP_OUT_UNREACHABLE},
		{EHOSTUNREACH, COVEY_DROP_OUT_UNREACHABLE},
		{ENETDOWN, COVEY_DROP_OUT_UNREACHABLE},
		{EHOSTDOWN, COVEY_DROP_OUT_UNREACHABLE},
		{ENODEV, COVEY_DROP_OUT_UNREACHABLE},
		{EADDRNOTAVAIL, COVEY_DROP_OUT_UNREACHABLE},
		{EPERM, COVEY_DROP_OUT_REFUSED},
		{EACCES, COVEY_DROP_OUT_REFUSED},
		{EINVAL, COVEY_DROP_OUT_REFUSED},
	};
	struct ends ends;

	ends_open(&ends, false, true);
	for (unsigned i = 0; i < RTE_DIM(rows); i++) {
		const struct sent sent = {
			.to = lab_address(false, 2), .source_port = ENDS_SOURCE_PORT, .len = 100};
		uint64_t before = ends_drops(ends.near, rows[i].reason);
		struct rte_mbuf *packets[3];

		for (unsigned j = 0; j < 3; j++)
			packets[j] = ends_packet(&sent);
		send_error = rows[i].error;
		ends_transmit(ends.near, packets, 3);
		send_error = 0;
		assert_int_equal(ends_drops(ends.near, rows[i].reason), before + 3);
		ends_expect_passes(&ends);
	}
	ends_close(&ends);
}

/* An interface that cannot finish checksums: packets go one by one from now on. */
static void test_cannot_cut(void **state)
{
	const struct sent sent = {
		.to = lab_address(false, 2), .source_port = ENDS_SOURCE_PORT, .len = 100};
	struct dataplane_port_status status;
	struct rte_mbuf *packets[3];
	struct ends ends;

	ends_open(&ends, false, true);
	for (unsigned i = 0; i < 3; i++)
		packets[i] = ends_packet(&sent);
	send_error = EIO;
	send_errors = 1;
	ends_transmit(ends.near, packets, 3);
	send_error = 0;
	for (unsigned i = 0; i < 3; i++)
		ends_expect(ends.far, 0, &sent);
	port_read(ends.near, &status);
	assert_string_equal(status.offload, "UDP_GRO");
	ends_close(&ends);
}

/* Without offload, packets that could leave together do so by one system call. */
static void test_one_call(void **state)
{
	struct sent sent = {
		.to = lab_address(false, 2), .source_port = ENDS_SOURCE_PORT, .len = 100};
	struct rte_mbuf *packets[40];
	struct ends ends;

	ends_open(&ends, false, false);
	for (unsigned i = 0; i < 40; i++) {
		sent.fill = (uint8_t)i;
		packets[i] = ends_packet(&sent);
	}
	calls = 0;
	ends_transmit(ends.near, packets, 40);
	assert_int_equal(calls, 1);
	for (unsigned i = 0; i < 40; i++) {
		sent.fill = (uint8_t)i;
		ends_expect(ends.far, 0, &sent);
	}
	ends_close(&ends);
}

/* One that the kernel refuses keeps none of the others back, nor does a call that takes few. */
static void test_others_leave(void **state)
{
	struct sent sent = {
		.to = lab_address(false, 2), .source_port = ENDS_SOURCE_PORT, .len = 100};
	struct dataplane_port_status before, after;
	struct rte_mbuf *packets[10];
	struct ends ends;

	ends_open(&ends, false, false);
	port_read(ends.near, &before);
	for (unsigned i = 0; i < 10; i++) {
		sent.fill = (uint8_t)i;
		packets[i] = ends_packet(&sent);
	}
	calls = 0;
	call_max = 4;
	send_error = ENOBUFS;
	send_errors = 2;
	ends_transmit(ends.near, packets, 10);
	send_error = 0;
	call_max = 0;
	assert_int_equal(calls, 4);
	assert_int_equal(ends_drops(ends.near, COVEY_DROP_OUT_TX_FULL), 2);
	port_read(ends.near, &after);
	assert_int_equal(after.tx_packets, before.tx_packets + 8);
	for (unsigned i = 2; i < 10; i++) {
		sent.fill = (uint8_t)i;
		ends_expect(ends.far, 0, &sent);
	}
	ends_close(&ends);
}

/* Of packets that would leave together, those that fit leave, if others do not. */
static void test_some_do_not_fit(void **state)
{
	struct sent sent = {.to = lab_address(false, 2), .source_port = ENDS_SOURCE_PORT};
	struct rte_mbuf *packets[3];
	struct ends ends;

	ends_open(&ends, false, true);
	namespaces_run("ip link set wire mtu 1400");
	for (unsigned i = 0; i < 3; i++) {
		sent.len = i < 2 ? 1400 : 100;
		packets[i] = ends_packet(&sent);
	}
	ends_transmit(ends.near, packets, 3);
	ends_expect(ends.far, 0, &sent);
	assert_int_equal(ends_drops(ends.near, COVEY_DROP_OUT_TOO_BIG), 2);
	namespaces_run("ip link set wire mtu 1500");
	ends_close(&ends);
}

/* What is not VPE does not leave by these sockets, whatever an engine lets pass. */
static void test_only_vpe_leaves(void **state)
{
	static const struct {
		unsigned at;
		uint8_t value;
	} rows[] = {{14, 0x46}, {14, 0x65}, {23, 6}, {36, 0}, {38, 0xff}, {39, 8}};
	const struct sent sent = {
		.to = lab_address(false, 2), .source_port = ENDS_SOURCE_PORT, .len = 100};
	struct ends ends;

	ends_open(&ends, false, true);
	for (unsigned i = 0; i < RTE_DIM(rows); i++) {
		struct rte_mbuf *packet = ends_packet(&sent);

		rte_pktmbuf_mtod(packet, uint8_t *)[rows[i].at] = rows[i].value;
		ends_transmit(ends.near, &packet, 1);
		assert_int_equal(ends_drops(ends.near, COVEY_DROP_OUT_NOT_VXLAN), i + 1);
	}
	for (uint16_t len = 1; len < 42; len++) {
		struct rte_mbuf *packet = ends_packet(&sent);

		packet->data_len = len;
		packet->pkt_len = len;
		ends_transmit(ends.near, &packet, 1);
	}
	assert_int_equal(ends_drops(ends.near, COVEY_DROP_OUT_NOT_VXLAN), RTE_DIM(rows) + 41);
	ends_close(&ends);
}

/* Where another program holds a window's source port, the next path's takes its place. */
static void test_source_port_is_taken(void **state)
{
	struct sockaddr_in taken = {.sin_family = AF_INET, .sin_port = htons(ENDS_SOURCE_PORT)};
	struct sent sent = {
		.to = lab_address(false, 2), .source_port = ENDS_SOURCE_PORT, .len = 100};
	struct ends ends;
	int fd;

	ends_open(&ends, false, true);
	namespaces_enter(0);
	inet_pton(AF_INET, "10.0.0.1", &taken.sin_addr);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&taken, sizeof(taken)), 0);
	ends_send(ends.near, &sent);
	sent.source_port++;
	ends_expect(ends.far, 0, &sent);
	ends_send(ends.near, &sent);
	ends_expect(ends.far, 0, &sent);
	close(fd);
	ends_close(&ends);
}

static unsigned binds;
static int taken_count; /* of ports that are tried, so many are another program's; -1: all */

int __real_bind(int fd, const struct sockaddr *address, socklen_t len);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t len);

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t len)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;

	binds++;
	if (taken_count == 0 || ntohs(in->sin_port) < 0xc000)
		return __real_bind(fd, address, len);
	taken_count -= taken_count > 0;
	errno = EADDRINUSE;
	return -1;
}

/* Where others hold all ports that are tried, there is one that the kernel chose at the start, and
 * it is used from then on. */
static void test_all_source_ports_are_taken(void **state)
{
	const struct sent sent = {
		.to = lab_address(false, 2), .source_port = ENDS_SOURCE_PORT, .len = 100};
	struct ends ends;

	ends_open(&ends, false, true);
	taken_count = -1;
	for (unsigned i = 0; i < 3; i++) {
		struct rte_mbuf *packet;

		binds = 0;
		ends_send(ends.near, &sent);
		assert_int_equal(binds, i ? 0 : 16);
		packet = ends_receive(ends.far, 0);
		assert_int_equal(packet->pkt_len, 42 + 100);
		rte_pktmbuf_free(packet);
	}
	taken_count = 0;
	for (enum covey_drop reason = 0; reason < COVEY_DROP_COUNT; reason++)
		assert_int_equal(ends_drops(ends.near, reason), 0);
	ends_close(&ends);
}

static void test_cannot_open(void **state)
{
	struct sockaddr_in taken = {.sin_family = AF_INET, .sin_port = htons(COVEY_VPE_PORT)};
	struct covey_error error = {0};
	struct port *port;
	int fd;

	namespaces_enter(0);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&taken, sizeof(taken)), 0);
	assert_int_equal(ends_open_port(0, false, true, &port, &error), -EADDRINUSE);
	assert_non_null(strstr(error.text, "another program has UDP port 4798 of 10.0.0.1"));
	close(fd);
	namespaces_run("ip address delete 10.0.0.1/24 dev wire");
	assert_int_equal(ends_open_port(0, false, true, &port, &error), -EADDRNOTAVAIL);
	assert_non_null(strstr(error.text, "does not have the VTEP address 10.0.0.1"));
	namespaces_run("ip address add 10.0.0.1/24 dev wire");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_all_refusals),
		cmocka_unit_test(test_cannot_cut),
		cmocka_unit_test(test_one_call),
		cmocka_unit_test(test_others_leave),
		cmocka_unit_test(test_some_do_not_fit),
		cmocka_unit_test(test_only_vpe_leaves),
		cmocka_unit_test(test_source_port_is_taken),
		cmocka_unit_test(test_cannot_open),
		cmocka_unit_test(test_all_source_ports_are_taken),
	};

	return cmocka_run_group_tests(tests, ends_begin, ends_end);
}
