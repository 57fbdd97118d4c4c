/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whole packets against OpenSSL: 100,000 out and 100,000 in, over every cipher, key scope,
 * encapsulation and IP version, with 0 to 9,000 bytes inside VXLAN.
 */
#include "lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACKETS      100000u
#define COMBINATIONS 16u
#define BURST        32u
#define PAYLOAD_MAX  9000u

/* One frame as it goes in, and what is to come out. */
struct expectation {
	struct sample sample;
	uint8_t clear[REFERENCE_BYTES_MAX];
	size_t clear_len;
	uint8_t sealed[REFERENCE_BYTES_MAX];
	size_t sealed_len;
};

static struct expectation expectations[BURST];
/* Our counter of each window, to know the next ESN. */
static uint64_t counters[65536];

static struct sample random_sample(bool ipv6, uint8_t source)
{
	struct sample sample = {
		.ipv6 = ipv6,
		.multicast = rand() & 1,
		.traffic_class = (uint8_t)rand(),
		.ttl = (uint8_t)(1 + rand() % 255),
		.tags = (uint8_t)(rand() % 3),
		.option_words = (uint8_t)(rand() % 4 == 0 ? rand() % 11 : 0),
		.source_port = (uint16_t)rand(),
		.source = source,
		.vni = LAB_VNI,
		.payload_len = (uint16_t)((unsigned)rand() % (rand() % 3 ? 1500 : PAYLOAD_MAX + 1)),
		.payload_seed = (uint32_t)rand(),
	};

	return sample;
}

/* A frame with Ethernet's padding behind it, now and then. */
static struct rte_mbuf *padded(const uint8_t *frame, size_t len)
{
	struct rte_mbuf *packet = lab_packet(frame, len);
	unsigned padding = rand() % 4 ? 0 : (unsigned)rand() % 47;

	memset(rte_pktmbuf_append(packet, (uint16_t)padding), 0xaa, padding);
	return packet;
}

static void assert_packet(const struct rte_mbuf *packet, const uint8_t *expected, size_t len)
{
	assert_int_equal(packet->pkt_len, len);
	assert_int_equal(packet->data_len, len);
	assert_memory_equal(rte_pktmbuf_mtod(packet, void *), expected, len);
}

/* The WindowID is the sender's choice within bounds; all else follows from it. */
static void check_sent(const struct lab *lab, const struct reference_sa *sa,
		       struct expectation *expectation, const struct rte_mbuf *packet)
{
	const struct sample *sample = &expectation->sample;
	size_t l2_len = reference_l2_len(sample);
	const uint8_t *vpe = rte_pktmbuf_mtod_offset(packet, const uint8_t *,
						     l2_len + lab->dataplane->engine.overhead - 32);
	struct reference_iv iv = {LAB_SELF, (uint16_t)(vpe[6] << 8 | vpe[7]), 0};

	assert_int_equal(iv.window_id >> 13, sample->traffic_class >> 5);
	assert_int_equal(iv.window_id >> 12 & 1, sample->multicast);
	assert_true((iv.window_id & 0xfff) < lab->config.paths);
	iv.esn = (uint64_t)7 << 48 | ++counters[iv.window_id];
	expectation->sealed_len = reference_vpe(sa, iv, expectation->clear, l2_len,
						expectation->clear_len, expectation->sealed);
	assert_packet(packet, expectation->sealed, expectation->sealed_len);
}

static void run_outbound(struct lab *lab, const struct reference_sa *sa, bool ipv6, unsigned count)
{
	struct rte_mbuf *packets[BURST];

	for (unsigned i = 0; i < count; i++) {
		struct expectation *expectation = &expectations[i];

		expectation->sample = random_sample(ipv6, LAB_SELF);
		expectation->clear_len = reference_vxlan(&expectation->sample, expectation->clear);
		packets[i] = padded(expectation->clear, expectation->clear_len);
	}
	assert_int_equal(outbound_burst(lab->worker, packets, (uint16_t)count), count);
	for (unsigned i = 0; i < count; i++) {
		check_sent(lab, sa, &expectations[i], packets[i]);
		rte_pktmbuf_free(packets[i]);
	}
}

static void run_inbound(struct lab *lab, const struct reference_sa *sa, bool ipv6, unsigned count)
{
	static uint64_t esn = UINT64_C(3) << 48;
	struct rte_mbuf *packets[BURST];

	for (unsigned i = 0; i < count; i++) {
		struct expectation *expectation = &expectations[i];
		/* 1,000 windows at the most: a sender's bound is 1,024. */
		struct reference_iv iv = {LAB_PEER, (uint16_t)(rand() % 1000 * 65), ++esn};

		expectation->sample = random_sample(ipv6, LAB_PEER);
		expectation->clear_len = reference_vxlan(&expectation->sample, expectation->clear);
		expectation->sealed_len = reference_vpe(
			sa, iv, expectation->clear, reference_l2_len(&expectation->sample),
			expectation->clear_len, expectation->sealed);
		packets[i] = padded(expectation->sealed, expectation->sealed_len);
	}
	assert_int_equal(inbound_burst(lab->worker, packets, (uint16_t)count), count);
	for (unsigned i = 0; i < count; i++) {
		assert_packet(packets[i], expectations[i].clear, expectations[i].clear_len);
		rte_pktmbuf_free(packets[i]);
	}
}

static void run_combination(unsigned combination)
{
	bool ipv6 = combination & 1;
	struct dataplane_config config = lab_config(ipv6, combination & 2 ? COVEY_ENCAPSULATION_UDP
									  : COVEY_ENCAPSULATION_IP);
	struct covey_sa sa = lab_sa(LAB_SPI + combination, 7);
	struct reference_sa reference;
	struct dataplane_counters counted;
	struct lab lab;
	unsigned done = 0;

	sa.cipher = combination & 4 ? COVEY_AES_256_GCM : COVEY_AES_128_GCM;
	sa.key_scope = combination & 8 ? COVEY_KEY_SCOPE_SENDER : COVEY_KEY_SCOPE_GROUP;
	lab_open(&lab, &config);
	lab_install_active(&lab, &sa);
	reference = lab_reference(&lab, &sa);
	memset(counters, 0, sizeof(counters));
	while (done < PACKETS / COMBINATIONS) {
		unsigned count = 1 + (unsigned)rand() % BURST;

		run_outbound(&lab, &reference, ipv6, count);
		run_inbound(&lab, &reference, ipv6, count);
		done += count;
	}
	dataplane_read_counters(lab.dataplane, &counted);
	assert_int_equal(counted.encrypted_packets, done);
	assert_int_equal(counted.decrypted_packets, done);
	lab_close(&lab);
	assert_int_equal(lab_packets_out(), 0);
}

static void test_against_openssl(void **state)
{
	for (unsigned i = 0; i < COMBINATIONS; i++)
		run_combination(i);
}

/* A burst of everything: order is kept, bypass is untouched, holes close. */
static void test_mixed_burst(void **state)
{
	struct dataplane_config config = lab_config(false, COVEY_ENCAPSULATION_UDP);
	struct covey_sa sa = lab_sa(LAB_SPI, 1);
	struct rte_mbuf *packets[12];
	uint8_t frame[REFERENCE_BYTES_MAX];
	static const uint8_t arp[60] = {[12] = 0x08, [13] = 0x06, [14] = 0x77};
	struct sample sample = lab_sample();
	size_t len;
	struct lab lab;

	lab_open(&lab, &config);
	lab_install_active(&lab, &sa);
	for (unsigned i = 0; i < 12; i++) {
		sample.vni = i % 3 == 1 ? LAB_VNI : 4711;
		sample.ttl = (uint8_t)(i + 1);
		len = reference_vxlan(&sample, frame);
		packets[i] = i % 3 == 0 ? lab_packet(arp, sizeof(arp)) : lab_packet(frame, len);
	}
	assert_int_equal(outbound_burst(lab.worker, packets, 12), 8);
	for (unsigned i = 0; i < 8; i++) {
		const uint8_t *data = rte_pktmbuf_mtod(packets[i], const uint8_t *);

		if (i % 2 == 0)
			assert_packet(packets[i], arp, sizeof(arp));
		else
			assert_int_equal(data[14 + 8], 3 * (i / 2) + 2);
		rte_pktmbuf_free(packets[i]);
	}
	lab_close(&lab);
	assert_int_equal(lab_packets_out(), 0);
}

/* RFC 6040: a mark set in the fabric reaches the inner packet, whose checksum stays right. */
static void test_congestion_mark(void **state)
{
	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		struct dataplane_config config = lab_config(ipv6, COVEY_ENCAPSULATION_UDP);
		struct covey_sa sa = lab_sa(LAB_SPI, 1);
		struct sample sample = lab_sample();
		uint8_t clear[REFERENCE_BYTES_MAX], sealed[REFERENCE_BYTES_MAX];
		struct reference_sa reference;
		struct rte_mbuf *packet;
		struct lab lab;
		size_t len;

		lab_open(&lab, &config);
		lab_install_active(&lab, &sa);
		reference = lab_reference(&lab, &sa);
		sample.ipv6 = ipv6;
		sample.source = LAB_PEER;
		sample.traffic_class = 0xb8 | 2;
		len = reference_vxlan(&sample, clear);
		len = reference_vpe(&reference, (struct reference_iv){LAB_PEER, 0, 1ull << 48 | 1},
				    clear, 14, len, sealed);
		sealed[15] |= ipv6 ? 0x30 : 0x03;
		packet = lab_packet(sealed, len);
		assert_int_equal(inbound_burst(lab.worker, &packet, 1), 1);
		sample.traffic_class |= 3;
		len = reference_vxlan(&sample, clear);
		assert_packet(packet, clear, len);
		rte_pktmbuf_free(packet);
		lab_close(&lab);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_openssl),
		cmocka_unit_test(test_mixed_burst),
		cmocka_unit_test(test_congestion_mark),
	};

	return cmocka_run_group_tests(tests, lab_eal, NULL);
}
