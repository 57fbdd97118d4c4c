/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fabric port on the kernel's sockets: what is sent by one arrives at another as it was,
 * however the kernel has joined and cut it. What others send, and what the kernel refuses, is
 * counted.
 */
#include "lab.h"
#include "namespaces.h"
#include "port.h"
#include "super_frame.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <headers.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MTU         1500u
#define SOURCE_PORT 0xc805u
/* Of Ethernet, IP and UDP. */
#define HEADERS(ipv6) ((ipv6) ? 62u : 42u)
/* Seconds for what takes microseconds: the machine may be busy. */
#define PATIENCE 30

static const uint8_t host_mac[6] = {0x02, 0, 0, 0, 0, 7};

struct ends {
	bool ipv6;
	struct port *near, *far;
};

/* --- a kernel that refuses ------------------------------------------------------------------- */

static int send_error;                    /* 0: none */
static unsigned send_errors = UINT32_MAX; /* so many times */

ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
	if (send_error == 0 || send_errors == 0)
		return __real_sendmsg(fd, message, flags);
	send_errors -= send_errors != UINT32_MAX;
	errno = send_error;
	return -1;
}

/* --- ports ----------------------------------------------------------------------------------- */

static int open_port(unsigned which, bool ipv6, bool offload, struct port **ret_port,
		     struct covey_error *ret_error)
{
	struct port_kernel_config config = {
		.name = "kernel",
		.vtep = lab_address(ipv6, (uint8_t)(which + 1)),
		.vpe_port = COVEY_VPE_PORT,
		.mtu = MTU,
		.queues = 1,
		.offload = offload,
	};

	memcpy(config.host_mac, host_mac, sizeof(host_mac));
	namespaces_enter(which);
	return port_open_kernel(&config, lab_pool(), ret_port, ret_error);
}

static void open_ends(struct ends *ends, bool ipv6, bool offload)
{
	struct covey_error error = {0};

	ends->ipv6 = ipv6;
	if (open_port(1, ipv6, offload, &ends->far, &error) != 0 ||
	    open_port(0, ipv6, offload, &ends->near, &error) != 0)
		fail_msg("%s", error.text);
}

static void close_ends(struct ends *ends)
{
	port_close(ends->near);
	port_close(ends->far);
	assert_int_equal(lab_packets_out(), 0);
}

static uint64_t drops(const struct port *port, enum covey_drop reason)
{
	uint64_t counters[COVEY_DROP_COUNT] = {0};

	port_add_drops(port, counters);
	return counters[reason];
}

/* --- packets --------------------------------------------------------------------------------- */

struct sent {
	struct covey_addr to;
	uint16_t source_port;
	uint8_t traffic_class;
	uint16_t len; /* behind UDP's header */
	uint8_t fill;
};

/* As the engine writes it (outer.h): byte by byte. */
static struct rte_mbuf *make_packet(const struct sent *sent)
{
	bool ipv6 = sent->to.family == AF_INET6;
	unsigned headers = HEADERS(ipv6), udp_at = headers - 8;
	uint8_t frame[MTU + 100] = {0}, *ip = frame + 14;
	struct covey_addr from = lab_address(ipv6, 1);

	write_be16(frame + 12, ipv6 ? 0x86dd : 0x0800);
	if (ipv6) {
		write_be32(ip, 6u << 28 | (uint32_t)sent->traffic_class << 20);
		write_be16(ip + 4, (uint16_t)(sent->len + 8));
		ip[6] = IPPROTO_UDP;
		ip[7] = 9;
	} else {
		ip[0] = 0x45;
		ip[1] = sent->traffic_class;
		write_be16(ip + 2, (uint16_t)(sent->len + 28));
		ip[8] = 9;
		ip[9] = IPPROTO_UDP;
	}
	memcpy(ip + (ipv6 ? 8 : 12), from.bytes, covey_addr_len(&from));
	memcpy(ip + (ipv6 ? 24 : 16), sent->to.bytes, covey_addr_len(&sent->to));
	write_be16(frame + udp_at, sent->source_port);
	write_be16(frame + udp_at + 2, COVEY_VPE_PORT);
	write_be16(frame + udp_at + 4, (uint16_t)(sent->len + 8));
	memset(frame + headers, sent->fill, sent->len);
	return lab_packet(frame, headers + sent->len);
}

static void transmit(const struct port *port, struct rte_mbuf **packets, uint16_t count)
{
	namespaces_enter(0);
	assert_int_equal(port->tx[0].burst(&port->tx[0], packets, count), count);
	port->tx[0].flush(&port->tx[0]);
}

static void send_one(const struct port *port, const struct sent *sent)
{
	struct rte_mbuf *packet = make_packet(sent);

	transmit(port, &packet, 1);
}

/* What the port has received by now, of unicast (queue 0) or multicast (queue 1). */
static struct rte_mbuf *receive(const struct port *port, unsigned queue)
{
	time_t end = time(NULL) + PATIENCE;
	struct rte_mbuf *packet = NULL;

	while (port->rx[queue].burst(&port->rx[queue], &packet, 1) == 0)
		if (time(NULL) > end)
			fail_msg("nothing came");
	return packet;
}

static void expect(const struct port *port, unsigned queue, const struct sent *sent)
{
	struct rte_mbuf *packet = receive(port, queue);
	const uint8_t *frame = rte_pktmbuf_mtod(packet, const uint8_t *), *ip = frame + 14;
	bool ipv6 = sent->to.family == AF_INET6;
	unsigned headers = HEADERS(ipv6);
	struct covey_addr from = lab_address(ipv6, 1);

	assert_int_equal(packet->pkt_len, headers + sent->len);
	if (queue == 0)
		assert_memory_equal(frame, host_mac, 6);
	assert_int_equal(ip_version(ip), ipv6 ? 6 : 4);
	assert_int_equal(ip_traffic_class(ip), sent->traffic_class);
	assert_true(ip_destination_is(ip, sent->to.family, sent->to.bytes));
	assert_true(ip_source_is(ip, from.family, from.bytes));
	assert_int_equal(read_be16(frame + headers - 8), sent->source_port);
	assert_int_equal(read_be16(frame + headers - 6), COVEY_VPE_PORT);
	assert_int_equal(read_be16(frame + headers - 4), sent->len + 8);
	for (unsigned i = 0; i < sent->len; i++)
		assert_int_equal(frame[headers + i], sent->fill);
	rte_pktmbuf_free(packet);
}

static struct sent random_sent(struct random *random, bool ipv6)
{
	static const uint16_t lens[] = {1, 40, 700, 1400, MTU - 48};

	return (struct sent){
		.to = lab_address(ipv6, 2),
		.source_port = (uint16_t)(SOURCE_PORT + random_below(random, 2)),
		.traffic_class = random_below(random, 8) ? 0 : (uint8_t)random_next(random),
		.len = lens[random_below(random, 5)],
		.fill = (uint8_t)random_next(random),
	};
}

/* --- tests ----------------------------------------------------------------------------------- */

/* Runs of equal packets and others, as flows bring them. */
static void exchange(struct random *random, const struct ends *ends)
{
	struct rte_mbuf *packets[PORT_BURST_MAX];
	struct sent sent[PORT_BURST_MAX], latest = random_sent(random, ends->ipv6);
	unsigned count = 1 + random_below(random, PORT_BURST_MAX);

	for (unsigned i = 0; i < count; i++) {
		if (random_below(random, 4) == 0)
			latest = random_sent(random, ends->ipv6);
		latest.fill = (uint8_t)i;
		sent[i] = latest;
		packets[i] = make_packet(&latest);
	}
	transmit(ends->near, packets, (uint16_t)count);
	for (unsigned i = 0; i < count; i++)
		expect(ends->far, 0, &sent[i]);
}

static void test_arrives_as_it_was(void **state)
{
	for (unsigned kind = 0; kind < 4; kind++) {
		struct random random = {kind};
		struct ends ends;

		open_ends(&ends, kind & 1, kind & 2);
		for (unsigned i = 0; i < 500; i++)
			exchange(&random, &ends);
		close_ends(&ends);
	}
}

/* A burst of equal packets leaves in one call, and comes in one. */
static void test_offload_is_used(void **state)
{
	struct dataplane_port_status status;
	struct ends ends;

	open_ends(&ends, false, true);
	port_read(ends.near, &status);
	assert_string_equal(status.driver, "kernel");
	assert_string_equal(status.offload, "UDP_SEGMENT and UDP_GRO");
	close_ends(&ends);
	open_ends(&ends, false, false);
	port_read(ends.near, &status);
	assert_string_equal(status.offload, "off");
	close_ends(&ends);
}

/* With gathering stopped, each packet comes alone; those that come gathered are marked. */
static void test_gathering_stops(void **state)
{
	const struct sent sent = {
		.to = lab_address(false, 2), .source_port = SOURCE_PORT, .len = 1000};
	struct dataplane_port_status status;
	struct ends ends;

	open_ends(&ends, false, true);
	for (unsigned gather = 0; gather < 2; gather++) {
		struct rte_mbuf *packets[4];

		assert_true(port_kernel_gather(ends.far, gather));
		port_read(ends.far, &status);
		assert_string_equal(status.offload,
				    gather ? "UDP_SEGMENT and UDP_GRO" : "UDP_SEGMENT");
		for (unsigned i = 0; i < 4; i++)
			packets[i] = make_packet(&sent);
		transmit(ends.near, packets, 4);
		for (unsigned i = 0; i < 4; i++) {
			struct rte_mbuf *packet = receive(ends.far, 0);

			assert_int_equal(packet->pkt_len, 42 + 1000);
			assert_int_equal(!!(packet->ol_flags & RTE_MBUF_F_RX_LRO), gather);
			rte_pktmbuf_free(packet);
		}
	}
	close_ends(&ends);
}

static void give(const struct port *port, const struct sent *sent)
{
	struct rte_mbuf *packet = make_packet(sent);

	namespaces_enter(0);
	assert_int_equal(port->tx[0].burst(&port->tx[0], &packet, 1), 1);
}

/* Packets that came in several bursts leave together, and not before the flush. */
static void test_waits_for_more(void **state)
{
	struct sent sent = {.to = lab_address(false, 2), .source_port = SOURCE_PORT, .len = 100};
	struct rte_mbuf *packets[8];
	const struct port_queue *queue;
	struct ends ends;

	open_ends(&ends, false, true);
	queue = &ends.far->rx[0];
	for (unsigned i = 0; i < 5; i++)
		give(ends.near, &sent);
	assert_int_equal(queue->burst(queue, packets, 8), 0);
	ends.near->tx[0].flush(&ends.near->tx[0]);
	packets[0] = receive(ends.far, 0);
	assert_true(queue->has_more(queue));
	assert_int_equal(queue->burst(queue, packets + 1, 7), 4);
	assert_false(queue->has_more(queue));
	rte_pktmbuf_free_bulk(packets, 5);

	/* One that cannot leave with the others does not wait behind them. */
	give(ends.near, &sent);
	sent.len = 200;
	give(ends.near, &sent);
	packets[0] = receive(ends.far, 0);
	assert_int_equal(packets[0]->pkt_len, 42 + 100);
	rte_pktmbuf_free(packets[0]);
	close_ends(&ends); /* and what waits is freed */
}

/* Datagrams of every length from anybody, some of them gathered by the kernel. What a buffer holds
 * comes in, also above the MTU: the sender's uplinks may carry more. */
static void test_forged_datagrams(void **state)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(COVEY_VPE_PORT)};
	static uint8_t bytes[12000];
	struct ends ends;
	unsigned whole = 0, longer = 0;
	int fd;

	open_ends(&ends, false, true);
	namespaces_enter(0);
	inet_pton(AF_INET, "10.0.0.2", &to.sin_addr);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_true(fd >= 0);
	for (unsigned len = 0; len < sizeof(bytes); len += len < 40 ? 1 : 371) {
		struct rte_mbuf *packet;

		assert_int_equal(sendto(fd, bytes, len, 0, (struct sockaddr *)&to, sizeof(to)),
				 len);
		if (len > 0 && len + 28 <= port_pool_mtu_max(lab_pool())) {
			packet = receive(ends.far, 0);
			assert_int_equal(packet->pkt_len, 42 + len);
			rte_pktmbuf_free(packet);
			whole++;
			longer += len + 28 > MTU;
		}
	}
	/* The last one comes after all before it. */
	sendto(fd, bytes, 1, 0, (struct sockaddr *)&to, sizeof(to));
	rte_pktmbuf_free(receive(ends.far, 0));
	assert_true(whole > 40 && longer > 0);
	assert_int_equal(drops(ends.far, COVEY_DROP_IN_SHORT), 1);
	assert_true(drops(ends.far, COVEY_DROP_IN_TOO_LONG) > 0);
	close(fd);
	close_ends(&ends);
}

/* As a bump in the wire sends: no checksum, over IPv6 too (RFC 6935). */
static void send_without_checksum(bool ipv6, const uint8_t *bytes, size_t len)
{
	const struct covey_addr address = lab_address(ipv6, 2);
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(COVEY_VPE_PORT)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(COVEY_VPE_PORT)};
	struct sockaddr *to = ipv6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in;
	int fd = socket(to->sa_family, SOCK_DGRAM, 0), on = 1;

	memcpy(&in.sin_addr, address.bytes, sizeof(in.sin_addr));
	memcpy(&in6.sin6_addr, address.bytes, sizeof(in6.sin6_addr));
	assert_return_code(setsockopt(fd, ipv6 ? IPPROTO_UDP : SOL_SOCKET,
				      ipv6 ? UDP_NO_CHECK6_TX : SO_NO_CHECK, &on, sizeof(on)),
			   errno);
	assert_int_equal(sendto(fd, bytes, len, 0, to, ipv6 ? sizeof(in6) : sizeof(in)), len);
	close(fd);
}

static void test_no_checksum(void **state)
{
	const uint8_t bytes[100] = {0};

	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		struct rte_mbuf *packet;
		struct ends ends;

		open_ends(&ends, ipv6, true);
		namespaces_enter(0);
		send_without_checksum(ipv6, bytes, sizeof(bytes));
		packet = receive(ends.far, 0);
		assert_int_equal(packet->pkt_len, HEADERS(ipv6) + sizeof(bytes));
		rte_pktmbuf_free(packet);
		close_ends(&ends);
	}
}

/* Whatever was refused, the next packet is sent. */
static void expect_passes(const struct ends *ends)
{
	const struct sent sent = {
		.to = lab_address(false, 2), .source_port = SOURCE_PORT, .len = 100, .fill = 7};

	send_one(ends->near, &sent);
	expect(ends->far, 0, &sent);
}

/* How many the kernel of this namespace has made. */
static unsigned long fragments(void)
{
	FILE *stream = popen("nstat -asz | awk '/FragCreates/ { n += $2 } END { print n }'", "r");
	unsigned long count;

	assert_non_null(stream);
	assert_int_equal(fscanf(stream, "%lu", &count), 1);
	pclose(stream);
	return count;
}

/* What the kernel has learned of a path's MTU, it may have learned from a forged error. Packets
 * that the interface takes leave all the same, whole and together. */
static void test_forged_path_mtu(void **state)
{
	static const char *const routes[] = {"ip route add 10.0.0.2/32 dev wire mtu 600",
					     "ip route add fd00::2/128 dev wire mtu 1280"};
	struct ends ends;

	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct sent sent = {
			.to = lab_address(ipv6, 2), .source_port = SOURCE_PORT, .len = MTU - 48};
		struct rte_mbuf *packets[4];

		unsigned long before;

		open_ends(&ends, ipv6, true);
		namespaces_enter(0);
		namespaces_run(routes[ipv6]);
		before = fragments();
		for (unsigned i = 0; i < 4; i++)
			packets[i] = make_packet(&sent);
		transmit(ends.near, packets, 4);
		send_one(ends.near, &sent);
		for (unsigned i = 0; i < 5; i++)
			expect(ends.far, 0, &sent);
		assert_int_equal(drops(ends.near, COVEY_DROP_OUT_TOO_BIG), 0);
		namespaces_enter(0);
		assert_int_equal(fragments(), before);
		namespaces_run(ipv6 ? "ip -6 route flush root fd00::2/128"
				    : "ip route flush root 10.0.0.2/32");
		close_ends(&ends);
	}
}

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

	open_ends(&ends, false, true);
	for (unsigned i = 0; i < RTE_DIM(rows); i++)
		for (unsigned count = 1; count < 4; count++) {
			struct sent sent = {.to = {.family = AF_INET},
					    .source_port = SOURCE_PORT,
					    .len = rows[i].len};
			struct rte_mbuf *packets[4];
			uint64_t before = drops(ends.near, rows[i].reason);

			namespaces_enter(0);
			if (count == 1)
				namespaces_run(rows[i].command);
			memcpy(sent.to.bytes, rows[i].to, 4);
			for (unsigned j = 0; j < count; j++)
				packets[j] = make_packet(&sent);
			transmit(ends.near, packets, (uint16_t)count);
			assert_int_equal(drops(ends.near, rows[i].reason), before + count);
		}
	namespaces_run("ip link set wire mtu 1500 up && "
		       "ip -6 address replace fd00::1/64 dev wire nodad");
	expect_passes(&ends);
	close_ends(&ends);
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

	open_ends(&ends, false, true);
	for (unsigned i = 0; i < RTE_DIM(rows); i++) {
		const struct sent sent = {
			.to = lab_address(false, 2), .source_port = SOURCE_PORT, .len = 100};
		uint64_t before = drops(ends.near, rows[i].reason);
		struct rte_mbuf *packets[3];

		for (unsigned j = 0; j < 3; j++)
			packets[j] = make_packet(&sent);
		send_error = rows[i].error;
		transmit(ends.near, packets, 3);
		send_error = 0;
		assert_int_equal(drops(ends.near, rows[i].reason), before + 3);
		expect_passes(&ends);
	}
	close_ends(&ends);
}

/* An interface that cannot finish checksums: packets go one by one from now on. */
static void test_cannot_cut(void **state)
{
	const struct sent sent = {
		.to = lab_address(false, 2), .source_port = SOURCE_PORT, .len = 100};
	struct dataplane_port_status status;
	struct rte_mbuf *packets[3];
	struct ends ends;

	open_ends(&ends, false, true);
	for (unsigned i = 0; i < 3; i++)
		packets[i] = make_packet(&sent);
	send_error = EIO;
	send_errors = 1;
	transmit(ends.near, packets, 3);
	send_error = 0;
	for (unsigned i = 0; i < 3; i++)
		expect(ends.far, 0, &sent);
	port_read(ends.near, &status);
	assert_string_equal(status.offload, "UDP_GRO");
	close_ends(&ends);
}

/* Of packets that would leave together, those that fit leave, if others do not. */
static void test_some_do_not_fit(void **state)
{
	struct sent sent = {.to = lab_address(false, 2), .source_port = SOURCE_PORT};
	struct rte_mbuf *packets[3];
	struct ends ends;

	open_ends(&ends, false, true);
	namespaces_run("ip link set wire mtu 1400");
	for (unsigned i = 0; i < 3; i++) {
		sent.len = i < 2 ? 1400 : 100;
		packets[i] = make_packet(&sent);
	}
	transmit(ends.near, packets, 3);
	expect(ends.far, 0, &sent);
	assert_int_equal(drops(ends.near, COVEY_DROP_OUT_TOO_BIG), 2);
	namespaces_run("ip link set wire mtu 1500");
	close_ends(&ends);
}

/* What is not VPE does not leave by these sockets, whatever an engine lets pass. */
static void test_only_vpe_leaves(void **state)
{
	static const struct {
		unsigned at;
		uint8_t value;
	} rows[] = {{14, 0x46}, {14, 0x65}, {23, 6}, {36, 0}, {38, 0xff}, {39, 8}};
	const struct sent sent = {
		.to = lab_address(false, 2), .source_port = SOURCE_PORT, .len = 100};
	struct ends ends;

	open_ends(&ends, false, true);
	for (unsigned i = 0; i < RTE_DIM(rows); i++) {
		struct rte_mbuf *packet = make_packet(&sent);

		rte_pktmbuf_mtod(packet, uint8_t *)[rows[i].at] = rows[i].value;
		transmit(ends.near, &packet, 1);
		assert_int_equal(drops(ends.near, COVEY_DROP_OUT_NOT_VXLAN), i + 1);
	}
	for (uint16_t len = 1; len < 42; len++) {
		struct rte_mbuf *packet = make_packet(&sent);

		packet->data_len = len;
		packet->pkt_len = len;
		transmit(ends.near, &packet, 1);
	}
	assert_int_equal(drops(ends.near, COVEY_DROP_OUT_NOT_VXLAN), RTE_DIM(rows) + 41);
	close_ends(&ends);
}

/* Where another program holds a window's source port, the next path's takes its place. */
static void test_source_port_is_taken(void **state)
{
	struct sockaddr_in taken = {.sin_family = AF_INET, .sin_port = htons(SOURCE_PORT)};
	struct sent sent = {.to = lab_address(false, 2), .source_port = SOURCE_PORT, .len = 100};
	struct ends ends;
	int fd;

	open_ends(&ends, false, true);
	namespaces_enter(0);
	inet_pton(AF_INET, "10.0.0.1", &taken.sin_addr);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&taken, sizeof(taken)), 0);
	send_one(ends.near, &sent);
	sent.source_port++;
	expect(ends.far, 0, &sent);
	send_one(ends.near, &sent);
	expect(ends.far, 0, &sent);
	close(fd);
	close_ends(&ends);
}

/* A second wire, without addresses: nothing but IPv4's group tells to send there. */
static void add_second_wire(void)
{
	namespaces_add_wire("second");
	namespaces_enter(1);
	namespaces_run("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.second.rp_filter=0");
}

/* The group's packets leave on its interface, and none is looped back. */
static void test_multicast(void **state)
{
	add_second_wire();
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct sent sent = {.source_port = SOURCE_PORT, .len = 100, .traffic_class = 0x28};
		const char *interface = ipv6 ? "wire" : "second";
		struct covey_error error = {0};
		struct rte_mbuf *packet;
		struct ends ends;
		unsigned there;

		covey_addr_parse(ipv6 ? "ff05::4242" : "239.66.66.66", &sent.to);
		open_ends(&ends, ipv6, true);
		namespaces_enter(0);
		assert_int_equal(
			port_kernel_join(ends.near, &sent.to, if_nametoindex(interface), &error),
			0);
		namespaces_enter(1);
		there = if_nametoindex(interface);
		assert_int_equal(port_kernel_join(ends.far, &sent.to, there, &error), 0);
		send_one(ends.near, &sent);
		expect(ends.far, 1, &sent);
		assert_int_equal(ends.near->rx[1].burst(&ends.near->rx[1], &packet, 1), 0);
		namespaces_enter(1);
		port_kernel_leave(ends.far, &sent.to, there);
		port_kernel_leave(ends.far, &sent.to, there);
		assert_int_equal(port_kernel_join(ends.far, &sent.to, 12345, &error), -ENODEV);
		close_ends(&ends);
	}
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
	assert_int_equal(open_port(0, false, true, &port, &error), -EADDRINUSE);
	assert_non_null(strstr(error.text, "another program has UDP port 4798 of 10.0.0.1"));
	close(fd);
	namespaces_run("ip address delete 10.0.0.1/24 dev wire");
	assert_int_equal(open_port(0, false, true, &port, &error), -EADDRNOTAVAIL);
	assert_non_null(strstr(error.text, "does not have the VTEP address 10.0.0.1"));
	namespaces_run("ip address add 10.0.0.1/24 dev wire");
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
		cmocka_unit_test(test_arrives_as_it_was),    cmocka_unit_test(test_offload_is_used),
		cmocka_unit_test(test_gathering_stops),      cmocka_unit_test(test_waits_for_more),
		cmocka_unit_test(test_forged_datagrams),     cmocka_unit_test(test_no_checksum),
		cmocka_unit_test(test_forged_path_mtu),      cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_all_refusals),         cmocka_unit_test(test_cannot_cut),
		cmocka_unit_test(test_some_do_not_fit),      cmocka_unit_test(test_only_vpe_leaves),
		cmocka_unit_test(test_source_port_is_taken), cmocka_unit_test(test_multicast),
		cmocka_unit_test(test_cannot_open),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
