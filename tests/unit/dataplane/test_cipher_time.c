/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Does the time that covey's own cipher code takes depend on what is secret? As dudect does it
 * (Reparaz, Balasch, Verbauwhede: "Dude, is my code constant time?", DATE 2017): calls of two
 * classes in random order, each timed, and Welch's t-test over the times. A dependence shows as a t
 * that grows with the number of calls; without one, |t| above 4.5 is rare. Noise of a busy machine
 * can make it large for once, so a class that differs must differ in every one of several attempts.
 *
 * That this finds something is tried with a comparison that ends at the first byte that differs.
 */

#include "cipher_many.h"
#include <math.h>
#include <rte_cycles.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define HEADER   sizeof(struct covey_vpe_header)
#define TEXTS    8u
#define LEN      92u
#define CALLS    40000u
#define ATTEMPTS 8u
#define T_MAX    4.5

static struct ciphers *ciphers;
static const struct cipher *cipher;
static struct cipher_context context;
static struct cipher_key keys[2]; /* by class; the second one is all zeros */
static uint8_t packets[TEXTS][HEADER + LEN], sealed[2][TEXTS][HEADER + LEN];
static struct cipher_text texts[TEXTS];
static const struct cipher_text *all[TEXTS];

static int setup(void **state)
{
	static const uint8_t zeros[32];
	uint8_t key[32];

	if (ciphers_new(1, true, &ciphers) != 0)
		return -1;
	cipher = ciphers_get(ciphers, COVEY_AES_256_GCM);
	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)rand();
	for (unsigned i = 0; i < TEXTS; i++) {
		texts[i] = (struct cipher_text){packets[i] + HEADER, LEN};
		all[i] = &texts[i];
	}
	return cipher_expand(ciphers, COVEY_AES_256_GCM, key, &keys[0]) |
	       cipher_expand(ciphers, COVEY_AES_256_GCM, zeros, &keys[1]);
}

static int teardown(void **state)
{
	ciphers_free(ciphers);
	return 0;
}

static bool is_here(void)
{
	if (cipher->many)
		return true;
	print_message("note: this CPU has no AVX-512 with VAES: nothing is measured\n");
	return false;
}

/* --- the t-test ----------------------------------------------------------------------------- */

/* What is timed: one call of a class. prepare() is not timed. */
struct subject {
	void (*prepare)(unsigned class);
	void (*call)(unsigned class);
};

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The slowest tenth is interrupts and the like. */
static uint64_t limit_of(const uint64_t *times)
{
	static uint64_t sorted[CALLS];

	memcpy(sorted, times, sizeof(sorted));
	qsort(sorted, CALLS, sizeof(sorted[0]), by_value);
	return sorted[CALLS - CALLS / 10];
}

static double welch(const uint64_t *times, const uint8_t *classes)
{
	double n[2] = {0}, mean[2] = {0}, squares[2] = {0};
	const uint64_t limit = limit_of(times);

	for (unsigned i = 0; i < CALLS; i++) {
		const unsigned class = classes[i];
		double delta = (double)times[i] - mean[class];

		if (times[i] > limit)
			continue;
		n[class]++;
		mean[class] += delta / n[class];
		squares[class] += delta * ((double)times[i] - mean[class]);
	}
	return (mean[0] - mean[1]) /
	       sqrt(squares[0] / (n[0] - 1) / n[0] + squares[1] / (n[1] - 1) / n[1] + 1e-9);
}

static double attempt(const struct subject *subject)
{
	static uint64_t times[CALLS];
	static uint8_t classes[CALLS];

	for (unsigned i = 0; i < CALLS; i++) {
		uint64_t start;

		classes[i] = rand() >> 8 & 1;
		subject->prepare(classes[i]);
		start = rte_rdtsc_precise();
		subject->call(classes[i]);
		times[i] = rte_rdtsc_precise() - start;
	}
	return welch(times, classes);
}

/* Is there an attempt in which the classes take the same time? */
static bool takes_the_same_time(const struct subject *subject, const char *what)
{
	double least = INFINITY;

	for (unsigned i = 0; i < ATTEMPTS && least > T_MAX; i++)
		least = fmin(least, fabs(attempt(subject)));
	print_message("%s: |t| %.1f, at most %.1f\n", what, least, T_MAX);
	return least <= T_MAX;
}

/* --- what differs --------------------------------------------------------------------------- */

static void same_text(unsigned class)
{
	memset(packets, 0x55, sizeof(packets));
}

static void seal_with_key(unsigned class)
{
	cipher_seal_many(cipher, &keys[class], &context, all, TEXTS);
}

/* Of each class as many, so that both are prepared alike. */
#define POOL 64u

static uint8_t pool[2][POOL][TEXTS][HEADER + LEN]; /* random ones, and zeros */

static void fill_pool(void)
{
	uint8_t *bytes = pool[0][0][0];

	for (size_t i = 0; i < sizeof(pool[0]); i++)
		bytes[i] = (uint8_t)(rand() >> 7);
}

static void random_or_zeros(unsigned class)
{
	memcpy(packets, pool[class][(unsigned)rand() % POOL], sizeof(packets));
}

static void seal(unsigned class)
{
	cipher_seal_many(cipher, &keys[0], &context, all, TEXTS);
}

/* All tags are wrong: in their first byte, or in their last. */
static void wrong_at(unsigned class)
{
	memcpy(packets, sealed[class], sizeof(packets));
}

static void open(unsigned class)
{
	cipher_open_many(cipher, &keys[0], &context, all, TEXTS);
}

static void seal_two_classes(void)
{
	memset(packets, 0x33, sizeof(packets));
	cipher_seal_many(cipher, &keys[0], &context, all, TEXTS);
	for (unsigned class = 0; class < 2; class ++) {
		memcpy(sealed[class], packets, sizeof(packets));
		for (unsigned i = 0; i < TEXTS; i++)
			sealed[class][i][COVEY_VPE_ICV_OFFSET + (class ? 15 : 0)] ^= 0x80;
	}
}

/* --- tests ---------------------------------------------------------------------------------- */

static void test_key(void **state)
{
	if (is_here())
		assert_true(takes_the_same_time(&(struct subject){same_text, seal_with_key},
						"another key"));
}

static void test_text(void **state)
{
	fill_pool();
	if (is_here())
		assert_true(takes_the_same_time(&(struct subject){random_or_zeros, seal},
						"another text"));
}

static void test_tag(void **state)
{
	if (!is_here())
		return;
	seal_two_classes();
	assert_true(takes_the_same_time(&(struct subject){wrong_at, open}, "another wrong byte"));
}

static volatile unsigned compared;

/* What nobody should write: it takes longer if the first bytes of the tag are right. */
static void open_with_leak(unsigned class)
{
	for (unsigned i = 0; i < TEXTS; i++)
		for (unsigned byte = COVEY_VPE_ICV_OFFSET;
		     byte < HEADER && packets[i][byte] == sealed[1][i][byte]; byte++)
			compared++;
	open(class);
}

/* The same, with a comparison before it that gives away where the tag is wrong. */
static void test_leak_is_found(void **state)
{
	if (!is_here())
		return;
	seal_two_classes();
	assert_false(takes_the_same_time(&(struct subject){wrong_at, open_with_leak},
					 "a comparison that ends early"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_tag),
		cmocka_unit_test(test_leak_is_found),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
