/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What a sender does for one packet to N receivers. VPE encrypts it once, to the multicast group,
 * and the fabric copies it. Tunnels from peer to peer need a copy for each receiver, addressed to
 * it and encrypted for it (head-end replication).
 *
 * The tunnels here share one key, which flatters them: N keys would be N times as much to load.
 */

#include "bench_figures.h"
#include <errno.h>
#include <rte_ip.h>
#include <stdlib.h>
#include <string.h>

#define RECEIVERS_MAX 32u

struct replication {
	const struct bench_dataplane *tunnel;
	void *state;
	unsigned receivers;
	struct rte_mempool *pool;
};

/* --- tunnels ------------------------------------------------------------------------------- */

static void replication_close(void *state)
{
	struct replication *replication = state;

	if (replication->state)
		replication->tunnel->close(replication->state);
	rte_mempool_free(replication->pool);
	free(replication);
}

static int replication_open(const struct bench_dataplane *tunnel, const struct bench_shape *shape,
			    void **ret_state, struct covey_error *error)
{
	struct replication *replication = calloc(1, sizeof(*replication));
	char name[RTE_MEMPOOL_NAMESIZE];
	int status = -ENOMEM;

	if (!replication)
		return covey_error_set(error, -ENOMEM, "out of memory");
	replication->tunnel = tunnel;
	replication->receivers = shape->receivers;
	snprintf(name, sizeof(name), "copies-%s", tunnel->name);
	replication->pool = rte_pktmbuf_pool_create(
		name, 8 * BENCH_BURST, 2 * BENCH_BURST, 0,
		(uint16_t)(RTE_PKTMBUF_HEADROOM + BENCH_ETHERNET_LEN + BENCH_SIZE_MAX + 64),
		SOCKET_ID_ANY);
	if (!replication->pool)
		covey_error_set(error, -ENOMEM, "no memory for copies of packets");
	else
		status = tunnel->open(shape, &replication->state, error);
	if (status < 0) {
		replication_close(replication);
		return status;
	}
	*ret_state = replication;
	return 0;
}

/* One receiver's address instead of the group's. */
static void readdress(uint8_t *frame)
{
	struct rte_ipv4_hdr *ip = (void *)(frame + BENCH_ETHERNET_LEN);
	rte_be32_t before = ip->dst_addr, after = rte_cpu_to_be_32(BENCH_RECEIVER_ADDRESS);
	uint32_t sum = (uint16_t)~ip->hdr_checksum;

	/* RFC 1624: what went is subtracted, what came is added. */
	sum += (uint16_t)~before + (uint16_t) ~(before >> 16);
	sum += (uint16_t)after + (uint16_t)(after >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ip->hdr_checksum = (uint16_t)~sum;
	ip->dst_addr = after;
}

/* Copies for one receiver, encrypted and sent, which here means freed. */
static bool send_copies(struct replication *replication, unsigned core, struct rte_mbuf **packets,
			uint16_t count)
{
	struct rte_mbuf *copies[BENCH_BURST];
	uint16_t done;

	if (rte_pktmbuf_alloc_bulk(replication->pool, copies, count) < 0)
		return false;
	for (uint16_t i = 0; i < count; i++) {
		uint8_t *frame = (uint8_t *)rte_pktmbuf_append(copies[i], packets[i]->data_len);

		rte_memcpy(frame, rte_pktmbuf_mtod(packets[i], const void *), packets[i]->data_len);
		readdress(frame);
	}
	done = replication->tunnel->encrypt(replication->state, core, copies, count);
	rte_pktmbuf_free_bulk(copies, done);
	return done == count;
}

/* The last receiver gets the packets themselves. */
static uint16_t replication_encrypt(void *state, unsigned core, struct rte_mbuf **packets,
				    uint16_t count)
{
	struct replication *replication = state;

	for (unsigned i = 1; i < replication->receivers; i++)
		if (!send_copies(replication, core, packets, count)) {
			rte_pktmbuf_free_bulk(packets, count);
			return 0;
		}
	for (uint16_t i = 0; i < count; i++)
		readdress(rte_pktmbuf_mtod(packets[i], uint8_t *));
	return replication->tunnel->encrypt(replication->state, core, packets, count);
}

static uint16_t replication_decrypt(void *state, unsigned core, struct rte_mbuf **packets,
				    uint16_t count)
{
	struct replication *replication = state;

	return replication->tunnel->decrypt(replication->state, core, packets, count);
}

static int open_simple(const struct bench_shape *shape, void **ret_state, struct covey_error *error)
{
	return replication_open(&bench_esp_simple, shape, ret_state, error);
}

static int open_rte_ipsec(const struct bench_shape *shape, void **ret_state,
			  struct covey_error *error)
{
	return replication_open(&bench_rte_ipsec, shape, ret_state, error);
}

static const struct bench_dataplane simple_tunnels = {
	.name = "esp-simple",
	.open = open_simple,
	.close = replication_close,
	.encrypt = replication_encrypt,
	.decrypt = replication_decrypt,
};

static const struct bench_dataplane rte_ipsec_tunnels = {
	.name = "rte-ipsec",
	.open = open_rte_ipsec,
	.close = replication_close,
	.encrypt = replication_encrypt,
	.decrypt = replication_decrypt,
};

/* --- the figure ---------------------------------------------------------------------------- */

static int multicast_point(const struct bench_figure *figure, const struct bench_options *options,
			   uint16_t size, unsigned receivers, struct bench_report *report,
			   struct covey_error *error)
{
	static const struct bench_dataplane *const all[][2] = {
		{&bench_raw, &bench_raw},
		{&bench_vpe, &bench_vpe},
		{&bench_esp_simple, &simple_tunnels},
		{&bench_rte_ipsec, &rte_ipsec_tunnels},
	};
	const struct bench_dataplane *dataplanes[RTE_DIM(all) + 1] = {0};
	struct bench_layout layout = {.size = size, .segments = 1, .multicast = true};
	struct bench_shape shape = bench_shape_of(options, 1);
	struct bench_run run;
	unsigned count = 0;
	int status;

	for (unsigned i = 0; i < RTE_DIM(all); i++)
		if (bench_is_selected(options, all[i][0]))
			dataplanes[count++] = all[i][1];
	shape.receivers = receivers;
	status = bench_run_open(&run, &shape, dataplanes, error);
	if (status < 0)
		return status;
	status = bench_point(figure, options, &run, BENCH_ENCRYPT, &layout, report, error);
	bench_run_close(&run);
	return status;
}

int bench_figure_multicast(const struct bench_figure *figure, const struct bench_options *options,
			   struct bench_report *report, struct covey_error *error)
{
	static const uint16_t usual_sizes[] = {92, 1400};
	static const unsigned receivers[] = {2, 8, RECEIVERS_MAX};
	struct bench_sizes sizes = bench_sizes_of(options, usual_sizes, RTE_DIM(usual_sizes));
	int status = 0;

	for (size_t i = 0; i < sizes.count; i++)
		for (size_t k = 0; k < RTE_DIM(receivers) && status == 0; k++)
			status = multicast_point(figure, options, sizes.sizes[i], receivers[k],
						 report, error);
	return status;
}
