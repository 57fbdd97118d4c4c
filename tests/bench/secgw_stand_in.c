/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Stands in for ipsec-secgw, which Debian ships as source alone: takes its arguments and does ESP
 * between the two ports that EAL has. For the test of covey-bench's figure gateway.
 *
 *   SECGW_STAND_IN=clear   lets packets through as they are
 *   SECGW_STAND_IN=lossy   loses every thousandth
 */

#include "bench_buffers.h"
#include "bench_dataplane.h"
#include <errno.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DESCRIPTORS 512
#define PORTS       2u

static void die(const char *what)
{
	fprintf(stderr, "stand-in: %s\n", what);
	exit(EXIT_FAILURE);
}

/* --- what it is told ----------------------------------------------------------------------- */

static bool has(char **arguments, const char *wanted)
{
	for (; *arguments; arguments++)
		if (strcmp(*arguments, wanted) == 0)
			return true;
	return false;
}

static const char *value_of(char **arguments, const char *name)
{
	for (; *arguments; arguments++)
		if (strcmp(*arguments, name) == 0 && arguments[1])
			return arguments[1];
	die("an argument is missing");
	return NULL;
}

static void check_config(const char *path)
{
	static const char *const wanted[] = {"sp ipv4 out esp protect", "sp ipv4 in esp protect",
					     "sa out ", "sa in ", "rt ipv4"};
	char text[4096] = "";
	FILE *file = fopen(path, "r");

	if (!file || fread(text, 1, sizeof(text) - 1, file) == 0)
		die("no configuration");
	fclose(file);
	for (unsigned i = 0; i < RTE_DIM(wanted); i++)
		if (!strstr(text, wanted[i]))
			die(wanted[i]);
}

static void check_arguments(char **arguments)
{
	if (!has(arguments, "-l") || !has(arguments, "-e") || !has(arguments, "-P") ||
	    strcmp(value_of(arguments, "-w"), "1024") != 0)
		die("not librte_ipsec with ESN and a window of 1024");
	check_config(value_of(arguments, "-f"));
}

/* --- ports --------------------------------------------------------------------------------- */

/* As ipsec-secgw does: with checksums verified, or not at all. */
static void start_port(uint16_t port, struct rte_mempool *pool)
{
	struct rte_eth_conf config = {.rxmode.offloads = RTE_ETH_RX_OFFLOAD_CHECKSUM};

	if (rte_eth_dev_configure(port, 1, 1, &config) != 0 ||
	    rte_eth_rx_queue_setup(port, 0, DESCRIPTORS, 0, NULL, pool) != 0 ||
	    rte_eth_tx_queue_setup(port, 0, DESCRIPTORS, 0, NULL) != 0 ||
	    rte_eth_dev_start(port) != 0)
		die("a port does not start");
}

static void lose(struct rte_mbuf **packets, uint16_t *count)
{
	static unsigned seen;

	seen += *count;
	if (seen < 1000)
		return;
	seen = 0;
	rte_pktmbuf_free(packets[--*count]);
}

static void forward(void *esp, const char *fault, uint16_t port)
{
	struct rte_mbuf *packets[BENCH_BURST];
	uint16_t count = rte_eth_rx_burst(port, 0, packets, BENCH_BURST);

	if (count == 0)
		return;
	if (strcmp(fault, "clear") != 0)
		count = (port == 0 ? bench_esp_simple.encrypt
				   : bench_esp_simple.decrypt)(esp, 0, packets, count);
	if (strcmp(fault, "lossy") == 0)
		lose(packets, &count);
	while (count > 0) {
		uint16_t sent = rte_eth_tx_burst(port ^ 1, 0, packets, count);

		memmove(packets, packets + sent, (count - sent) * sizeof(*packets));
		count -= sent;
	}
}

int main(int argc, char **argv)
{
	struct bench_shape shape = {.cipher = COVEY_AES_256_GCM, .cores = 1, .replay_window = 1024};
	const char *fault = getenv("SECGW_STAND_IN");
	struct covey_error error = {.text = ""};
	int parsed = rte_eal_init(argc, argv);
	struct rte_mempool *pool;
	void *esp;

	if (parsed < 0 || rte_eth_dev_count_avail() != PORTS)
		die("EAL has no two ports");
	check_arguments(argv + parsed);
	pool = rte_pktmbuf_pool_create("pool", 64, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	if (!pool || bench_esp_simple.open(&shape, &esp, &error) < 0)
		die("no memory");
	for (uint16_t port = 0; port < PORTS; port++)
		start_port(port, pool);
	for (;;)
		for (uint16_t port = 0; port < PORTS; port++)
			forward(esp, fault ? fault : "", port);
}
