/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device of DPDK as host port whose packets are made to fit. The device is a stand-in, which
 * gives out what the test puts into it. What it gives comes out in its order, cut if it is TCP that
 * is too long; and who sent something else that is too long is told, by the interface's other end.
 */
#include "lab.h"
#include "namespaces.h"
#include "port_kind.h"
#include "super_frame.h"
#include <segment.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MTU     1440u
#define LONGEST 1600u
#define FRAMES  64u

/* --- a device -------------------------------------------------------------------------------- */

static struct device {
	struct rte_mbuf *frames[FRAMES];
	unsigned given, count;
	unsigned starts, stops, closes;
} device;

static uint16_t give(const struct port_queue *queue, struct rte_mbuf **packets, uint16_t max)
{
	uint16_t count = 0;

	assert_int_equal(queue->number, 7);
	while (count < max && device.given < device.count)
		packets[count++] = device.frames[device.given++];
	return count;
}

static int start_device(struct port *port, struct covey_error *error)
{
	device.starts++;
	return 0;
}

static void stop_device(struct port *port)
{
	device.stops++;
}

static void close_device(struct port *port)
{
	device.closes++;
}

static void read_device(const struct port *port, struct dataplane_port_status *status)
{
	snprintf(status->driver, sizeof(status->driver), "stand-in");
	status->mtu = LONGEST;
}

static const struct port_kind devices = {start_device, stop_device, close_device,
					 read_device,  NULL,        NULL};

static struct port *open_port(const char *answers_by)
{
	const struct port_fit_config config = {
		.mtu = MTU, .vxlan_port = 4789, .answers_by = answers_by, .mac = {2, [5] = 9}};
	struct covey_error error = {0};
	struct port *port;

	memset(&device, 0, sizeof(device));
	assert_int_equal(port_new(&devices, "host", lab_pool(), &port, &error), 0);
	port->rx_count = 1;
	port->rx[0] = (struct port_queue){.burst = give, .number = 7, .fd = -1};
	if (port_fit(port, &config, &error) != 0)
		fail_msg("%s", error.text);
	return port;
}

static void put(const uint8_t *frame, uint32_t len)
{
	assert_true(device.count < FRAMES);
	device.frames[device.count++] = lab_packet(frame, len);
}

static uint16_t take(struct port *port, struct rte_mbuf **packets, uint16_t max)
{
	return port->rx[0].burst(&port->rx[0], packets, max);
}

static uint64_t drops(const struct port *port, enum covey_drop reason)
{
	uint64_t counters[COVEY_DROP_COUNT] = {0};

	port_add_drops(port, counters);
	return counters[reason];
}

/* --- frames ---------------------------------------------------------------------------------- */

struct sent {
	uint8_t bytes[4000];
	uint32_t len;
	uint32_t payload; /* begins here */
	bool cut;         /* it is too long, and TCP */
};

/* A whole packet of TCP or UDP with finished checksums: the first of a super-frame. Routers may not
 * fragment it, and TCP has no urgent data. */
static void make(struct random *random, bool udp, bool too_long, struct sent *ret_sent)
{
	static struct super_frame super;
	struct segmenter segmenter;
	uint32_t longest = too_long ? LONGEST : MTU;

	do {
		super_frame_make(random, &super);
		assert_int_equal(segment_begin(&segmenter, &super.header, super.frame, super.len,
					       super.udp ? 9000 : longest),
				 SEGMENT_OK);
		ret_sent->len = segment_len(&segmenter);
	} while (super.udp != udp || ret_sent->len > longest + 14 ||
		 (too_long && ret_sent->len <= MTU + 14) ||
		 (!super.udp && super.frame[super.l4 + 13] & 0x20) ||
		 (!super.inner6 && !(super.frame[super.inner_ip + 6] & 0x40)));
	segment_take(&segmenter, ret_sent->bytes);
	ret_sent->payload = super.payload;
	ret_sent->cut = too_long && !udp;
}

/* What came of this frame, which begins at packets[0]. Returns how many packets. */
static unsigned expect(const struct sent *sent, struct rte_mbuf **packets, unsigned count)
{
	uint32_t at = sent->payload;
	unsigned used = 0;

	if (!sent->cut) {
		assert_int_equal(packets[0]->pkt_len, sent->len);
		assert_memory_equal(rte_pktmbuf_mtod(packets[0], uint8_t *), sent->bytes,
				    sent->len);
		return 1;
	}
	for (; at < sent->len && used < count; used++) {
		uint32_t len = packets[used]->data_len;

		assert_int_equal(packets[used]->nb_segs, 1);
		assert_true(len <= MTU + 14 && len > sent->payload);
		assert_memory_equal(rte_pktmbuf_mtod(packets[used], uint8_t *) + sent->payload,
				    sent->bytes + at, len - sent->payload);
		at += len - sent->payload;
	}
	assert_int_equal(at, sent->len);
	assert_true(used > 1);
	return used;
}

/* --- tests ----------------------------------------------------------------------------------- */

/* max: how many the worker takes at a time. */
static void expect_order(uint16_t max)
{
	static struct sent sent[FRAMES / 2];
	struct rte_mbuf *packets[FRAMES * 2];
	struct random random = {max};
	struct port *port = open_port("wire");
	unsigned count = 0, seen = 0, got;

	for (unsigned i = 0; i < RTE_DIM(sent); i++) {
		make(&random, i % 4 == 2, i % 3 == 0 && i % 4 != 2, &sent[i]);
		put(sent[i].bytes, sent[i].len);
	}
	while ((got = take(port, packets + count, max)) > 0) {
		assert_true(got <= max);
		count += got;
		assert_true(count + max <= RTE_DIM(packets));
	}
	assert_false(port->rx[0].has_more(&port->rx[0]));
	for (unsigned i = 0; i < RTE_DIM(sent); i++)
		seen += expect(&sent[i], packets + seen, count - seen);
	assert_int_equal(seen, count);
	rte_pktmbuf_free_bulk(packets, count);
	port_close(port);
	assert_int_equal(lab_packets_out(), 0);
}

static void test_order(void **state)
{
	expect_order(1);
	expect_order(3);
	expect_order(PORT_BURST_MAX);
}

/* Datagrams that do not fit and may not be cut: the sender is told, over the wire. */
static void test_answers(void **state)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	struct port *port = open_port("wire");
	struct random random = {1};
	struct rte_mbuf *packet;
	struct pollfd wait = {.events = POLLIN};
	uint8_t answer[2000];
	struct sent sent;
	ssize_t len;

	namespaces_enter(1);
	wait.fd = socket(AF_PACKET, SOCK_RAW, 0);
	at.sll_ifindex = (int)if_nametoindex("wire");
	assert_int_equal(bind(wait.fd, (struct sockaddr *)&at, sizeof(at)), 0);
	namespaces_enter(0);
	make(&random, true, true, &sent);
	put(sent.bytes, sent.len);
	assert_int_equal(take(port, &packet, 1), 0);
	assert_int_equal(drops(port, COVEY_DROP_OUT_TOO_BIG), 1);
	do { /* the kernels of both ends may have sent something, too */
		assert_int_equal(poll(&wait, 1, 10000), 1);
		len = recv(wait.fd, answer, sizeof(answer), 0);
	} while (len < 14 || memcmp(answer, "\2\0\0\0\0\x9", 6) != 0);
	/* From the VTEP that it was sent to. */
	if (sent.bytes[12] == 0x08)
		assert_memory_equal(answer + 26, sent.bytes + 30, 4);
	else
		assert_memory_equal(answer + 22, sent.bytes + 38, 16);
	assert_int_equal(port_read_answers(port), 1);
	close(wait.fd);
	port_close(port);
	assert_int_equal(lab_packets_out(), 0);
}

/* Without buffers what is to be cut is lost and counted, and what is behind it comes. */
static void test_no_buffers(void **state)
{
	static struct rte_mbuf *taken[2000];
	struct port *port = open_port("wire");
	struct random random = {2};
	struct rte_mbuf *packets[4];
	struct sent sent[2];
	unsigned count = 0;

	make(&random, false, true, &sent[0]);
	make(&random, false, false, &sent[1]);
	put(sent[0].bytes, sent[0].len);
	put(sent[1].bytes, sent[1].len);
	while ((taken[count] = rte_pktmbuf_alloc(lab_pool())) != NULL)
		count++;
	assert_int_equal(take(port, packets, 4), 1);
	assert_int_equal(expect(&sent[1], packets, 1), 1);
	assert_true(drops(port, COVEY_DROP_OUT_NO_BUFFER) >= 2);
	rte_pktmbuf_free_bulk(taken, count);
	rte_pktmbuf_free(packets[0]);
	port_close(port);
	assert_int_equal(lab_packets_out(), 0);
}

/* A smaller MTU counts from the next packet on. What waits when the port is closed is given back.
 */
static void test_mtu_and_close(void **state)
{
	struct port *port = open_port("wire");
	struct dataplane_port_status status;
	struct random random = {3};
	struct rte_mbuf *packets[3];
	struct covey_error error;
	struct sent sent;

	assert_int_equal(port_start(port, &error), 0);
	port_read(port, &status);
	assert_string_equal(status.driver, "stand-in");
	assert_string_equal(status.offload, "none");
	assert_int_equal(status.mtu, MTU);
	do
		make(&random, false, false, &sent);
	while (sent.len < 700);
	put(sent.bytes, sent.len);
	put(sent.bytes, sent.len);
	assert_int_equal(take(port, packets, 1), 1);
	assert_int_equal(packets[0]->pkt_len, sent.len);
	port_fit_set_mtu(port, 600);
	assert_int_equal(take(port, packets + 1, 1), 1);
	assert_true(packets[1]->pkt_len <= 614);
	assert_true(port->rx[0].has_more(&port->rx[0]));
	port_stop(port);
	rte_pktmbuf_free_bulk(packets, 2);
	port_close(port);
	assert_int_equal(lab_packets_out(), 0);
	assert_true(device.starts == 1 && device.stops == 1 && device.closes == 1);
}

static void test_no_interface(void **state)
{
	const struct port_fit_config config = {.mtu = MTU, .answers_by = "nothing0"};
	struct covey_error error = {0};
	struct port *port;

	assert_int_equal(port_new(&devices, "host", lab_pool(), &port, &error), 0);
	assert_int_equal(port_fit(port, &config, &error), -ENODEV);
	assert_non_null(strstr(error.text, "by interface nothing0"));
	assert_ptr_equal(port->kind, &devices);
	port_close(port);
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
		cmocka_unit_test(test_order),        cmocka_unit_test(test_answers),
		cmocka_unit_test(test_no_buffers),   cmocka_unit_test(test_mtu_and_close),
		cmocka_unit_test(test_no_interface),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
