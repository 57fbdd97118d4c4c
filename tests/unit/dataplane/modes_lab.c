/* SPDX-License-Identifier: BSD-3-Clause */
#include "modes_lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

static bool ipv6;
static enum covey_encapsulation encapsulation;

void modes_lab_over(bool with_ipv6, enum covey_encapsulation with)
{
	ipv6 = with_ipv6;
	encapsulation = with;
}

bool modes_lab_ipv6(void)
{
	return ipv6;
}

/* --- what is sent --------------------------------------------------------------------------- */

void open_lab(struct lab *lab, bool vxlan_only)
{
	struct dataplane_config config = lab_config(ipv6, encapsulation);
	struct covey_sa sa = lab_sa(LAB_SPI, 5), other = lab_sa(OTHER_SPI, 5);
	const uint32_t vni = OTHER_VNI;

	config.vxlan_only = vxlan_only;
	lab_open(lab, &config);
	assert_int_equal(dataplane_group_set(lab->dataplane, OTHER_GROUP, &vni, 1, NULL), 0);
	other.group = OTHER_GROUP;
	lab_install_active(lab, &sa);
	lab_install_active(lab, &other);
}

void set_mode(struct lab *lab, uint32_t group, int mode)
{
	assert_int_equal(dataplane_group_mode(lab->dataplane, group, (enum covey_mode)mode), 0);
}

struct sample sample_of(uint32_t vni, bool outbound)
{
	struct sample sample = lab_sample();

	sample.ipv6 = ipv6;
	sample.vni = vni;
	sample.source = outbound ? LAB_SELF : LAB_PEER;
	return sample;
}

void run(struct lab *lab, bool outbound, struct rte_mbuf *packet, struct result *ret_result)
{
	memset(ret_result, 0, sizeof(*ret_result));
	ret_result->passed = outbound ? outbound_burst(lab->worker, &packet, 1)
				      : inbound_burst(lab->worker, &packet, 1);
	if (ret_result->passed > 0) {
		const uint8_t *read =
			rte_pktmbuf_read(packet, 0, packet->pkt_len, ret_result->bytes);

		ret_result->len = packet->pkt_len;
		assert_non_null(read);
		memmove(ret_result->bytes, read, ret_result->len);
		rte_pktmbuf_free(packet);
	}
	dataplane_read_counters(lab->dataplane, &ret_result->counters);
	assert_int_equal(lab_packets_out(), 0);
}

void run_bytes(struct lab *lab, bool outbound, const uint8_t *frame, size_t len,
	       struct result *ret_result)
{
	run(lab, outbound, lab_packet(frame, len), ret_result);
}

void run_clear(struct lab *lab, bool outbound, uint32_t vni, struct result *ret_result)
{
	struct sample sample = sample_of(vni, outbound);
	uint8_t frame[REFERENCE_BYTES_MAX];

	run_bytes(lab, outbound, frame, reference_vxlan(&sample, frame), ret_result);
}

/* --- what is expected ----------------------------------------------------------------------- */

void expect_counters(const struct result *result, const struct dataplane_counters *expected)
{
	for (unsigned i = 0; i < COVEY_DROP_COUNT; i++) {
		if (result->counters.drops[i] != expected->drops[i])
			fail_msg("%s is %lu, not %lu", covey_drop_names[i],
				 result->counters.drops[i], expected->drops[i]);
		if (result->counters.would_drop[i] != expected->would_drop[i])
			fail_msg("%s would be %lu, not %lu", covey_drop_names[i],
				 result->counters.would_drop[i], expected->would_drop[i]);
	}
	assert_memory_equal(&result->counters, expected, sizeof(*expected));
}

void expect_dropped(const struct result *result, enum covey_drop reason)
{
	struct dataplane_counters expected = {0};

	expected.drops[reason] = 1;
	assert_int_equal(result->passed, 0);
	expect_counters(result, &expected);
}

void expect_clear(const struct result *result, bool outbound, enum covey_drop enforced,
		  const uint8_t *frame, size_t len)
{
	struct dataplane_counters expected = {.clear_out = outbound, .clear_in = !outbound};

	if (enforced != NOTHING)
		expected.would_drop[enforced] = 1;
	assert_int_equal(result->passed, 1);
	assert_int_equal(result->len, len);
	assert_memory_equal(result->bytes, frame, len);
	expect_counters(result, &expected);
}

void expect_sample(const struct result *result, bool outbound, enum covey_drop enforced,
		   const struct sample *sample)
{
	uint8_t frame[REFERENCE_BYTES_MAX];

	expect_clear(result, outbound, enforced, frame, reference_vxlan(sample, frame));
}

void expect_encrypted(const struct lab *lab, const struct result *result,
		      const struct sample *sample)
{
	uint8_t frame[REFERENCE_BYTES_MAX];
	size_t len = reference_vxlan(sample, frame);
	struct dataplane_counters expected = {.encrypted_packets = 1, .encrypted_bytes = len - L2};

	assert_int_equal(result->passed, 1);
	assert_int_equal(result->len, len + lab->dataplane->engine.overhead);
	expect_counters(result, &expected);
}
