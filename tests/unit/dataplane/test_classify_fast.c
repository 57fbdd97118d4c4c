/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fast first try against the walk: what it decides, the walk decides the same way, and it does
 * decide the packets that it is there for.
 */
#include "classify_fast.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#define FRAMES     2000000u
#define FRAME_MAX  160u
#define MUTABLE    80u /* bytes from the start that hold everything that is looked at */
#define PROTOCOL_V 253u

static const struct classifier classifiers[] = {
	{4789, 4798, PROTOCOL_V},
	{8472, 4798, 254},
	/* What no configuration should say: protocols that are something else already. */
	{4789, 4798, IPPROTO_UDP},
	{4789, 4798, IPPROTO_AH},
	{4789, 4798, PROTOCOL_SHIM6},
	{0, 1, 0},
};

/* What a frame is made of before it is damaged. */
struct recipe {
	uint8_t tags;
	bool ipv6;
	uint8_t protocol;
	uint16_t port;
	uint16_t upper_len; /* bytes behind IP's header */
	uint16_t padding;
};

static uint8_t *put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

static uint8_t *put_ip(uint8_t *at, const struct recipe *recipe)
{
	if (recipe->ipv6) {
		at[0] = (uint8_t)(0x60 | (at[0] & 0xf));
		put16(at + 4, recipe->upper_len);
		at[6] = recipe->protocol;
		return at + 40;
	}
	at[0] = 0x45;
	put16(at + 2, recipe->upper_len + 20u);
	put16(at + 6, at[6] & 0x40 ? 0x4000 : 0);
	at[9] = recipe->protocol;
	return at + 20;
}

/* Fields that matter as the recipe says, all others random. Returns the length. */
static size_t make(const struct recipe *recipe, uint8_t *ret_frame)
{
	uint8_t *at = ret_frame + 12;

	for (unsigned i = 0; i < FRAME_MAX; i++)
		ret_frame[i] = (uint8_t)rand();
	for (unsigned i = 0; i < recipe->tags; i++)
		at = put16(at, i == 0 && recipe->tags == 2 ? 0x88a8 : 0x8100) + 2;
	at = put_ip(put16(at, recipe->ipv6 ? 0x86dd : 0x0800), recipe);
	put16(at + 2, recipe->port);
	put16(at + 4, recipe->upper_len);
	at[8] |= 8;
	return (size_t)(at - ret_frame) + recipe->upper_len + recipe->padding;
}

static struct recipe random_recipe(const struct classifier *classifier)
{
	static const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_UDP, IPPROTO_UDP, PROTOCOL_V,
					    IPPROTO_TCP, IPPROTO_AH,  0,           IPPROTO_ICMP};
	const uint16_t ports[] = {classifier->vxlan_port, classifier->vxlan_port,
				  classifier->vpe_port, 53};

	return (struct recipe){
		.tags = (uint8_t)(rand() % 4 ? 0 : rand() % 3),
		.ipv6 = rand() & 1,
		.protocol = rand() & 1 ? IPPROTO_UDP : protocols[(unsigned)rand() % 8],
		.port = ports[(unsigned)rand() % 4],
		.upper_len = (uint16_t)(rand() % 80),
		.padding = (uint16_t)(rand() % 3 ? 0 : rand() % 20),
	};
}

static void assert_same(const struct frame *fast, const struct frame *walk)
{
	assert_int_equal(fast->kind, walk->kind);
	assert_int_equal(fast->ip_len, walk->ip_len);
	assert_int_equal(fast->payload_offset, walk->payload_offset);
	assert_int_equal(fast->payload_len, walk->payload_len);
	assert_int_equal(fast->source_port, walk->source_port);
	assert_int_equal(fast->in_udp, walk->in_udp);
	if (walk->kind == FRAME_VXLAN)
		assert_int_equal(fast->vni, walk->vni);
}

/* Both ways, as frame and as the IP packet in it; from a buffer of exactly its length, so that a
 * sanitizer sees every byte too far. True when the fast try decided. */
static bool compare(const struct classifier *classifier, const uint8_t *bytes, size_t len,
		    size_t frame_len)
{
	uint8_t *copy = malloc(len + 1), *ip = copy + 1 + 14;
	struct frame fast, walk;
	bool decided;

	assert_non_null(copy);
	memcpy(copy + 1, bytes, len);
	decided = classify_frame_fast(classifier, copy + 1, len, frame_len, &fast);
	if (decided) {
		classify_frame(classifier, copy + 1, len, frame_len, &walk);
		assert_same(&fast, &walk);
		assert_int_equal(fast.l2_len, walk.l2_len);
	}
	if (len >= 14 && classify_ip_fast(classifier, ip, len - 14, frame_len - 14, &fast)) {
		classify_ip(classifier, ip, len - 14, frame_len - 14, &walk);
		assert_same(&fast, &walk);
	}
	free(copy);
	return decided;
}

static void damage(uint8_t *bytes)
{
	for (unsigned hits = (unsigned)rand() % 4; hits > 0; hits--) {
		uint8_t *at = bytes + 12 + (unsigned)rand() % (MUTABLE - 12);

		*at = rand() & 1 ? (uint8_t)rand() : *at ^ (uint8_t)(1u << rand() % 8);
	}
}

static void test_same_as_walk(void **state)
{
	unsigned decided = 0;

	for (unsigned i = 0; i < FRAMES; i++) {
		const struct classifier *classifier =
			&classifiers[rand() & 1 ? 0 : (unsigned)rand() % RTE_DIM(classifiers)];
		struct recipe recipe = random_recipe(classifier);
		uint8_t bytes[FRAME_MAX];
		size_t frame_len = make(&recipe, bytes), len = frame_len;

		damage(bytes);
		/* The end of the frame lies in another buffer, or is lost. */
		if (rand() % 4 == 0)
			len = (unsigned)rand() % (frame_len + 1);
		if (rand() % 8 == 0)
			frame_len = len;
		decided += compare(classifier, bytes, len, frame_len);
	}
	/* Enough of them to have compared anything. */
	assert_true(decided > FRAMES / 8);
}

/* Every length, with and without a tag: none that it should decide is left to the walk. */
static void test_decides_what_it_is_for(void **state)
{
	struct recipe recipe = {.protocol = IPPROTO_UDP, .port = 4789};
	uint8_t bytes[FRAME_MAX];

	for (recipe.upper_len = 16; recipe.upper_len < 80; recipe.upper_len++)
		for (unsigned i = 0; i < 16; i++) {
			size_t len;

			recipe.ipv6 = i & 1;
			recipe.tags = i >> 1 & 1;
			recipe.port = i & 4 ? 4789 : 4798;
			recipe.protocol = i & 8 ? IPPROTO_UDP : PROTOCOL_V;
			len = make(&recipe, bytes);
			assert_true(compare(&classifiers[0], bytes, len, len));
		}
}

/* Nothing but random bytes, and short ones. */
static void test_noise(void **state)
{
	uint8_t bytes[FRAME_MAX] = {0};

	for (unsigned i = 0; i < FRAMES / 8; i++) {
		size_t len = (unsigned)rand() % FRAME_MAX;

		for (unsigned k = 0; k < len; k++)
			bytes[k] = (uint8_t)rand();
		compare(&classifiers[0], bytes, len, len + (unsigned)rand() % 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_as_walk),
		cmocka_unit_test(test_decides_what_it_is_for),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
