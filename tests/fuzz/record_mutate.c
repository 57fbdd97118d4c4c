/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * How an input of records is changed: each record by itself, so that it stays one, and their order.
 * A new world costs more than a message: so most inputs become long conversations.
 */

#include "must.h"
#include "random.h"
#include "record.h"
#include <string.h>

#define RECORDS_MAX     64u
#define INPUT_BYTES_MAX 4096u
#define KINDS           32u /* a few more than any fuzzer knows */
#define BODIES_END      17u /* kinds below are messages */
#define KIND_CONNECTS   18u /* what messages come after, in each fuzzer */

/* What an input consists of. */
struct parts {
	struct record list[RECORDS_MAX];
	unsigned count;
};

/* A new input that grows. */
struct output {
	uint8_t bytes[INPUT_BYTES_MAX];
	size_t len;
	size_t max;
	unsigned count;
	struct random random;
};

static void take_apart(const uint8_t *data, size_t size, struct parts *parts)
{
	parts->count = 0;
	while (parts->count < RECORDS_MAX && record_next(&data, &size, &parts->list[parts->count]))
		parts->count++;
}

static void output_begin(struct output *output, size_t max, unsigned seed)
{
	output->len = output->count = 0;
	output->max = max < sizeof(output->bytes) ? max : sizeof(output->bytes);
	output->random.state = seed;
}

/* Returns the contents' new length. */
static size_t change(struct output *output, uint8_t *at, size_t len, size_t most)
{
	uint8_t *bytes = at + 3;

	switch (random_draw(&output->random, 8)) {
	case 0: /* says something else */
		at[0] = (uint8_t)random_draw(&output->random, KINDS);
		return len;
	case 1: /* one of the numbers in it */
		if (len)
			bytes[random_draw(&output->random, (uint32_t)len)] +=
				(uint8_t)(random_draw(&output->random, 5) - 2);
		return len;
	case 2: /* in its place */
		return len ? LLVMFuzzerMutate(bytes, len, len) : 0;
	default:
		return most ? LLVMFuzzerMutate(bytes, len, most) : 0;
	}
}

static void put(struct output *output, const struct record *record, bool is_changed)
{
	uint8_t *at = output->bytes + output->len;
	size_t room = output->max - output->len, len = record->len;

	if (output->count == RECORDS_MAX || room < 3 + len)
		return;
	at[0] = record->kind;
	memcpy(at + 3, record->bytes, len);
	if (is_changed)
		len = change(output, at, len, room - 3 < len + 32 ? room - 3 : len + 32);
	at[1] = (uint8_t)len;
	at[2] = (uint8_t)(len >> 8);
	output->len += 3 + len;
	output->count++;
}

/* Time passes, a connection comes or goes, something fails. */
static void put_step(struct output *output)
{
	static const uint16_t often[] = {0, 1, 2, 3, 1000, 3000, 10000, 20000, 35000, 60000};
	uint16_t number = often[random_draw(&output->random, sizeof(often) / sizeof(*often))];
	uint8_t bytes[4] = {(uint8_t)number, (uint8_t)(number >> 8)};
	const struct record record = {
		.kind = (uint8_t)(BODIES_END + random_draw(&output->random, KINDS - BODIES_END)),
		.bytes = bytes,
		.len = sizeof(bytes),
	};

	put(output, &record, false);
}

static void put_all(struct output *output, const struct parts *parts)
{
	for (unsigned i = 0; i < parts->count; i++) {
		unsigned what = random_draw(&output->random, 32);

		if (what == 0)
			continue;
		if (what == 1 && i + 1 < parts->count)
			put(output, &parts->list[i + 1], false);
		put(output, &parts->list[i], what >= 28);
	}
}

/* A part of the conversation once more, a little changed: what begins it may be needed. */
static void put_part(struct output *output, const struct parts *parts)
{
	unsigned first = random_draw(&output->random, parts->count), start = first;
	unsigned count = 1 + random_draw(&output->random, 8);

	while (start < parts->count && parts->list[start].kind != KIND_CONNECTS)
		start++;
	if (start < parts->count && random_draw(&output->random, 2))
		first = start;
	for (unsigned i = first; i < parts->count && i < first + count; i++)
		put(output, &parts->list[i], random_draw(&output->random, 8) == 0);
}

/* What was said, said again. */
static void go_on(struct output *output, const struct parts *parts)
{
	bool is_long = random_draw(&output->random, 4);

	for (unsigned i = 0; i < (is_long ? RECORDS_MAX : 2); i++) {
		if (random_draw(&output->random, 4) == 0)
			put_step(output);
		else
			put_part(output, parts);
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	static struct output output;
	static struct parts parts;

	output_begin(&output, max_size, seed);
	take_apart(data, size, &parts);
	if (parts.count == 0 || random_draw(&output.random, 16) == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	put_all(&output, &parts);
	go_on(&output, &parts);
	memcpy(data, output.bytes, output.len);
	return output.len;
}

/* Records of both, each in its order. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
				 size_t other_size, uint8_t *out, size_t max_size, unsigned seed)
{
	static struct output output;
	static struct parts parts[2];
	unsigned at[2] = {0, 0};

	output_begin(&output, max_size, seed);
	take_apart(one, one_size, &parts[0]);
	take_apart(other, other_size, &parts[1]);
	while (at[0] < parts[0].count || at[1] < parts[1].count) {
		unsigned which = random_draw(&output.random, 2);

		which = at[which] < parts[which].count ? which : !which;
		put(&output, &parts[which].list[at[which]++], random_draw(&output.random, 8) == 0);
	}
	memcpy(out, output.bytes, output.len);
	return output.len;
}
