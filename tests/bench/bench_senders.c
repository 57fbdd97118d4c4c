/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * One receiver and many senders, each with its windows, and its key or one for all. Senders'
 * packets are made here, not by as many engines: by ipsec-mb under keys that another implementation
 * derives (tests/unit/dataplane/reference.c). The receiver is covey's own.
 */

#include "bench_figures.h"
#include "bench_gcm.h"
#include "bench_vpe.h"
#include "inbound.h"
#include "reference.h"
#include <covey/wire.h>
#include <errno.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include <stdlib.h>
#include <string.h>

/* Sender 1 has 10.1.0.1, sender 65535 10.1.255.255. */
#define SENDERS_ADDRESS 0x0a010000u

/* --- the dataplane ------------------------------------------------------------------------- */

struct crowd {
	struct dataplane *receiver;
	unsigned senders;
	unsigned windows; /* of each sender */
	uint64_t turn;    /* packets made */
	uint16_t *order;  /* SenderIDs, shuffled: neighbours in memory do not send in turn */
	uint8_t (*keys)[COVEY_TEK_BYTES_MAX]; /* by SenderID */
	enum covey_cipher cipher;
	enum covey_key_scope key_scope;
	struct gcm_context_data context;
	struct bench_gcm gcm;
};

static void crowd_close(void *state)
{
	struct crowd *crowd = state;

	dataplane_close(crowd->receiver);
	free(crowd->order);
	free(crowd->keys);
	free(crowd);
}

static void shuffle(uint16_t *order, unsigned count)
{
	uint64_t random = 1;

	for (unsigned i = 0; i < count; i++)
		order[i] = (uint16_t)(i + 1);
	for (unsigned i = count - 1; i > 0; i--) {
		unsigned other;
		uint16_t held = order[i];

		random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
		other = (unsigned)((random >> 33) % (i + 1));
		order[i] = order[other];
		order[other] = held;
	}
}

static void derive_keys(struct crowd *crowd)
{
	struct reference_sa sa = {
		.spi = BENCH_SPI,
		.cipher = crowd->cipher,
		.key_scope = crowd->key_scope,
	};

	memcpy(sa.tek, bench_key, sizeof(sa.tek));
	for (unsigned id = 1; id <= crowd->senders; id++)
		reference_key(&sa, (uint16_t)id, crowd->keys[id]);
}

static int open_receiver(struct crowd *crowd, const struct bench_shape *shape,
			 struct covey_error *error)
{
	struct covey_roster_entry *roster = calloc(crowd->senders, sizeof(*roster));
	int status;

	if (!roster)
		return covey_error_set(error, -ENOMEM, "no memory for %u senders", crowd->senders);
	for (unsigned id = 1; id <= crowd->senders; id++)
		roster[id - 1] = bench_peer(SENDERS_ADDRESS + id, (uint16_t)id);
	status = bench_vpe_new(shape, BENCH_RECEIVER_ADDRESS, 0, roster, crowd->senders,
			       &crowd->receiver, error);
	free(roster);
	return status;
}

static int crowd_open(const struct bench_shape *shape, void **ret_state, struct covey_error *error)
{
	struct crowd *crowd = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*crowd), 64));
	int status;

	if (!crowd)
		return covey_error_set(error, -ENOMEM, "out of memory");
	memset(crowd, 0, sizeof(*crowd));
	crowd->senders = shape->senders;
	crowd->windows = shape->windows;
	crowd->cipher = shape->cipher;
	crowd->key_scope = shape->key_scope;
	crowd->order = calloc(shape->senders, sizeof(*crowd->order));
	crowd->keys = calloc(shape->senders + 1, sizeof(*crowd->keys));
	status = crowd->order && crowd->keys ? bench_gcm_init(&crowd->gcm, shape->cipher, bench_key)
					     : -ENOMEM;
	if (status < 0)
		covey_error_set(error, status, "%s", strerror(-status));
	else
		status = open_receiver(crowd, shape, error);
	if (status < 0) {
		crowd_close(crowd);
		return status;
	}
	shuffle(crowd->order, shape->senders);
	derive_keys(crowd);
	*ret_state = crowd;
	return 0;
}

/* The VXLAN packet's source becomes the sender. */
static void readdress(struct rte_ipv4_hdr *ip, uint16_t sender_id)
{
	ip->src_addr = rte_cpu_to_be_32(SENDERS_ADDRESS + sender_id);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

/* docs/protocol.md, section 2. Returns the VPE header. */
static struct covey_vpe_header *write_outer(uint8_t *frame, const struct rte_ipv4_hdr *inner,
					    uint16_t window_id, uint16_t inner_len)
{
	struct rte_ipv4_hdr *ip = (void *)(frame + BENCH_ETHERNET_LEN);
	struct rte_udp_hdr *udp = (void *)(ip + 1);
	uint16_t total = (uint16_t)(inner_len + COVEY_OVERHEAD_UDP_IPV4);

	memmove(frame, frame + COVEY_OVERHEAD_UDP_IPV4, BENCH_ETHERNET_LEN);
	memcpy(ip, inner, sizeof(*ip));
	ip->total_length = rte_cpu_to_be_16(total);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	*udp = (struct rte_udp_hdr){
		.src_port = rte_cpu_to_be_16(covey_udp_source_port(window_id)),
		.dst_port = rte_cpu_to_be_16(COVEY_VPE_PORT),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(total - sizeof(*ip))),
	};
	return (void *)(udp + 1);
}

/* Senders take turns, and each its windows. */
static bool make(struct crowd *crowd, struct rte_mbuf *packet)
{
	uint16_t sender_id = crowd->order[crowd->turn % crowd->senders];
	uint64_t turn = crowd->turn++ / crowd->senders;
	uint16_t window_id = covey_window_id(0, 0, (unsigned)(turn % crowd->windows));
	uint16_t inner_len = (uint16_t)(packet->pkt_len - BENCH_ETHERNET_LEN);
	uint8_t *frame = (uint8_t *)rte_pktmbuf_prepend(packet, COVEY_OVERHEAD_UDP_IPV4);
	uint8_t *inner;
	struct covey_vpe_header *vpe;

	if (!frame)
		return false;
	inner = frame + COVEY_OVERHEAD_UDP_IPV4 + BENCH_ETHERNET_LEN;
	readdress((struct rte_ipv4_hdr *)inner, sender_id);
	vpe = write_outer(frame, (const struct rte_ipv4_hdr *)inner, window_id, inner_len);
	covey_vpe_set(vpe, BENCH_SPI, sender_id, window_id,
		      covey_esn(BENCH_EPOCH, turn / crowd->windows + 1));
	bench_gcm_rekey(&crowd->gcm, crowd->keys[sender_id]);
	bench_gcm_packet(&crowd->gcm, true, &crowd->context, packet,
			 BENCH_ETHERNET_LEN + COVEY_OVERHEAD_UDP_IPV4, inner_len,
			 (const uint8_t *)vpe + COVEY_VPE_IV_OFFSET, NULL, 0, vpe->icv);
	return true;
}

static uint16_t crowd_encrypt(void *state, unsigned core, struct rte_mbuf **packets, uint16_t count)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < count; i++) {
		if (make(state, packets[i]))
			packets[kept++] = packets[i];
		else
			rte_pktmbuf_free(packets[i]);
	}
	return kept;
}

static uint16_t crowd_decrypt(void *state, unsigned core, struct rte_mbuf **packets, uint16_t count)
{
	struct engine_worker *worker = dataplane_worker(((struct crowd *)state)->receiver, core);
	uint16_t done = inbound_burst(worker, packets, count);

	engine_worker_quiescent(worker);
	return done;
}

static void crowd_enter(void *state, unsigned core)
{
	engine_worker_online(dataplane_worker(((struct crowd *)state)->receiver, core));
}

static void crowd_leave(void *state, unsigned core)
{
	engine_worker_offline(dataplane_worker(((struct crowd *)state)->receiver, core));
}

static const char *crowd_reason(void *state)
{
	return bench_vpe_reason(((struct crowd *)state)->receiver);
}

static unsigned crowd_windows(void *state)
{
	return bench_vpe_windows(((struct crowd *)state)->receiver);
}

static const struct bench_dataplane crowd_vpe = {
	.name = "vpe",
	.open = crowd_open,
	.close = crowd_close,
	.enter = crowd_enter,
	.leave = crowd_leave,
	.encrypt = crowd_encrypt,
	.decrypt = crowd_decrypt,
	.reason = crowd_reason,
	.windows = crowd_windows,
};

/* --- the figure ---------------------------------------------------------------------------- */

/* Every window of every sender before the clock runs: making one is not what is measured. */
static int fill_windows(struct bench_run *run, const struct bench_layout *layout,
			struct covey_error *error)
{
	unsigned rounds = run->shape.senders * run->shape.windows / BENCH_PACKETS + 1;
	int status = bench_buffers_lay(&run->buffers[0], layout, error);

	for (unsigned i = 0; i < run->count; i++)
		for (unsigned round = 0; round < rounds && status == 0; round++)
			status = bench_run_verify(run, i, error);
	return status;
}

static int senders_point(const struct bench_figure *figure, const struct bench_options *options,
			 unsigned senders, unsigned windows, uint16_t size,
			 struct bench_report *report, struct covey_error *error)
{
	const struct bench_dataplane *dataplanes[3] = {0};
	struct bench_layout layout = {.size = size, .segments = 1};
	struct bench_shape shape = bench_shape_of(options, 1);
	struct bench_run run;
	unsigned count = 0;
	int status;

	shape.senders = senders;
	shape.windows = windows;
	if (bench_is_selected(options, &bench_raw))
		dataplanes[count++] = &bench_raw;
	if (bench_is_selected(options, &bench_vpe))
		dataplanes[count++] = &crowd_vpe;
	bench_report_progress(report, "%s: %u senders with %u windows each begin", figure->name,
			      senders, windows);
	status = bench_run_open(&run, &shape, dataplanes, error);
	if (status < 0)
		return status;
	status = fill_windows(&run, &layout, error);
	if (status == 0)
		status = bench_point(figure, options, &run, BENCH_DECRYPT, &layout, report, error);
	bench_run_close(&run);
	return status;
}

int bench_figure_senders(const struct bench_figure *figure, const struct bench_options *options,
			 struct bench_report *report, struct covey_error *error)
{
	static const uint16_t size[] = {92};
	static const unsigned senders[] = {1, 16, 64, 256, 1024, 4096, 16384, 65535};
	static const unsigned windows[] = {1, 8};
	struct bench_sizes sizes = bench_sizes_of(options, size, 1);
	int status = 0;

	if (!bench_is_selected(options, &bench_vpe))
		return covey_error_set(error, -EINVAL, "%s is a figure of vpe: do not leave it out",
				       figure->name);
	for (size_t i = 0; i < sizes.count * RTE_DIM(windows) && status == 0; i++)
		for (size_t k = 0; k < RTE_DIM(senders) && status == 0; k++) {
			unsigned of_each = windows[i % RTE_DIM(windows)];

			if (senders[k] * of_each > COVEY_REPLAY_WINDOWS_PER_SA_MAX) {
				fprintf(stderr,
					"covey-bench: %u senders with %u windows each are more "
					"than an SA's %u: left out\n",
					senders[k], of_each, COVEY_REPLAY_WINDOWS_PER_SA_MAX);
				continue;
			}
			status = senders_point(figure, options, senders[k], of_each,
					       sizes.sizes[i / RTE_DIM(windows)], report, error);
		}
	return status;
}
