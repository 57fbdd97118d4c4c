/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets to encrypt that lie in several buffers: what leaves is what OpenSSL makes of them in one
 * piece, wherever they are cut, and no buffer is lost.
 */
#include "lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define PARTS_MAX 16u
/* The largest IP packet there is, and Ethernet with tags. */
#define BYTES_MAX (65536u + 64u)

struct scene {
	struct lab lab;
	struct reference_sa sa;
	struct sample sample;
	uint8_t clear[BYTES_MAX];
	size_t clear_len; /* without padding */
	size_t headers;   /* bytes that must lie in the first buffer */
	uint64_t counters[65536];
};

static struct scene scene;

/* The packet's parts, of these lengths; 0 ends. Padding beyond the frame is 0xaa. */
static struct rte_mbuf *cut(const uint16_t *lengths)
{
	struct rte_mbuf *packet = NULL;
	uint8_t part[REFERENCE_BYTES_MAX];
	size_t at = 0;

	for (; *lengths; at += *lengths++) {
		struct rte_mbuf *segment;

		for (size_t i = 0; i < *lengths; i++)
			part[i] = at + i < scene.clear_len ? scene.clear[at + i] : 0xaa;
		segment = lab_packet(part, *lengths);
		if (packet)
			assert_int_equal(rte_pktmbuf_chain(packet, segment), 0);
		else
			packet = segment;
	}
	return packet;
}

static void open_scene(bool ipv6, enum covey_encapsulation encapsulation)
{
	struct dataplane_config config = lab_config(ipv6, encapsulation);
	struct covey_sa sa = lab_sa(LAB_SPI, 7);

	config.fabric_mtu = UINT16_MAX;
	lab_open(&scene.lab, &config);
	lab_install_active(&scene.lab, &sa);
	scene.sa = lab_reference(&scene.lab, &sa);
	memset(scene.counters, 0, sizeof(scene.counters));
	scene.sample = lab_sample();
	scene.sample.ipv6 = ipv6;
}

static void close_scene(void)
{
	lab_close(&scene.lab);
	assert_int_equal(lab_packets_out(), 0);
}

static void make_clear(unsigned payload_len)
{
	scene.sample.payload_len = (uint16_t)payload_len;
	scene.clear_len = reference_vxlan(&scene.sample, scene.clear);
	scene.headers = scene.clear_len - payload_len;
}

/* The packet as one piece; its segments add up, and none beyond nb_segs hangs on it. */
static size_t gather(const struct rte_mbuf *packet, uint8_t *ret_bytes)
{
	unsigned segments = 0;
	size_t len = 0;

	for (const struct rte_mbuf *segment = packet; segment; segment = segment->next) {
		memcpy(ret_bytes + len, rte_pktmbuf_mtod(segment, void *), segment->data_len);
		len += segment->data_len;
		segments++;
	}
	assert_int_equal(segments, packet->nb_segs);
	assert_int_equal(len, packet->pkt_len);
	return len;
}

static void check_sent(const struct rte_mbuf *packet)
{
	static uint8_t sent[BYTES_MAX], expected[BYTES_MAX];
	size_t l2_len = reference_l2_len(&scene.sample), len = gather(packet, sent);
	const uint8_t *vpe = sent + l2_len + scene.lab.dataplane->engine.overhead - 32;
	struct reference_iv iv = {LAB_SELF, (uint16_t)(vpe[6] << 8 | vpe[7]), 0};

	iv.esn = (uint64_t)7 << 48 | ++scene.counters[iv.window_id];
	assert_int_equal(
		len, reference_vpe(&scene.sa, iv, scene.clear, l2_len, scene.clear_len, expected));
	assert_memory_equal(sent, expected, len);
}

static void send_cut(const uint16_t *lengths)
{
	struct rte_mbuf *packet = cut(lengths);

	assert_int_equal(outbound_burst(scene.lab.worker, &packet, 1), 1);
	check_sent(packet);
	rte_pktmbuf_free(packet);
	assert_int_equal(lab_packets_out(), 0);
}

/* A small packet, padded or not, cut in two and in three at every place behind its headers, in the
 * padding too. */
static void split_everywhere(unsigned padding)
{
	size_t len = scene.clear_len + padding;

	for (size_t first = scene.headers; first < len; first++) {
		uint16_t rest = (uint16_t)(len - first);

		send_cut((const uint16_t[]){(uint16_t)first, rest, 0});
		for (uint16_t second = 1; second < rest; second += 1 + padding / 4)
			send_cut((const uint16_t[]){(uint16_t)first, second,
						    (uint16_t)(rest - second), 0});
	}
}

static void test_every_split(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		open_scene(i & 1, i & 2 ? COVEY_ENCAPSULATION_UDP : COVEY_ENCAPSULATION_IP);
		for (unsigned tags = 0; tags < 3; tags++) {
			scene.sample.tags = (uint8_t)tags;
			make_clear(37);
			split_everywhere(0);
			split_everywhere(11);
		}
		close_scene();
	}
}

/* What covey reads must lie in the first buffer: else the packet stays, for that reason. */
static void test_headers_in_two_buffers(void **state)
{
	struct dataplane_counters counters;
	uint64_t dropped = 0;

	open_scene(false, COVEY_ENCAPSULATION_UDP);
	make_clear(37);
	for (uint16_t first = 1; first < scene.headers; first++) {
		struct rte_mbuf *packet =
			cut((const uint16_t[]){first, (uint16_t)(scene.clear_len - first), 0});

		assert_int_equal(outbound_burst(scene.lab.worker, &packet, 1), 0);
		dropped++;
	}
	dataplane_read_counters(scene.lab.dataplane, &counters);
	assert_int_equal(counters.drops[COVEY_DROP_OUT_MALFORMED], dropped);
	close_scene();
}

/* Jumbo and beyond: 1 to 9,216 bytes in each of up to 16 buffers; up to IP's own 64 KiB. */
static void test_large(void **state)
{
	open_scene(false, COVEY_ENCAPSULATION_UDP);
	for (unsigned round = 0; round < 200; round++) {
		unsigned most = 65535 - 60 - 36, parts = 0;
		uint16_t lengths[PARTS_MAX + 1] = {0};
		size_t left;

		make_clear(round % 4 ? (unsigned)rand() % 9000 : most - (unsigned)rand() % 64);
		left = scene.clear_len;
		while (left > 0) {
			size_t here = 1 + (unsigned)rand() % 9216;

			if (parts == 0 && here < scene.headers)
				here = scene.headers;
			if (parts >= PARTS_MAX / 2)
				here = 9216;
			lengths[parts] = (uint16_t)RTE_MIN(here, left);
			left -= lengths[parts++];
		}
		send_cut(lengths);
	}
	close_scene();
}

/* The largest that fits passes, one byte more does not, and IP's largest neither. */
static void test_too_big(void **state)
{
	static const unsigned overhead = 36 + COVEY_OVERHEAD_UDP_IPV4;
	struct dataplane_counters counters;

	open_scene(false, COVEY_ENCAPSULATION_UDP);
	for (unsigned len = 65535 - 36; len > 65535 - overhead; len -= 1 + len % 7) {
		struct rte_mbuf *packet;

		make_clear(len);
		packet = cut((const uint16_t[]){9000, 9000, 9000, 9000, 9000, 9000, 9000,
						(uint16_t)(scene.clear_len - 63000), 0});
		assert_int_equal(outbound_burst(scene.lab.worker, &packet, 1), 0);
	}
	dataplane_read_counters(scene.lab.dataplane, &counters);
	assert_true(counters.drops[COVEY_DROP_OUT_TOO_BIG] > 5);
	assert_int_equal(counters.encrypted_packets, 0);
	make_clear(65535 - overhead);
	send_cut((const uint16_t[]){9000, 9000, 9000, 9000, 9000, 9000, 9000,
				    (uint16_t)(scene.clear_len - 63000), 0});
	close_scene();
}

/* A burst of all kinds: each packet is whole, in its order. */
static void test_mixed_burst(void **state)
{
	struct rte_mbuf *packets[32];

	open_scene(true, COVEY_ENCAPSULATION_UDP);
	make_clear(300);
	for (unsigned i = 0; i < 32; i++) {
		uint16_t len = (uint16_t)scene.clear_len, first = (uint16_t)(scene.headers + i);

		packets[i] = i % 2 ? cut((const uint16_t[]){len, 0})
				   : cut((const uint16_t[]){first, (uint16_t)(len - first), 0});
	}
	assert_int_equal(outbound_burst(scene.lab.worker, packets, 32), 32);
	for (unsigned i = 0; i < 32; i++) {
		assert_int_equal(packets[i]->nb_segs, i % 2 ? 1 : 2);
		check_sent(packets[i]);
		rte_pktmbuf_free(packets[i]);
	}
	close_scene();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_split), cmocka_unit_test(test_headers_in_two_buffers),
		cmocka_unit_test(test_large),       cmocka_unit_test(test_too_big),
		cmocka_unit_test(test_mixed_burst),
	};

	return cmocka_run_group_tests(tests, lab_eal, NULL);
}
