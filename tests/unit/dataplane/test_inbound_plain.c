/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Plain packets are told at a glance, and their neighbours in a burst help. So here is one
 * dataplane that receives damaged packets whole, behind good ones, and one that receives each alone
 * and in two segments, where everything is looked at: both say the same of it and leave the same
 * bytes.
 */
#include "lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS    30000u
#define OTHER_VNI 200u
#define L2_LEN    14u
#define GOOD      0xed9bu /* the WindowID of the good packets, far from that of the others */
#define SPOILT    0x1234u

struct frame_bytes {
	uint8_t bytes[REFERENCE_BYTES_MAX];
	size_t len;
};

/* A pair of engines that differ in nothing, and what both have been sent. */
struct pair {
	struct lab plain;
	struct lab careful;
	struct reference_sa sa;
	struct sample sample;
	uint64_t esn;
	unsigned entered;
	uint64_t dropped[COVEY_DROP_COUNT];
};

static void open_lab(struct lab *lab, const struct dataplane_config *config)
{
	/* No VNI at all would be read as 0. */
	static const uint32_t vnis[] = {0, LAB_VNI}, other_vni = OTHER_VNI;
	struct covey_sa sa = lab_sa(LAB_SPI, 1), other = lab_sa(LAB_SPI + 1, 1);

	other.group = 1;
	lab_open(lab, config);
	lab_install_active(lab, &sa);
	lab_install_active(lab, &other);
	assert_int_equal(dataplane_group_set(lab->dataplane, 0, vnis, 2, NULL), 0);
	assert_int_equal(dataplane_group_set(lab->dataplane, 1, &other_vni, 1, NULL), 0);
}

static void open_pair(struct pair *pair, bool ipv6, enum covey_encapsulation encapsulation)
{
	struct dataplane_config config = lab_config(ipv6, encapsulation);
	struct covey_sa sa = lab_sa(LAB_SPI, 1);

	memset(pair, 0, sizeof(*pair));
	open_lab(&pair->plain, &config);
	open_lab(&pair->careful, &config);
	pair->sa = lab_reference(&pair->plain, &sa);
	pair->sample = lab_sample();
	pair->sample.ipv6 = ipv6;
	pair->sample.source = LAB_PEER;
	pair->esn = UINT64_C(1) << 48;
}

static void close_pair(struct pair *pair)
{
	lab_close(&pair->plain);
	lab_close(&pair->careful);
	assert_int_equal(lab_packets_out(), 0);
}

/* --- packets ------------------------------------------------------------------------------- */

/* One or two bytes of the first len ones get another value. */
static void damage(uint8_t *bytes, size_t len)
{
	for (unsigned i = 0; i <= (unsigned)rand() % 2; i++)
		bytes[(size_t)rand() % len] ^= (uint8_t)(rand() % 3 ? 1 << rand() % 8 : rand());
}

static void seal(const struct pair *pair, uint16_t window_id, bool inner, bool outer,
		 struct frame_bytes *ret_frame)
{
	struct reference_iv iv = {LAB_PEER, window_id, pair->esn};
	size_t ip_len = pair->sample.ipv6 ? 40 : 20, headers = ip_len + 16;
	uint8_t clear[REFERENCE_BYTES_MAX];
	size_t len = reference_vxlan(&pair->sample, clear);

	if (inner)
		damage(clear + L2_LEN, headers);
	if (inner && rand() % 16 == 0)
		memcpy(clear + L2_LEN + ip_len + 2,
		       (uint8_t[]){COVEY_VPE_PORT >> 8, COVEY_VPE_PORT & 0xff}, 2);
	ret_frame->len = reference_vpe(&pair->sa, iv, clear, L2_LEN, len, ret_frame->bytes);
	if (outer)
		damage(ret_frame->bytes, L2_LEN + headers + 24);
}

/* The last byte lies in a segment of its own. */
static struct rte_mbuf *in_two(const struct frame_bytes *frame)
{
	struct rte_mbuf *packet = lab_packet(frame->bytes, frame->len - 1);

	assert_int_equal(rte_pktmbuf_chain(packet, lab_packet(frame->bytes + frame->len - 1, 1)),
			 0);
	return packet;
}

static struct rte_mbuf *in_one(const struct frame_bytes *frame)
{
	return lab_packet(frame->bytes, frame->len);
}

/* --- verdicts ------------------------------------------------------------------------------ */

/* Why the dataplane has dropped one packet more than it had before; COVEY_DROP_COUNT: it has not.
 */
static unsigned reason_of(const struct lab *lab, const struct dataplane_counters *before)
{
	struct dataplane_counters after;
	unsigned reason = COVEY_DROP_COUNT;

	dataplane_read_counters(lab->dataplane, &after);
	for (unsigned i = 0; i < COVEY_DROP_COUNT; i++) {
		if (after.drops[i] == before->drops[i])
			continue;
		assert_int_equal(after.drops[i], before->drops[i] + 1);
		assert_int_equal(reason, COVEY_DROP_COUNT);
		reason = i;
	}
	return reason;
}

static void assert_same_bytes(const struct rte_mbuf *a, const struct rte_mbuf *b)
{
	uint8_t x[REFERENCE_BYTES_MAX], y[REFERENCE_BYTES_MAX];

	assert_int_equal(a->pkt_len, b->pkt_len);
	assert_memory_equal(rte_pktmbuf_read(a, 0, a->pkt_len, x),
			    rte_pktmbuf_read(b, 0, b->pkt_len, y), a->pkt_len);
}

static void try(struct pair *pair, bool inner, bool outer)
{
	struct dataplane_counters plain_before, careful_before;
	struct frame_bytes good, spoilt;
	struct rte_mbuf *burst[2], *alone;
	unsigned reason, entered;

	pair->esn++;
	pair->sample.payload_len = (uint16_t)(rand() % 300);
	pair->sample.traffic_class = (uint8_t)rand();
	pair->sample.vni = rand() % 2 ? LAB_VNI : 0;
	seal(pair, GOOD, false, false, &good);
	seal(pair, SPOILT, inner, outer, &spoilt);
	dataplane_read_counters(pair->plain.dataplane, &plain_before);
	dataplane_read_counters(pair->careful.dataplane, &careful_before);
	burst[0] = in_one(&good);
	burst[1] = in_one(&spoilt);
	alone = in_two(&spoilt);
	entered = inbound_burst(pair->careful.worker, &alone, 1);
	assert_int_equal(inbound_burst(pair->plain.worker, burst, 2), 1 + entered);
	reason = reason_of(&pair->careful, &careful_before);
	assert_int_equal(reason_of(&pair->plain, &plain_before), reason);
	if (entered) {
		assert_same_bytes(burst[1], alone);
		rte_pktmbuf_free(burst[1]);
		rte_pktmbuf_free(alone);
	} else {
		pair->dropped[reason]++;
	}
	pair->entered += entered;
	rte_pktmbuf_free(burst[0]);
}

/* --- tests --------------------------------------------------------------------------------- */

static void run(bool ipv6, enum covey_encapsulation encapsulation)
{
	static const enum covey_drop reached[] = {
		COVEY_DROP_IN_MALFORMED,
		COVEY_DROP_IN_FRAGMENT,
		COVEY_DROP_IN_DESTINATION,
		COVEY_DROP_IN_UNKNOWN_SPI,
		COVEY_DROP_IN_SOURCE,
		COVEY_DROP_IN_ICV,
		COVEY_DROP_IN_INNER_MALFORMED,
		COVEY_DROP_IN_INNER_ADDRESS,
		COVEY_DROP_IN_INNER_NOT_VXLAN,
		COVEY_DROP_IN_INNER_VNI,
		COVEY_DROP_IN_ECN,
	};
	struct pair pair;

	srand(1);
	open_pair(&pair, ipv6, encapsulation);
	for (unsigned i = 0; i < ROUNDS; i++)
		try(&pair, i % 3 != 0, i % 3 != 1);
	/* What it is there for did come about. */
	assert_true(pair.entered > ROUNDS / 100);
	for (unsigned i = 0; i < sizeof(reached) / sizeof(reached[0]); i++)
		if (pair.dropped[reached[i]] == 0 &&
		    !(ipv6 && reached[i] == COVEY_DROP_IN_FRAGMENT))
			fail_msg("%s never came", covey_drop_names[reached[i]]);
	close_pair(&pair);
}

static void test_udp_ipv4(void **state)
{
	run(false, COVEY_ENCAPSULATION_UDP);
}

static void test_udp_ipv6(void **state)
{
	run(true, COVEY_ENCAPSULATION_UDP);
}

static void test_ip_ipv4(void **state)
{
	run(false, COVEY_ENCAPSULATION_IP);
}

static void test_ip_ipv6(void **state)
{
	run(true, COVEY_ENCAPSULATION_IP);
}

/* The VNI of one group in a packet of another's SA, right behind a packet where it belongs. */
static void test_the_last_vni_is_its_groups(void **state)
{
	struct covey_sa other = lab_sa(LAB_SPI + 1, 1);
	struct dataplane_counters before;
	struct frame_bytes good, bad;
	struct rte_mbuf *burst[2];
	struct pair pair;

	open_pair(&pair, false, COVEY_ENCAPSULATION_UDP);
	pair.esn++;
	seal(&pair, GOOD, false, false, &good);
	pair.sa = lab_reference(&pair.plain, &other);
	seal(&pair, SPOILT, false, false, &bad);
	burst[0] = in_one(&good);
	burst[1] = in_one(&bad);
	dataplane_read_counters(pair.plain.dataplane, &before);
	assert_int_equal(inbound_burst(pair.plain.worker, burst, 2), 1);
	assert_int_equal(reason_of(&pair.plain, &before), COVEY_DROP_IN_INNER_VNI);
	rte_pktmbuf_free(burst[0]);
	close_pair(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_udp_ipv4),
		cmocka_unit_test(test_udp_ipv6),
		cmocka_unit_test(test_ip_ipv4),
		cmocka_unit_test(test_ip_ipv6),
		cmocka_unit_test(test_the_last_vni_is_its_groups),
	};

	return cmocka_run_group_tests(tests, lab_eal, NULL);
}
