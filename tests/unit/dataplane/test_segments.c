/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Super-frames of every shape, cut by covey and by the kernel: byte for byte the same packets. And
 * put together again: what the kernel cuts of that are the same packets once more.
 */
#include "cutter.h"
#include "super_frame.h"
#include <coalesce.h>
#include <segment.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES_SHORT 20000u
#define FRAMES_LONG  1000000u
#define PACKET_MAX   9000

/* --- comparing ------------------------------------------------------------------------------- */

static uint8_t packets[SUPER_FRAME_SEGMENTS_MAX][PACKET_MAX + 100];
static uint32_t lens[SUPER_FRAME_SEGMENTS_MAX];

static unsigned cut(const struct super_frame *super)
{
	struct segmenter segmenter;
	unsigned count = 0;

	assert_int_equal(
		segment_begin(&segmenter, &super->header, super->frame, super->len, PACKET_MAX),
		SEGMENT_OK);
	for (uint32_t len; (len = segment_len(&segmenter)) > 0; count++) {
		assert_true(count < SUPER_FRAME_SEGMENTS_MAX && len <= sizeof(packets[0]));
		memset(packets[count] + len, 0xee, 16);
		segment_take(&segmenter, packets[count]);
		assert_int_equal(packets[count][len], 0xee);
		lens[count] = len;
	}
	return count;
}

static void show(const char *name, const uint8_t *bytes, size_t len)
{
	fprintf(stderr, "%s, %zu bytes:", name, len);
	for (size_t i = 0; i < len && i < 160; i++)
		fprintf(stderr, "%s%02x", i % 16 ? " " : "\n  ", bytes[i]);
	fprintf(stderr, "\n");
}

static void expect_from_kernel(struct cutter *kernel, const struct super_frame *super,
			       unsigned count)
{
	uint8_t packet[PACKET_MAX + 200];

	for (unsigned i = 0; i < count; i++) {
		size_t len = cutter_read(kernel, packet, sizeof(packet));

		if (len == lens[i] && memcmp(packet, packets[i], len) == 0)
			continue;
		fprintf(stderr, "segment %u of %u, gso_type 0x%02x size %u\n", i, count,
			super->header.gso_type, super->header.gso_size);
		show("super-frame", super->frame, super->len);
		show("kernel", packet, len);
		show("covey", packets[i], lens[i]);
		fail();
	}
}

static unsigned frames(void)
{
	return getenv("COVEY_TEST_LONG") ? FRAMES_LONG : FRAMES_SHORT;
}

static void test_cut_as_the_kernel_cuts(void **state)
{
	static struct super_frame super;
	struct random random = {1};
	struct cutter *kernel = *state;
	unsigned long total = 0, alone = 0;

	for (unsigned i = 0; i < frames(); i++) {
		struct iovec whole;
		unsigned count;

		super_frame_make(&random, &super);
		whole = (struct iovec){super.frame, super.len};
		if (super.len - super.payload <= super.header.gso_size) {
			alone++;
			continue;
		}
		count = cut(&super);
		assert_int_equal(cutter_write(kernel, &super.header, &whole, 1), 0);
		expect_from_kernel(kernel, &super, count);
		total += count;
	}
	printf("figure: segments %lu packets\n", total);
	printf("figure: frames-of-one-segment %lu frames\n", alone);
}

/* The engine hands packets on in their order; here they are those of one super-frame. */
static void test_put_together_again(void **state)
{
	static struct super_frame super;
	static struct coalesce coalesce = {.offloads = {true, true, true, true}};
	struct random random = {2};
	struct cutter *kernel = *state;
	unsigned long writes = 0, total = 0;

	for (unsigned i = 0; i < frames(); i++) {
		static uint8_t copies[SUPER_FRAME_SEGMENTS_MAX][PACKET_MAX + 100];
		struct vnet_header header;
		unsigned count, pieces, done = 0;

		super_frame_make(&random, &super);
		count = cut(&super);
		memcpy(copies, packets, sizeof(copies));
		while (done < count) {
			while (done < count && coalesce_add(&coalesce, copies[done], lens[done]))
				done++;
			pieces = coalesce_take(&coalesce, &header);
			assert_int_equal(cutter_write(kernel, &header, coalesce.pieces, pieces), 0);
			writes++;
		}
		expect_from_kernel(kernel, &super, count);
		total += count;
	}
	printf("figure: put-together %lu packets\n", total);
	printf("figure: put-together-writes %lu writes\n", writes);
}

static struct cutter cutter;

static int set_up(void **state)
{
	*state = &cutter;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_as_the_kernel_cuts),
		cmocka_unit_test(test_put_together_again),
	};
	int status;

	if (!cutter_open(&cutter)) {
		puts("skipped: it needs the TAP devices of Linux 6.17 or later");
		return 77;
	}
	status = cmocka_run_group_tests(tests, set_up, NULL);
	cutter_close(&cutter);
	return status;
}
