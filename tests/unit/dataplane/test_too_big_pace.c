/* SPDX-License-Identifier: BSD-3-Clause */
/* How often senders are told that a packet does not fit: no tenant at the cost of another. */
#include "super_frame.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <too_big_copies.h>
#include <too_big_pace.h>

#include <cmocka.h>
#include <string.h>

static struct keyed_hash secret_of(uint64_t seed)
{
	struct random random = {seed};
	struct keyed_hash secret;

	for (unsigned i = 0; i < sizeof(secret.key) / sizeof(secret.key[0]); i++)
		secret.key[i] = random_next(&random);
	return secret;
}

struct limiter {
	struct too_big_pace pace;
	struct keyed_hash secret;
};

static unsigned take(struct limiter *limiter, uint32_t vni, unsigned sender, uint64_t now_ms,
		     unsigned tries)
{
	uint8_t address[16] = {10, 0, (uint8_t)(sender >> 8), (uint8_t)sender};
	unsigned taken = 0;

	for (unsigned i = 0; i < tries; i++)
		taken += too_big_pace_take(&limiter->pace, &limiter->secret, vni, address, now_ms);
	return taken;
}

static void test_pace(void **state)
{
	static struct limiter limiter;

	limiter.secret = secret_of(1);
	assert_int_equal(take(&limiter, 100, 1, 1000000, 1000), TOO_BIG_BURST);
	assert_int_equal(take(&limiter, 100, 1, 1000000 + TOO_BIG_REFILL_MS - 1, 1000), 0);
	assert_int_equal(take(&limiter, 100, 1, 1000000 + TOO_BIG_REFILL_MS, 1000), 1);
	assert_int_equal(take(&limiter, 100, 1, 1000000 + 3 * TOO_BIG_REFILL_MS, 1000), 2);
	assert_int_equal(take(&limiter, 100, 1, 9000000, 1000), TOO_BIG_BURST);
}

/* Whatever the tenant of one VNI sends, and from whatever addresses, each sender of each other VNI
 * has its answers; and the VNI itself gets no more than its own. */
static void test_one_tenant(void **state)
{
	static struct limiter limiter;
	unsigned taken = 0;

	limiter.secret = secret_of(2);
	for (unsigned sender = 0; sender < 65536; sender++)
		taken += take(&limiter, 100, sender, 1000000, 10);
	assert_int_equal(taken, TOO_BIG_SENDERS * TOO_BIG_BURST);
	for (uint32_t vni = 0; vni < 100; vni++)
		assert_int_equal(take(&limiter, vni, 1, 1000000, 10), TOO_BIG_BURST);
	assert_int_equal(take(&limiter, 100, 1, 1000000, 10), 0);
}

/* The first and the last VNI count, too, and far more VNIs than there are places. */
static void test_many_vnis(void **state)
{
	static struct limiter limiter;

	limiter.secret = secret_of(3);
	assert_int_equal(take(&limiter, 0, 1, 1000000, 10), TOO_BIG_BURST);
	assert_int_equal(take(&limiter, 0xffffff, 1, 1000000, 10), TOO_BIG_BURST);
	for (uint32_t vni = 1; vni < 20000; vni++)
		assert_int_equal(take(&limiter, vni, 1, 1000000 + vni, 10), TOO_BIG_BURST);
}

/* Who shares a place with whom is another matter in each process. */
static void test_secret(void **state)
{
	static struct limiter limiters[2];
	unsigned sharing[2][2] = {{0}};

	limiters[0].secret = secret_of(4);
	limiters[1].secret = secret_of(5);
	for (unsigned sender = 1; sender < 1000; sender++) {
		bool shares[2];

		for (unsigned i = 0; i < 2; i++) {
			memset(&limiters[i].pace, 0, sizeof(limiters[i].pace));
			take(&limiters[i], 100, 0, 1000000, 10);
			shares[i] = take(&limiters[i], 100, sender, 1000000, 1) == 0;
		}
		sharing[shares[0]][shares[1]]++;
	}
	/* A place of eight in each: 1 of 8, 1 of 8, and 1 of 64 in both. */
	assert_in_range(sharing[0][1], 50, 200);
	assert_in_range(sharing[1][0], 50, 200);
	assert_in_range(sharing[1][1], 1, 60);
}

/* --- copies -------------------------------------------------------------------------------------
 */

static bool claim(struct too_big_copies *copies, uint8_t content, uint8_t vtep, uint64_t now_ms)
{
	const struct keyed_hash secret = secret_of(6);
	const uint8_t frame[500] = {8, [6] = 100, [60] = content}, to[16] = {10, 0, 0, vtep};
	bool has = too_big_copies_has(copies, &secret, frame, sizeof(frame), to, now_ms);

	assert_int_equal(too_big_copies_claim(copies, &secret, frame, sizeof(frame), to, now_ms),
			 !has);
	return !has;
}

static void test_copies(void **state)
{
	static struct too_big_copies copies;
	uint64_t now = (UINT64_C(1) << 20) - 20; /* that much of it is kept */

	assert_true(claim(&copies, 1, 1, now));
	for (uint8_t vtep = 2; vtep < 50; vtep++)
		assert_false(claim(&copies, 1, vtep, now + vtep));
	/* By a worker whose clock is a little behind. */
	assert_false(claim(&copies, 1, 2, now - 5));
	/* Another frame, and its copies. */
	assert_true(claim(&copies, 2, 1, now));
	assert_false(claim(&copies, 2, 2, now));
	/* The same frame again: the first peer's is the first again. */
	assert_true(claim(&copies, 1, 1, now + 40));
	assert_false(claim(&copies, 1, 2, now + 40));
	/* Later, to somebody else: the VXLAN device has learned. */
	assert_true(claim(&copies, 1, 2, now + 40 + TOO_BIG_COPY_MS));
	assert_false(claim(&copies, 1, 3, now + 40 + TOO_BIG_COPY_MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pace),      cmocka_unit_test(test_one_tenant),
		cmocka_unit_test(test_many_vnis), cmocka_unit_test(test_secret),
		cmocka_unit_test(test_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
