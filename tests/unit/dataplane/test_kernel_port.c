/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fabric port on the kernel's sockets: what is sent by one arrives at another as it was,
 * however the kernel has joined and cut it. What others send is counted.
 */
#include "kernel_ends.h"
#include "super_frame.h"

#include <errno.h>
#include <headers.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct sent random_sent(struct random *random, bool ipv6)
{
	static const uint16_t lens[] = {1, 40, 700, 1400, ENDS_MTU - 48};

	return (struct sent){
		.to = lab_address(ipv6, 2),
		.source_port = (uint16_t)(ENDS_SOURCE_PORT + random_below(random, 2)),
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
		packets[i] = ends_packet(&latest);
	}
	ends_transmit(ends->near, packets, (uint16_t)count);
	for (unsigned i = 0; i < count; i++)
		ends_expect(ends->far, 0, &sent[i]);
}

static void test_arrives_as_it_was(void **state)
{
	for (unsigned kind = 0; kind < 4; kind++) {
		struct random random = {kind};
		struct ends ends;

		ends_open(&ends, kind & 1, kind & 2);
		for (unsigned i = 0; i < 500; i++)
			exchange(&random, &ends);
		ends_close(&ends);
	}
}

/* A burst of equal packets leaves in one call, and comes in one. */
static void test_offload_is_used(void **state)
{
	struct dataplane_port_status status;
	struct ends ends;

	ends_open(&ends, false, true);
	port_read(ends.near, &status);
	assert_string_equal(status.driver, "kernel");
	assert_string_equal(status.offload, "UDP_SEGMENT and UDP_GRO");
	ends_close(&ends);
	ends_open(&ends, false, false);
	port_read(ends.near, &status);
	assert_string_equal(status.offload, "off");
	ends_close(&ends);
}

/* With gathering stopped, each packet comes alone; those that come gathered are marked. */
static void test_gathering_stops(void **state)
{
	const struct sent sent = {
		.to = lab_address(false, 2), .source_port = ENDS_SOURCE_PORT, .len = 1000};
	struct dataplane_port_status status;
	struct ends ends;

	ends_open(&ends, false, true);
	for (unsigned gather = 0; gather < 2; gather++) {
		struct rte_mbuf *packets[4];

		assert_true(port_kernel_gather(ends.far, gather));
		port_read(ends.far, &status);
		assert_string_equal(status.offload,
				    gather ? "UDP_SEGMENT and UDP_GRO" : "UDP_SEGMENT");
		for (unsigned i = 0; i < 4; i++)
			packets[i] = ends_packet(&sent);
		ends_transmit(ends.near, packets, 4);
		for (unsigned i = 0; i < 4; i++) {
			struct rte_mbuf *packet = ends_receive(ends.far, 0);

			assert_int_equal(packet->pkt_len, 42 + 1000);
			assert_int_equal(!!(packet->ol_flags & RTE_MBUF_F_RX_LRO), gather);
			rte_pktmbuf_free(packet);
		}
	}
	ends_close(&ends);
}

static void give(const struct port *port, const struct sent *sent)
{
	struct rte_mbuf *packet = ends_packet(sent);

	namespaces_enter(0);
	assert_int_equal(port->tx[0].burst(&port->tx[0], &packet, 1), 1);
}

/* Packets that came in several bursts leave together, and not before the flush. */
static void test_waits_for_more(void **state)
{
	struct sent sent = {
		.to = lab_address(false, 2), .source_port = ENDS_SOURCE_PORT, .len = 100};
	struct rte_mbuf *packets[8];
	const struct port_queue *queue;
	struct ends ends;

	ends_open(&ends, false, true);
	queue = &ends.far->rx[0];
	for (unsigned i = 0; i < 5; i++)
		give(ends.near, &sent);
	assert_int_equal(queue->burst(queue, packets, 8), 0);
	ends.near->tx[0].flush(&ends.near->tx[0]);
	packets[0] = ends_receive(ends.far, 0);
	assert_true(queue->has_more(queue));
	assert_int_equal(queue->burst(queue, packets + 1, 7), 4);
	assert_false(queue->has_more(queue));
	rte_pktmbuf_free_bulk(packets, 5);

	/* One that cannot leave with the others does not wait behind them. */
	give(ends.near, &sent);
	sent.len = 200;
	give(ends.near, &sent);
	packets[0] = ends_receive(ends.far, 0);
	assert_int_equal(packets[0]->pkt_len, 42 + 100);
	rte_pktmbuf_free(packets[0]);
	ends_close(&ends); /* and what waits is freed */
}

/* Datagrams of every length from anybody, some of them gathered by the kernel. What a buffer holds
 * comes in, also above the ENDS_MTU: the sender's uplinks may carry more. */
static void test_forged_datagrams(void **state)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(COVEY_VPE_PORT)};
	static uint8_t bytes[12000];
	struct ends ends;
	unsigned whole = 0, longer = 0;
	int fd;

	ends_open(&ends, false, true);
	namespaces_enter(0);
	inet_pton(AF_INET, "10.0.0.2", &to.sin_addr);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_true(fd >= 0);
	for (unsigned len = 0; len < sizeof(bytes); len += len < 40 ? 1 : 371) {
		struct rte_mbuf *packet;

		assert_int_equal(sendto(fd, bytes, len, 0, (struct sockaddr *)&to, sizeof(to)),
				 len);
		if (len > 0 && len + 28 <= port_pool_mtu_max(lab_pool())) {
			packet = ends_receive(ends.far, 0);
			assert_int_equal(packet->pkt_len, 42 + len);
			rte_pktmbuf_free(packet);
			whole++;
			longer += len + 28 > ENDS_MTU;
		}
	}
	/* The last one comes after all before it. */
	sendto(fd, bytes, 1, 0, (struct sockaddr *)&to, sizeof(to));
	rte_pktmbuf_free(ends_receive(ends.far, 0));
	assert_true(whole > 40 && longer > 0);
	assert_int_equal(ends_drops(ends.far, COVEY_DROP_IN_SHORT), 1);
	assert_true(ends_drops(ends.far, COVEY_DROP_IN_TOO_LONG) > 0);
	close(fd);
	ends_close(&ends);
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

		ends_open(&ends, ipv6, true);
		namespaces_enter(0);
		send_without_checksum(ipv6, bytes, sizeof(bytes));
		packet = ends_receive(ends.far, 0);
		assert_int_equal(packet->pkt_len, ENDS_HEADERS(ipv6) + sizeof(bytes));
		rte_pktmbuf_free(packet);
		ends_close(&ends);
	}
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

/* What the kernel has learned of a path's ENDS_MTU, it may have learned from a forged error.
 * Packets that the interface takes leave all the same, whole and together. */
static void test_forged_path_mtu(void **state)
{
	static const char *const routes[] = {"ip route add 10.0.0.2/32 dev wire mtu 600",
					     "ip route add fd00::2/128 dev wire mtu 1280"};
	struct ends ends;

	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct sent sent = {.to = lab_address(ipv6, 2),
				    .source_port = ENDS_SOURCE_PORT,
				    .len = ENDS_MTU - 48};
		struct rte_mbuf *packets[4];

		unsigned long before;

		ends_open(&ends, ipv6, true);
		namespaces_enter(0);
		namespaces_run(routes[ipv6]);
		before = fragments();
		for (unsigned i = 0; i < 4; i++)
			packets[i] = ends_packet(&sent);
		ends_transmit(ends.near, packets, 4);
		ends_send(ends.near, &sent);
		for (unsigned i = 0; i < 5; i++)
			ends_expect(ends.far, 0, &sent);
		assert_int_equal(ends_drops(ends.near, COVEY_DROP_OUT_TOO_BIG), 0);
		namespaces_enter(0);
		assert_int_equal(fragments(), before);
		namespaces_run(ipv6 ? "ip -6 route flush root fd00::2/128"
				    : "ip route flush root 10.0.0.2/32");
		ends_close(&ends);
	}
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
		struct sent sent = {
			.source_port = ENDS_SOURCE_PORT, .len = 100, .traffic_class = 0x28};
		const char *interface = ipv6 ? "wire" : "second";
		struct covey_error error = {0};
		struct rte_mbuf *packet;
		struct ends ends;
		unsigned there;

		covey_addr_parse(ipv6 ? "ff05::4242" : "239.66.66.66", &sent.to);
		ends_open(&ends, ipv6, true);
		namespaces_enter(0);
		assert_int_equal(
			port_kernel_join(ends.near, &sent.to, if_nametoindex(interface), &error),
			0);
		namespaces_enter(1);
		there = if_nametoindex(interface);
		assert_int_equal(port_kernel_join(ends.far, &sent.to, there, &error), 0);
		ends_send(ends.near, &sent);
		ends_expect(ends.far, 1, &sent);
		assert_int_equal(ends.near->rx[1].burst(&ends.near->rx[1], &packet, 1), 0);
		namespaces_enter(1);
		port_kernel_leave(ends.far, &sent.to, there);
		port_kernel_leave(ends.far, &sent.to, there);
		assert_int_equal(port_kernel_join(ends.far, &sent.to, 12345, &error), -ENODEV);
		ends_close(&ends);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arrives_as_it_was), cmocka_unit_test(test_offload_is_used),
		cmocka_unit_test(test_gathering_stops),   cmocka_unit_test(test_waits_for_more),
		cmocka_unit_test(test_forged_datagrams),  cmocka_unit_test(test_no_checksum),
		cmocka_unit_test(test_forged_path_mtu),   cmocka_unit_test(test_multicast),
	};

	return cmocka_run_group_tests(tests, ends_begin, ends_end);
}
