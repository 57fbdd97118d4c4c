/* SPDX-License-Identifier: BSD-3-Clause */
#include "spoiled.h"
#include "engine.h"
#include "sadb.h"

static void count(struct dataplane_counters *counters, const struct failed_packet *packet,
		  enum replay_verdict verdict)
{
	switch (verdict) {
	case REPLAY_SEEN:
		counter_add(&counters->forged, 1);
		break;
	case REPLAY_NEW:
		counter_add(packet->gathered ? &counters->spoiled_gathered
					     : &counters->spoiled_alone,
			    1);
		__atomic_store_n(&counters->spoiled_sender, packet->window >> 16, __ATOMIC_RELAXED);
		break;
	case REPLAY_OLD: /* too late to tell */
		break;
	}
}

/* The SA may be gone by now. */
static void judge(struct engine_worker *worker, const struct failed_packet *packet)
{
	const struct sa_rx *sa = sadb_find(engine_worker_sadb(worker), packet->spi);
	const struct replay *replay;
	uint64_t cell;

	if (!sa)
		return;
	cell = windows_find(sa->windows, (struct window_id){(uint16_t)(packet->window >> 16),
							    (uint16_t)packet->window});
	if (cell == 0 || windows_owner(cell) != worker->index)
		return;
	replay = windows_replay(sa->windows, cell);
	if (packet->esn <= replay->highest)
		count(&worker->counters, packet,
		      replay_check(replay, sa->replay_window, packet->esn));
}

static bool is_kept(const struct engine_worker *worker, const struct failed_packet *packet)
{
	for (unsigned i = 0; i < SPOILED_KEPT; i++) {
		const struct failed_packet *kept = &worker->failed.kept[i];

		if (kept->spi == packet->spi && kept->window == packet->window &&
		    kept->esn == packet->esn)
			return true;
	}
	return false;
}

void spoiled_note(struct engine_worker *worker, const struct failed_packet *packet)
{
	struct failed_packet *place;

	if (is_kept(worker, packet))
		return;
	place = &worker->failed.kept[worker->failed.count++ % SPOILED_KEPT];
	if (place->spi != 0)
		judge(worker, place);
	*place = *packet;
}
