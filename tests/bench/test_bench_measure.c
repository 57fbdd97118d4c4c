/* SPDX-License-Identifier: BSD-3-Clause */

/* covey-bench believes no dataplane: one that loses, changes or does not encrypt packets is no
 * figure but an error. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "bench_machine.h"
#include "bench_measure.h"
#include <cmocka.h>
#include <errno.h>
#include <string.h>

static const struct bench_shape shape = {
	.cipher = COVEY_AES_256_GCM,
	.cores = 1,
	.burst = BENCH_BURST,
};
static const struct bench_layout layout = {.size = 92, .segments = 1};

/* A dataplane that turns bits over and back, and does one thing wrong. */
enum fault {
	FAULT_NONE,
	FAULT_CLEAR,  /* does not turn them over */
	FAULT_CHANGE, /* not all back */
	FAULT_LOSS,   /* loses a packet in burst number loss_at */
};

static struct {
	enum fault fault;
	unsigned bursts;
	unsigned loss_at;
	unsigned largest; /* burst */
} plan;

static int fake_open(const struct bench_shape *with, void **ret_state, struct covey_error *error)
{
	plan.bursts = 0;
	plan.largest = 0;
	*ret_state = &plan;
	return 0;
}

static void fake_close(void *state)
{
}

static uint16_t turn_over(struct rte_mbuf **packets, uint16_t count, uint8_t mask)
{
	for (uint16_t i = 0; i < count; i++)
		for (unsigned k = BENCH_ETHERNET_LEN; k < packets[i]->data_len; k++)
			rte_pktmbuf_mtod(packets[i], uint8_t *)[k] ^= mask;
	plan.largest = RTE_MAX(plan.largest, count);
	if (plan.bursts++ == plan.loss_at && plan.fault == FAULT_LOSS) {
		rte_pktmbuf_free(packets[count - 1]);
		return count - 1;
	}
	return count;
}

static uint16_t fake_encrypt(void *state, unsigned core, struct rte_mbuf **packets, uint16_t count)
{
	return turn_over(packets, count, plan.fault == FAULT_CLEAR ? 0 : 0xff);
}

static uint16_t fake_decrypt(void *state, unsigned core, struct rte_mbuf **packets, uint16_t count)
{
	return turn_over(packets, count, plan.fault == FAULT_CHANGE ? 0xfe : 0xff);
}

static const struct bench_dataplane fake = {
	.name = "fake",
	.open = fake_open,
	.close = fake_close,
	.encrypt = fake_encrypt,
	.decrypt = fake_decrypt,
};

/* Measure and say what it said. */
static int measure(enum fault fault, unsigned loss_at, enum bench_direction direction,
		   struct bench_result *ret_result, struct covey_error *error)
{
	const struct bench_dataplane *const dataplanes[] = {&fake, NULL};
	struct bench_run run;
	int status;

	plan.fault = fault;
	plan.loss_at = loss_at;
	assert_int_equal(bench_run_open(&run, &shape, dataplanes, error), 0);
	status = bench_run_measure(&run, direction, &layout, 0.001, ret_result, error);
	bench_run_close(&run);
	return status;
}

static void test_honest(void **state)
{
	for (unsigned direction = BENCH_ENCRYPT; direction <= BENCH_DECRYPT; direction++) {
		struct covey_error error = {.text = ""};
		struct bench_result result;

		assert_int_equal(measure(FAULT_NONE, 0, direction, &result, &error), 0);
		assert_ptr_equal(result.dataplane, &fake);
		/* Three turns of three rounds that count, at the least. */
		assert_true(result.packets >= 9ull * BENCH_PACKETS);
		assert_true(result.ns > 0);
		assert_true(result.gbit > 91 * 8 / result.ns && result.gbit < 93 * 8 / result.ns);
	}
}

static void refused(enum fault fault, unsigned loss_at, enum bench_direction direction,
		    const char *text)
{
	struct covey_error error = {.text = ""};
	struct bench_result result;

	assert_int_equal(measure(fault, loss_at, direction, &result, &error), -EIO);
	assert_string_equal(error.text, text);
}

static void test_clear(void **state)
{
	refused(FAULT_CLEAR, 0, BENCH_ENCRYPT, "fake left packets in clear");
}

static void test_change(void **state)
{
	refused(FAULT_CHANGE, 0, BENCH_DECRYPT, "fake changed packets on their way");
}

/* In the first burst there or back, in a round before the clock counts, and in one where it does.
 */
static void test_loss(void **state)
{
	static const unsigned bursts = BENCH_PACKETS / BENCH_BURST;
	const unsigned when[] = {0, bursts, 2 * bursts, 2 * bursts + 1, 5 * bursts, 8 * bursts - 1};

	for (unsigned i = 0; i < RTE_DIM(when); i++) {
		refused(FAULT_LOSS, when[i], BENCH_ENCRYPT, "fake lost 1 of 512 packets");
		refused(FAULT_LOSS, when[i], BENCH_DECRYPT, "fake lost 1 of 512 packets");
	}
}

/* There and back, five at a time; five divide no power of two. */
static void test_bursts(void **state)
{
	const struct bench_dataplane *const dataplanes[] = {&fake, NULL};
	struct bench_shape fives = shape;
	struct bench_run run;

	plan.fault = FAULT_NONE;
	fives.burst = 5;
	assert_int_equal(bench_run_open(&run, &fives, dataplanes, NULL), 0);
	assert_int_equal(bench_run_try(&run, &layout, NULL), 0);
	assert_int_equal(plan.largest, 5);
	assert_int_equal(plan.bursts, 2 * (BENCH_PACKETS / 5 + 1));
	bench_run_close(&run);
}

static int setup(void **state)
{
	return bench_machine_open(1, NULL);
}

static int teardown(void **state)
{
	bench_machine_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_honest), cmocka_unit_test(test_clear),
		cmocka_unit_test(test_change), cmocka_unit_test(test_loss),
		cmocka_unit_test(test_bursts),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
