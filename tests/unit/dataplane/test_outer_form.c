/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a receiver makes of the headers before VPE (docs/protocol.md, section 5.1): only the form
 * that the fabric's senders give them is taken; a checksum is nobody's to compare. Each packet once
 * in one segment, where it may be told at a glance, and once in two.
 */
#include "lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#define IP_AT 14u

struct wire {
	uint8_t bytes[REFERENCE_BYTES_MAX];
	size_t len;
};

struct scene {
	struct lab lab;
	struct reference_sa sa;
	struct sample sample;
	uint64_t esn;
};

static void open_scene(struct scene *scene, bool ipv6, enum covey_encapsulation encapsulation)
{
	struct dataplane_config config = lab_config(ipv6, encapsulation);
	struct covey_sa sa = lab_sa(LAB_SPI, 1);

	lab_open(&scene->lab, &config);
	lab_install_active(&scene->lab, &sa);
	scene->sa = lab_reference(&scene->lab, &sa);
	scene->sample = lab_sample();
	scene->sample.ipv6 = ipv6;
	scene->sample.source = LAB_PEER;
	scene->esn = covey_esn(1, 0);
}

static void seal(struct scene *scene, struct wire *ret_wire)
{
	struct reference_iv iv = {LAB_PEER, 0x1234, ++scene->esn};
	uint8_t clear[REFERENCE_BYTES_MAX];
	size_t len = reference_vxlan(&scene->sample, clear);

	ret_wire->len = reference_vpe(&scene->sa, iv, clear, IP_AT, len, ret_wire->bytes);
}

static void add_to_be16(uint8_t *at, unsigned amount)
{
	unsigned value = (at[0] << 8 | at[1]) + amount;

	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Four bytes of options, or an extension header of eight; the kind as given. */
static void put_between(struct wire *wire, bool ipv6, uint8_t kind)
{
	uint8_t *ip = wire->bytes + IP_AT;
	size_t header = ipv6 ? 40 : 20, more = ipv6 ? 8 : 4;

	memmove(ip + header + more, ip + header, wire->len - IP_AT - header);
	memset(ip + header, 0, more);
	wire->len += more;
	if (ipv6) {
		ip[header] = ip[6];
		ip[header + 2] = 1; /* PadN, of 4 bytes */
		ip[header + 3] = 4;
		ip[6] = kind;
		add_to_be16(ip + 4, (unsigned)more);
	} else {
		ip[header] = kind;
		ip[0] = 0x46;
		add_to_be16(ip + 2, (unsigned)more);
	}
}

/* COVEY_DROP_COUNT: it has entered. */
static unsigned verdict(struct scene *scene, const struct wire *wire, bool in_two)
{
	struct rte_mbuf *packet = lab_packet(wire->bytes, wire->len - in_two);
	struct dataplane_counters before, after;
	unsigned verdict = COVEY_DROP_COUNT;
	uint16_t entered;

	if (in_two)
		assert_int_equal(
			rte_pktmbuf_chain(packet, lab_packet(wire->bytes + wire->len - 1, 1)), 0);
	dataplane_read_counters(scene->lab.dataplane, &before);
	entered = inbound_burst(scene->lab.worker, &packet, 1);
	dataplane_read_counters(scene->lab.dataplane, &after);
	for (unsigned i = 0; i < COVEY_DROP_COUNT; i++)
		if (after.drops[i] != before.drops[i])
			verdict = i;
	assert_int_equal(after.decrypted_packets - before.decrypted_packets, entered);
	assert_int_equal(entered, verdict == COVEY_DROP_COUNT);
	if (entered)
		rte_pktmbuf_free(packet);
	return verdict;
}

static void check_as_sent(struct scene *scene, bool in_two)
{
	struct wire wire;

	seal(scene, &wire);
	assert_int_equal(verdict(scene, &wire, in_two), COVEY_DROP_COUNT);
}

/* Authentic in all but that: with the group's key, the fabric's port and protocol. */
static void check_other_encapsulation(struct scene *scene, bool in_two)
{
	enum covey_encapsulation own = scene->sa.encapsulation;
	struct wire wire;

	scene->sa.encapsulation =
		own == COVEY_ENCAPSULATION_UDP ? COVEY_ENCAPSULATION_IP : COVEY_ENCAPSULATION_UDP;
	seal(scene, &wire);
	scene->sa.encapsulation = own;
	assert_int_equal(verdict(scene, &wire, in_two), COVEY_DROP_IN_ENCAPSULATION);
	put_between(&wire, scene->sample.ipv6, scene->sample.ipv6 ? 60 : 1);
	assert_int_equal(verdict(scene, &wire, in_two), COVEY_DROP_IN_ENCAPSULATION);
}

static void check_options(struct scene *scene, bool in_two)
{
	/* Hop-by-hop, destination; end, nothing, record route, router alert. */
	static const uint8_t headers[] = {0, 60}, options[] = {0, 1, 7, 148};
	bool ipv6 = scene->sample.ipv6;
	struct wire wire;

	for (size_t i = 0; i < (ipv6 ? sizeof(headers) : sizeof(options)); i++) {
		seal(scene, &wire);
		put_between(&wire, ipv6, ipv6 ? headers[i] : options[i]);
		assert_int_equal(verdict(scene, &wire, in_two), COVEY_DROP_IN_OPTIONS);
	}
}

/* IPv4's of the header, UDP's over both. */
static void check_checksums(struct scene *scene, bool in_two)
{
	bool ipv6 = scene->sample.ipv6;
	struct wire wire;

	seal(scene, &wire);
	if (!ipv6)
		wire.bytes[IP_AT + 10] ^= 0x5a;
	if (scene->sa.encapsulation == COVEY_ENCAPSULATION_UDP)
		wire.bytes[IP_AT + (ipv6 ? 40 : 20) + 6] = 0xff;
	assert_int_equal(verdict(scene, &wire, in_two), COVEY_DROP_COUNT);
}

static void check_in_all_fabrics(void (*check)(struct scene *scene, bool in_two))
{
	static struct scene scene;

	for (unsigned i = 0; i < 8; i++) {
		open_scene(&scene, i & 1, i & 2 ? COVEY_ENCAPSULATION_IP : COVEY_ENCAPSULATION_UDP);
		check(&scene, i >> 2);
		lab_close(&scene.lab);
		assert_int_equal(lab_packets_out(), 0);
	}
}

static void test_as_sent(void **state)
{
	check_in_all_fabrics(check_as_sent);
}

static void test_other_encapsulation(void **state)
{
	check_in_all_fabrics(check_other_encapsulation);
}

static void test_options(void **state)
{
	check_in_all_fabrics(check_options);
}

static void test_checksums_are_not_compared(void **state)
{
	check_in_all_fabrics(check_checksums);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_sent),
		cmocka_unit_test(test_other_encapsulation),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_checksums_are_not_compared),
	};

	return cmocka_run_group_tests(tests, lab_eal, NULL);
}
