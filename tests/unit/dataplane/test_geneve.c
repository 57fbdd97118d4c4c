/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Geneve, with options and without: super-frames of it are cut as those of VXLAN are, and put
 * together as those are. What its header says is believed as far as it agrees with the rest. A
 * single packet that is too long is left to others: fragments of tenants' packets and answers to
 * tenants are VXLAN's alone.
 */
#include "super_frame.h"
#include <coalesce.h>
#include <segment.h>
#include <setjmp.h>
#include <shape.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#define ROUNDS     1000u
#define PACKET_MAX 9500u
#define PORT       6081u
#define LEN_MAX    65500u /* with options no IP packet is too long */

static struct super_frame vxlan, geneve;

static unsigned get16(const uint8_t *at)
{
	return (unsigned)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Make geneve of vxlan. Returns how many bytes of options there are. */
static unsigned add_options(struct random *random, unsigned words)
{
	unsigned header = vxlan.outer_udp + 8, more = words * 4;

	geneve = vxlan;
	memmove(geneve.frame + header + 8 + more, geneve.frame + header + 8,
		geneve.len - header - 8);
	for (unsigned i = 0; i < more; i++)
		geneve.frame[header + 8 + i] = (uint8_t)random_next(random);
	geneve.frame[header] = (uint8_t)words;
	geneve.frame[header + 1] = 0;
	put16(geneve.frame + header + 2, 0x6558);
	put16(geneve.frame + geneve.outer_udp + 2, PORT);
	geneve.len += more;
	geneve.inner_ip += more;
	geneve.l4 += more;
	geneve.payload += more;
	geneve.header.header_len = (uint16_t)geneve.payload;
	geneve.header.csum_start = (uint16_t)geneve.l4;
	geneve.header.inner_network = (uint16_t)geneve.inner_ip;
	super_frame_finish(&geneve);
	return more;
}

/* headers_max: of all of them, bytes. */
static void make(struct random *random, unsigned words, unsigned headers_max)
{
	do
		super_frame_make(random, &vxlan);
	while (vxlan.len > LEN_MAX - 63 * 4 || vxlan.payload + words * 4 > headers_max);
	add_options(random, words);
}

static enum segment_error begin(struct segmenter *segmenter, const struct super_frame *super)
{
	return segment_begin(segmenter, &super->header, super->frame, super->len, PACKET_MAX);
}

static void test_cut_and_joined(void **state)
{
	static const struct coalesce_offloads all = {true, true, true, true};
	static uint8_t with[2][66000], without[2][66000];
	struct random random = {1};

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct coalesce joined = {.offloads = all}, others = {.offloads = all};
		unsigned words = random_below(&random, 12), count = 0;
		struct segmenter a, b;
		uint32_t len;

		make(&random, words, SHAPE_HEADERS_MAX);
		assert_int_equal(begin(&a, &vxlan), SEGMENT_OK);
		assert_int_equal(begin(&b, &geneve), SEGMENT_OK);
		for (; (len = segment_len(&a)) > 0 && count < 2; count++) {
			uint32_t other = segment_len(&b);
			const uint8_t *packet = with[count];

			assert_int_equal(other, len + words * 4);
			segment_take(&a, without[count]);
			segment_take(&b, with[count]);
			assert_memory_equal(packet + geneve.inner_ip,
					    without[count] + vxlan.inner_ip, len - vxlan.inner_ip);
			assert_memory_equal(packet + geneve.outer_udp + 8,
					    geneve.frame + geneve.outer_udp + 8,
					    geneve.inner_ip - geneve.outer_udp - 8);
			assert_int_equal(get16(packet + geneve.outer_udp + 4),
					 other - geneve.outer_udp);
			assert_int_equal(coalesce_add(&joined, with[count], other),
					 coalesce_add(&others, without[count], len));
		}
	}
}

/* Headers that are longer than any of VXLAN's have no shape; nothing behind the options is
 * believed. */
static void test_more_options(void **state)
{
	struct random random = {2};

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct segmenter segmenter;
		unsigned words = random_below(&random, 64);

		make(&random, words, 1000);
		assert_int_equal(begin(&segmenter, &geneve) == SEGMENT_OK,
				 geneve.payload <= SHAPE_HEADERS_MAX);
	}
}

static void test_lies(void **state)
{
	struct random random = {3};

	for (unsigned i = 0; i < ROUNDS; i++) {
		static const unsigned types[] = {0x0800, 0x86dd, 0, 0x6559, 0x0806};
		unsigned words = random_below(&random, 12);
		struct segmenter segmenter;
		uint8_t *header;

		make(&random, words, SHAPE_HEADERS_MAX);
		header = geneve.frame + geneve.outer_udp + 8;
		if (i % 2)
			put16(header + 2, types[i / 2 % 5]);
		else
			header[0] = (uint8_t)(header[0] + 1 + random_below(&random, 63)) & 0x3f;
		if (begin(&segmenter, &geneve) == SEGMENT_OK && segmenter.shape.l4 != geneve.l4)
			fail_msg("cut with %u words of options, type %04x", words,
				 get16(header + 2));
	}
}

/* A packet that came alone, and does not fit. */
static void test_too_long(void **state)
{
	static const struct vnet_header none;
	static uint8_t packet[66000];
	struct random random = {4};

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct segmenter segmenter;
		uint32_t len;

		make(&random, random_below(&random, 12), SHAPE_HEADERS_MAX);
		assert_int_equal(begin(&segmenter, &geneve), SEGMENT_OK);
		len = segment_len(&segmenter);
		segment_take(&segmenter, packet);
		assert_int_equal(segment_begin(&segmenter, &none, packet, len, len), SEGMENT_OK);
		assert_int_equal(segment_begin(&segmenter, &none, packet, len, 60),
				 SEGMENT_TOO_BIG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_and_joined),
		cmocka_unit_test(test_more_options),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
