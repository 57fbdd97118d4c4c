/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the guard gives VXLAN a secret source address at the host port: VXLAN without it is
 * dropped, whatever its form and the group's mode, and the address never leaves.
 */
#include "modes_lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#define SECRET UINT64_C(0x06aabbccddee)

static const uint8_t secret[6] = {0x06, 0xaa, 0xbb, 0xcc, 0xdd, 0xee};
static const uint8_t own[6] = {0x02, 0, 0, 0, 0x77, 0x01};

static void open_secret_lab(struct lab *lab)
{
	struct dataplane_config config = lab_config(modes_lab_ipv6(), COVEY_ENCAPSULATION_UDP);
	struct covey_sa sa = lab_sa(LAB_SPI, 5);

	config.secret_source = SECRET;
	memcpy(config.host_mac, own, sizeof(own));
	lab_open(lab, &config);
	lab_install_active(lab, &sa);
}

static void set_source(uint8_t *frame, const uint8_t *mac)
{
	memcpy(frame + 6, mac, 6);
}

/* Forms of one packet: plain, and those that take the slow way. */
enum form { PLAIN, TAGGED, DNS, FORMS };

static size_t make(enum form form, uint8_t *frame)
{
	struct sample sample = sample_of(LAB_VNI, true);
	size_t len = reference_vxlan(&sample, frame);

	if (form == TAGGED) {
		memmove(frame + 16, frame + 12, len - 12);
		memcpy(frame + 12, (const uint8_t[]){0x81, 0, 0, 5}, 4);
		len += 4;
	}
	if (form == DNS) {
		frame[L2 + (sample.ipv6 ? 40 : 20) + 2] = 0;
		frame[L2 + (sample.ipv6 ? 40 : 20) + 3] = 53;
	}
	return len;
}

static void over_both(void (*test)(void))
{
	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		modes_lab_over(ipv6, COVEY_ENCAPSULATION_UDP);
		test();
	}
}

static void with_it(void)
{
	for (int mode = COVEY_MODE_OBSERVE; mode <= COVEY_MODE_ENFORCE; mode++) {
		for (enum form form = 0; form < FORMS; form++) {
			bool clear = form == DNS || mode == COVEY_MODE_OBSERVE;
			uint8_t frame[REFERENCE_BYTES_MAX];
			size_t len = make(form, frame);
			struct result result;
			struct lab lab;

			open_secret_lab(&lab);
			set_mode(&lab, 0, mode);
			set_source(frame, secret);
			run_bytes(&lab, true, frame, len, &result);
			assert_int_equal(result.passed, 1);
			assert_int_equal(result.counters.encrypted_packets, !clear);
			set_source(frame, own);
			assert_memory_equal(result.bytes, frame, 12);
			if (clear)
				assert_memory_equal(result.bytes, frame, len);
			lab_close(&lab);
		}
	}
}

static void test_with_it(void **state)
{
	over_both(with_it);
}

/* One bit off. What is no VXLAN passes as it is. */
static void expect_declined(struct lab *lab, enum form form, unsigned bit)
{
	uint8_t frame[REFERENCE_BYTES_MAX];
	struct dataplane_counters before;
	size_t len = make(form, frame);
	struct result result;

	dataplane_read_counters(lab->dataplane, &before);
	set_source(frame, secret);
	frame[6 + bit / 8] ^= (uint8_t)(1 << bit % 8);
	run_bytes(lab, true, frame, len, &result);
	assert_int_equal(result.passed, form == DNS);
	if (form == DNS) {
		before.bypassed_out++;
		assert_memory_equal(result.bytes, frame, len);
	} else {
		before.drops[COVEY_DROP_OUT_NO_DEVICE]++;
	}
	expect_counters(&result, &before);
}

static void without_it(void)
{
	struct lab lab;

	open_secret_lab(&lab);
	for (int mode = COVEY_MODE_OBSERVE; mode <= COVEY_MODE_ENFORCE; mode++) {
		set_mode(&lab, 0, mode);
		for (unsigned bit = 0; bit < 48; bit++)
			for (enum form form = 0; form < FORMS; form++)
				expect_declined(&lab, form, bit);
	}
	lab_close(&lab);
}

static void test_without_it(void **state)
{
	over_both(without_it);
}

/* A first fragment in observe, which tells its VNI: it passes with the address alone. */
static void test_first_fragment(void **state)
{
	modes_lab_over(false, COVEY_ENCAPSULATION_UDP);
	for (unsigned has = 0; has < 2; has++) {
		uint8_t frame[REFERENCE_BYTES_MAX];
		size_t len = make(PLAIN, frame);
		struct result result;
		struct lab lab;

		open_secret_lab(&lab);
		set_mode(&lab, 0, COVEY_MODE_OBSERVE);
		frame[L2 + 6] = 0x20;
		set_source(frame, has ? secret : own);
		run_bytes(&lab, true, frame, len, &result);
		if (!has)
			expect_dropped(&result, COVEY_DROP_OUT_FRAGMENT);
		else
			assert_int_equal(result.passed, 1);
		if (has)
			assert_memory_equal(result.bytes + 6, own, sizeof(own));
		lab_close(&lab);
	}
}

/* The address cannot be taken out of bytes that somebody else holds, too. */
static void test_shared(void **state)
{
	uint8_t frame[REFERENCE_BYTES_MAX];
	struct rte_mbuf *packet, *copy;
	struct result result;
	struct lab lab;
	size_t len;

	modes_lab_over(false, COVEY_ENCAPSULATION_UDP);
	len = make(DNS, frame);
	open_secret_lab(&lab);
	set_source(frame, secret);
	packet = lab_packet(frame, len);
	copy = rte_pktmbuf_clone(packet, packet->pool);
	assert_non_null(copy);
	memset(&result, 0, sizeof(result));
	assert_int_equal(outbound_burst(lab.worker, &packet, 1), 0);
	dataplane_read_counters(lab.dataplane, &result.counters);
	expect_dropped(&result, COVEY_DROP_OUT_BUFFER);
	assert_memory_equal(rte_pktmbuf_mtod(copy, void *), frame, len);
	rte_pktmbuf_free(copy);
	lab_close(&lab);
	assert_int_equal(lab_packets_out(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_with_it),
		cmocka_unit_test(test_without_it),
		cmocka_unit_test(test_first_fragment),
		cmocka_unit_test(test_shared),
	};

	lab_eal(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
