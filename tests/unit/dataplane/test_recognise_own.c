/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VXLAN that leaves: what is recognised as such is VXLAN of the same fields to the walk as well,
 * and comes from our address; nothing that has this shape is declined.
 */
#include "lab.h"
#include "recognise.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#define MTU 400u

struct scene {
	struct dataplane_config config;
	struct classifier classifier;
	struct recognise_own own;
	uint16_t overhead;
	uint8_t frame[REFERENCE_BYTES_MAX];
	size_t len;
	bool ipv6;
};

static void set(struct scene *scene, bool ipv6)
{
	struct sample sample = lab_sample();

	scene->ipv6 = sample.ipv6 = ipv6;
	sample.source = LAB_SELF;
	scene->config = lab_config(ipv6, COVEY_ENCAPSULATION_UDP);
	scene->config.fabric_mtu = MTU;
	scene->classifier = (struct classifier){.vxlan_port = scene->config.vxlan_port,
						.vpe_port = scene->config.vpe_port,
						.vpe_protocol = scene->config.vpe_protocol};
	scene->overhead = ipv6 ? COVEY_OVERHEAD_UDP_IPV6 : COVEY_OVERHEAD_UDP_IPV4;
	recognise_own_make(&scene->config, scene->overhead, &scene->own);
	scene->len = reference_vxlan(&sample, scene->frame);
}

static bool is_ours(const struct scene *scene, const uint8_t *ip)
{
	return ip_source_is(ip, scene->config.vtep.family, scene->config.vtep.bytes);
}

/* Ask for a frame of len bytes, which lies in a buffer of exactly its length, so that a sanitizer
 * sees every byte too far. */
static bool ask(const struct scene *scene, const uint8_t *frame, size_t len)
{
	uint8_t *copy = malloc(len + 1), *data = copy + 1;
	struct vxlan vxlan;
	struct frame walk;
	bool recognised;

	assert_non_null(copy);
	memcpy(data, frame, len);
	recognised = recognise_own(&scene->own, data, (uint32_t)len, scene->ipv6, &vxlan);
	if (recognised) {
		classify_frame(&scene->classifier, data, len, len, &walk);
		assert_int_equal(walk.kind, FRAME_VXLAN);
		assert_int_equal(walk.l2_len, vxlan.l2_len);
		assert_int_equal(walk.ip_len, vxlan.ip_len);
		assert_int_equal(walk.source_port, vxlan.source_port);
		assert_int_equal(walk.vni, vxlan.vni);
		assert_int_equal(ip_version(data + walk.l2_len), scene->ipv6 ? 6 : 4);
		assert_true(is_ours(scene, data + walk.l2_len));
		assert_true(walk.ip_len + scene->overhead <= MTU);
	}
	free(copy);
	return recognised;
}

/* One bit of the headers after the other: each that makes another shape of it must be noticed. */
static void test_every_bit(void **state)
{
	struct scene scene;

	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		unsigned told = 0;

		set(&scene, ipv6);
		assert_true(ask(&scene, scene.frame, scene.len));
		for (unsigned bit = 0; bit < 8 * recognise_own_len(ipv6); bit++) {
			scene.frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
			told += ask(&scene, scene.frame, scene.len);
			scene.frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		/* Ethernet's addresses alone are so many that may be anything. */
		assert_true(told > 8 * 12 && told < 8 * recognise_own_len(ipv6));
	}
}

/* Cut, with padding, and longer than the fabric takes. */
static void test_lengths(void **state)
{
	struct scene scene;

	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		uint8_t *ip = scene.frame + 14, *udp;
		uint16_t headers = ipv6 ? 40 : 20;

		set(&scene, ipv6);
		udp = ip + headers;
		for (uint16_t len = headers + 16; len < MTU; len++) {
			rte_be16_t total = rte_cpu_to_be_16(ipv6 ? (uint16_t)(len - 40) : len);
			rte_be16_t rest = rte_cpu_to_be_16((uint16_t)(len - headers));

			memcpy(ip + (ipv6 ? 4 : 2), &total, sizeof(total));
			memcpy(udp + 4, &rest, sizeof(rest));
			assert_int_equal(ask(&scene, scene.frame, 14u + len),
					 len + scene.overhead <= MTU);
			assert_int_equal(ask(&scene, scene.frame, 14u + len + 9),
					 len + scene.overhead <= MTU);
			if (14u + len > recognise_own_len(ipv6))
				assert_false(ask(&scene, scene.frame, 13u + len));
		}
	}
}

/* An MTU in which headers alone find no room. */
static void test_tiny_mtu(void **state)
{
	struct scene scene;

	set(&scene, false);
	scene.config.fabric_mtu = scene.overhead - 1;
	recognise_own_make(&scene.config, scene.overhead, &scene.own);
	assert_false(ask(&scene, scene.frame, scene.len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_tiny_mtu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
