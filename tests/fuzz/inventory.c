/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The inventory's reader under mutated files: no crash, no hang, and an answer that is consistent.
 *
 *     fuzz-inventory FILE ROUNDS [FIRST]
 *
 * Each round is made from its number alone: the last line printed tells which hundred to repeat.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inventory.h"

#define SIZE_MAX_OF_INPUT (64u << 10)
#define MUTATIONS_MAX     8

/* Pieces of YAML and of our language that random bytes would hardly make. */
static const char *const words[] = {
	"all:",
	"vars:",
	"hosts:",
	"children:",
	"ungrouped:",
	"covey_vtep: ",
	"covey_groups:\n",
	"covey_sender_id: 1\n",
	"members: [hv1]",
	"vnis: [1, \"2-9\"]",
	"rekey: {interval: 1h}",
	"ansible_group_priority: 3\n",
	"hv[1:3]",
	"[a:z]",
	"[01:99999]",
	"{{ x }}",
	"!vault ",
	"&a ",
	"*a",
	"<<: *a",
	"\n",
	"\n    ",
	"---\n",
	"...\n",
	": ",
	"- ",
	"{",
	"}",
	"[",
	"]",
	"\"",
	"'",
	"|\n",
	">\n",
	"#",
	"?",
	"\t",
	"\r",
	"\xc2\x85",
	"\xef\xbb\xbf",
	"\xff",
	"\\0",
	"0",
	"-1",
	"99999999999999999999",
	"0x1F",
	"010",
	"1:30",
	"yes",
	"~",
	"null",
	"10.0.0.1",
	"ff02::1",
	"::",
};

struct input {
	char data[SIZE_MAX_OF_INPUT];
	size_t len;
};

static uint64_t next_random(uint64_t *state)
{
	/* SplitMix64 */
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static size_t below(uint64_t *state, size_t bound)
{
	return bound ? next_random(state) % bound : 0;
}

/* Replace `cut` bytes at place by the `len` bytes of part, as far as there is room. */
static void splice(struct input *input, size_t place, size_t cut, const char *part, size_t len)
{
	if (input->len - cut + len > sizeof(input->data))
		return;
	memmove(input->data + place + len, input->data + place + cut, input->len - place - cut);
	memcpy(input->data + place, part, len);
	input->len = input->len - cut + len;
}

static void mutate(struct input *input, uint64_t *state)
{
	size_t place = below(state, input->len + 1);
	size_t rest = input->len - place;
	size_t span = below(state, rest < 200 ? rest + 1 : 200);
	char copy[200];
	const char *word;

	switch (below(state, 5)) {
	case 0:
		word = words[below(state, sizeof(words) / sizeof(words[0]))];
		splice(input, place, 0, word, strlen(word));
		break;
	case 1:
		splice(input, place, span, "", 0);
		break;
	case 2:
		memcpy(copy, input->data + place, span);
		splice(input, below(state, input->len + 1), 0, copy, span);
		break;
	case 3:
		word = words[below(state, sizeof(words) / sizeof(words[0]))];
		splice(input, place, span < 12 ? span : 12, word, strlen(word));
		break;
	default:
		if (rest)
			input->data[place] = (char)next_random(state);
	}
}

static int consistent(const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->host_count; i++)
		if (!inventory->hosts[i].vtep.family || !inventory->hosts[i].name ||
		    inventory->hosts[i].vtep.family != inventory->hosts[0].vtep.family)
			return 0;
	for (size_t i = 0; i < inventory->group_count; i++) {
		const struct inventory_group *group = &inventory->groups[i];

		if (!group->vni_count || !group->member_count ||
		    group->rekey.hard_lifetime_s <= group->rekey.interval_s)
			return 0;
		for (size_t j = 0; j < group->member_count; j++)
			if (group->members[j].host >= inventory->host_count)
				return 0;
	}
	return inventory->fabric && inventory->gkm_address.family && inventory->group_count;
}

/* Returns 1 for a good inventory, 0 for a refused one, -1 when the answer makes no sense. */
static int try(const struct input *input, FILE *sink)
{
	struct diagnostics diagnostics;
	struct inventory *inventory = NULL;
	int r, result;

	diagnostics_init(&diagnostics);
	r = inventory_parse("fuzz.yaml", input->data, input->len, &diagnostics, &inventory);
	diagnostics_print(&diagnostics, sink);
	if (r == 0)
		result = inventory && !diagnostics.count && consistent(inventory) ? 1 : -1;
	else
		result = !inventory && diagnostics.count && r == -EINVAL ? 0 : -1;
	inventory_free(inventory);
	diagnostics_free(&diagnostics);
	return result;
}

static int run(const struct input *seed, unsigned long first, unsigned long rounds, FILE *sink)
{
	static struct input input;
	unsigned long good = 0;

	for (unsigned long round = first; round < first + rounds; round++) {
		uint64_t state = round;
		size_t mutations = 1 + below(&state, MUTATIONS_MAX);
		int result;

		if (round % 100 == 0)
			printf("round %lu, %lu good\n", round, good);
		input = *seed;
		while (mutations--)
			mutate(&input, &state);
		result = try(&input, sink);
		if (result < 0) {
			printf("round %lu: a senseless answer to:\n%.*s\n", round, (int)input.len,
			       input.data);
			return EXIT_FAILURE;
		}
		good += (unsigned long)result;
	}
	/* Mutations so wild that nothing passes would test the YAML scanner alone. */
	printf("%lu rounds, %lu good inventories\n", rounds, good);
	return rounds >= 100 && !good ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static struct input seed;
	FILE *file = argc >= 3 ? fopen(argv[1], "r") : NULL;
	FILE *sink = fopen("/dev/null", "w");
	int status;

	if (!file || !sink) {
		fprintf(stderr, "usage: fuzz-inventory FILE ROUNDS [FIRST]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	seed.len = fread(seed.data, 1, sizeof(seed.data), file);
	status = run(&seed, argc > 3 ? strtoul(argv[3], NULL, 10) : 0, strtoul(argv[2], NULL, 10),
		     sink);
	fclose(sink);
	fclose(file);
	return status;
}
