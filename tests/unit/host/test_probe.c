/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Probes, and the filter that lets those of one run pass: the kernel runs it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe_heard.h"
#include "probe_packets.h"

/* Does the kernel let it pass? */
static bool passes(const struct probe_filter *filter, const struct packet *packet)
{
	struct sock_filter code[PROBE_FILTER_MAX];
	size_t len = probe_filter_write(filter, code);
	struct sock_fprog program = {.len = (unsigned short)len, .filter = code};
	uint8_t received[2048];
	bool passed;
	int ends[2];

	assert_true(len <= PROBE_FILTER_MAX);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(
		setsockopt(ends[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
	send(ends[0], packet->bytes, packet->len, 0);
	passed = recv(ends[1], received, sizeof(received), 0) > 0;
	close(ends[0]);
	close(ends[1]);
	return passed;
}

static void a_probe_is_as_the_protocol_says(void **state)
{
	static const uint8_t start[] = {8, 0, 0,    0,    0x12, 0x34, 0x56, 0, 0x01, 0x80, 0xc2,
					0, 0, 0x01, 0x01, 0x80, 0xc2, 0,    0, 0x01, 0x88, 0xb5};
	struct packet packet = clear_packet(false, 200);
	struct probe_frame frame = frame_of(3);
	struct probe_packet read;

	assert_memory_equal(packet.bytes + 28, start, sizeof(start));
	assert_memory_equal(packet.bytes + 28 + 22, frame.tag, 16);
	assert_int_equal(packet.bytes[28 + 38], 0);
	assert_int_equal(packet.bytes[28 + 39], 3);
	probe_frame_read(packet.bytes, packet.len, &probe_udp4, &read);
	assert_int_equal(read.kind, PROBE_CLEAR);
	assert_memory_equal(read.frame.tag, frame.tag, 16);
	assert_int_equal(read.frame.number, 3);
	assert_false(read.frame.answer);
	for (size_t len = 0; len < 28 + 42; len++) {
		probe_frame_read(packet.bytes, len, &probe_udp4, &read);
		assert_int_equal(read.kind, PROBE_NONE);
	}
	/* From another address it is a tenant's. */
	packet.bytes[28 + 8 + 6 + 5] ^= 1;
	probe_frame_read(packet.bytes, packet.len, &probe_udp4, &read);
	assert_int_equal(read.kind, PROBE_OTHER);
	assert_int_equal(read.vni, 0x123456);
	packet.bytes[28 + 8 + 6 + 5] ^= 1;
	packet.bytes[0] = 0x46;
	probe_frame_read(packet.bytes, packet.len, &probe_udp4, &read);
	assert_int_equal(read.kind, PROBE_NONE);
}

/* By OpenSSL: printf 'probe\0\3\0' | openssl dgst -sha256 -mac HMAC -macopt hexkey:... */
static void a_tag_is_as_the_protocol_says(void **state)
{
	static const uint8_t probe[] = {0x04, 0x96, 0xee, 0xa2, 0xb9, 0xa8, 0x39, 0x24,
					0xd3, 0x89, 0xee, 0x14, 0x04, 0x63, 0x97, 0x58};
	static const uint8_t answer[] = {0xed, 0x63, 0xf3, 0x4d, 0xea, 0x1b, 0xbd, 0x75,
					 0xfc, 0xa4, 0x08, 0x44, 0x7b, 0x11, 0xdc, 0x66};
	uint8_t nonce[COVEY_PROBE_NONCE_LEN], tag[PROBE_TAG_LEN];

	for (size_t i = 0; i < sizeof(nonce); i++)
		nonce[i] = (uint8_t)(i * 37 + 5);
	assert_int_equal(probe_frame_tag(nonce, 3, false, tag), 0);
	assert_memory_equal(tag, probe, sizeof(probe));
	assert_int_equal(probe_frame_tag(nonce, 3, true, tag), 0);
	assert_memory_equal(tag, answer, sizeof(answer));
}

/* Each byte by which a tag is told counts, and so does each of what tells VXLAN. */
static void a_probe_in_clear_passes(void **state)
{
	static const size_t offsets[] = {0, 9, 22, 23};
	const uint32_t lengths[] = {200};

	for (int v6 = 0; v6 < 2; v6++) {
		struct packet packet = clear_packet(v6, 300);
		struct probe_frame frame = frame_of(3);
		struct probe_filter filter =
			filter_of(v6, v6 ? &probe_raw6 : &probe_udp4, &frame, lengths, 1);

		assert_true(passes(&filter, &packet));
		for (size_t i = 0; i < 4; i++) {
			packet.bytes[(v6 ? 48 : 28) + 22 + i] ^= 1;
			assert_false(passes(&filter, &packet));
			packet.bytes[(v6 ? 48 : 28) + 22 + i] ^= 1;
		}
		for (size_t i = 0; i < 4 && !v6; i++) {
			packet.bytes[offsets[i]] ^= 0x10;
			assert_false(passes(&filter, &packet));
			packet.bytes[offsets[i]] ^= 0x10;
		}
	}
}

static void vpe_of_the_right_length_passes(void **state)
{
	uint32_t lengths[COVEY_PROBES_PER_RUN_MAX];
	struct probe_frame frame = frame_of(3);

	for (uint32_t i = 0; i < COVEY_PROBES_PER_RUN_MAX; i++)
		lengths[i] = 200 + 10 * i;
	for (int v6 = 0; v6 < 2; v6++) {
		const struct probe_wire *wire = v6 ? &probe_raw6 : &probe_udp4;
		struct probe_filter filter =
			filter_of(v6, wire, &frame, lengths, COVEY_PROBES_PER_RUN_MAX);

		for (size_t len = 199; len <= 361; len++) {
			struct packet packet = vpe_packet(v6, 1, 2, len + wire->overhead);

			assert_int_equal(passes(&filter, &packet),
					 len >= 200 && len <= 350 && len % 10 == 0);
		}
		for (uint8_t from = 0; from < 5; from++) {
			struct packet packet = vpe_packet(v6, from, 9, 210u + wire->overhead);

			assert_int_equal(passes(&filter, &packet), from == 1 || from == 2);
		}
		filter.from[1].family = 0;
		for (uint8_t from = 0; from < 5; from++) {
			struct packet packet = vpe_packet(v6, from, 9, 210u + wire->overhead);

			assert_int_equal(passes(&filter, &packet), from == 1);
		}
		filter.length_count = 0;
		{
			struct packet packet = vpe_packet(v6, 1, 2, 210u + wire->overhead);

			assert_false(passes(&filter, &packet));
		}
	}
}

static void vpe_is_read(void **state)
{
	for (int v6 = 0; v6 < 2; v6++) {
		struct packet packet = vpe_packet(v6, 1, 2, 300);
		struct covey_addr from = address(v6, 1), to = address(v6, 2);
		struct probe_packet read;

		probe_frame_read(packet.bytes, packet.len, v6 ? &probe_raw6 : &probe_udp4, &read);
		assert_int_equal(read.kind, PROBE_VPE);
		assert_true(covey_addr_equal(&read.from, &from));
		assert_true(covey_addr_equal(&read.to, &to));
		assert_int_equal(read.spi, 0x102);
		assert_int_equal(read.sender_id, 7);
		assert_int_equal(read.window_id, 0xa009);
		for (size_t len = 0; len < (v6 ? 40 : 28) + 32u; len++) {
			probe_frame_read(packet.bytes, len, v6 ? &probe_raw6 : &probe_udp4, &read);
			assert_int_equal(read.kind, PROBE_NONE);
		}
	}
}

/* VXLAN in clear by its VNI alone: the group's VNIs and no others, whoever sends it. */
static void clear_vxlan_of_asked_vnis_passes(void **state)
{
	static const uint32_t vnis[] = {0, 100, 101, 102, 0x123456, COVEY_VNI_MAX};
	static const struct {
		uint32_t vni;
		bool passes;
	} rows[] = {{0, true},
		    {1, false},
		    {99, false},
		    {100, true},
		    {102, true},
		    {103, false},
		    {0x123455, false},
		    {0x123456, true},
		    {0x123457, false},
		    {COVEY_VNI_MAX, true},
		    {COVEY_VNI_MAX - 1, false}};
	struct probe_range ranges[PROBE_RANGES_MAX];
	struct probe_frame frame = frame_of(3);
	const uint32_t lengths[] = {200};

	assert_int_equal(probe_filter_ranges(vnis, 6, ranges), 4);
	assert_true(probe_filter_is_exact(ranges, 4, 6));
	for (int v6 = 0; v6 < 2; v6++) {
		struct probe_filter filter =
			filter_of(v6, v6 ? &probe_raw6 : &probe_udp4, &frame, lengths, 1);
		struct packet packet = clear_packet(v6, 300), vpe = vpe_packet(v6, 1, 2, 300);
		uint8_t *vni = packet.bytes + (v6 ? 48 : 28) + 4;

		filter.clear = ranges;
		filter.clear_count = 4;
		filter.tag_count = filter.length_count = 0;
		packet.from = 77;
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			vni[0] = (uint8_t)(rows[i].vni >> 16);
			vni[1] = (uint8_t)(rows[i].vni >> 8);
			vni[2] = (uint8_t)rows[i].vni;
			assert_int_equal(passes(&filter, &packet), rows[i].passes);
			vni[3] = 0xff; /* of no meaning */
			assert_int_equal(passes(&filter, &packet), rows[i].passes);
			vni[3] = 0;
		}
		assert_false(passes(&filter, &vpe));
		filter.tag_count = 1;
		assert_true(passes(&filter, &packet)); /* by its tag */
		filter.clear_count = 0;
		filter.tag_count = 0;
		assert_false(passes(&filter, &packet));
	}
}

static void sources_are_bounded(void **state)
{
	struct probe_heard heard = {.count = 0};
	struct covey_addr from = address(false, 1), other = address(true, 1);

	probe_heard_add(&heard, &from, false, 100, false);
	probe_heard_add(&heard, &from, false, 100, false);
	probe_heard_add(&heard, &from, false, 100, true);
	probe_heard_add(&heard, &from, false, 101, false);
	probe_heard_add(&heard, &other, false, 100, false);
	assert_int_equal(heard.count, 4);
	assert_int_equal(heard.list[0].packets, 2);
	assert_true(heard.list[1].out);
	assert_int_equal(heard.list[2].vni, 101);
	for (uint8_t i = 0; i < COVEY_PROBE_HEARD_MAX - 4; i++) {
		from.bytes[0] = i;
		probe_heard_add(&heard, &from, false, 100, false);
	}
	assert_false(heard.more);
	probe_heard_add(&heard, &from, false, 102, false);
	assert_true(heard.more);
	assert_int_equal(heard.count, COVEY_PROBE_HEARD_MAX);
	probe_heard_add(&heard, &other, false, 100, false);
	assert_int_equal(heard.list[3].packets, 2);
}

static void strangers_take_places_of_members(void **state)
{
	struct probe_heard heard = {.count = 0};
	struct covey_addr member = address(false, 1), stranger = address(false, 2);

	for (uint32_t i = 0; i < COVEY_PROBE_HEARD_MAX + 1; i++)
		probe_heard_add(&heard, &member, true, i, false);
	assert_true(heard.more);
	for (uint32_t i = 0; i < COVEY_PROBE_HEARD_MAX + 1; i++) {
		probe_heard_add(&heard, &stranger, false, i, false);
		probe_heard_add(&heard, &member, true, i + 100, false);
	}
	assert_int_equal(heard.count, COVEY_PROBE_HEARD_MAX);
	for (uint32_t i = 0; i < COVEY_PROBE_HEARD_MAX; i++) {
		assert_true(covey_addr_equal(&heard.list[i].from, &stranger));
		assert_int_equal(heard.list[i].vni, i);
		assert_int_equal(heard.list[i].packets, 1);
	}
}

/* Only what is of the group for sure. */
static void others_are_not_more(void **state)
{
	struct probe_heard heard = {.count = 0};
	struct covey_addr from = address(false, 1);

	assert_false(probe_heard_overflown(&heard, false));
	assert_false(heard.more);
	probe_heard_add(&heard, &from, false, 100, false);
	assert_true(probe_heard_overflown(&heard, false));
	assert_true(heard.more);
	heard = (struct probe_heard){.count = 0};
	assert_true(probe_heard_overflown(&heard, true));
	assert_true(heard.more);
}

/* As many as a filter may have of all kinds; where VNIs are more, those between pass, too. */
static void the_longest_filter(void **state)
{
	struct probe_range ranges[PROBE_RANGES_MAX];
	uint32_t vnis[100], lengths[COVEY_PROBES_PER_RUN_MAX];
	uint8_t tags[2 * COVEY_PROBES_PER_RUN_MAX][PROBE_TAG_LEN] = {{0}};
	struct packet packet = clear_packet(true, 300);
	struct probe_filter filter = {.wire = &probe_raw6,
				      .tags = (const uint8_t(*)[PROBE_TAG_LEN])tags,
				      .tag_count = 2 * COVEY_PROBES_PER_RUN_MAX,
				      .lengths = lengths,
				      .length_count = COVEY_PROBES_PER_RUN_MAX,
				      .from = {address(true, 1), address(true, 2)},
				      .clear = ranges};

	for (uint32_t i = 0; i < 100; i++)
		vnis[i] = 0x123400 + 2 * i;
	for (uint32_t i = 0; i < COVEY_PROBES_PER_RUN_MAX; i++)
		lengths[i] = 500 + i;
	filter.clear_count = probe_filter_ranges(vnis, 100, ranges);
	assert_int_equal(filter.clear_count, PROBE_RANGES_MAX);
	assert_false(probe_filter_is_exact(ranges, PROBE_RANGES_MAX, 100));
	for (uint32_t low = 0; low < 256; low++) {
		packet.bytes[48 + 6] = (uint8_t)low;
		assert_int_equal(passes(&filter, &packet),
				 low <= 198 && (low % 2 == 0 || low > 62));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_probe_is_as_the_protocol_says),
		cmocka_unit_test(a_tag_is_as_the_protocol_says),
		cmocka_unit_test(a_probe_in_clear_passes),
		cmocka_unit_test(vpe_of_the_right_length_passes),
		cmocka_unit_test(vpe_is_read),
		cmocka_unit_test(clear_vxlan_of_asked_vnis_passes),
		cmocka_unit_test(the_longest_filter),
		cmocka_unit_test(sources_are_bounded),
		cmocka_unit_test(others_are_not_more),
		cmocka_unit_test(strangers_take_places_of_members),
	};

	return cmocka_run_group_tests_name("host: probes", tests, NULL, NULL);
}
