/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What comes in: bytes that the kernel has gathered are split; packets, in any order, repeated and
 * changed, are joined for the kernel, into super-frames and into batches, which it must cut into
 * just these packets again. And what goes out together.
 */

#include "coalesce.h"
#include "count.h"
#include "frames.h"
#include "group.h"
#include "must.h"
#include "segment.h"
#include "variants.h"
#include <string.h>

#define VARIANTS    31u
#define PACKETS_MAX 128u
#define STEPS_MAX   32u
#define STEP_LEN    4u

/*
 * An input: which offloads there are (1 byte, bits 4 to 7: none of them means all), how many steps
 * (1 byte), steps, and what frames.h reads. A step changes the packets that the frame is cut into:
 * what (1 byte), which (1), where (1), how (1).
 */
enum { SWAP, TWICE, LEAVE_OUT, CHANGE, CHANGE_REPAIRED, SHORTEN_REPAIRED, STEPS };

struct packets {
	uint8_t *bytes[PACKETS_MAX];
	uint32_t lens[PACKETS_MAX];
	unsigned count;
};

static void cut(const struct frames_input *input, struct packets *packets)
{
	struct segmenter segmenter;
	uint32_t len;

	packets->count = 0;
	if (segment_begin(&segmenter, &input->header, input->frame, input->len,
			  input->packet_max) != SEGMENT_OK)
		return;
	while ((len = segment_len(&segmenter)) > 0 && packets->count < PACKETS_MAX) {
		packets->bytes[packets->count] = malloc(len);
		packets->lens[packets->count] = len;
		segment_take(&segmenter, packets->bytes[packets->count++]);
	}
}

static void add_copy(struct packets *packets, unsigned which)
{
	uint32_t len = packets->lens[which];

	if (packets->count == PACKETS_MAX)
		return;
	packets->bytes[packets->count] = malloc(len);
	packets->lens[packets->count] = len;
	memcpy(packets->bytes[packets->count++], packets->bytes[which], len);
}

static void swap(struct packets *packets, unsigned one, unsigned other)
{
	uint8_t *bytes = packets->bytes[one];
	uint32_t len = packets->lens[one];

	packets->bytes[one] = packets->bytes[other];
	packets->lens[one] = packets->lens[other];
	packets->bytes[other] = bytes;
	packets->lens[other] = len;
}

static void take_step(struct packets *packets, const uint8_t *step)
{
	unsigned which = packets->count ? step[1] % packets->count : 0;
	uint8_t *bytes = packets->bytes[which];
	uint32_t len = packets->lens[which];

	if (packets->count == 0)
		return;
	switch (step[0] % STEPS) {
	case SWAP:
		swap(packets, which, step[2] % packets->count);
		break;
	case TWICE:
		add_copy(packets, which);
		break;
	case LEAVE_OUT:
		swap(packets, which, packets->count - 1);
		free(packets->bytes[--packets->count]);
		break;
	case CHANGE:
	case CHANGE_REPAIRED:
		bytes[step[2] % len] ^= step[3];
		if (step[0] % STEPS == CHANGE_REPAIRED)
			frames_repair(bytes, len);
		break;
	case SHORTEN_REPAIRED:
		packets->lens[which] -= step[3] % len;
		frames_repair(bytes, packets->lens[which]);
		break;
	}
}

/* --- grouping and splitting ------------------------------------------------------------------ */

static bool go_together(const struct departure *a, const struct departure *b)
{
	return a->source_port == b->source_port && a->traffic_class == b->traffic_class &&
	       a->ttl == b->ttl && a->ipv6 == b->ipv6 &&
	       memcmp(a->destination, b->destination, a->ipv6 ? 16 : 4) == 0;
}

/* So many leave together, and not one more could. */
static void check_group(const struct departure *all, unsigned count, unsigned together)
{
	uint32_t bytes = 0;

	must(together >= 1 && together <= count && together <= GROUP_SEGMENTS_MAX);
	for (unsigned i = 0; i < together; i++) {
		bytes += all[i].len;
		must(go_together(&all[0], &all[i]) && all[i].len <= all[0].len);
		must(all[i].len == all[0].len || i == together - 1);
	}
	must(bytes <= GROUP_BYTES_MAX || together == 1);
	must(together == count || together == GROUP_SEGMENTS_MAX ||
	     !go_together(&all[0], &all[together]) || all[together].len > all[0].len ||
	     all[together - 1].len < all[0].len || bytes + all[together].len > GROUP_BYTES_MAX);
}

/* How many of count leave in the first send. */
static unsigned first_group(const struct departure *all, unsigned count)
{
	struct group group = {.count = 0};
	unsigned n = 0;

	while (n < count && group_add(&group, &all[n]))
		n++;
	must(group.count == n);
	return n;
}

static void check_groups(const struct packets *packets)
{
	struct departure all[PACKETS_MAX] = {0};
	unsigned together;

	for (unsigned i = 0; i < packets->count; i++) {
		const uint8_t *bytes = packets->bytes[i];

		all[i].len = (uint16_t)packets->lens[i];
		if (packets->lens[i] < 40)
			continue;
		memcpy(all[i].destination, bytes + 20, 16);
		all[i].ipv6 = bytes[12] == 0x86;
		all[i].traffic_class = bytes[15];
		all[i].ttl = bytes[22];
		all[i].source_port = bytes[34];
	}
	for (unsigned i = 0; i < packets->count; i += together) {
		together = first_group(all + i, packets->count - i);
		check_group(all + i, packets->count - i, together);
	}
}

/* size: as the kernel tells it, or lies. */
static void check_split(uint32_t len, uint32_t size)
{
	uint32_t at = 0, before = 0, piece;

	while ((piece = split_next(&at, len, size)) > 0) {
		must(at == before + piece && at <= len);
		must(piece == size || at == len);
		before = at;
	}
	must(at == len);
}

/* --- running --------------------------------------------------------------------------------- */

static unsigned try(const uint8_t *data, size_t size)
{
	static struct packets packets;
	struct frames_input input;
	const uint8_t *steps = data + 2;
	unsigned count;

	if (size < 2)
		return 0;
	count = data[1] % (STEPS_MAX + 1);
	if (size < 2 + count * STEP_LEN ||
	    !frames_read(steps + count * STEP_LEN, size - 2 - count * STEP_LEN, &input))
		return 0;
	cut(&input, &packets);
	for (unsigned i = 0; i < count; i++)
		take_step(&packets, steps + i * STEP_LEN);
	frames_check_joined(packets.bytes, packets.lens, packets.count,
			    data[0] & 0xf0 ? data[0] & 0xf : 0xf);
	frames_check_batches(packets.bytes, packets.lens, packets.count);
	check_groups(&packets);
	check_split(input.len, input.header.gso_size);
	while (packets.count > 0)
		free(packets.bytes[--packets.count]);
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	count(variants_try(VARIANTS_OF_PLACES, data, size, VARIANTS, try));
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	if (seed % 4 == 0)
		return LLVMFuzzerMutate(data, size, max);
	return variants_become(VARIANTS_OF_PLACES, data, size, max, VARIANTS, seed / 4);
}
