/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets that workers drop, shown to the operator who asked for them. */

#include <errno.h>
#include <rte_cycles.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dataplane_state.h"

/* --- arming ---------------------------------------------------------------------------------- */

static struct capture_ring *set_ring(struct dataplane *dataplane, unsigned worker,
				     struct capture_ring *ring)
{
	return atomic_exchange_explicit(&dataplane_worker(dataplane, worker)->capture.ring, ring,
					memory_order_acq_rel);
}

bool dataplane_capture_is_on(const struct dataplane *dataplane)
{
	return atomic_load_explicit(&dataplane->engine.workers[0].capture.ring,
				    memory_order_relaxed) != NULL;
}

int dataplane_capture_begin(struct dataplane *dataplane)
{
	struct capture_ring *rings[ENGINE_WORKERS_MAX];

	if (dataplane_capture_is_on(dataplane))
		return -EBUSY;
	for (unsigned i = 0; i < dataplane->engine.worker_count; i++) {
		rings[i] = capture_ring_new();
		if (rings[i])
			continue;
		while (i > 0)
			capture_ring_free(rings[--i]);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < dataplane->engine.worker_count; i++)
		set_ring(dataplane, i, rings[i]);
	return 0;
}

/* As for a snapshot: when no worker holds what it read before, the rings are nobody's. */
void dataplane_capture_end(struct dataplane *dataplane)
{
	struct capture_ring *rings[ENGINE_WORKERS_MAX];

	if (!dataplane_capture_is_on(dataplane))
		return;
	for (unsigned i = 0; i < dataplane->engine.worker_count; i++)
		rings[i] = set_ring(dataplane, i, NULL);
	rte_rcu_qsbr_check(dataplane->engine.qsbr, rte_rcu_qsbr_start(dataplane->engine.qsbr),
			   true);
	for (unsigned i = 0; i < dataplane->engine.worker_count; i++)
		capture_ring_free(rings[i]);
}

/* --- reading --------------------------------------------------------------------------------- */

static uint64_t real_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t age_ns(uint64_t tsc, uint64_t now)
{
	return now > tsc ? (uint64_t)((double)(now - tsc) * 1e9 / (double)rte_get_tsc_hz()) : 0;
}

/* The secret by which the guard's frames are known leaves the host in no file either. */
static void hide_secret(const struct engine *engine, struct dataplane_captured *packet)
{
	if (engine->own.source_mask == 0 || packet->len < 2 * sizeof(engine->config.host_mac) ||
	    packet->len < sizeof(struct rte_ether_hdr) ||
	    !recognise_own_source(&engine->own, packet->bytes))
		return;
	memcpy(packet->bytes + sizeof(engine->config.host_mac), engine->config.host_mac,
	       sizeof(engine->config.host_mac));
}

static int by_time(const void *a, const void *b)
{
	const struct dataplane_captured *left = a, *right = b;

	return (left->ns > right->ns) - (left->ns < right->ns);
}

/* From all workers in turn, so that none fills the list alone. */
static size_t take_all(struct dataplane *dataplane, struct dataplane_captured *list, size_t max)
{
	const uint64_t ns = real_ns(), tsc = rte_rdtsc();
	struct capture_record record;
	size_t count = 0, before;

	do {
		before = count;
		for (unsigned i = 0; i < dataplane->engine.worker_count && count < max; i++) {
			struct capture_ring *ring = dataplane_worker(dataplane, i)->capture.ring;
			struct dataplane_captured *packet = &list[count];

			if (!capture_ring_take(ring, &record))
				continue;
			packet->ns = ns - age_ns(record.tsc, tsc);
			packet->reason = record.reason;
			packet->full_len = record.full_len;
			packet->len = record.len;
			memcpy(packet->bytes, record.bytes, record.len);
			hide_secret(&dataplane->engine, packet);
			count++;
		}
	} while (count > before);
	return count;
}

size_t dataplane_capture_take(struct dataplane *dataplane, struct dataplane_captured *list,
			      size_t max, uint64_t *ret_missed)
{
	uint64_t missed = 0;
	size_t count = 0;

	if (dataplane_capture_is_on(dataplane)) {
		count = take_all(dataplane, list, max);
		for (unsigned i = 0; i < dataplane->engine.worker_count; i++)
			missed += capture_ring_missed(dataplane_worker(dataplane, i)->capture.ring);
	}
	qsort(list, count, sizeof(*list), by_time);
	*ret_missed = missed;
	return count;
}
