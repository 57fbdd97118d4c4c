/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * covey's dataplane as a program of its own: the project's ports and worker loop, as covey-host
 * runs them, with one group and one SA that no key manager gave.
 */

#include "bench_gateway.h"
#include "bench_generator.h"
#include "bench_vpe.h"
#include "port.h"
#include <errno.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ARGUMENTS_MAX 128

struct program {
	const char *devices[2]; /* host, fabric */
	unsigned device_count;
	char names[2][RTE_ETH_NAME_MAX_LEN];
	struct rte_mempool *pool;
	struct port *ports[2];
	struct dataplane *dataplane;
	sigset_t ends;
	uint64_t start;
};

/* --- EAL ----------------------------------------------------------------------------------- */

/* The first two Ethernet devices are opened as covey-host opens them: by the port, so that it finds
 * what an idle worker can sleep on. */
static bool takes_device(struct program *program, const char *device)
{
	if (strncmp(device, "net_", 4) != 0 || program->device_count == 2)
		return false;
	program->devices[program->device_count++] = device;
	return true;
}

static int start_eal(struct program *program, const struct bench_options *options,
		     struct covey_error *error)
{
	char *arguments[ARGUMENTS_MAX] = {"covey-bench"};
	int count = 1;

	if (options->eal_count >= ARGUMENTS_MAX)
		return covey_error_set(error, -E2BIG, "more than %u arguments for EAL",
				       ARGUMENTS_MAX - 1);
	for (int i = 0; i < options->eal_count; i++) {
		char *argument = options->eal[i], *value = strchr(argument, '=');

		if (value && strncmp(argument, "--vdev=", 7) == 0 &&
		    takes_device(program, value + 1))
			continue;
		if (strcmp(argument, "--vdev") == 0 && i + 1 < options->eal_count &&
		    takes_device(program, options->eal[i + 1])) {
			i++;
			continue;
		}
		arguments[count++] = argument;
	}
	if (rte_eal_init(count, arguments) < 0)
		return covey_error_set(error, -rte_errno, "DPDK does not start with these: %s",
				       rte_strerror(rte_errno));
	return 0;
}

/* --- ports --------------------------------------------------------------------------------- */

/* What no --vdev named is what EAL found itself, or the NIC in memory. */
static void find_devices(struct program *program)
{
	uint16_t id;

	RTE_ETH_FOREACH_DEV(id) {
		unsigned index = program->device_count;

		if (index == 2 || rte_eth_dev_get_name_by_port(id, program->names[index]) != 0)
			continue;
		program->devices[program->device_count++] = program->names[index];
	}
}

static int open_ports(struct program *program, struct covey_error *error)
{
	static const char *const names[] = {"host", "fabric"};
	struct port_demand demands[2];
	int status = 0;

	find_devices(program);
	if (program->device_count < 2)
		return covey_error_set(error, -ENODEV,
				       "two ports are needed, EAL has %u: name them, as in "
				       "-- --vdev net_af_packet0,iface=A --vdev "
				       "net_af_packet1,iface=B",
				       program->device_count);
	for (unsigned i = 0; i < 2; i++)
		demands[i] = (struct port_demand){
			.af_xdp = strncmp(program->devices[i], "net_af_xdp", 10) == 0,
			.rx_queues = 1,
		};
	program->pool = port_pool_new(RTE_ETHER_MTU + COVEY_OVERHEAD_UDP_IPV6, demands, error);
	if (!program->pool)
		return -ENOMEM;
	for (unsigned i = 0; i < 2 && status == 0; i++)
		status = port_open(program->devices[i], names[i], 0, program->pool,
				   &program->ports[i], error);
	return status;
}

/* --- the dataplane ------------------------------------------------------------------------- */

/* The VTEP that sends; when decryption alone is asked for, the one that receives. */
static int start_dataplane(struct program *program, const struct bench_options *options,
			   struct covey_error *error)
{
	struct bench_shape shape = bench_shape_of(options, 1);
	bool receives = options->directions == BENCH_DIRECTION(BENCH_DECRYPT);
	struct covey_roster_entry sender = bench_peer(BENCH_SENDER_ADDRESS, BENCH_SENDER_ID);
	struct covey_roster_entry receiver = bench_peer(BENCH_RECEIVER_ADDRESS, BENCH_RECEIVER_ID);
	struct dataplane_config config =
		bench_vpe_config(&shape, receives ? BENCH_RECEIVER_ADDRESS : BENCH_SENDER_ADDRESS);
	struct covey_sa sa = bench_vpe_sa(&shape, receives ? BENCH_RECEIVER_ID : BENCH_SENDER_ID);
	uint32_t vni = BENCH_VNI;
	int status;

	config.host_port = program->ports[0];
	config.fabric_port = program->ports[1];
	status = dataplane_open(&config, &program->dataplane, error);
	if (status == 0)
		status = dataplane_group_set(program->dataplane, BENCH_GROUP, &vni, 1, error);
	if (status == 0)
		status = dataplane_sa_install(program->dataplane, &sa,
					      receives ? &sender : &receiver, 1, error);
	if (status == 0)
		status = dataplane_sa_activate(program->dataplane, sa.spi, error);
	if (status == 0)
		status = dataplane_start(program->dataplane, error);
	program->start = rte_get_tsc_cycles();
	return status;
}

static int open_all(struct program *program, const struct bench_options *options,
		    struct covey_error *error)
{
	struct bench_nic_order order;
	int status = start_eal(program, options, error);

	if (status == 0 && bench_nic_is_ordered(&order))
		status = bench_generator_attach(&order, &bench_vpe, error);
	if (status == 0)
		status = open_ports(program, error);
	if (status == 0)
		status = start_dataplane(program, options, error);
	return status;
}

static void close_all(struct program *program)
{
	dataplane_close(program->dataplane);
	port_close(program->ports[1]);
	port_close(program->ports[0]);
	port_pool_free(program->pool);
	rte_eal_cleanup();
}

/* --- what it did --------------------------------------------------------------------------- */

static int tell_direction(const struct bench_figure *figure, enum bench_direction direction,
			  uint64_t packets, uint64_t bytes, double ns, struct bench_report *report,
			  struct covey_error *error)
{
	struct bench_row row = {
		.figure = figure->name,
		.dataplane = bench_vpe.name,
		.direction = direction,
		.cores = 1,
		.senders = 1,
		.windows = 1,
		.segments = 1,
		.packets = packets,
	};

	if (packets == 0)
		return 0;
	row.size = (unsigned)(bytes / packets);
	row.ns = ns / (double)packets;
	row.gbit = (double)bytes * 8 / ns;
	return bench_report_add(report, figure->axis, &row, 1, error);
}

static int tell(const struct program *program, const struct bench_figure *figure,
		struct bench_report *report, struct covey_error *error)
{
	double ns =
		(double)(rte_get_tsc_cycles() - program->start) * 1e9 / (double)rte_get_tsc_hz();
	struct dataplane_counters counters;
	int status;

	dataplane_read_counters(program->dataplane, &counters);
	for (unsigned i = 0; i < COVEY_DROP_COUNT; i++)
		if (counters.drops[i])
			fprintf(stderr, "covey-bench: %llu packets dropped: %s\n",
				(unsigned long long)counters.drops[i], covey_drop_names[i]);
	if (counters.encrypted_packets + counters.decrypted_packets == 0)
		return covey_error_set(error, -ENODATA,
				       "no packet came that is to be encrypted or decrypted");
	status = tell_direction(figure, BENCH_ENCRYPT, counters.encrypted_packets,
				counters.encrypted_bytes, ns, report, error);
	if (status == 0)
		status = tell_direction(figure, BENCH_DECRYPT, counters.decrypted_packets,
					counters.decrypted_bytes, ns, report, error);
	return status;
}

/* --- the program --------------------------------------------------------------------------- */

/* Before there are threads, so that none of them takes the signal. */
static void block_signals(struct program *program)
{
	sigemptyset(&program->ends);
	sigaddset(&program->ends, SIGINT);
	sigaddset(&program->ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &program->ends, NULL);
}

/* A program that is stopped and goes on is woken early. */
static void wait_for_end(const struct program *program, double seconds)
{
	uint64_t end = program->start + (uint64_t)(seconds * (double)rte_get_tsc_hz());
	uint64_t now;

	while ((now = rte_get_tsc_cycles()) < end) {
		double left = (double)(end - now) / (double)rte_get_tsc_hz();
		struct timespec rest = {
			.tv_sec = (time_t)left,
			.tv_nsec = (long)((left - (double)(time_t)left) * 1e9),
		};

		if (sigtimedwait(&program->ends, NULL, &rest) > 0)
			return;
	}
}

int bench_gateway_program(const struct bench_figure *figure, const struct bench_options *options,
			  struct bench_report *report, struct covey_error *error)
{
	struct program program = {.device_count = 0};
	int status;

	block_signals(&program);
	status = open_all(&program, options, error);
	if (status == 0) {
		wait_for_end(&program, bench_seconds(figure, options));
		status = tell(&program, figure, report, error);
	}
	close_all(&program);
	return status;
}
