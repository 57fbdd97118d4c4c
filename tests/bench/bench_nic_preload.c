/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The NIC in memory, for a program that does not know of it: this is loaded before the program's
 * libraries (LD_PRELOAD), so that EAL starts with the two ports on them. The ports claim to verify
 * checksums, as a NIC does and net_ring does not; what the generator sends has good ones.
 */

#include "bench_esp.h"
#include "bench_generator.h"
#include "bench_nic.h"
#include <dlfcn.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the program finds in the place of DPDK's; all that they name is public API. */
static void *original(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function) {
		fprintf(stderr, "no %s to stand before: is DPDK linked statically?\n", name);
		abort();
	}
	return function;
}

int rte_eal_init(int argc, char **argv)
{
	int (*init)(int, char **) = original("rte_eal_init");
	struct covey_error error = {.text = ""};
	struct bench_nic_order order;
	int parsed = init(argc, argv);

	if (parsed < 0 || !bench_nic_is_ordered(&order))
		return parsed;
	if (bench_generator_attach(&order, &bench_esp_simple, &error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		return -1;
	}
	return parsed;
}

int rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info *info)
{
	int (*get)(uint16_t, struct rte_eth_dev_info *) = original("rte_eth_dev_info_get");
	int status = get(port, info);

	if (status == 0 && strcmp(info->driver_name, "net_ring") == 0)
		info->rx_offload_capa |= RTE_ETH_RX_OFFLOAD_CHECKSUM;
	return status;
}
