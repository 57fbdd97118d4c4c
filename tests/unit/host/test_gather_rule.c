/* SPDX-License-Identifier: BSD-3-Clause */
/* When the kernel is kept from gathering packets that come in, and for how long. */
#include "gather_rule.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MIN GATHER_SPOILED_MIN

struct step {
	uint64_t ms; /* since the last one */
	struct gather_counts more;
	enum gather_verdict verdict;
};

static void expect(const struct step *steps, unsigned count)
{
	struct gather_rule rule = {0};
	struct gather_counts counts = {0};
	uint64_t now = 5;

	for (unsigned i = 0; i < count; i++) {
		enum gather_verdict verdict;

		now += steps[i].ms;
		counts.spoiled_gathered += steps[i].more.spoiled_gathered;
		counts.spoiled_alone += steps[i].more.spoiled_alone;
		counts.forged += steps[i].more.forged;
		verdict = gather_rule_judge(&rule, &counts, now);
		if (verdict != steps[i].verdict)
			fail_msg("step %u: %d, should be %d", i, verdict, steps[i].verdict);
	}
}

#define EXPECT(...)                                                                                \
	do {                                                                                       \
		const struct step steps[] = {__VA_ARGS__};                                         \
		expect(steps, sizeof(steps) / sizeof(steps[0]));                                   \
	} while (0)

static void test_stops_and_tries_again(void **state)
{
	EXPECT({1000, {.spoiled_gathered = MIN - 1}, GATHER_GO_ON},
	       {1000, {.spoiled_gathered = 1}, GATHER_STOP},
	       /* what was on its way */
	       {1000, {.spoiled_gathered = MIN}, GATHER_GO_ON}, {1000, {0}, GATHER_GO_ON},
	       {GATHER_OFF_MS - 2001, {0}, GATHER_GO_ON}, {1, {0}, GATHER_RESUME},
	       {1000, {0}, GATHER_GO_ON}, {1000, {.spoiled_gathered = MIN}, GATHER_STOP});
}

/* Now and then one, as a bad cable makes them. */
static void test_few_are_not_enough(void **state)
{
	EXPECT({1000, {.spoiled_gathered = MIN / 2}, GATHER_GO_ON},
	       {GATHER_RUN_MS, {0}, GATHER_GO_ON},
	       {1000, {.spoiled_gathered = MIN / 2}, GATHER_GO_ON},
	       {1000, {.spoiled_alone = 100 * MIN}, GATHER_GO_ON});
}

/* Whoever forges many adds nothing to what counts, and more than outweighs it. */
static void test_forged(void **state)
{
	EXPECT({1000, {.forged = 1000000}, GATHER_GO_ON}, {GATHER_RUN_MS, {0}, GATHER_GO_ON},
	       {1000, {.spoiled_gathered = MIN, .forged = MIN + 1}, GATHER_GO_ON},
	       {1000, {.spoiled_gathered = 1}, GATHER_STOP});
}

static void test_it_was_another(void **state)
{
	EXPECT({1000, {.spoiled_gathered = MIN}, GATHER_STOP},
	       {1000, {.spoiled_alone = MIN - 1}, GATHER_GO_ON},
	       {1000, {.spoiled_alone = 1}, GATHER_ABSOLVE},
	       {1000, {.spoiled_gathered = 100 * MIN}, GATHER_GO_ON},
	       {GATHER_OFF_MS - 1000, {.spoiled_gathered = 100 * MIN}, GATHER_GO_ON},
	       {1000, {.spoiled_gathered = MIN}, GATHER_STOP});
}

/* Forged ones do not bring it back early either. */
static void test_forged_while_stopped(void **state)
{
	EXPECT({1000, {.spoiled_gathered = MIN}, GATHER_STOP},
	       {1000, {.forged = 1000000}, GATHER_GO_ON},
	       {1000, {.spoiled_alone = MIN}, GATHER_GO_ON},
	       {GATHER_OFF_MS - 2000, {0}, GATHER_RESUME});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stops_and_tries_again),
		cmocka_unit_test(test_few_are_not_enough),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_it_was_another),
		cmocka_unit_test(test_forged_while_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
