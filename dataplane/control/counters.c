/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the control thread reads while workers run. Each counter has one writer and is one aligned
 * 64-bit word. So a reader never sees half of a value, but may see one that is a moment old, and
 * two counters may be from slightly different moments. For replay windows, see path/windows.h.
 */
#include "dataplane_state.h"

#include <port.h>
#include <rte_cycles.h>
#include <rte_mempool.h>
#include <stdlib.h>
#include <string.h>

#include "tally.h"

/* A dataplane in a test may have no ports. */
static void add_ports(const struct dataplane *dataplane, struct dataplane_counters *sum)
{
	if (!dataplane->fabric)
		return;
	port_add_drops(dataplane->fabric, sum->drops);
	port_add_drops(dataplane->host, sum->drops);
	sum->told_too_big = port_read_answers(dataplane->host);
}

void dataplane_read_counters(const struct dataplane *dataplane,
			     struct dataplane_counters *ret_counters)
{
	struct dataplane_counters sum = {0};

	for (unsigned i = 0; i < dataplane->engine.worker_count; i++) {
		const struct dataplane_counters *counters = &dataplane->engine.workers[i].counters;

		sum.encrypted_packets += counter_read(&counters->encrypted_packets);
		sum.encrypted_bytes += counter_read(&counters->encrypted_bytes);
		sum.decrypted_packets += counter_read(&counters->decrypted_packets);
		sum.decrypted_bytes += counter_read(&counters->decrypted_bytes);
		sum.bypassed_out += counter_read(&counters->bypassed_out);
		sum.bypassed_in += counter_read(&counters->bypassed_in);
		sum.handed_over += counter_read(&counters->handed_over);
		sum.spoiled_gathered += counter_read(&counters->spoiled_gathered);
		sum.spoiled_alone += counter_read(&counters->spoiled_alone);
		sum.forged += counter_read(&counters->forged);
		if (counter_read(&counters->spoiled_sender) != 0)
			sum.spoiled_sender = counter_read(&counters->spoiled_sender);
		sum.clear_out += counter_read(&counters->clear_out);
		sum.clear_in += counter_read(&counters->clear_in);
		sum.unheard += counter_read(&counters->unheard);
		for (unsigned reason = 0; reason < COVEY_DROP_COUNT; reason++) {
			sum.would_drop[reason] += counter_read(&counters->would_drop[reason]);
			sum.drops[reason] += counter_read(&counters->drops[reason]);
		}
	}
	add_ports(dataplane, &sum);
	*ret_counters = sum;
}

/* Add vni in sorted order, unless it is there already or there is no room. Returns how many there
 * are now. */
static size_t insert(uint32_t *vnis, size_t count, size_t max, uint32_t vni)
{
	size_t at = 0;

	while (at < count && vnis[at] < vni)
		at++;
	if (count == max || (at < count && vnis[at] == vni))
		return count;
	memmove(&vnis[at + 1], &vnis[at], (count - at) * sizeof(*vnis));
	vnis[at] = vni;
	return count + 1;
}

size_t dataplane_read_unknown_vnis(const struct dataplane *dataplane, uint32_t *vnis, size_t max)
{
	const struct sadb *sadb =
		atomic_load_explicit(&dataplane->engine.sadb, memory_order_relaxed);
	size_t count = 0;

	for (unsigned i = 0; i < dataplane->engine.worker_count; i++)
		for (unsigned j = 0; j < ENGINE_UNKNOWN_VNIS; j++) {
			uint32_t kept = __atomic_load_n(
				&dataplane->engine.workers[i].unknown_vnis[j], __ATOMIC_RELAXED);

			if (kept && vni_table_find(sadb->vnis, kept - 1) == VNI_NO_GROUP)
				count = insert(vnis, count, max, kept - 1);
		}
	return count;
}

static struct dataplane_sa_status status_of(const struct sa_record *record, unsigned workers)
{
	struct dataplane_sa_status status = {
		.spi = record->spi,
		.group = record->group,
		.state = record->state,
		.epoch = record->epoch,
		.windows = windows_count(record->windows),
	};

	for (unsigned i = 0; i < workers; i++) {
		status.packets_sent += counter_read(&record->tx_states[i].packets);
		status.packets_received += counter_read(&record->rx_states[i].packets);
		status.multicast_received += counter_read(&record->rx_states[i].multicast);
		status.icv_failures += counter_read(&record->rx_states[i].icv_failures);
		status.own_sender += counter_read(&record->rx_states[i].own_sender);
	}
	return status;
}

size_t dataplane_read_sas(const struct dataplane *dataplane, struct dataplane_sa_status *sas,
			  size_t max)
{
	size_t count = 0;

	for (const struct sa_record *record = dataplane->sas; record; record = record->next) {
		if (count < max)
			sas[count] = status_of(record, dataplane->engine.worker_count);
		count++;
	}
	return count;
}

void dataplane_read_group(const struct dataplane *dataplane, uint32_t group,
			  struct dataplane_group_counters *ret_counters)
{
	*ret_counters = dataplane->tallies[group].group;
	for (const struct sa_record *record = dataplane->sas; record; record = record->next)
		if (record->group == group)
			tally_add_group(ret_counters, record, dataplane->engine.worker_count);
}

/* Where the list of windows is written. */
struct listing {
	struct dataplane_window_status *windows;
	size_t max;
	size_t count;
};

static void list(struct listing *listing, struct dataplane_window_status status)
{
	if (listing->count < listing->max)
		listing->windows[listing->count] = status;
	listing->count++;
}

/* Other cores' counters may be a moment ahead. then: 0 if it did not happen. */
static uint64_t ms_since(uint64_t then, uint64_t now)
{
	if (then == 0)
		return DATAPLANE_NOT_HEARD;
	return now > then ? (now - then) / (rte_get_tsc_hz() / 1000) : 0;
}

size_t dataplane_read_senders(const struct dataplane *dataplane, uint32_t group,
			      struct dataplane_sender_counters *senders, size_t max)
{
	const struct tally *tally = &dataplane->tallies[group];
	size_t count = RTE_MIN(tally->count, max);
	struct tally_sender *sums = calloc(count + 1, sizeof(*sums));
	const uint64_t now = rte_rdtsc();

	if (!sums)
		return 0;
	if (count > 0)
		memcpy(sums, tally->senders, count * sizeof(*sums));
	for (const struct sa_record *record = dataplane->sas; record; record = record->next)
		if (record->group == group)
			tally_add_windows(sums, count, record->windows);
	for (size_t i = 0; i < count; i++)
		senders[i] = (struct dataplane_sender_counters){
			.sender_id = sums[i].sender_id,
			.received = {sums[i].received.packets, sums[i].received.bytes},
			.heard_ms = ms_since(sums[i].received.last, now),
		};
	free(sums);
	return tally->count;
}

static void list_received(struct listing *listing, const struct sa_record *record)
{
	uint32_t end = windows_end(record->windows);
	const uint64_t now = rte_rdtsc();
	struct window_received received;
	struct window_id id;
	uint64_t highest;

	for (uint32_t i = 0; i < end; i++) {
		if (!windows_read(record->windows, i, &id, &highest))
			continue;
		received = windows_read_received(record->windows, i);
		list(listing, (struct dataplane_window_status){
				      .spi = record->spi,
				      .sender_id = id.sender_id,
				      .window_id = id.window_id,
				      .esn = highest,
				      .packets = received.packets,
				      .bytes = received.bytes,
				      .heard_ms = ms_since(received.last, now),
			      });
	}
}

/* Looks only at windows that the worker can use: the memory of the others stays untouched. */
static void list_sent(struct listing *listing, const struct dataplane *dataplane,
		      const struct sa_record *record, const struct engine_worker *worker)
{
	const struct sa_tx_state *state = &record->tx_states[worker->index];

	for (unsigned kind = 0; kind < 2 * COVEY_CLASSES; kind++)
		for (unsigned path = 0; path < dataplane->engine.config.paths; path++) {
			uint16_t window_id =
				covey_window_id(kind >> 1, kind & 1, worker->path_base + path);
			uint64_t esn = counter_read(&state->esn[window_id]);

			if (esn == 0)
				continue;
			list(listing, (struct dataplane_window_status){
					      .spi = record->spi,
					      .sender_id = record->parts.rx->sender_id,
					      .window_id = window_id,
					      .esn = esn,
					      .sending = true,
				      });
		}
}

size_t dataplane_read_windows(const struct dataplane *dataplane,
			      struct dataplane_window_status *windows, size_t max)
{
	struct listing listing = {.windows = windows, .max = max};

	for (const struct sa_record *record = dataplane->sas; record; record = record->next) {
		for (unsigned i = 0; i < dataplane->engine.worker_count; i++)
			list_sent(&listing, dataplane, record, &dataplane->engine.workers[i]);
		list_received(&listing, record);
	}
	return listing.count;
}

size_t dataplane_read_sent(const struct dataplane *dataplane, uint32_t spi,
			   struct dataplane_window_status *windows, size_t max)
{
	const struct sa_record *record = sa_record_find(dataplane, spi);
	struct listing listing = {.windows = windows, .max = max};

	for (unsigned i = 0; record && i < dataplane->engine.worker_count; i++)
		list_sent(&listing, dataplane, record, &dataplane->engine.workers[i]);
	return listing.count;
}

void dataplane_read_ports(const struct dataplane *dataplane, struct dataplane_port_status ports[2])
{
	port_read(dataplane->fabric, &ports[0]);
	port_read(dataplane->host, &ports[1]);
}

void dataplane_read_buffers(const struct dataplane *dataplane,
			    struct dataplane_buffers *ret_buffers)
{
	const struct rte_mempool *pool = dataplane->fabric->pool;

	ret_buffers->total = pool->size;
	ret_buffers->free = rte_mempool_avail_count(pool);
}
