/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <covey/limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEQUENCE_STEPS 10u
#define END_48         (UINT64_C(1) << 48)

static const uint32_t sizes[] = {64, 1024, 65536};

static struct replay *make(uint32_t size)
{
	struct replay *replay = calloc(1, replay_bytes(size));

	assert_non_null(replay);
	return replay;
}

/* --- edges --------------------------------------------------------------------------------- */

/* One packet and what becomes of it; offsets count in windows' sizes. */
struct step {
	uint64_t esn;
	int64_t sizes;
	enum replay_verdict verdict;
};

struct edge {
	const char *name;
	struct step steps[12];
};

/* clang-format off */
static const struct edge edges[] = {
	{"zero is no sequence number", {{0, 0, REPLAY_OLD}, {1, 0, REPLAY_NEW}, {0, 0, REPLAY_OLD}}},
	{"first packet anywhere", {{77, 0, REPLAY_NEW}, {77, 0, REPLAY_SEEN}, {76, 0, REPLAY_NEW}}},
	{"in order, then again", {{1, 0, REPLAY_NEW}, {2, 0, REPLAY_NEW}, {3, 0, REPLAY_NEW},
		{2, 0, REPLAY_SEEN}, {1, 0, REPLAY_SEEN}, {3, 0, REPLAY_SEEN}}},
	{"the window's far edge", {{1000, 4, REPLAY_NEW}, {1001, 3, REPLAY_NEW},
		{1000, 3, REPLAY_OLD}, {1001, 3, REPLAY_SEEN}, {999, 3, REPLAY_OLD}}},
	{"an edge that moved", {{1000, 4, REPLAY_NEW}, {1001, 4, REPLAY_NEW},
		{1001, 3, REPLAY_OLD}, {1002, 3, REPLAY_NEW}}},
	{"jump of size - 1 keeps one", {{1000, 1, REPLAY_NEW}, {999, 2, REPLAY_NEW},
		{1000, 1, REPLAY_SEEN}, {1001, 1, REPLAY_NEW}}},
	{"jump of size keeps none", {{1000, 1, REPLAY_NEW}, {1000, 2, REPLAY_NEW},
		{1000, 1, REPLAY_OLD}, {1001, 1, REPLAY_NEW}, {999, 2, REPLAY_NEW}}},
	{"jump of size + 1", {{1000, 1, REPLAY_NEW}, {1001, 2, REPLAY_NEW},
		{1001, 1, REPLAY_OLD}, {1002, 1, REPLAY_NEW}, {1000, 2, REPLAY_NEW}}},
	{"bits moved over are clear", {{64, 1, REPLAY_NEW}, {66, 1, REPLAY_NEW},
		{64, 2, REPLAY_NEW}, {66, 2, REPLAY_NEW}, {65, 2, REPLAY_NEW}, {65, 2, REPLAY_SEEN}}},
	{"word boundaries", {{63, 0, REPLAY_NEW}, {64, 0, REPLAY_NEW}, {127, 0, REPLAY_NEW},
		{128, 0, REPLAY_NEW}, {127, 0, REPLAY_SEEN}, {126, 0, REPLAY_NEW},
		{128, 0, REPLAY_SEEN}}},
	{"a new epoch forgets the old one", {{5, 0, REPLAY_NEW}, {END_48 + 1, 0, REPLAY_NEW},
		{6, 0, REPLAY_OLD}, {END_48 + 2, 0, REPLAY_NEW}, {END_48 + 1, 0, REPLAY_SEEN}}},
	{"the counter's end", {{END_48 - 2, 0, REPLAY_NEW}, {END_48 - 1, 0, REPLAY_NEW},
		{END_48 - 1, 0, REPLAY_SEEN}, {END_48 + 1, 0, REPLAY_NEW}, {END_48 - 2, 0, REPLAY_SEEN}}},
	{"the last of all", {{UINT64_MAX - 1, 0, REPLAY_NEW}, {UINT64_MAX, 0, REPLAY_NEW},
		{UINT64_MAX, 0, REPLAY_SEEN}, {UINT64_MAX - 1, 0, REPLAY_SEEN},
		{UINT64_MAX, -1, REPLAY_OLD}, {UINT64_MAX - 2, 0, REPLAY_NEW}, {1, 0, REPLAY_OLD}}},
	{"from the first to the last", {{1, 0, REPLAY_NEW}, {UINT64_MAX, 0, REPLAY_NEW},
		{1, 0, REPLAY_OLD}, {0, 0, REPLAY_OLD}}},
};
/* clang-format on */

static void walk_edge(const struct edge *edge, uint32_t size)
{
	struct replay *replay = make(size);

	for (const struct step *step = edge->steps; step->esn || step == edge->steps; step++) {
		uint64_t esn = step->esn + (uint64_t)(step->sizes * size);
		enum replay_verdict before = replay_check(replay, size, esn);
		enum replay_verdict verdict = replay_update(replay, size, esn);

		if (verdict != step->verdict || before != verdict)
			fail_msg("%s, size %u, step %td: check %d, update %d, not %d", edge->name,
				 size, step - edge->steps, before, verdict, step->verdict);
	}
	free(replay);
}

static void test_edges(void **state)
{
	for (unsigned i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
			walk_edge(&edges[i], sizes[s]);
}

static void test_check_changes_nothing(void **state)
{
	struct replay *replay = make(64), *before = make(64);

	replay_update(replay, 64, 100);
	memcpy(before, replay, replay_bytes(64));
	for (uint64_t esn = 0; esn < 300; esn++)
		replay_check(replay, 64, esn);
	assert_memory_equal(replay, before, replay_bytes(64));
	free(replay);
	free(before);
}

/* --- against a naive model ------------------------------------------------------------------ */

/* All that was ever accepted in a sequence. */
struct model {
	uint64_t seen[SEQUENCE_STEPS];
	uint64_t highest;
	unsigned count;
};

static enum replay_verdict model_update(struct model *model, uint32_t size, uint64_t esn)
{
	if (esn == 0 || (model->highest >= size && esn <= model->highest - size))
		return REPLAY_OLD;
	for (unsigned i = 0; i < model->count; i++)
		if (model->seen[i] == esn)
			return REPLAY_SEEN;
	model->seen[model->count++] = esn;
	if (esn > model->highest)
		model->highest = esn;
	return REPLAY_NEW;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Where the next packet is: near the highest, near the window's far edge, an epoch on, repeated. */
static uint64_t pick(uint64_t random, const struct model *model, uint32_t size)
{
	uint64_t near = random >> 8 & 15;

	switch (random & 7) {
	case 0:
		return model->highest - near;
	case 1:
		return model->highest - size + near - 7;
	case 2:
		return model->highest + size + near - 7;
	case 3:
		return ((model->highest >> 48) + 1) << 48 | near;
	case 4:
		return model->highest + (random >> 8) % (2 * (uint64_t)size);
	case 5:
		return model->highest - (random >> 8) % (2 * (uint64_t)size);
	case 6:
		return model->count ? model->seen[near % model->count] : 1;
	default:
		return model->highest + 1;
	}
}

static const uint64_t starts[] = {0,
				  1,
				  60,
				  70000,
				  END_48 - 20,
				  END_48 - 70000,
				  5 * END_48 - 3,
				  UINT64_MAX - 70000,
				  UINT64_MAX - 10};

/* Continues on one bitmap: a new sequence starts so far on that nothing of the last is left, but
 * its bits are, which moving over must clear. */
static void run_sequence(struct replay *replay, uint32_t size, uint64_t start, uint64_t *random)
{
	struct model model = {.highest = start};

	replay->highest = start;
	for (unsigned i = 0; i < SEQUENCE_STEPS; i++) {
		uint64_t esn = pick(next_random(random), &model, size);
		enum replay_verdict expected = model_update(&model, size, esn);

		if (replay_check(replay, size, esn) != expected ||
		    replay_update(replay, size, esn) != expected)
			fail_msg("size %u, start %lu, step %u, ESN %lu: not %d", size, start, i,
				 esn, expected);
	}
	/* Back to an empty bitmap by what was set alone: a big window is not worth a memset. */
	for (unsigned i = 0; i < model.count; i++)
		replay->bits[(model.seen[i] & (size - 1)) / 64] = 0;
}

static void test_ten_million_sequences(void **state)
{
	uint64_t random = 0x0123456789abcdef;
	struct replay *replays[3];

	for (unsigned s = 0; s < 3; s++)
		replays[s] = make(sizes[s]);
	for (unsigned i = 0; i < 10000000; i++) {
		/* The big window is slow to move over: one in 64 is enough of it. */
		unsigned s = i % 64 == 0 ? 2 : i & 1;

		run_sequence(replays[s], sizes[s], starts[next_random(&random) % 9], &random);
	}
	for (unsigned s = 0; s < 3; s++)
		free(replays[s]);
}

/* Long runs on one window each, so that the ring goes round many times. */
static void test_long_runs(void **state)
{
	enum { RUN = 400000, SPAN = 3 * 65536 };
	bool *seen = calloc(SPAN, sizeof(*seen));

	assert_non_null(seen);
	for (unsigned s = 0; s < 3; s++) {
		struct replay *replay = make(sizes[s]);
		uint64_t random = s + 1, highest = 0;

		memset(seen, 0, SPAN);
		for (unsigned i = 0; i < RUN; i++) {
			uint64_t r = next_random(&random), back = (r >> 8) % (sizes[s] + 8);
			uint64_t esn =
				r & 8 && back <= highest ? highest - back : highest + (r & 7);
			enum replay_verdict expected = REPLAY_NEW;

			if (esn == 0 || (highest >= sizes[s] && esn <= highest - sizes[s]))
				expected = REPLAY_OLD;
			else if (esn <= highest && seen[esn % SPAN])
				expected = REPLAY_SEEN;
			assert_int_equal(replay_update(replay, sizes[s], esn), expected);
			for (; highest < esn; highest++)
				seen[(highest + 1) % SPAN] = false;
			if (expected == REPLAY_NEW)
				seen[esn % SPAN] = true;
		}
		free(replay);
	}
	free(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_check_changes_nothing),
		cmocka_unit_test(test_ten_million_sequences),
		cmocka_unit_test(test_long_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
