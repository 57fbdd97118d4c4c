/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Super-frames at their edges: vnet headers that lie, frames that end early, what does not fit, and
 * packets that must not be put together. The frame lies at the end of readable memory, so that a
 * read behind it is the end of the test.
 */
#include "super_frame.h"
#include <coalesce.h>
#include <group.h>
#include <netinet/in.h>
#include <segment.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROUNDS     300u
#define PACKET_MAX 9000u

/* --- memory with an end ----------------------------------------------------------------------- */

static uint8_t *memory;
#define MEMORY (32u * 4096u)

static int map(void **state)
{
	memory = mmap(NULL, MEMORY + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	return memory == MAP_FAILED ? -1 : mprotect(memory + MEMORY, 4096, PROT_NONE);
}

static const uint8_t *at_the_end(const uint8_t *bytes, size_t len)
{
	return memcpy(memory + MEMORY - len, bytes, len);
}

/* --- cutting ---------------------------------------------------------------------------------- */

/* Take all packets, and look at what must hold of each, whatever the header said. */
static unsigned take_all(struct segmenter *segmenter, uint32_t packet_max)
{
	static uint8_t packet[66000];
	uint32_t left = segment_count(segmenter), len;
	unsigned count = 0;

	for (; (len = segment_len(segmenter)) > 0; count++) {
		assert_int_equal(segment_count(segmenter), left - count);
		assert_true(len <= packet_max + 14 + 8);
		packet[len] = 0xee;
		segment_take(segmenter, packet);
		assert_int_equal(packet[len], 0xee);
	}
	assert_int_equal(count, left);
	return count;
}

static enum segment_error begin(struct segmenter *segmenter, const struct super_frame *super,
				uint32_t len, uint32_t packet_max)
{
	return segment_begin(segmenter, &super->header, at_the_end(super->frame, len), len,
			     packet_max);
}

static void expect(struct super_frame *super, uint32_t len, enum segment_error expected)
{
	struct segmenter segmenter;

	assert_int_equal(begin(&segmenter, super, len, PACKET_MAX), expected);
	if (expected != SEGMENT_OK)
		assert_int_equal(segment_len(&segmenter), 0);
}

/* The kernel says nothing of a tunnel where it knows none (a packet socket), and with one segment
 * alone it is no super-frame. */
static void test_header_lies(void **state)
{
	struct random random = {3};
	static struct super_frame super, lie;

	for (unsigned i = 0; i < ROUNDS; i++) {
		super_frame_make(&random, &super);
		expect(&super, super.len, SEGMENT_OK);
#define LIE(field, value)                                                                          \
	do {                                                                                       \
		lie = super;                                                                       \
		lie.header.field = (value);                                                        \
		expect(&lie, lie.len, SEGMENT_HEADER);                                             \
	} while (0)
		LIE(flags, 0);
		LIE(flags, VNET_FLAG_DATA_VALID);
		LIE(gso_size, 0);
		LIE(csum_start, super.header.csum_start + 1u);
		LIE(csum_start, 65535);
		LIE(csum_offset, super.header.csum_offset + 2u);
		LIE(csum_offset, 65535);
		LIE(outer_transport, super.header.outer_transport - 1u);
		LIE(inner_network, 0);
		LIE(gso_type, super.header.gso_type ^ VNET_GSO_TUNNEL);
		LIE(gso_type, super.header.gso_type | VNET_GSO_TUNNEL);
		LIE(gso_type, (super.header.gso_type & 0xe0) | 3);
		LIE(gso_type, (super.header.gso_type & 0xe0) | (super.udp      ? 1
								: super.inner6 ? 1
									       : 4));
#undef LIE
		super.header.gso_type &= (uint8_t)~VNET_GSO_TUNNEL;
		expect(&super, super.len, SEGMENT_OK);
	}
}

/* A frame may end anywhere, and its header may say anything. */
static void test_anything(void **state)
{
	struct random random = {4};
	static struct super_frame super;
	unsigned taken = 0;

	for (unsigned i = 0; i < 40 * ROUNDS; i++) {
		struct segmenter segmenter;
		uint8_t bytes[sizeof(super.header)];
		uint32_t len;

		if (i % 20 == 0)
			super_frame_make(&random, &super);
		len = random_below(&random, 4) ? random_below(&random, super.payload + 40)
					       : super.len;
		len = len < super.len ? len : super.len;
		memcpy(bytes, &super.header, sizeof(bytes));
		for (unsigned j = random_below(&random, 4); j > 0; j--)
			bytes[random_below(&random, sizeof(bytes))] = (uint8_t)random_next(&random);
		memcpy(&super.header, bytes, sizeof(bytes));
		if (random_below(&random, 4) == 0)
			super.frame[random_below(&random, super.payload)] =
				(uint8_t)random_next(&random);
		if (begin(&segmenter, &super, len, PACKET_MAX) == SEGMENT_OK)
			taken += take_all(&segmenter, PACKET_MAX);
		else
			assert_int_equal(segment_count(&segmenter), 0);
	}
	assert_true(taken > ROUNDS);
}

/* Without payload, in one byte pieces, with IP options, extension headers, in fragments. */
static void test_no_super_frames(void **state)
{
	struct random random = {5};
	static struct super_frame super, other;

	for (unsigned i = 0; i < ROUNDS; i++) {
		super_frame_make(&random, &super);
		expect(&super, super.payload, SEGMENT_HEADER);
		other = super;
		other.header.gso_size = 1;
		expect(&other, super.len,
		       super.len - super.payload > 2048 ? SEGMENT_HEADER : SEGMENT_OK);
		other = super;
		other.frame[super.inner_ip + (super.inner6 ? 6u : 0u)] = super.inner6 ? 0 : 0x46;
		expect(&other, super.len, SEGMENT_SHAPE);
		other = super;
		other.frame[super.inner_ip + 6u] = super.inner6 ? 44 : 0x20;
		expect(&other, super.len, SEGMENT_SHAPE);
		other = super;
		other.frame[super.outer_ip + (super.outer6 ? 6u : 9u)] = 6;
		expect(&other, super.len, SEGMENT_SHAPE);
	}
}

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10
#define URG 0x20
#define CWR 0x80

/* FIN and PSH are in the last segment, CWR is in the first, URG in each; SYN and RST cannot be. */
static void test_flags(void **state)
{
	struct random random = {11};
	static struct super_frame super;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct segmenter segmenter;
		uint8_t *flags = super.frame;

		do
			super_frame_make(&random, &super);
		while (super.udp || super.len - super.payload <= super.header.gso_size);
		flags += super.l4 + 13;
		*flags = ACK | SYN;
		expect(&super, super.len, SEGMENT_SHAPE);
		*flags = ACK | RST;
		expect(&super, super.len, SEGMENT_SHAPE);
		*flags = ACK | FIN | PSH | URG | CWR;
		super.header.gso_type |= VNET_GSO_ECN;
		assert_int_equal(begin(&segmenter, &super, super.len, PACKET_MAX), SEGMENT_OK);
		for (unsigned n = 0; segment_len(&segmenter) > 0; n++) {
			static uint8_t packet[66000];
			bool last = segment_count(&segmenter) == 1;

			segment_take(&segmenter, packet);
			assert_int_equal(packet[super.l4 + 13],
					 ACK | URG | (n == 0 ? CWR : 0) | (last ? FIN | PSH : 0));
		}
	}
}

/* TCP is cut to what fits; of UDP, each datagram is one as it is. */
static void test_smaller_packets(void **state)
{
	struct random random = {6};
	static struct super_frame super;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint32_t packet_max = 100 + random_below(&random, 1500), headers, longest;
		struct segmenter segmenter;
		enum segment_error error;

		super_frame_make(&random, &super);
		headers = super.payload - super.outer_ip;
		longest = super.len - super.payload < super.header.gso_size
				  ? super.len - super.payload
				  : super.header.gso_size;
		error = begin(&segmenter, &super, super.len, packet_max);
		if (headers + super.header.gso_size <= packet_max)
			assert_int_equal(error, SEGMENT_OK);
		else if (super.udp || headers >= packet_max)
			assert_int_equal(error, SEGMENT_TOO_BIG);
		if (error != SEGMENT_OK)
			continue;
		for (uint32_t len; (len = segment_len(&segmenter)) > 0;) {
			static uint8_t packet[66000];

			assert_true(len - super.outer_ip <= packet_max);
			assert_true(len - super.payload <= longest);
			segment_take(&segmenter, packet);
		}
	}
}

/* One packet: its checksum is finished where the header says, and only there. */
static void test_single_packets(void **state)
{
	struct super_frame super = {.len = 100};
	struct segmenter segmenter;
	uint8_t packet[100];

	memset(super.frame, 0x11, 100);
	super.header = (struct vnet_header){
		.flags = VNET_FLAG_NEEDS_CSUM, .csum_start = 60, .csum_offset = 6};
	assert_int_equal(begin(&segmenter, &super, 100, 86), SEGMENT_OK);
	segment_take(&segmenter, packet);
	assert_int_equal(segment_len(&segmenter), 0);
	assert_memory_equal(packet, super.frame, 66);
	/* 20 words of 0x1111 are 0x15554, and so 0x5555; the complement of that: */
	assert_int_equal(packet[66] << 8 | packet[67], 0xaaaa);
	assert_memory_equal(packet + 68, super.frame, 32);
	super.header.csum_offset = 39;
	expect(&super, 100, SEGMENT_HEADER);
	super.header.csum_offset = 38;
	expect(&super, 100, SEGMENT_OK);
	super.header.csum_start = 65535;
	expect(&super, 100, SEGMENT_HEADER);
	super.header.flags = 0;
	expect(&super, 100, SEGMENT_OK);
	expect(&super, 13, SEGMENT_SHAPE);
	super.header.flags = VNET_FLAG_TUNNEL_CSUM;
	expect(&super, 100, SEGMENT_OK);
	super.header.gso_type = VNET_GSO_TUNNEL_IPV4;
	expect(&super, 100, SEGMENT_HEADER);
	super.header.gso_type = VNET_GSO_NONE;
	assert_int_equal(begin(&segmenter, &super, 100, 100 - 23), SEGMENT_TOO_BIG);
	assert_int_equal(begin(&segmenter, &super, 100, 100 - 22), SEGMENT_OK);
}

/* A checksum that is written over a port makes another packet of it than the guard has seen. What
 * is no UDP cannot become VXLAN behind its IP header; GRE, whose checksum is at offset 4, stays as
 * it is. No checksum is left open behind extension headers. */
static void test_checksum_over_headers(void **state)
{
	static const struct {
		const char *behind_addresses;
		uint16_t len, protocol_at, protocol, l4, told; /* told: bytes that say what it is */
	} rows[] = {{"\x08\0\x45", 3, 23, IPPROTO_UDP, 34, 40},
		    {"\x08\0\x46", 3, 23, IPPROTO_UDP, 38, 44},
		    {"\x08\0\x41", 3, 23, IPPROTO_UDP, 34, 40},
		    {"\x08\0\x45", 3, 23, IPPROTO_TCP, 34, 34},
		    {"\x08\0\x45", 3, 23, IPPROTO_GRE, 34, 34},
		    {"\x86\xdd\x60", 3, 20, IPPROTO_UDP, 54, 60},
		    {"\x86\xdd\x60", 3, 20, IPPROTO_GRE, 54, 54},
		    {"\x86\xdd\x60", 3, 20, IPPROTO_DSTOPTS, 54, 100},
		    {"\x81\0\0\x05\x08\0\x45", 7, 27, IPPROTO_UDP, 38, 44},
		    {"\x81\0\0\x05\x86\xdd\x60", 7, 24, IPPROTO_UDP, 58, 64},
		    {"\x88\xa8\0\x05\x81\0\0\x05\x08\0\x45", 11, 31, IPPROTO_UDP, 42, 48}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct super_frame super;

		memset(super.frame, 0, 100);
		memcpy(super.frame + 12, rows[i].behind_addresses, rows[i].len);
		super.frame[rows[i].protocol_at] = (uint8_t)rows[i].protocol;
		super.header = (struct vnet_header){.flags = VNET_FLAG_NEEDS_CSUM};
		for (uint16_t field = 2; field <= rows[i].l4 + 16; field += 2) {
			super.header.csum_start = field >= 18 ? field - 16 : 0;
			super.header.csum_offset = field - super.header.csum_start;
			expect(&super, 100, field < rows[i].told ? SEGMENT_HEADER : SEGMENT_OK);
		}
	}
}

/* --- putting together --------------------------------------------------------------------------
 */

static uint8_t packets[SUPER_FRAME_SEGMENTS_MAX][PACKET_MAX + 100];
static uint32_t lens[SUPER_FRAME_SEGMENTS_MAX + 1];

/* At least three equal TCP segments. */
static void make_segments(struct random *random, struct super_frame *super)
{
	struct segmenter segmenter;

	do
		super_frame_make(random, super);
	while (super->udp || super->len - super->payload < 3u * super->header.gso_size ||
	       super->header.gso_size < 10);
	assert_int_equal(begin(&segmenter, super, super->len, PACKET_MAX), SEGMENT_OK);
	for (unsigned i = 0; (lens[i] = segment_len(&segmenter)) > 0; i++)
		segment_take(&segmenter, packets[i]);
}

static const struct coalesce_offloads all = {true, true, true, true};

/* Would the second segment join the first, with the byte at this place changed? */
static bool joins_changed(unsigned at, uint8_t flip)
{
	static struct coalesce coalesce;
	struct vnet_header header;
	bool joined;

	coalesce = (struct coalesce){.offloads = all};
	assert_true(coalesce_add(&coalesce, packets[0], lens[0]));
	packets[1][at] ^= flip;
	joined = coalesce_add(&coalesce, packets[1], lens[1]);
	packets[1][at] ^= flip;
	coalesce_take(&coalesce, &header);
	return joined;
}

/* A changed bit, wherever it is, keeps a packet apart: it is of another flow, or a checksum is
 * wrong.
 */
static void test_changed_packets_stay_apart(void **state)
{
	struct random random = {7};
	static struct super_frame super;
	unsigned joined = 0;

	for (unsigned i = 0; i < 10 * ROUNDS; i++) {
		make_segments(&random, &super);
		for (unsigned j = 0; j < 40; j++) {
			unsigned at = random_below(&random, j % 2 ? lens[1] : super.payload);
			uint8_t flip = (uint8_t)(1u << random_below(&random, 8));

			if (joins_changed(at, flip))
				fail_msg("byte %u of %u, bit 0x%02x", at, lens[1], flip);
		}
		joined += joins_changed(0, 0);
	}
	/* The others have flags that end a super-frame. */
	assert_true(joined > ROUNDS);
}

/* Only the next segment of a flow joins: none that comes too early, or again. */
static void test_order(void **state)
{
	struct random random = {9};
	static struct super_frame super;
	unsigned joined = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		static struct coalesce coalesce;
		struct vnet_header header;

		make_segments(&random, &super);
		coalesce = (struct coalesce){.offloads = all};
		assert_true(coalesce_add(&coalesce, packets[0], lens[0]));
		assert_false(coalesce_add(&coalesce, packets[2], lens[2]));
		assert_false(coalesce_add(&coalesce, packets[0], lens[0]));
		joined += coalesce_add(&coalesce, packets[1], lens[1]);
		assert_false(coalesce_add(&coalesce, packets[1], lens[1]));
		coalesce_take(&coalesce, &header);
	}
	assert_true(joined > 0);
}

/* What the kernel does not take is not joined. */
static void test_offloads(void **state)
{
	struct random random = {8};
	static struct super_frame super;

	for (unsigned i = 0; i < ROUNDS; i++) {
		static struct coalesce coalesce;
		struct vnet_header header;

		make_segments(&random, &super);
		coalesce = (struct coalesce){.offloads = {.udp = true, .outer_checksum = true}};
		assert_true(coalesce_add(&coalesce, packets[0], lens[0]));
		assert_false(coalesce_add(&coalesce, packets[1], lens[1]));
		assert_int_equal(coalesce_take(&coalesce, &header), 1);
		assert_int_equal(header.gso_type, VNET_GSO_NONE);
		assert_int_equal(coalesce.pieces[0].iov_len, lens[0]);
	}
}

/* --- grouping ----------------------------------------------------------------------------------
 */

static const struct departure plain = {
	.destination = {10, 0, 0, 2}, .source_port = 50000, .ttl = 64, .len = 1000};

/* How many leave in the first send. */
static unsigned group_of(const struct departure *departures, unsigned count)
{
	struct group group = {.count = 0};
	unsigned n = 0;

	while (n < count && group_add(&group, &departures[n]))
		n++;
	assert_int_equal(group.count, n);
	return n;
}

static void test_group(void **state)
{
	struct departure some[100];

	for (unsigned i = 0; i < 100; i++)
		some[i] = plain;
	assert_int_equal(group_of(some, 1), 1);
	assert_int_equal(group_of(some, 100), GROUP_SEGMENTS_MAX);
	for (unsigned i = 0; i < 100; i++)
		some[i].len = 1400;
	assert_int_equal(group_of(some, 100), 46); /* 65,507 / 1,400 */
	some[7].len = 1401;
	assert_int_equal(group_of(some, 100), 7);
	some[7].len = 1399;
	assert_int_equal(group_of(some, 100), 8); /* the last may be shorter */
	some[7] = some[6];
	some[5].ttl--;
	assert_int_equal(group_of(some, 100), 5);
	some[5] = some[6];
	some[4].traffic_class++;
	assert_int_equal(group_of(some, 100), 4);
	some[3].source_port++;
	assert_int_equal(group_of(some, 100), 3);
	some[2].destination[3]++;
	assert_int_equal(group_of(some, 100), 2);
	some[0].len = 65507;
	assert_int_equal(group_of(some, 100), 1);
}

static void test_split(void **state)
{
	const struct {
		uint32_t len, size;
		unsigned pieces;
		uint32_t last;
	} rows[] = {
		{1000, 0, 1, 1000}, {1000, 1000, 1, 1000}, {1000, 5000, 1, 1000},
		{1000, 999, 2, 1},  {1000, 500, 2, 500},   {1000, 1, 1000, 1},
		{1, 1, 1, 1},       {0, 0, 0, 0},          {0, 10, 0, 0},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t at = 0, last = 0;
		unsigned pieces = 0;

		for (uint32_t len; (len = split_next(&at, rows[i].len, rows[i].size)) > 0; pieces++)
			last = len;
		assert_int_equal(pieces, rows[i].pieces);
		assert_int_equal(last, rows[i].last);
		assert_int_equal(at, rows[i].len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_lies),
		cmocka_unit_test(test_anything),
		cmocka_unit_test(test_no_super_frames),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_smaller_packets),
		cmocka_unit_test(test_single_packets),
		cmocka_unit_test(test_checksum_over_headers),
		cmocka_unit_test(test_changed_packets_stay_apart),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_offloads),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_split),
	};

	return cmocka_run_group_tests(tests, map, NULL);
}
