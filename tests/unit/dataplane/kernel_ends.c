/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel_ends.h"

#include <headers.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

/* Seconds for what takes microseconds: the machine may be busy. */
#define PATIENCE 30

static const uint8_t host_mac[6] = {0x02, 0, 0, 0, 0, 7};

int ends_open_port(unsigned which, bool ipv6, bool offload, struct port **ret_port,
		   struct covey_error *ret_error)
{
	struct port_kernel_config config = {
		.name = "kernel",
		.vtep = lab_address(ipv6, (uint8_t)(which + 1)),
		.vpe_port = COVEY_VPE_PORT,
		.mtu = ENDS_MTU,
		.queues = 1,
		.offload = offload,
	};

	memcpy(config.host_mac, host_mac, sizeof(host_mac));
	namespaces_enter(which);
	return port_open_kernel(&config, lab_pool(), ret_port, ret_error);
}

void ends_open(struct ends *ends, bool ipv6, bool offload)
{
	struct covey_error error = {0};

	ends->ipv6 = ipv6;
	if (ends_open_port(1, ipv6, offload, &ends->far, &error) != 0 ||
	    ends_open_port(0, ipv6, offload, &ends->near, &error) != 0)
		fail_msg("%s", error.text);
}

void ends_close(struct ends *ends)
{
	port_close(ends->near);
	port_close(ends->far);
	assert_int_equal(lab_packets_out(), 0);
}

uint64_t ends_drops(const struct port *port, enum covey_drop reason)
{
	uint64_t counters[COVEY_DROP_COUNT] = {0};

	port_add_drops(port, counters);
	return counters[reason];
}

struct rte_mbuf *ends_packet(const struct sent *sent)
{
	bool ipv6 = sent->to.family == AF_INET6;
	unsigned headers = ENDS_HEADERS(ipv6), udp_at = headers - 8;
	uint8_t frame[ENDS_MTU + 100] = {0}, *ip = frame + 14;
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

void ends_transmit(const struct port *port, struct rte_mbuf **packets, uint16_t count)
{
	namespaces_enter(0);
	assert_int_equal(port->tx[0].burst(&port->tx[0], packets, count), count);
	port->tx[0].flush(&port->tx[0]);
}

void ends_send(const struct port *port, const struct sent *sent)
{
	struct rte_mbuf *packet = ends_packet(sent);

	ends_transmit(port, &packet, 1);
}

struct rte_mbuf *ends_receive(const struct port *port, unsigned queue)
{
	time_t end = time(NULL) + PATIENCE;
	struct rte_mbuf *packet = NULL;

	while (port->rx[queue].burst(&port->rx[queue], &packet, 1) == 0)
		if (time(NULL) > end)
			fail_msg("nothing came");
	return packet;
}

void ends_expect(const struct port *port, unsigned queue, const struct sent *sent)
{
	struct rte_mbuf *packet = ends_receive(port, queue);
	const uint8_t *frame = rte_pktmbuf_mtod(packet, const uint8_t *), *ip = frame + 14;
	bool ipv6 = sent->to.family == AF_INET6;
	unsigned headers = ENDS_HEADERS(ipv6);
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

void ends_expect_passes(const struct ends *ends)
{
	const struct sent sent = {.to = lab_address(false, 2),
				  .source_port = ENDS_SOURCE_PORT,
				  .len = 100,
				  .fill = 7};

	ends_send(ends->near, &sent);
	ends_expect(ends->far, 0, &sent);
}

int ends_begin(void **state)
{
	namespaces_open();
	return lab_eal(state);
}

int ends_end(void **state)
{
	namespaces_close();
	return 0;
}
