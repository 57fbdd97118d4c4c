/* SPDX-License-Identifier: BSD-3-Clause */
/* VPE packets in several segments: what comes out is what would come out of one. */
#include "lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENTS_MAX 12u

static struct lab lab;
static struct reference_sa reference;
static struct reference_iv iv;
static struct sample sample;
static uint8_t clear[REFERENCE_BYTES_MAX], sealed[REFERENCE_BYTES_MAX];
static size_t clear_len, sealed_len;

static void open_lab(bool ipv6)
{
	struct dataplane_config config = lab_config(ipv6, COVEY_ENCAPSULATION_UDP);
	struct covey_sa sa = lab_sa(LAB_SPI, 1);

	lab_open(&lab, &config);
	lab_install_active(&lab, &sa);
	reference = lab_reference(&lab, &sa);
	iv = (struct reference_iv){LAB_PEER, 0, UINT64_C(1) << 48};
	sample = lab_sample();
	sample.ipv6 = ipv6;
	sample.source = LAB_PEER;
}

static void close_lab(void)
{
	lab_close(&lab);
	assert_int_equal(lab_packets_out(), 0);
}

/* The next packet of the sample, and padding behind it. Returns where its ciphertext begins. */
static size_t seal(size_t padding)
{
	size_t l2_len = reference_l2_len(&sample);

	iv.esn++;
	clear_len = reference_vxlan(&sample, clear);
	sealed_len = reference_vpe(&reference, iv, clear, l2_len, clear_len, sealed);
	memset(sealed + sealed_len, 0xaa, padding);
	sealed_len += padding;
	return l2_len + lab.dataplane->engine.overhead;
}

/* The sealed packet, cut at these places, which rise. */
static struct rte_mbuf *cut_at(const size_t *cuts, unsigned count)
{
	struct rte_mbuf *packet = NULL;
	size_t at = 0;

	for (unsigned i = 0; i <= count; i++) {
		size_t end = i < count ? cuts[i] : sealed_len;
		struct rte_mbuf *segment = lab_packet(sealed + at, end - at);

		at = end;
		if (!packet)
			packet = segment;
		else
			assert_int_equal(rte_pktmbuf_chain(packet, segment), 0);
	}
	return packet;
}

static bool receive(struct rte_mbuf **packet)
{
	return inbound_burst(lab.worker, packet, 1) == 1;
}

/* Carried, and as clear as it was. */
static void assert_carried(struct rte_mbuf *packet)
{
	static uint8_t gathered[REFERENCE_BYTES_MAX];
	const uint8_t *data;

	assert_true(receive(&packet));
	assert_int_equal(packet->pkt_len, clear_len);
	assert_int_equal(rte_mbuf_check(packet, 1, &(const char *){NULL}), 0);
	data = rte_pktmbuf_read(packet, 0, (uint32_t)clear_len, gathered);
	assert_non_null(data);
	assert_memory_equal(data, clear, clear_len);
	rte_pktmbuf_free(packet);
}

static uint64_t dropped(enum covey_drop reason)
{
	struct dataplane_counters counters;

	dataplane_read_counters(lab.dataplane, &counters);
	return counters.drops[reason];
}

/* Cut once everywhere: through the inner headers, and through Ethernet's padding. */
static void test_every_cut(void **state)
{
	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		open_lab(ipv6);
		for (size_t padding = 0; padding < 9; padding += 8) {
			size_t first = seal(padding);

			for (size_t cut = first; cut <= sealed_len; cut++) {
				assert_carried(cut_at(&cut, 1));
				seal(padding);
			}
		}
		close_lab();
	}
}

/* Cut twice everywhere around the inner headers; the segment between may be empty. */
static void test_every_two_cuts(void **state)
{
	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		size_t first;

		open_lab(ipv6);
		first = seal(0);
		for (size_t a = first; a < first + 60; a++)
			for (size_t b = a; b < first + 62; b++) {
				size_t cuts[] = {a, b};

				assert_carried(cut_at(cuts, 2));
				seal(0);
			}
		close_lab();
	}
}

static int compare(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

/* Of all sizes, with tags, options and padding, in up to 13 segments. */
static void test_random_cuts(void **state)
{
	for (unsigned i = 0; i < 8000; i++) {
		size_t cuts[SEGMENTS_MAX] = {0}, first;
		unsigned count = (unsigned)rand() % (SEGMENTS_MAX + 1);

		if (i % 4000 == 0) {
			if (i > 0)
				close_lab();
			open_lab(i > 0);
		}
		sample.tags = (uint8_t)(rand() % 3);
		sample.multicast = rand() & 1;
		sample.option_words = (uint8_t)(rand() % 11);
		sample.payload_len = (uint16_t)(rand() % (rand() & 1 ? 200 : 9000));
		sample.payload_seed = (uint32_t)rand();
		first = seal((size_t)rand() % 70);
		for (unsigned k = 0; k < count; k++)
			cuts[k] = first + (size_t)rand() % (sealed_len - first + 1);
		qsort(cuts, count, sizeof(cuts[0]), compare);
		assert_carried(cut_at(cuts, count));
	}
	close_lab();
}

/* RFC 6040, where the inner header's first bytes lie in two segments: its checksum stays right. */
static void test_congestion_mark(void **state)
{
	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		size_t first;

		open_lab(ipv6);
		sample.traffic_class = 0xb8 | 2;
		first = seal(0);
		for (size_t cut = first; cut < first + 20; cut++) {
			struct rte_mbuf *packet;

			sample.traffic_class = 0xb8 | 2;
			seal(0);
			sealed[15] |= ipv6 ? 0x30 : 0x03;
			packet = cut_at(&cut, 1);
			sample.traffic_class |= 3;
			clear_len = reference_vxlan(&sample, clear);
			assert_carried(packet);
		}
		close_lab();
	}
}

/* A bit of any segment is wrong: dropped, and the window has not moved. */
static void test_forged(void **state)
{
	size_t first, cuts[2];

	open_lab(false);
	first = seal(0);
	cuts[0] = first + 33;
	cuts[1] = first + 70;
	for (size_t at = first; at < sealed_len; at++) {
		struct rte_mbuf *packet;

		sealed[at] ^= 0x10;
		packet = cut_at(cuts, 2);
		assert_false(receive(&packet));
		sealed[at] ^= 0x10;
	}
	assert_int_equal(dropped(COVEY_DROP_IN_ICV), sealed_len - first);
	assert_int_equal(dataplane_read_windows(lab.dataplane, NULL, 0), 0);
	assert_carried(cut_at(cuts, 2));
	close_lab();
}

/* The inner packet's checks hold where its headers are cut. */
static void test_inner_checks(void **state)
{
	size_t first;

	open_lab(false);
	sample.vni = LAB_VNI + 1;
	first = seal(0);
	for (size_t cut = first; cut < first + 40; cut++) {
		struct rte_mbuf *packet = cut_at(&cut, 1);

		assert_false(receive(&packet));
		seal(0);
	}
	assert_int_equal(dropped(COVEY_DROP_IN_INNER_VNI), 40);
	close_lab();
}

/* Headers that admission reads must lie in the first segment. */
static void test_cut_in_outer_headers(void **state)
{
	size_t first, count = 0;

	open_lab(false);
	first = seal(0);
	for (size_t cut = 14 + 20 + 8; cut < first; cut++, count++) {
		struct rte_mbuf *packet = cut_at(&cut, 1);

		assert_false(receive(&packet));
	}
	assert_int_equal(dropped(COVEY_DROP_IN_BUFFER), count);
	close_lab();
}

/* The counter says so, the other holder's bytes are what they were. */
static void assert_refused(struct rte_mbuf *packet, struct rte_mbuf *held)
{
	static uint8_t before[REFERENCE_BYTES_MAX], after[REFERENCE_BYTES_MAX];
	uint64_t count = dropped(COVEY_DROP_IN_BUFFER);
	uint32_t len = held->pkt_len;

	memcpy(before, rte_pktmbuf_read(held, 0, len, before), len);
	assert_false(receive(&packet));
	assert_int_equal(dropped(COVEY_DROP_IN_BUFFER), count + 1);
	memcpy(after, rte_pktmbuf_read(held, 0, len, after), len);
	assert_memory_equal(before, after, len);
	rte_pktmbuf_free(held);
}

/* A buffer that somebody else reads too is not decrypted in place. */
static void test_shared(void **state)
{
	struct rte_mbuf *packet, *second;
	size_t cut;

	open_lab(false);
	cut = seal(0) + 40;
	packet = lab_packet(sealed, sealed_len);
	rte_mbuf_refcnt_update(packet, 1);
	assert_refused(packet, packet);
	packet = cut_at(&cut, 1);
	second = packet->next;
	rte_mbuf_refcnt_update(second, 1);
	assert_refused(packet, second);
	packet = cut_at(&cut, 1);
	assert_refused(rte_pktmbuf_clone(packet, packet->pool), packet);
	close_lab();
}

/* A driver that counts wrong makes no packet that is read beyond its end. */
static void test_wrong_length(void **state)
{
	struct rte_mbuf *packet;
	size_t cut;

	open_lab(false);
	cut = seal(0) + 40;
	packet = cut_at(&cut, 1);
	packet->next->data_len--;
	assert_false(receive(&packet));
	packet = lab_packet(sealed, sealed_len);
	packet->data_len--;
	assert_false(receive(&packet));
	assert_int_equal(dropped(COVEY_DROP_IN_BUFFER), 2);
	close_lab();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_every_two_cuts),
		cmocka_unit_test(test_random_cuts),
		cmocka_unit_test(test_congestion_mark),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_inner_checks),
		cmocka_unit_test(test_cut_in_outer_headers),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_wrong_length),
	};

	return cmocka_run_group_tests(tests, lab_eal, NULL);
}
