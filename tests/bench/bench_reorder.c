/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What a fabric with QoS does to replay windows. A stream of packets of eight classes, mixed at
 * random, is encrypted in one order and arrives in another: a priority scheduler under load lets
 * the highest class pass at once and keeps a packet of a lower one back, until as many packets of
 * the stream have passed as its queue is long: depth for the lowest class, less in equal steps for
 * those between. Inside a class nothing is reordered. Then each dataplane decrypts what it can.
 */

#include "bench_figures.h"
#include <covey/wire.h>
#include <errno.h>
#include <rte_cycles.h>
#include <stdlib.h>
#include <string.h>

#define STREAM 32768u
#define SIZE   92u

struct stream {
	struct rte_mempool *pool;
	uint16_t size;
	struct rte_mbuf *packets[STREAM]; /* as sent, then as they arrive */
	struct arrival {
		uint32_t position;
		uint32_t index;
	} arrivals[STREAM];
};

/* --- the stream ---------------------------------------------------------------------------- */

/* The top bits of a generator that gives the same stream each time. */
static unsigned class_of(uint64_t *random)
{
	*random = *random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned)(*random >> 61);
}

static int by_position(const void *a, const void *b)
{
	const struct arrival *x = a, *y = b;

	if (x->position != y->position)
		return x->position < y->position ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

/* Packets in the order in which they are sent, and where they will stand when they arrive. */
static int stream_make(struct stream *stream, unsigned depth, struct covey_error *error)
{
	uint64_t random = 7;

	if (rte_pktmbuf_alloc_bulk(stream->pool, stream->packets, STREAM) < 0)
		return covey_error_set(error, -ENOMEM, "packets were lost");
	for (unsigned i = 0; i < STREAM; i++) {
		unsigned traffic_class = class_of(&random);
		char *frame = rte_pktmbuf_append(stream->packets[i],
						 (uint16_t)(BENCH_ETHERNET_LEN + stream->size));

		memset(frame, (int)i, BENCH_ETHERNET_LEN + stream->size);
		bench_frame_write((uint8_t *)frame, stream->size, 0, (uint8_t)(traffic_class << 3),
				  BENCH_RECEIVER_ADDRESS);
		stream->arrivals[i] = (struct arrival){
			i + depth * (COVEY_CLASSES - 1 - traffic_class) / (COVEY_CLASSES - 1), i};
	}
	qsort(stream->arrivals, STREAM, sizeof(*stream->arrivals), by_position);
	return 0;
}

static void stream_reorder(struct stream *stream)
{
	static struct rte_mbuf *sent[STREAM];

	memcpy(sent, stream->packets, sizeof(sent));
	for (unsigned i = 0; i < STREAM; i++)
		stream->packets[i] = sent[stream->arrivals[i].index];
}

/* --- one dataplane ------------------------------------------------------------------------- */

/* There and, reordered, back. Returns how many arrived. */
static unsigned carry(const struct bench_dataplane *dataplane, void *state, struct stream *stream,
		      double *ret_ns)
{
	unsigned through = 0;
	uint64_t start;

	if (dataplane->enter)
		dataplane->enter(state, 0);
	for (unsigned i = 0; i < STREAM; i += BENCH_BURST)
		through += dataplane->encrypt(state, 0, stream->packets + i, BENCH_BURST);
	if (through == STREAM) {
		stream_reorder(stream);
		through = 0;
		start = rte_rdtsc_precise();
		for (unsigned i = 0; i < STREAM; i += BENCH_BURST) {
			struct rte_mbuf **burst = stream->packets + i;
			uint16_t kept = dataplane->decrypt(state, 0, burst, BENCH_BURST);

			rte_pktmbuf_free_bulk(burst, kept);
			through += kept;
		}
		*ret_ns = (double)(rte_rdtsc_precise() - start) * 1e9 / (double)rte_get_tsc_hz() /
			  STREAM;
	}
	if (dataplane->leave)
		dataplane->leave(state, 0);
	return through;
}

static int lose(const struct bench_dataplane *dataplane, const struct bench_shape *shape,
		unsigned depth, struct stream *stream, struct bench_row *row,
		struct covey_error *error)
{
	void *state;
	int status = dataplane->open(shape, &state, error);

	if (status < 0)
		return status;
	status = stream_make(stream, depth, error);
	if (status == 0) {
		row->dataplane = dataplane->name;
		row->windows = 1;
		row->lost = STREAM - carry(dataplane, state, stream, &row->ns);
		row->gbit = stream->size * 8 / row->ns;
		if (dataplane->windows)
			row->windows = dataplane->windows(state);
		/* Nothing is lost that came in order: else it is not reordering that is seen. */
		if (row->ns == 0 || (depth == 0 && row->lost > 0))
			status = covey_error_set(error, -EIO,
						 "%s lost %llu packets that came in order",
						 dataplane->name, (unsigned long long)row->lost);
	}
	dataplane->close(state);
	return status;
}

/* --- the figure ---------------------------------------------------------------------------- */

static int reorder_point(const struct bench_figure *figure, const struct bench_options *options,
			 uint32_t replay_window, unsigned depth, struct stream *stream,
			 struct bench_report *report, struct covey_error *error)
{
	struct bench_list list = bench_selected(options);
	struct bench_row rows[BENCH_DATAPLANES_MAX];
	struct bench_shape shape = bench_shape_of(options, 1);
	unsigned count = 0;
	int status = 0;

	shape.replay_window = replay_window;
	shape.classes = COVEY_CLASSES;
	shape.paths = 1;
	bench_report_progress(report, "%s: replay window %u, depth %u", figure->name, replay_window,
			      depth);
	for (unsigned i = 0; list.dataplanes[i] && status == 0; i++) {
		/* It has no window to lose packets by. */
		if (list.dataplanes[i] == &bench_raw || list.dataplanes[i] == &bench_many)
			continue;
		rows[count] = (struct bench_row){
			.figure = figure->name,
			.direction = BENCH_DECRYPT,
			.size = stream->size,
			.cores = 1,
			.senders = 1,
			.segments = 1,
			.packets = STREAM,
			.replay_window = replay_window,
			.depth = depth,
		};
		status = lose(list.dataplanes[i], &shape, depth, stream, &rows[count], error);
		count++;
	}
	return status < 0 ? status : bench_report_add(report, figure->axis, rows, count, error);
}

static int stream_new(const struct bench_options *options, struct stream **ret_stream,
		      struct covey_error *error)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (stream) {
		stream->size = options->size_count ? options->sizes[0] : SIZE;
		stream->pool = rte_pktmbuf_pool_create(
			"stream", STREAM, 0, 0,
			(uint16_t)(RTE_PKTMBUF_HEADROOM + BENCH_ETHERNET_LEN + stream->size + 64),
			SOCKET_ID_ANY);
	}
	if (!stream || !stream->pool) {
		free(stream);
		return covey_error_set(error, -ENOMEM,
				       "no memory for %u packets of %u bytes: try smaller ones",
				       STREAM, options->size_count ? options->sizes[0] : SIZE);
	}
	*ret_stream = stream;
	return 0;
}

int bench_figure_reorder(const struct bench_figure *figure, const struct bench_options *options,
			 struct bench_report *report, struct covey_error *error)
{
	static const uint32_t usual_windows[] = {64, 256, 1024, 4096};
	static const unsigned depths[] = {0, 64, 256, 1024, 4096, 16384};
	const uint32_t *windows = options->replay_window ? &options->replay_window : usual_windows;
	size_t count = options->replay_window ? 1 : RTE_DIM(usual_windows);
	struct stream *stream = NULL;
	int status = stream_new(options, &stream, error);

	if (status < 0)
		return status;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < RTE_DIM(depths) && status == 0; k++)
			status = reorder_point(figure, options, windows[i], depths[k], stream,
					       report, error);
	rte_mempool_free(stream->pool);
	free(stream);
	return status;
}
