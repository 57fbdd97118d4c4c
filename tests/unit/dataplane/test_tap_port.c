/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host port on a TAP device. Two of them in two namespaces hand each other what the kernels'
 * VXLAN devices send, packet by packet: TCP and UDP come through, cut and put together.
 */
#include "lab.h"
#include "namespaces.h"
#include "port.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MTU   1440u
#define BYTES (4u << 20)
/* Seconds for what takes milliseconds: the machine may be busy. */
#define PATIENCE 60

/* How packets come from the kernel, and go there. */
enum way {
	SINGLES,
	BATCHES,
	SUPER_FRAMES,
	BY_PAIR, /* batches to the TAP device, super-frames from the end of a veth pair */
	WAYS
};

struct ends {
	struct port *ports[2];
	enum way way;
};

/* --- ports ----------------------------------------------------------------------------------- */

/* self: 1 or 2, the end of the interface's address. */
static int open_port(const char *name, unsigned self, enum way way, struct port **ret_port,
		     struct covey_error *ret_error)
{
	static const enum port_tap_offload offloads[WAYS] = {
		[SINGLES] = PORT_TAP_SINGLES,
		[BATCHES] = PORT_TAP_BATCHES,
		[SUPER_FRAMES] = PORT_TAP_SUPER_FRAMES,
		[BY_PAIR] = PORT_TAP_BATCHES,
	};
	const struct port_tap_config config = {.name = name,
					       .mtu = MTU,
					       .queues = 1,
					       .vxlan_port = 4789,
					       .offload = offloads[way],
					       .read_at = way == BY_PAIR ? "taken" : NULL,
					       .mac = {2, [5] = (uint8_t)self}};

	return port_open_tap(&config, lab_pool(), ret_port, ret_error);
}

/* covey0 with an address, and a VXLAN device over it as a tenant's interface. */
static void set_up(unsigned which)
{
	unsigned self = which + 1, peer = 2 - which;
	char command[1000];

	snprintf(
		command, sizeof(command),
		"ip link set covey0 address 02:00:00:00:00:0%u mtu %u up && "
		"ip address add 10.1.0.%u/24 dev covey0 && "
		"ip link add vx type vxlan id 100 local 10.1.0.%u remote 10.1.0.%u dstport 4789 && "
		"ip link set vx mtu 1390 up && ip address add 172.16.0.%u/24 dev vx && "
		"ip -6 address add fd01::%u/64 dev vx nodad",
		self, MTU, self, self, peer, self, self);
	namespaces_run(command);
}

/* What is sent to the peer goes to the pair instead. */
static void set_up_pair(void)
{
	namespaces_run("ip link add steered mtu 65535 type veth peer name taken mtu 65535 && "
		       "sysctl -qw net.ipv6.conf.steered.disable_ipv6=1 "
		       "net.ipv6.conf.taken.disable_ipv6=1 && "
		       "ip link set taken up && ip link set steered up");
}

static void steer(unsigned which)
{
	unsigned self = which + 1, peer = 2 - which;
	char command[300];

	snprintf(command, sizeof(command),
		 "sysctl -qw net.ipv4.conf.covey0.rp_filter=2 && "
		 "ip route add 10.1.0.%u/32 dev steered src 10.1.0.%u && "
		 "ip neighbour replace 10.1.0.%u lladdr 02:00:00:00:00:0%u dev steered",
		 peer, self, peer, peer);
	namespaces_run(command);
}

static void open_ends(struct ends *ends, enum way way)
{
	struct covey_error error = {0};

	ends->way = way;
	for (unsigned i = 0; i < 2; i++) {
		namespaces_enter(i);
		if (way == BY_PAIR)
			set_up_pair();
		if (open_port("covey0", i + 1, way, &ends->ports[i], &error) != 0)
			fail_msg("%s", error.text);
		set_up(i);
		if (way == BY_PAIR)
			steer(i);
	}
}

static void close_ends(struct ends *ends)
{
	for (unsigned i = 0; i < 2; i++) {
		port_close(ends->ports[i]);
		namespaces_enter(i);
		namespaces_run("ip link delete vx && ip link delete covey0");
		if (ends->way == BY_PAIR)
			namespaces_run("ip link delete steered");
	}
	assert_int_equal(lab_packets_out(), 0);
}

static uint64_t drops(const struct port *port, enum covey_drop reason)
{
	uint64_t counters[COVEY_DROP_COUNT] = {0};

	port_add_drops(port, counters);
	return counters[reason];
}

static struct dataplane_port_status status_of(const struct port *port)
{
	struct dataplane_port_status status;

	port_read(port, &status);
	return status;
}

/* Hand over what waits. Returns how many packets. */
static unsigned pump(const struct ends *ends)
{
	unsigned total = 0;

	for (unsigned i = 0; i < 2; i++) {
		const struct port_queue *from = &ends->ports[i]->rx[0];
		const struct port_queue *to = &ends->ports[!i]->tx[0];
		struct rte_mbuf *packets[PORT_BURST_MAX];
		uint16_t count = from->burst(from, packets, PORT_BURST_MAX);

		for (uint16_t j = 0; j < count; j++)
			assert_true(packets[j]->pkt_len <= MTU + 14 && packets[j]->nb_segs == 1);
		assert_int_equal(to->burst(to, packets, count), count);
		to->flush(to);
		total += count;
	}
	return total;
}

/* --- sockets --------------------------------------------------------------------------------- */

static uint8_t byte_at(size_t offset)
{
	return (uint8_t)(offset * 31 + (offset >> 8) * 7);
}

static struct sockaddr_storage address(const char *text, uint16_t port)
{
	struct sockaddr_storage storage = {0};
	struct covey_addr parsed = {0};

	assert_true(covey_addr_parse(text, &parsed));
	covey_addr_to_socket(&parsed, port, &storage);
	return storage;
}

static int open_socket(unsigned which, int type, const struct sockaddr_storage *bound)
{
	const int on = 1;
	int fd;

	namespaces_enter(which);
	fd = socket(bound->ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)bound, sizeof(*bound)), 0);
	return fd;
}

/* A connection from the second namespace to the first. */
static void connect_ends(const struct ends *ends, const char *first, const char *second, int *fds)
{
	struct sockaddr_storage to = address(first, 5000), from = address(second, 0);
	int listener = open_socket(0, SOCK_STREAM, &to);
	time_t end = time(NULL) + PATIENCE;

	assert_int_equal(listen(listener, 1), 0);
	fds[1] = open_socket(1, SOCK_STREAM, &from);
	connect(fds[1], (struct sockaddr *)&to, sizeof(to));
	while ((fds[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) < 0) {
		if (time(NULL) > end)
			fail_msg("no connection from %s to %s", second, first);
		pump(ends);
	}
	close(listener);
}

static size_t write_some(int fd, size_t sent)
{
	uint8_t bytes[65536];
	size_t len = RTE_MIN(sizeof(bytes), (size_t)BYTES - sent);
	ssize_t n;

	for (size_t i = 0; i < len; i++)
		bytes[i] = byte_at(sent + i);
	n = len > 0 ? write(fd, bytes, len) : 0;
	return n > 0 ? sent + (size_t)n : sent;
}

static size_t read_some(int fd, size_t received)
{
	uint8_t bytes[65536];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	for (ssize_t i = 0; i < n; i++)
		if (bytes[i] != byte_at(received + (size_t)i))
			fail_msg("byte %zu is wrong", received + (size_t)i);
	return n > 0 ? received + (size_t)n : received;
}

/* BYTES each way at once. */
static void exchange(const struct ends *ends, const int *fds)
{
	time_t end = time(NULL) + PATIENCE;
	size_t sent[2] = {0}, received[2] = {0};

	while (received[0] < BYTES || received[1] < BYTES) {
		if (time(NULL) > end)
			fail_msg("%zu and %zu bytes came", received[0], received[1]);
		for (unsigned i = 0; i < 2; i++) {
			sent[i] = write_some(fds[i], sent[i]);
			received[i] = read_some(fds[i], received[i]);
		}
		pump(ends);
	}
}

static void run_tcp(const struct ends *ends, const char *first, const char *second)
{
	int fds[2];

	connect_ends(ends, first, second, fds);
	exchange(ends, fds);
	close(fds[0]);
	close(fds[1]);
}

/* --- tests ----------------------------------------------------------------------------------- */

static void test_tcp(void **state)
{
	for (enum way way = SINGLES; way < WAYS; way++) {
		struct ends ends;

		open_ends(&ends, way);
		run_tcp(&ends, "172.16.0.1", "172.16.0.2");
		run_tcp(&ends, "fd01::1", "fd01::2");
		for (unsigned i = 0; i < 2; i++) {
			assert_int_equal(drops(ends.ports[i], COVEY_DROP_OUT_SUPER_FRAME), 0);
			assert_int_equal(drops(ends.ports[i], COVEY_DROP_OUT_TOO_BIG), 0);
			assert_int_equal(status_of(ends.ports[i]).tx_errors, 0);
		}
		close_ends(&ends);
	}
}

/* What a tenant sends in one piece, to be cut into datagrams, arrives as these datagrams. */
static void run_udp(enum way way)
{
	struct sockaddr_storage to = address("172.16.0.1", 5000), from = address("172.16.0.2", 0);
	static uint8_t sent[40 * 1000], received[2000];
	const int size = 1000;
	time_t end = time(NULL) + PATIENCE;
	struct ends ends;
	int fds[2];

	open_ends(&ends, way);
	fds[0] = open_socket(0, SOCK_DGRAM, &to);
	fds[1] = open_socket(1, SOCK_DGRAM, &from);
	assert_int_equal(setsockopt(fds[1], IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)), 0);
	for (unsigned i = 0; i < sizeof(sent); i++)
		sent[i] = byte_at(i);
	assert_int_equal(sendto(fds[1], sent, sizeof(sent), 0, (struct sockaddr *)&to, sizeof(to)),
			 sizeof(sent));
	for (unsigned i = 0; i < 40;) {
		pump(&ends);
		if (recv(fds[0], received, sizeof(received), 0) != size) {
			assert_true(time(NULL) <= end);
			continue;
		}
		assert_memory_equal(received, sent + i * 1000u, 1000);
		i++;
	}
	close(fds[0]);
	close(fds[1]);
	close_ends(&ends);
}

static void test_udp(void **state)
{
	for (enum way way = SINGLES; way < WAYS; way++)
		run_udp(way);
}

/* --- VXLAN devices whose MTU is too large ----------------------------------------------------- */

/* Send a datagram as long as the device lets through, from the second end to the first, and wait
 * until it has come or been counted. Returns whether it has come. */
static bool send_long(const struct ends *ends, const char *first, bool may_fragment)
{
	struct sockaddr_storage to = address(first, 5000);
	struct sockaddr_storage from =
		address(to.ss_family == AF_INET ? "172.16.0.2" : "fd01::2", 0);
	uint64_t before = drops(ends->ports[1], COVEY_DROP_OUT_TOO_BIG);
	size_t len = 1450 - 8 - (to.ss_family == AF_INET ? 20 : 40);
	time_t end = time(NULL) + PATIENCE;
	static uint8_t sent[1450], received[2000];
	const int dont = IP_PMTUDISC_DONT;
	ssize_t came = -1;
	int fds[2];

	fds[0] = open_socket(0, SOCK_DGRAM, &to);
	fds[1] = open_socket(1, SOCK_DGRAM, &from);
	if (may_fragment)
		assert_int_equal(
			setsockopt(fds[1], IPPROTO_IP, IP_MTU_DISCOVER, &dont, sizeof(dont)), 0);
	for (unsigned i = 0; i < len; i++)
		sent[i] = byte_at(i);
	assert_int_equal(sendto(fds[1], sent, len, 0, (struct sockaddr *)&to, sizeof(to)), len);
	while (came < 0 && drops(ends->ports[1], COVEY_DROP_OUT_TOO_BIG) == before) {
		assert_true(time(NULL) <= end);
		pump(ends);
		came = recv(fds[0], received, sizeof(received), 0);
	}
	if (came >= 0) {
		assert_int_equal(came, len);
		assert_memory_equal(received, sent, len);
	}
	close(fds[0]);
	close(fds[1]);
	return came >= 0;
}

/* TCP passes, and so does what may be fragmented. Who sends what may not is told, and sends less
 * from then on. */
static void test_too_long(void **state)
{
	for (enum way way = SINGLES; way < WAYS; way++) {
		struct ends ends;

		open_ends(&ends, way);
		for (unsigned i = 0; i < 2; i++) {
			namespaces_enter(i);
			namespaces_run("ip link set covey0 mtu 1500 && ip link set vx mtu 1450");
		}
		run_tcp(&ends, "172.16.0.1", "172.16.0.2");
		run_tcp(&ends, "fd01::1", "fd01::2");
		assert_true(send_long(&ends, "172.16.0.1", true));
		assert_int_equal(drops(ends.ports[0], COVEY_DROP_OUT_TOO_BIG), 0);
		assert_int_equal(drops(ends.ports[1], COVEY_DROP_OUT_TOO_BIG), 0);

		assert_false(send_long(&ends, "172.16.0.1", false));
		assert_false(send_long(&ends, "fd01::1", false));
		namespaces_enter(1);
		namespaces_run("ip route get 172.16.0.1 | grep -q 'mtu 1390' && "
			       "ip route get fd01::1 | grep -q 'mtu 1390'");
		assert_true(send_long(&ends, "172.16.0.1", false));
		assert_true(send_long(&ends, "fd01::1", false));
		assert_int_equal(drops(ends.ports[1], COVEY_DROP_OUT_TOO_BIG), 2);
		assert_int_equal(port_read_answers(ends.ports[1]), 2);
		assert_int_equal(port_read_answers(ends.ports[0]), 0);
		close_ends(&ends);
	}
}

/* What the VXLAN device has no address for goes to each of its peers. Its sender is told once. */
static void test_copies(void **state)
{
	struct sockaddr_storage to = address("172.16.0.9", 5000), from = address("172.16.0.2", 0);
	static const uint8_t sent[1422];
	time_t end = time(NULL) + PATIENCE;
	struct ends ends;
	int fd;

	open_ends(&ends, SUPER_FRAMES);
	namespaces_enter(1);
	namespaces_run("ip link set covey0 mtu 1500 && ip link set vx mtu 1450 && "
		       "ip neighbour add 172.16.0.9 lladdr 02:00:00:00:00:99 dev vx && "
		       "for i in 3 4 5; do "
		       "ip neighbour add 10.1.0.$i lladdr 02:00:00:00:01:0$i dev covey0 && "
		       "bridge fdb append 00:00:00:00:00:00 dev vx dst 10.1.0.$i; done");
	fd = open_socket(1, SOCK_DGRAM, &from);
	assert_int_equal(sendto(fd, sent, sizeof(sent), 0, (struct sockaddr *)&to, sizeof(to)),
			 sizeof(sent));
	while (drops(ends.ports[1], COVEY_DROP_OUT_TOO_BIG) < 4) {
		assert_true(time(NULL) <= end);
		pump(&ends);
	}
	assert_int_equal(port_read_answers(ends.ports[1]), 1);
	namespaces_run("ip route get 172.16.0.9 | grep -q 'mtu 1390'");
	close(fd);
	close_ends(&ends);
}

/* Only what fits now comes out. */
static void test_mtu_changes(void **state)
{
	struct ends ends;

	open_ends(&ends, SUPER_FRAMES);
	port_tap_set_mtu(ends.ports[1], MTU - 100);
	assert_int_equal(status_of(ends.ports[1]).mtu, MTU - 100);
	namespaces_enter(1);
	namespaces_run("ip link set covey0 mtu 1500 && ip link set vx mtu 1450");
	assert_false(send_long(&ends, "172.16.0.1", false));
	namespaces_run("ip route get 172.16.0.1 | grep -q 'mtu 1290' && ip route flush cache");
	port_tap_set_mtu(ends.ports[1], MTU + 100);
	assert_int_equal(drops(ends.ports[1], COVEY_DROP_OUT_TOO_BIG), 1);
	close_ends(&ends);
}

/* A super-frame that is not VXLAN is none of ours to cut. */
static void test_not_vxlan(void **state)
{
	time_t end = time(NULL) + PATIENCE;
	struct ends ends;
	size_t sent = 0;
	int fds[2];

	open_ends(&ends, SUPER_FRAMES);
	connect_ends(&ends, "10.1.0.1", "10.1.0.2", fds);
	while (drops(ends.ports[1], COVEY_DROP_OUT_SUPER_FRAME) == 0) {
		assert_true(time(NULL) <= end);
		sent = write_some(fds[1], sent);
		pump(&ends);
	}
	close(fds[0]);
	close(fds[1]);
	close_ends(&ends);
}

static void test_tells_offload(void **state)
{
	static const char *const texts[WAYS] = {
		[SINGLES] = "none",
		[BATCHES] = "UDP GSO",
		[SUPER_FRAMES] = "tunnel GSO",
		[BY_PAIR] = "packet sockets, UDP GSO",
	};

	for (enum way way = SINGLES; way < WAYS; way++) {
		struct ends ends;

		open_ends(&ends, way);
		assert_string_equal(status_of(ends.ports[0]).offload, texts[way]);
		assert_string_equal(status_of(ends.ports[0]).driver, "tap");
		close_ends(&ends);
	}
}

/* --- what goes wrong ------------------------------------------------------------------------- */

static void test_no_buffers(void **state)
{
	static struct rte_mbuf *all[4096];
	unsigned count = 0;
	time_t end = time(NULL) + PATIENCE;
	struct ends ends;

	open_ends(&ends, SUPER_FRAMES);
	while ((all[count] = rte_pktmbuf_alloc(lab_pool())))
		count++;
	while (drops(ends.ports[0], COVEY_DROP_OUT_NO_BUFFER) == 0) {
		assert_true(time(NULL) <= end);
		namespaces_enter(0);
		namespaces_run("ping -c 1 -W 1 172.16.0.2 >/dev/null & wait; true");
		pump(&ends);
	}
	rte_pktmbuf_free_bulk(all, count);
	close_ends(&ends);
}

static void test_interface_is_down(void **state)
{
	static const uint8_t frame[100] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};
	const struct port_queue *queue;
	struct rte_mbuf *packet;
	struct ends ends;

	open_ends(&ends, SUPER_FRAMES);
	namespaces_enter(0);
	namespaces_run("ip link set covey0 down");
	queue = &ends.ports[0]->tx[0];
	packet = lab_packet(frame, sizeof(frame));
	assert_int_equal(queue->burst(queue, &packet, 1), 1);
	assert_int_equal(drops(ends.ports[0], COVEY_DROP_IN_REFUSED), 0);
	queue->flush(queue);
	assert_int_equal(drops(ends.ports[0], COVEY_DROP_IN_REFUSED), 1);
	close_ends(&ends);
}

/* It stays, without a carrier, and the next one takes it over. */
static void test_stays(void **state)
{
	struct covey_error error = {0};
	struct port *port;
	unsigned index;

	namespaces_enter(0);
	assert_int_equal(open_port("stays", 1, SUPER_FRAMES, &port, &error), 0);
	index = if_nametoindex("stays");
	namespaces_run("ip link set stays up && ip link show stays | grep -q LOWER_UP");
	port_close(port);
	namespaces_run("ip link show stays | grep -q NO-CARRIER");
	assert_int_equal(open_port("stays", 1, SUPER_FRAMES, &port, &error), 0);
	assert_int_equal(if_nametoindex("stays"), index);
	namespaces_run("ip link show stays | grep -q LOWER_UP");
	port_close(port);
	namespaces_run("ip link delete stays");
}

static void expect_refusal(const char *name, int expected, const char *text)
{
	struct covey_error error = {0};
	struct port *port;

	assert_int_equal(open_port(name, 1, SUPER_FRAMES, &port, &error), expected);
	if (!strstr(error.text, text))
		fail_msg("%s", error.text);
}

static void test_not_ours(void **state)
{
	namespaces_enter(0);
	expect_refusal("wire", -EEXIST, "wire exists and is no TAP device: rename or remove it");
	namespaces_run("ip tuntap add single mode tap");
	expect_refusal("single", -EEXIST, "remove it (ip link delete single)");
	namespaces_run("ip link delete single && ip tuntap add tunnel mode tun");
	expect_refusal("tunnel", -EEXIST, "tunnel exists and is no TAP device");
	namespaces_run("ip link delete tunnel");
	expect_refusal("a-name-that-is-too-long", -EINVAL, "more than 15 bytes");
}

static int begin(void **state)
{
	namespaces_open();
	return lab_eal(state);
}

static int end(void **state)
{
	namespaces_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_mtu_changes),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_not_vxlan),
		cmocka_unit_test(test_tells_offload),
		cmocka_unit_test(test_no_buffers),
		cmocka_unit_test(test_interface_is_down),
		cmocka_unit_test(test_stays),
		cmocka_unit_test(test_not_ours),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
