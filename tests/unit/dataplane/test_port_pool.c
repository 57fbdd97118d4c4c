/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The buffers of AF_XDP ports: every one lies within what DPDK 22.11 registers with the kernel,
 * which is as many times the length of one, from the page on in which the first begins; and none
 * crosses a page. The kernel loses those that do not.
 */
#include "port.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <rte_eal.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PAGE 4096u
/* Before a frame: the kernel's headroom; around it: Ethernet and two tags. */
#define AROUND_FRAME (256 + 14 + 2 * 4)

static int start(void **state)
{
	char prefix[64];
	char *arguments[] = {
		"unit",    "--no-huge",     "--no-pci", "--no-shconf", "--no-telemetry",
		"-m",      "256",           "--lcores", "0@0",         "--log-level",
		"lib.*:4", "--file-prefix", prefix};

	(void)state;
	snprintf(prefix, sizeof(prefix), "covey-unit-%d", getpid());
	return rte_eal_init(RTE_DIM(arguments), arguments) < 0 ? -1 : 0;
}

struct area {
	uintptr_t begin, end;
	uint32_t length; /* of one */
	unsigned outside, across;
};

static void look(struct rte_mempool *pool, void *arg, void *object, unsigned index)
{
	struct area *area = arg;
	uintptr_t begin = (uintptr_t)object - pool->header_size;
	uintptr_t last = begin + area->length - 1;

	(void)index;
	area->outside += begin < area->begin || last >= area->end;
	area->across += begin / PAGE != last / PAGE;
}

/* Of port i, and of one beside it that is no AF_XDP port. */
static struct rte_mempool *new_pool(uint16_t mtu, unsigned queues, unsigned i)
{
	struct port_demand demands[2] = {{.rx_queues = 1}, {.rx_queues = 1}};
	struct covey_error error;
	struct rte_mempool *pool;

	demands[i] = (struct port_demand){.af_xdp = true, .rx_queues = queues};
	pool = port_pool_new(mtu, demands, &error);
	assert_non_null(pool);
	return pool;
}

static void check_pool(struct rte_mempool *pool, uint16_t mtu)
{
	struct area area = {0};
	uintptr_t first = (uintptr_t)STAILQ_FIRST(&pool->mem_list)->addr;

	area.length = rte_mempool_calc_obj_size(pool->elt_size, pool->flags, NULL);
	area.begin = first / PAGE * PAGE;
	area.end = first + (uintptr_t)pool->populated_size * area.length;
	assert_int_equal(rte_mempool_obj_iter(pool, look, &area), pool->size);
	assert_int_equal(area.outside, 0);
	assert_int_equal(area.across, 0);
	assert_true(rte_pktmbuf_data_room_size(pool) >= RTE_PKTMBUF_HEADROOM + mtu + AROUND_FRAME);
	assert_int_equal(rte_mempool_avail_count(pool), pool->size);
}

static void test_kernel_knows_all(void **state)
{
	const uint16_t mtus[] = {576, 1500, 1600, 2048, 3000, port_af_xdp_mtu_max()};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(mtus); i++)
		for (unsigned queues = 1; queues <= 4; queues *= 2)
			for (unsigned port = 0; port < 2; port++) {
				struct rte_mempool *pool = new_pool(mtus[i], queues, port);

				check_pool(pool, mtus[i]);
				port_pool_free(pool);
			}
}

/* What both can hold at once, of 2,048 a ring and 1,024 of another driver's: there is more. */
static void test_never_empty(void **state)
{
	struct port_demand demands[2] = {{.af_xdp = true, .rx_queues = 4},
					 {.af_xdp = true, .rx_queues = 1}};
	struct covey_error error;
	struct rte_mempool *pool = port_pool_new(1500, demands, &error);

	(void)state;
	assert_non_null(pool);
	assert_true(pool->size > (4 + 2 + 1 + 2) * 2048);
	port_pool_free(pool);
	demands[0] = demands[1] = (struct port_demand){.rx_queues = 4};
	pool = port_pool_new(9000, demands, &error);
	assert_non_null(pool);
	assert_true(pool->size > 2 * (4 + 1) * 1024);
	assert_true(rte_pktmbuf_data_room_size(pool) >= RTE_PKTMBUF_HEADROOM + 9000 + AROUND_FRAME);
	port_pool_free(pool);
}

static void test_too_long_for_a_page(void **state)
{
	const struct port_demand demands[2] = {{.rx_queues = 1}, {.af_xdp = true, .rx_queues = 1}};
	struct covey_error error;

	(void)state;
	assert_null(port_pool_new((uint16_t)(port_af_xdp_mtu_max() + 1), demands, &error));
	assert_non_null(strstr(error.text, "AF_XDP carries an MTU of at most"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_knows_all),
		cmocka_unit_test(test_never_empty),
		cmocka_unit_test(test_too_long_for_a_page),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
