/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checksums that a sender left to hardware. The frames are Linux's, from one end of a veth pair
 * with transmit checksums off; what it leaves in their place with them on is beside each.
 */
#include "checksum.h"
#include "hex.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define ETHERNET   "020000000002020000000001"
#define IPV6_ENDS  "fd000000000000000000000000000001fd000000000000000000000000000002"
#define UDP_SUM    6
#define TCP_SUM    16
#define L2         14u
#define TAG        4u
#define FRAME_SIZE 128u

static const struct {
	const char *frame;
	size_t ip_len; /* of its header */
	size_t sum_at; /* behind that */
	uint8_t left[2];
} rows[] = {
	{ETHERNET "080045000026ca92400040115c200a0900010a090002"
		  "9c40000700122c60756e66696e6973686564",
	 20,
	 UDP_SUM,
	 {0x14, 0x38}},
	{ETHERNET "08004500001fca93400040115c260a0900010a0900029c400007000b7c176f6464",
	 20,
	 UDP_SUM,
	 {0x14, 0x31}},
	{ETHERNET "08004500003c00824000400626260a0900010a0900029c41000744cb8b7900000000a002fa"
		  "f0ad100000020405b40402080a904e8f0b000000000103030a",
	 20,
	 TCP_SUM,
	 {0x14, 0x43}},
	{ETHERNET "86dd6007d25500121140" IPV6_ENDS "9c40000700124670756e66696e6973686564",
	 40,
	 UDP_SUM,
	 {0xfa, 0x27}},
	{ETHERNET "86dd6007d255000b1140" IPV6_ENDS "9c400007000b96276f6464",
	 40,
	 UDP_SUM,
	 {0xfa, 0x20}},
	{ETHERNET "86dd6000460700280640" IPV6_ENDS "9c41000735715dc500000000a002fd20e9550000"
		  "020405a00402080aeb634cb3000000000103030a",
	 40,
	 TCP_SUM,
	 {0xfa, 0x32}},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

struct frame {
	uint8_t bytes[FRAME_SIZE];
	size_t len, l2_len;
	uint8_t *sum;
};

/* As on a wire; tagged: with an 802.1Q tag. */
static void whole(size_t row, bool tagged, struct frame *ret_frame)
{
	struct frame *frame = ret_frame;

	memset(frame, 0, sizeof(*frame));
	frame->len = hex_read(rows[row].frame, frame->bytes);
	frame->l2_len = L2;
	if (tagged) {
		static const uint8_t tag[TAG] = {0x81, 0x00, 0x00, 0x1e};

		memmove(frame->bytes + 12 + TAG, frame->bytes + 12, frame->len - 12);
		memcpy(frame->bytes + 12, tag, TAG);
		frame->len += TAG;
		frame->l2_len += TAG;
	}
	frame->sum = frame->bytes + frame->l2_len + rows[row].ip_len + rows[row].sum_at;
}

static void leave(size_t row, struct frame *frame)
{
	memcpy(frame->sum, rows[row].left, 2);
}

static void test_finished(void **state)
{
	struct frame frame, wanted;

	for (size_t i = 0; i < 2 * ROWS; i++) {
		whole(i / 2, i % 2, &wanted);
		whole(i / 2, i % 2, &frame);
		leave(i / 2, &frame);
		checksum_finish(frame.bytes, frame.l2_len, frame.len);
		assert_memory_equal(frame.bytes, wanted.bytes, FRAME_SIZE);
		/* Ethernet pads behind what counts. */
		leave(i / 2, &frame);
		memset(frame.bytes + frame.len, 0, FRAME_SIZE - frame.len);
		checksum_finish(frame.bytes, frame.l2_len, FRAME_SIZE);
		assert_memory_equal(frame.bytes, wanted.bytes, FRAME_SIZE);
	}
}

static void expect_untouched(const struct frame *frame, size_t len)
{
	struct frame passed = *frame;

	checksum_finish(passed.bytes, passed.l2_len, len);
	assert_memory_equal(passed.bytes, frame->bytes, FRAME_SIZE);
}

static void test_whole_ones_untouched(void **state)
{
	struct frame frame;

	for (size_t i = 0; i < 2 * ROWS; i++) {
		whole(i / 2, i % 2, &frame);
		expect_untouched(&frame, frame.len);
	}
}

/* What was damaged stays so, for the receiver to see. */
static void test_wrong_ones_untouched(void **state)
{
	struct frame frame;

	for (size_t i = 0; i < ROWS; i++) {
		whole(i, false, &frame);
		frame.bytes[frame.len - 1] ^= 1;
		expect_untouched(&frame, frame.len);
		whole(i, false, &frame);
		frame.sum[0] = frame.sum[1] = 0;
		expect_untouched(&frame, frame.len);
	}
}

/* Nothing behind the end is read or written, wherever that is. */
static void test_cut(void **state)
{
	struct frame frame;

	for (size_t i = 0; i < ROWS; i++) {
		whole(i, false, &frame);
		leave(i, &frame);
		for (size_t len = L2; len < frame.len; len++)
			expect_untouched(&frame, len);
	}
}

static void test_others_untouched(void **state)
{
	struct frame frame;

	for (size_t i = 0; i < ROWS; i++) {
		bool ipv4 = rows[i].ip_len == 20;

		whole(i, false, &frame);
		leave(i, &frame);
		frame.bytes[L2 + (ipv4 ? 9 : 6)] = 132; /* SCTP */
		expect_untouched(&frame, frame.len);
		whole(i, false, &frame);
		leave(i, &frame);
		frame.bytes[12] ^= 0x10; /* no IP */
		expect_untouched(&frame, frame.len);
		if (!ipv4)
			continue;
		whole(i, false, &frame);
		leave(i, &frame);
		frame.bytes[L2 + 6] = 0x20; /* the first of several fragments */
		expect_untouched(&frame, frame.len);
	}
}

/* --- in VXLAN ------------------------------------------------------------------------------- */

#define OUTER_LEN 50u /* Ethernet, IPv4, UDP, VXLAN */
#define UDP_AT    34u

/* From 10.9.0.1 to 10.9.0.2. The UDP checksum is left out, or left to hardware. */
static void wrap(const struct frame *inner, bool has_sum, uint8_t *bytes)
{
	static const uint8_t ip[] = {0x45, 0, 0,  0, 0, 0, 0x40, 0, 0x40, 17,
				     0,    0, 10, 9, 0, 1, 10,   9, 0,    2};
	uint16_t udp_len = (uint16_t)(16 + inner->len), sum = (uint16_t)(0x1426 + udp_len);

	memset(bytes, 0, OUTER_LEN);
	bytes[12] = 8;
	memcpy(bytes + L2, ip, sizeof(ip));
	bytes[L2 + 3] = (uint8_t)(20 + udp_len);
	bytes[UDP_AT + 2] = 4789 >> 8;
	bytes[UDP_AT + 3] = 4789 & 0xff;
	bytes[UDP_AT + 5] = (uint8_t)udp_len;
	bytes[UDP_AT + 6] = has_sum ? sum >> 8 : 0;
	bytes[UDP_AT + 7] = has_sum ? sum & 0xff : 0;
	bytes[UDP_AT + 8] = 8;
	memcpy(bytes + OUTER_LEN, inner->bytes, inner->len);
}

/* RFC 1071: of UDP with its pseudo-header it is 0xffff when the checksum is right. */
static uint16_t udp_sum(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0x1426 + (uint32_t)(len - UDP_AT);

	for (size_t i = UDP_AT; i < len; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void test_in_vxlan(void **state)
{
	uint8_t bytes[OUTER_LEN + FRAME_SIZE];
	struct frame inner, wanted;

	for (size_t i = 0; i < 4 * ROWS; i++) {
		bool has_sum = i % 4 >= 2;
		size_t len;

		whole(i / 4, i % 2, &wanted);
		whole(i / 4, i % 2, &inner);
		leave(i / 4, &inner);
		wrap(&inner, has_sum, bytes);
		len = OUTER_LEN + inner.len;
		checksum_finish_vxlan(bytes, L2, OUTER_LEN, len);
		assert_memory_equal(bytes + OUTER_LEN, wanted.bytes, wanted.len);
		if (has_sum)
			assert_int_equal(udp_sum(bytes, len), 0xffff);
		else
			assert_int_equal(bytes[UDP_AT + 6] | bytes[UDP_AT + 7], 0);
	}
}

/* Wherever the tenant's frame ends, and if there is none. */
static void test_cut_in_vxlan(void **state)
{
	uint8_t bytes[OUTER_LEN + FRAME_SIZE], before[OUTER_LEN + FRAME_SIZE];
	struct frame inner;

	for (size_t i = 0; i < 2 * ROWS; i++) {
		whole(i / 2, i % 2, &inner);
		leave(i / 2, &inner);
		for (size_t len = OUTER_LEN; len < OUTER_LEN + inner.len; len++) {
			wrap(&inner, false, bytes);
			memcpy(before, bytes, OUTER_LEN + inner.len);
			checksum_finish_vxlan(bytes, L2, OUTER_LEN, len);
			assert_memory_equal(bytes, before, OUTER_LEN + inner.len);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finished),
		cmocka_unit_test(test_whole_ones_untouched),
		cmocka_unit_test(test_wrong_ones_untouched),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_others_untouched),
		cmocka_unit_test(test_in_vxlan),
		cmocka_unit_test(test_cut_in_vxlan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
