/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * How an input of frames is changed. What costs is an input, not a frame: so an input becomes a
 * burst, of which each frame is changed by itself, mostly where its headers are, and stays a frame.
 */

#include "must.h"
#include "random.h"
#include "wire.h"

#define BURST_BYTES_MAX 8192u
#define HEADERS_LEN     160u /* most of what is looked at is in here */

/* A new input that grows. */
struct burst {
	uint8_t bytes[BURST_BYTES_MAX];
	size_t len;
	size_t max;
	unsigned frames;
	struct random random;
};

static uint32_t draw(struct burst *burst, uint32_t below)
{
	return random_draw(&burst->random, below);
}

/* --- one frame ------------------------------------------------------------------------------- */

static void change_byte(struct burst *burst, uint8_t *frame, size_t len)
{
	static const uint8_t often[] = {0, 1, 0xff, 0x7f, 0x80, 4, 6, 17, 44, 253};
	uint32_t at = draw(burst, (uint32_t)RTE_MIN(len, HEADERS_LEN));

	switch (draw(burst, 4)) {
	case 0:
		frame[at] = often[draw(burst, sizeof(often))];
		break;
	case 1:
		frame[at] = (uint8_t)(frame[at] + draw(burst, 9) - 4);
		break;
	default:
		frame[at] ^= (uint8_t)(1u << draw(burst, 8));
	}
}

/* Where UDP's port would be without tags and options. */
static void change_port(struct burst *burst, uint8_t *frame, size_t len)
{
	static const uint16_t ports[] = {WIRE_VXLAN_PORT, WIRE_OLD_PORT, WIRE_GPE_PORT,
					 WIRE_GENEVE_PORT, WIRE_VPE_PORT};
	size_t at = len > 14 && frame[14] >> 4 == 6 ? 56 : 36;
	uint16_t port = ports[draw(burst, RTE_DIM(ports))];

	if (len < at + 2)
		return;
	frame[at] = (uint8_t)(port >> 8);
	frame[at + 1] = (uint8_t)port;
}

/* What another frame of the same form holds at some place. */
static void copy_part(struct burst *burst, uint8_t *frame, size_t len)
{
	uint32_t from = draw(burst, (uint32_t)len), to = draw(burst, (uint32_t)len);
	uint32_t most = (uint32_t)len - RTE_MAX(from, to);

	memmove(frame + to, frame + from, 1 + draw(burst, RTE_MIN(most, 16u)));
}

/* Returns its new length, at most max. */
static size_t change_frame(struct burst *burst, uint8_t *frame, size_t len, size_t max)
{
	uint32_t kind = draw(burst, 16);

	if (len == 0 || kind == 0)
		return LLVMFuzzerMutate(frame, len, max);
	if (kind < 3) /* in its place */
		return LLVMFuzzerMutate(frame, len, len);
	if (kind == 3)
		copy_part(burst, frame, len);
	else if (kind == 4)
		change_port(burst, frame, len);
	else if (kind == 5)
		len = draw(burst, (uint32_t)len + 1);
	else
		for (uint32_t i = 1 + draw(burst, 3); i > 0; i--)
			change_byte(burst, frame, len);
	return len;
}

/* --- the burst ------------------------------------------------------------------------------- */

static void put(struct burst *burst, const struct wire_record *record, bool is_changed)
{
	size_t left = burst->max - burst->len;
	uint8_t *at = burst->bytes + burst->len;
	size_t len = record->len;

	if (left < 5 + len || burst->frames == WIRE_FRAMES_MAX)
		return;
	at[0] = record->how;
	at[1] = record->where;
	memcpy(at + 4, record->bytes, len);
	if (is_changed && draw(burst, 8) == 0)
		at[0] ^= (uint8_t)(1u << draw(burst, 8));
	else if (is_changed && draw(burst, 8) == 0)
		at[1] = (uint8_t)draw(burst, 256);
	else if (is_changed)
		len = change_frame(burst, at + 4, len,
				   RTE_MIN(left - 4, RTE_MIN(len + 64, WIRE_FRAME_MAX)));
	at[2] = (uint8_t)len;
	at[3] = (uint8_t)(len >> 8);
	burst->len += 4 + len;
	burst->frames++;
}

/* Those that it had, half of them changed; then changed copies of these, mostly. */
static void fill(struct burst *burst, const struct wire_record *records, unsigned count)
{
	unsigned wanted = draw(burst, 4) ? WIRE_FRAMES_MAX : count;

	for (unsigned i = 0; i < count; i++)
		put(burst, &records[i], draw(burst, 2));
	for (unsigned i = count; i < wanted; i++)
		put(burst, &records[draw(burst, count)], true);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	static struct burst burst;
	static uint8_t before[BURST_BYTES_MAX];
	struct wire_record records[WIRE_FRAMES_MAX];
	const uint8_t *at = before + 1;
	size_t left;
	unsigned count = 0;

	burst.random.state = seed;
	if (size < 6 || size > BURST_BYTES_MAX || draw(&burst, 16) == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	memcpy(before, data, size);
	left = size - 1;
	while (count < WIRE_FRAMES_MAX && wire_next(&at, &left, &records[count]))
		count++;
	if (count == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	burst.max = RTE_MIN(max_size, sizeof(burst.bytes));
	burst.bytes[0] = draw(&burst, 16) ? data[0] : (uint8_t)draw(&burst, 256);
	burst.len = 1;
	burst.frames = 0;
	fill(&burst, records, count);
	memcpy(data, burst.bytes, burst.len);
	return burst.len;
}
