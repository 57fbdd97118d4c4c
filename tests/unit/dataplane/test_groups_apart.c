/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * As many groups as a host can be in, and each pair of them in both directions: whoever holds one
 * group's key can say any VNI inside, and reaches the VNIs of that group alone. What leaves does so
 * under the key of its VNI's group. A host that is in one of the groups neither hears nor reaches
 * the other one.
 */
#include "lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#define GROUPS   COVEY_GROUPS_PER_HOST_MAX
#define VNIS     16u /* of each group */
#define L2_LEN   14u
#define SPI_AT   (L2_LEN + 20u + 8u)
#define WINDOW   7u
#define FIRST_IV (UINT64_C(1) << 48)

struct fabric {
	struct lab lab;
	uint64_t esn;
	struct dataplane_counters before;
};

/* --- the groups ---------------------------------------------------------------------------- */

static struct covey_sa sa_of(unsigned group)
{
	struct covey_sa sa = lab_sa(LAB_SPI + group, 1);

	sa.group = group;
	return sa;
}

/* Neighbours in number are not of one group. The last group has the highest VNI that there is. */
static uint32_t vni_of(unsigned group, unsigned index)
{
	uint32_t vni = index * GROUPS + group;

	return vni == VNIS * GROUPS - 1 ? COVEY_VNI_MAX : vni;
}

static void add_group(struct fabric *fabric, unsigned group)
{
	struct covey_sa sa = sa_of(group);
	uint32_t vnis[VNIS];

	for (unsigned i = 0; i < VNIS; i++)
		vnis[i] = vni_of(group, i);
	assert_int_equal(dataplane_group_set(fabric->lab.dataplane, group, vnis, VNIS, NULL), 0);
	lab_install_active(&fabric->lab, &sa);
}

static void open_fabric(struct fabric *fabric, unsigned groups)
{
	struct dataplane_config config = lab_config(false, COVEY_ENCAPSULATION_UDP);

	*fabric = (struct fabric){.esn = FIRST_IV};
	lab_open(&fabric->lab, &config);
	/* Not the VNI that the lab begins with. */
	assert_int_equal(dataplane_group_set(fabric->lab.dataplane, 0, NULL, 0, NULL), 0);
	for (unsigned i = 0; i < groups; i++)
		add_group(fabric, i);
	dataplane_read_counters(fabric->lab.dataplane, &fabric->before);
}

static void close_fabric(struct fabric *fabric)
{
	lab_close(&fabric->lab);
	assert_int_equal(lab_packets_out(), 0);
}

/* How many packets were dropped for the reason, since the last time. No other was. */
static uint64_t dropped(struct fabric *fabric, enum covey_drop reason)
{
	struct dataplane_counters now;
	uint64_t count;

	dataplane_read_counters(fabric->lab.dataplane, &now);
	count = now.drops[reason] - fabric->before.drops[reason];
	for (unsigned i = 0; i < COVEY_DROP_COUNT; i++)
		if (i != reason && now.drops[i] != fabric->before.drops[i])
			fail_msg("%s", covey_drop_names[i]);
	fabric->before = now;
	return count;
}

/* --- packets ------------------------------------------------------------------------------- */

/* From the peer, under the key of one group; cut: in two segments. */
static struct rte_mbuf *arriving(struct fabric *fabric, unsigned key_of, uint32_t vni, bool cut)
{
	struct covey_sa sa = sa_of(key_of);
	struct reference_sa reference = lab_reference(&fabric->lab, &sa);
	struct reference_iv iv = {LAB_PEER, WINDOW, ++fabric->esn};
	uint8_t clear[REFERENCE_BYTES_MAX], wire[REFERENCE_BYTES_MAX];
	struct sample sample = lab_sample();
	struct rte_mbuf *packet;
	size_t len;

	sample.source = LAB_PEER;
	sample.vni = vni;
	len = reference_vxlan(&sample, clear);
	len = reference_vpe(&reference, iv, clear, L2_LEN, len, wire);
	packet = lab_packet(wire, cut ? len - 1 : len);
	if (cut)
		assert_int_equal(rte_pktmbuf_chain(packet, lab_packet(wire + len - 1, 1)), 0);
	return packet;
}

static struct rte_mbuf *leaving(uint32_t vni)
{
	uint8_t clear[REFERENCE_BYTES_MAX];
	struct sample sample = lab_sample();
	size_t len;

	sample.vni = vni;
	len = reference_vxlan(&sample, clear);
	return lab_packet(clear, len);
}

static uint32_t spi_of(const struct rte_mbuf *packet)
{
	const uint8_t *spi = rte_pktmbuf_mtod_offset(packet, const uint8_t *, SPI_AT);

	return (uint32_t)spi[0] << 24 | (uint32_t)spi[1] << 16 | (uint32_t)spi[2] << 8 | spi[3];
}

static uint16_t send_in(struct fabric *fabric, struct rte_mbuf **burst, uint16_t count)
{
	uint16_t entered = inbound_burst(fabric->lab.worker, burst, count);

	rte_pktmbuf_free_bulk(burst, entered);
	return entered;
}

/* --- tests --------------------------------------------------------------------------------- */

/* The forged one stands between two of the group that it wants to reach, and is of the group that
 * it comes from right before it, so that nothing that is remembered of either lets it in. */
static void test_no_key_opens_another_group(void **state)
{
	struct fabric fabric;

	open_fabric(&fabric, GROUPS);
	for (unsigned from = 0; from < GROUPS; from++)
		for (unsigned to = 0; to < GROUPS; to++) {
			unsigned index = (from + to) % VNIS;
			bool cut = (from + to / 16) % 8 == 0;
			uint32_t aim = vni_of(to, index);
			struct rte_mbuf *burst[] = {
				arriving(&fabric, to, aim, false),
				arriving(&fabric, from, aim, cut),
				arriving(&fabric, from, vni_of(from, index), false),
				arriving(&fabric, from, aim, cut),
				arriving(&fabric, to, aim, false),
			};
			unsigned forged = from == to ? 0 : 2;
			uint16_t entered = send_in(&fabric, burst, RTE_DIM(burst));

			if (entered != RTE_DIM(burst) - forged)
				fail_msg("%u packets of group %u entered group %u", entered, from,
					 to);
			assert_int_equal(dropped(&fabric, COVEY_DROP_IN_INNER_VNI), forged);
		}
	close_fabric(&fabric);
}

static void test_each_leaves_under_its_groups_key(void **state)
{
	struct fabric fabric;

	open_fabric(&fabric, GROUPS);
	for (unsigned from = 0; from < GROUPS; from++)
		for (unsigned to = 0; to < GROUPS; to++) {
			struct rte_mbuf *burst[] = {
				leaving(vni_of(from, to % VNIS)),
				leaving(vni_of(to, from % VNIS)),
				leaving(vni_of(from, from % VNIS)),
			};

			assert_int_equal(outbound_burst(fabric.lab.worker, burst, RTE_DIM(burst)),
					 RTE_DIM(burst));
			assert_int_equal(spi_of(burst[0]), LAB_SPI + from);
			assert_int_equal(spi_of(burst[1]), LAB_SPI + to);
			assert_int_equal(spi_of(burst[2]), LAB_SPI + from);
			rte_pktmbuf_free_bulk(burst, RTE_DIM(burst));
		}
	assert_int_equal(dropped(&fabric, COVEY_DROP_OUT_UNKNOWN_VNI), 0);
	close_fabric(&fabric);
}

/* It is in one group, the others' packets come to it all the same. */
static void test_a_host_of_one_group(void **state)
{
	struct fabric fabric;

	open_fabric(&fabric, 1);
	for (unsigned other = 1; other < GROUPS; other++)
		for (unsigned i = 0; i < VNIS; i++) {
			uint32_t vni = vni_of(other, i);
			struct rte_mbuf *out[] = {leaving(vni_of(0, i)), leaving(vni)};
			struct rte_mbuf *forged[] = {arriving(&fabric, 0, vni_of(0, i), false),
						     arriving(&fabric, 0, vni, false)};
			struct rte_mbuf *others[] = {arriving(&fabric, other, vni, false)};

			assert_int_equal(outbound_burst(fabric.lab.worker, out, 2), 1);
			assert_int_equal(spi_of(out[0]), LAB_SPI);
			rte_pktmbuf_free(out[0]);
			assert_int_equal(dropped(&fabric, COVEY_DROP_OUT_UNKNOWN_VNI), 1);
			assert_int_equal(send_in(&fabric, forged, 2), 1);
			assert_int_equal(dropped(&fabric, COVEY_DROP_IN_INNER_VNI), 1);
			assert_int_equal(send_in(&fabric, others, 1), 0);
			assert_int_equal(dropped(&fabric, COVEY_DROP_IN_UNKNOWN_SPI), 1);
		}
	close_fabric(&fabric);
}

/* A new key of one group changes nothing of the others: each goes on under the key that it has. */
static void test_a_rekey_is_of_one_group(void **state)
{
	struct fabric fabric;
	struct covey_sa next = sa_of(GROUPS / 2);

	next.spi = LAB_SPI + GROUPS;
	open_fabric(&fabric, GROUPS);
	lab_install_active(&fabric.lab, &next);
	for (unsigned group = 0; group < GROUPS; group++) {
		struct rte_mbuf *out[] = {leaving(vni_of(group, 3))};
		struct rte_mbuf *in[] = {arriving(&fabric, group, vni_of(group, 3), false)};

		assert_int_equal(outbound_burst(fabric.lab.worker, out, 1), 1);
		assert_int_equal(spi_of(out[0]), group == GROUPS / 2 ? next.spi : LAB_SPI + group);
		rte_pktmbuf_free(out[0]);
		assert_int_equal(send_in(&fabric, in, 1), 1);
	}
	dataplane_sa_remove(fabric.lab.dataplane, LAB_SPI + GROUPS / 2);
	for (unsigned group = 0; group < GROUPS; group++) {
		struct rte_mbuf *in[] = {arriving(&fabric, group, vni_of(group, 3), false)};
		bool gone = group == GROUPS / 2;

		assert_int_equal(send_in(&fabric, in, 1), gone ? 0 : 1);
		assert_int_equal(dropped(&fabric, COVEY_DROP_IN_UNKNOWN_SPI), gone);
	}
	close_fabric(&fabric);
}

/* No VNI can be taken into a second group. */
static void test_a_vni_has_one_group(void **state)
{
	struct fabric fabric;

	open_fabric(&fabric, GROUPS);
	for (unsigned group = 1; group < GROUPS; group++) {
		uint32_t vni = vni_of(group - 1, group % VNIS);

		assert_int_equal(dataplane_group_set(fabric.lab.dataplane, group, &vni, 1, NULL),
				 -EEXIST);
	}
	close_fabric(&fabric);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_key_opens_another_group),
		cmocka_unit_test(test_each_leaves_under_its_groups_key),
		cmocka_unit_test(test_a_host_of_one_group),
		cmocka_unit_test(test_a_rekey_is_of_one_group),
		cmocka_unit_test(test_a_vni_has_one_group),
	};

	return cmocka_run_group_tests(tests, lab_eal, NULL);
}
