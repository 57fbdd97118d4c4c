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

static void check_pool(uint16_t mtu, unsigned queues)
{
	struct covey_error error;
	struct rte_mempool *pool = port_pool_new(mtu, queues, true, &error);
	struct area area = {0};
	uintptr_t first;

	assert_non_null(pool);
	first = (uintptr_t)STAILQ_FIRST(&pool->mem_list)->addr;
	area.length = rte_mempool_calc_obj_size(pool->elt_size, pool->flags, NULL);
	area.begin = first / PAGE * PAGE;
	area.end = first + (uintptr_t)pool->populated_size * area.length;
	assert_int_equal(rte_mempool_obj_iter(pool, look, &area), pool->size);
	assert_int_equal(area.outside, 0);
	assert_int_equal(area.across, 0);
	assert_true(rte_pktmbuf_data_room_size(pool) >= RTE_PKTMBUF_HEADROOM + mtu + AROUND_FRAME);
	assert_int_equal(rte_mempool_avail_count(pool), pool->size);
	port_pool_free(pool);
}

static void test_kernel_knows_all(void **state)
{
	static const uint16_t mtus[] = {576, 1500, 1600, 2048, 3000, 3400};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(mtus); i++)
		for (unsigned queues = 1; queues <= 8; queues *= 2)
			check_pool(mtus[i], queues);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_knows_all),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
