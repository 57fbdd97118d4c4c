/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * An unmodified ipsec-secgw from outside: packets go in at one of its ports as fast as they can,
 * and those that come out of the other are counted. Its ports are TAP devices: of DPDK's drivers
 * without hardware, that is the only one that offers the checksum offloads which ipsec-secgw
 * insists on. So the kernel carries each packet twice, and most of the time is the kernel's.
 */

#include "bench_figures.h"
#include "bench_machine.h"
#include "bench_secgw_process.h"
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <rte_cycles.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The ports' MTU, less what ESP adds. */
#define SIZE_MAX_TAP 1400u
#define WARM_SECONDS 0.2

struct flood {
	int socket;
	void *esp; /* bench_esp_simple's state: makes packets to decrypt */
	struct bench_buffers buffers;
};

/* --- sending ------------------------------------------------------------------------------- */

static int open_socket(const char *port, int *ret_socket, struct covey_error *error)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)if_nametoindex(port),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int code = -errno;

		if (fd >= 0)
			close(fd);
		return covey_error_set(error, code, "cannot send to %s: %s", port, strerror(-code));
	}
	*ret_socket = fd;
	return 0;
}

static void send_burst(const struct flood *flood, struct rte_mbuf **packets)
{
	struct mmsghdr messages[BENCH_BURST] = {0};
	struct iovec parts[BENCH_BURST];

	for (unsigned i = 0; i < BENCH_BURST; i++) {
		parts[i] =
			(struct iovec){rte_pktmbuf_mtod(packets[i], void *), packets[i]->data_len};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
	}
	/* What the port has no room for is gone: it is a flood. */
	(void)sendmmsg(flood->socket, messages, BENCH_BURST, 0);
}

/* Returns how many. */
static uint64_t send_for(const struct flood *flood, double seconds)
{
	uint64_t end = rte_get_tsc_cycles() + (uint64_t)(seconds * (double)rte_get_tsc_hz());
	struct rte_mbuf *packets[BENCH_PACKETS];
	uint64_t sent = 0;

	while (rte_get_tsc_cycles() < end) {
		bench_buffers_reset(&flood->buffers, packets);
		for (unsigned i = 0; i < BENCH_PACKETS; i += BENCH_BURST) {
			if (flood->esp)
				bench_esp_simple.encrypt(flood->esp, 0, packets + i, BENCH_BURST);
			send_burst(flood, packets + i);
		}
		sent += BENCH_PACKETS;
	}
	return sent;
}

/* --- measuring ----------------------------------------------------------------------------- */

static int flood_and_count(const struct flood *flood, const char *out, double seconds,
			   struct bench_row *row, struct covey_error *error)
{
	uint64_t start, sent, packets;

	send_for(flood, WARM_SECONDS);
	packets = secgw_packets(out);
	start = rte_get_tsc_cycles();
	sent = send_for(flood, seconds);
	packets = secgw_packets(out) - packets;
	row->ns = (double)(rte_get_tsc_cycles() - start) * 1e9 / (double)rte_get_tsc_hz();
	if (packets == 0)
		return covey_error_set(error, -EIO, "ipsec-secgw lets nothing through");
	if (packets > sent - sent / 50)
		fprintf(stderr, "covey-bench: ipsec-secgw kept up with all that could be sent: it "
				"may be faster\n");
	row->packets = packets;
	row->ns /= (double)packets;
	row->gbit = row->size * 8 / row->ns;
	return 0;
}

static int secgw_point(const struct bench_figure *figure, const struct bench_options *options,
		       enum bench_direction direction, uint16_t size, struct flood *flood,
		       struct bench_report *report, struct covey_error *error)
{
	bool decrypt = direction == BENCH_DECRYPT;
	struct bench_shape shape = bench_shape_of(options, 1);
	struct bench_layout layout = {.size = size, .segments = 1};
	struct secgw_process process;
	struct bench_row row = {
		.figure = figure->name,
		.dataplane = "ipsec-secgw",
		.direction = direction,
		.size = size,
		.cores = 1,
		.senders = 1,
		.windows = 1,
		.segments = 1,
	};
	int rc;

	bench_report_progress(report, "%s: %u bytes", figure->name, size);
	rc = secgw_start(options->secgw, &shape, bench_machine_cpu(0), &process, error);
	if (rc < 0)
		return rc;
	rc = bench_buffers_lay(&flood->buffers, &layout, error);
	if (rc == 0)
		rc = open_socket(decrypt ? SECGW_ESP_PORT : SECGW_PLAIN_PORT, &flood->socket,
				 error);
	if (rc == 0) {
		double seconds = options->seconds > 0 ? options->seconds : figure->seconds;

		if (decrypt)
			rc = bench_esp_simple.open(&shape, &flood->esp, error);
		if (rc == 0)
			rc = flood_and_count(flood, decrypt ? SECGW_PLAIN_PORT : SECGW_ESP_PORT,
					     seconds, &row, error);
		if (flood->esp)
			bench_esp_simple.close(flood->esp);
		flood->esp = NULL;
		close(flood->socket);
	}
	secgw_stop(&process);
	return rc < 0 ? rc : bench_report_add(report, figure->axis, &row, 1, error);
}

/* --- the figure ---------------------------------------------------------------------------- */

/* Leave core 0's CPU to the program. */
static void move_away(void)
{
	cpu_set_t cpus;

	if (bench_machine_cores() < 2) {
		fprintf(stderr, "covey-bench: no second core: ipsec-secgw shares the one with "
				"what sends to it\n");
		return;
	}
	CPU_ZERO(&cpus);
	CPU_SET(bench_machine_cpu(1), &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

int bench_figure_secgw(const struct bench_figure *figure, const struct bench_options *options,
		       struct bench_report *report, struct covey_error *error)
{
	static const uint16_t usual_sizes[] = {92, SIZE_MAX_TAP};
	struct bench_sizes sizes = bench_sizes_of(options, usual_sizes, RTE_DIM(usual_sizes));
	struct flood flood = {0};
	int rc;

	if (!options->secgw)
		return covey_error_set(error, -EINVAL, "which ipsec-secgw? --secgw PATH says it");
	for (size_t i = 0; i < sizes.count; i++)
		if (sizes.sizes[i] > SIZE_MAX_TAP)
			return covey_error_set(
				error, -EINVAL,
				"ipsec-secgw's ports carry packets of up to %u bytes",
				SIZE_MAX_TAP);
	rc = bench_buffers_open(&flood.buffers, 0, error);
	if (rc < 0)
		return rc;
	move_away();
	for (unsigned direction = BENCH_ENCRYPT; direction <= BENCH_DECRYPT; direction++)
		for (size_t i = 0; i < sizes.count && rc == 0; i++)
			if (options->directions & BENCH_DIRECTION(direction))
				rc = secgw_point(figure, options, direction, sizes.sizes[i], &flood,
						 report, error);
	bench_buffers_close(&flood.buffers);
	return rc;
}
