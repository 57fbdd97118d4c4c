/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Batches of datagrams: what the kernel cuts of them are the packets that went in. And what must
 * not be put together.
 */
#include "cutter.h"
#include "super_frame.h"
#include <batch.h>
#include <segment.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define FRAMES     5000u
#define ROUNDS     300u
#define PACKET_MAX 9000
#define MANY       (BATCH_DATAGRAMS_MAX + 2u)

static uint8_t packets[MANY][PACKET_MAX + 100];
static uint32_t lens[MANY + 1];
static struct super_frame super;

static unsigned cut(void)
{
	struct segmenter segmenter;
	unsigned count = 0;

	assert_int_equal(
		segment_begin(&segmenter, &super.header, super.frame, super.len, PACKET_MAX),
		SEGMENT_OK);
	for (; (lens[count] = segment_len(&segmenter)) > 0; count++)
		segment_take(&segmenter, packets[count]);
	return count;
}

/* --- the kernel ------------------------------------------------------------------------------ */

/* Two packets change places: they are still of one flow, and joined. */
static void swap_some(struct random *random, unsigned count)
{
	static uint8_t other[PACKET_MAX + 100];
	unsigned a = random_below(random, count), b = random_below(random, count);

	if (lens[a] != lens[b])
		return;
	memcpy(other, packets[a], lens[a]);
	memcpy(packets[a], packets[b], lens[a]);
	memcpy(packets[b], other, lens[a]);
}

/* What the kernel makes anew: IPv4's identification and checksum, and UDP's checksum. */
static void clear_made(uint8_t *packet)
{
	if (!super.outer6) {
		memset(packet + super.outer_ip + 4, 0, 2);
		memset(packet + super.outer_ip + 10, 0, 2);
	}
	if (!super.outer_checksum)
		memset(packet + super.outer_udp + 6, 0, 2);
}

static void expect_from_kernel(struct cutter *kernel, unsigned count)
{
	static uint8_t packet[PACKET_MAX + 200];

	for (unsigned i = 0; i < count; i++) {
		size_t len = cutter_read(kernel, packet, sizeof(packet));

		assert_int_equal(len, lens[i]);
		clear_made(packet);
		clear_made(packets[i]);
		assert_memory_equal(packet, packets[i], len);
	}
}

static void test_put_together_again(void **state)
{
	static uint8_t copies[MANY][PACKET_MAX + 100];
	struct cutter *kernel = *state;
	struct random random = {1};
	unsigned long writes = 0, total = 0;
	struct vnet_header header;
	static struct batch batch;

	if (!kernel) {
		puts("skipped: it needs the TAP devices of Linux 6.17 or later");
		skip();
	}
	for (unsigned i = 0; i < FRAMES; i++) {
		unsigned count, done = 0, pieces;

		super_frame_make(&random, &super);
		count = cut();
		swap_some(&random, count);
		memcpy(copies, packets, sizeof(copies));
		while (done < count) {
			while (done < count && batch_add(&batch, copies[done], lens[done]))
				done++;
			pieces = batch_take(&batch, &header);
			assert_int_equal(cutter_write(kernel, &header, batch.pieces, pieces), 0);
			writes++;
		}
		expect_from_kernel(kernel, count);
		total += count;
	}
	printf("figure: batches %lu packets\n", total);
	printf("figure: batches-writes %lu writes\n", writes);
	/* They have the same outer headers, so few are left alone. */
	assert_true(writes < FRAMES * 5 / 4);
}

/* --- what stays apart ------------------------------------------------------------------------ */

/* At least three equal packets, with or without an outer checksum. */
static unsigned make_packets(struct random *random, bool checksum)
{
	do
		super_frame_make(random, &super);
	while (super.outer_checksum != checksum || super.header.gso_size < 10 ||
	       super.len - super.payload < 3u * super.header.gso_size);
	return cut();
}

/* How many of count packets join the first. */
static unsigned joined(unsigned count)
{
	static struct batch batch;
	struct vnet_header header;
	unsigned n = 1;

	batch = (struct batch){.count = 0};
	assert_true(batch_add(&batch, packets[0], lens[0]));
	while (n < count && batch_add(&batch, packets[n], lens[n]))
		n++;
	assert_int_equal(batch_take(&batch, &header), n);
	assert_int_equal(header.gso_type, n > 1 ? VNET_GSO_UDP_L4 : VNET_GSO_NONE);
	cut(); /* the first one's headers became the batch's */
	return n - 1;
}

/* With an outer checksum a changed bit, wherever it is, keeps a packet apart: the kernel makes the
 * checksum anew, and must not make a wrong one right. Without one, bits of the headers do. */
static void test_changed_packets_stay_apart(void **state)
{
	struct random random = {7};

	for (unsigned i = 0; i < ROUNDS; i++) {
		bool checksum = i % 2;

		make_packets(&random, checksum);
		assert_int_equal(joined(2), 1);
		for (unsigned j = 0; j < 40; j++) {
			unsigned at =
				random_below(&random, checksum ? lens[1] : super.outer_udp + 6);
			uint8_t flip = (uint8_t)(1u << random_below(&random, 8));

			packets[1][at] ^= flip;
			if (joined(2) != 0)
				fail_msg("byte %u of %u, bit 0x%02x", at, lens[1], flip);
		}
	}
}

/* A VXLAN packet over IPv4, without an outer checksum, with so many bytes behind UDP's header. */
static void make_one(unsigned which, uint32_t payload)
{
	static const uint8_t headers[] = {
		2,    0, 0, 0, 0,  1, 2, 0, 0,    0,  0,    2,    8, 0,       /* Ethernet */
		0x45, 0, 0, 0, 0,  0, 0, 0, 64,   17, 0,    0,                /* IPv4 */
		10,   0, 0, 2, 10, 0, 0, 1, 0xc0, 0,  0x12, 0xb5, 0, 0, 0, 0, /* and UDP */
	};
	uint8_t *packet = packets[which];
	uint32_t sum = 0;

	memset(packet, (int)which, sizeof(headers) + payload);
	memcpy(packet, headers, sizeof(headers));
	packet[16] = (uint8_t)((payload + 28) >> 8);
	packet[17] = (uint8_t)(payload + 28);
	packet[38] = (uint8_t)((payload + 8) >> 8);
	packet[39] = (uint8_t)(payload + 8);
	for (unsigned i = 14; i < 34; i += 2)
		sum += (uint32_t)(packet[i] << 8 | packet[i + 1]);
	sum = ~((sum & 0xffff) + (sum >> 16));
	packet[24] = (uint8_t)(sum >> 8);
	packet[25] = (uint8_t)sum;
	lens[which] = sizeof(headers) + payload;
}

static unsigned joined_of(const uint32_t *payloads, unsigned count)
{
	static struct batch batch;
	struct vnet_header header;
	unsigned n = 0;

	batch = (struct batch){.count = 0};
	for (unsigned i = 0; i < count; i++)
		make_one(i, payloads[i]);
	while (n < count && batch_add(&batch, packets[n], lens[n]))
		n++;
	assert_int_equal(batch_take(&batch, &header), n);
	if (n > 1)
		assert_int_equal(header.gso_size, payloads[0]);
	return n;
}

static void test_lengths(void **state)
{
	uint32_t payloads[MANY];

	assert_int_equal(joined_of((uint32_t[]){100, 100, 100}, 3), 3);
	assert_int_equal(joined_of((uint32_t[]){100, 99, 99}, 3),
			 2); /* a shorter one is the last */
	assert_int_equal(joined_of((uint32_t[]){100, 101}, 2), 1);
	assert_int_equal(joined_of((uint32_t[]){1, 1}, 2), 2);
	assert_int_equal(joined_of((uint32_t[]){0, 0}, 2), 1);
	for (unsigned i = 0; i < MANY; i++)
		payloads[i] = 100;
	assert_int_equal(joined_of(payloads, MANY), BATCH_DATAGRAMS_MAX);
	for (unsigned i = 0; i < MANY; i++)
		payloads[i] = 4096;
	assert_int_equal(joined_of(payloads, MANY), 15); /* 28 + 15 * 4096 <= 65535 */
}

/* Frames that are no UDP datagram, or not what their lengths say, go alone. */
static void test_no_datagrams(void **state)
{
	static const struct {
		unsigned at;
		uint8_t value;
	} changes[] = {
		{12, 0x86}, {14, 0x46}, {20, 0x20}, {21, 1}, {17, 0}, {23, 6}, {39, 7}, {39, 200},
	};
	struct vnet_header header;
	struct batch batch;

	for (unsigned i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		batch = (struct batch){.count = 0};
		make_one(0, 100);
		make_one(1, 100);
		packets[0][changes[i].at] = packets[1][changes[i].at] = changes[i].value;
		assert_true(batch_add(&batch, packets[0], lens[0]));
		assert_false(batch_add(&batch, packets[1], lens[1]));
		assert_int_equal(batch_take(&batch, &header), 1);
		assert_int_equal(header.flags, 0);
	}
	for (uint32_t len = 0; len < 43; len++) { /* cut short */
		batch = (struct batch){.count = 0};
		make_one(0, 100);
		assert_true(batch_add(&batch, packets[0], len));
		assert_false(batch_add(&batch, packets[0], len));
		assert_int_equal(batch_take(&batch, &header), 1);
	}
}

static int set_up(void **state)
{
	static struct cutter cutter;

	*state = cutter_open(&cutter) ? &cutter : NULL;
	return 0;
}

static int end(void **state)
{
	if (*state)
		cutter_close(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put_together_again),
		cmocka_unit_test(test_changed_packets_stay_apart),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_no_datagrams),
	};

	return cmocka_run_group_tests(tests, set_up, end);
}
