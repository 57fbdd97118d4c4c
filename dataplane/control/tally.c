/* SPDX-License-Identifier: BSD-3-Clause */
#include "tally.h"

#include <counter.h>
#include <errno.h>
#include <rte_common.h>
#include <stdlib.h>
#include <string.h>

#include "sa_record.h"

/* --- senders ------------------------------------------------------------------------------- */

static struct tally_sender *find(struct tally_sender *list, size_t count, uint16_t sender_id)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list[middle].sender_id < sender_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && list[low].sender_id == sender_id ? &list[low] : NULL;
}

static size_t count_senders(const struct sender_table *table)
{
	size_t count = 0;

	for (uint32_t id = 0; id < table->size; id++)
		count += table->senders[id].key != NULL;
	return count;
}

/* A sender of the table, and what came from it before, if it is the same. known: NULL if its
 * SenderID was not there. */
static struct tally_sender expected(const struct sender *sender, uint16_t sender_id,
				    const struct tally_sender *known)
{
	struct tally_sender entry = {.sender_id = sender_id, .vtep.family = sender->family};

	memcpy(entry.vtep.bytes, sender->address, sizeof(sender->address));
	if (known && covey_addr_equal(&known->vtep, &entry.vtep))
		entry.received = known->received;
	return entry;
}

/* Both are sorted, and so is what they become. Senders that are in the table no more are kept: they
 * may still be in other SAs, and there are no more than SenderIDs. */
int tally_expect(struct tally *tally, const struct sender_table *table)
{
	struct tally_sender *senders =
		calloc(tally->count + count_senders(table) + 1, sizeof(*senders));
	size_t count = 0, next = 0;

	if (!senders)
		return -ENOMEM;
	for (uint32_t id = 0; id < table->size; id++) {
		const struct tally_sender *known = NULL;

		if (!table->senders[id].key)
			continue;
		while (next < tally->count && tally->senders[next].sender_id < id)
			senders[count++] = tally->senders[next++];
		if (next < tally->count && tally->senders[next].sender_id == id)
			known = &tally->senders[next++];
		senders[count++] = expected(&table->senders[id], (uint16_t)id, known);
	}
	while (next < tally->count)
		senders[count++] = tally->senders[next++];
	free(tally->senders);
	tally->senders = senders;
	tally->count = count;
	return 0;
}

void tally_add_windows(struct tally_sender *list, size_t count, const struct windows *windows)
{
	uint32_t end = windows_end(windows);
	struct window_received received;
	struct tally_sender *sender;
	struct window_id id;
	uint64_t highest;

	for (uint32_t i = 0; i < end; i++) {
		if (!windows_read(windows, i, &id, &highest))
			continue;
		sender = find(list, count, id.sender_id);
		if (!sender)
			continue;
		received = windows_read_received(windows, i);
		sender->received.packets += received.packets;
		sender->received.bytes += received.bytes;
		sender->received.last = RTE_MAX(sender->received.last, received.last);
	}
}

/* --- the group ----------------------------------------------------------------------------- */

void tally_add_group(struct dataplane_group_counters *sum, const struct sa_record *record,
		     unsigned workers)
{
	for (unsigned i = 0; i < workers; i++) {
		const struct sa_rx_state *rx = &record->rx_states[i];
		const struct sa_tx_state *tx = &record->tx_states[i];

		sum->received.packets += counter_read(&rx->packets);
		sum->received.bytes += counter_read(&rx->bytes);
		for (unsigned class = 0; class < COVEY_CLASSES; class ++) {
			sum->sent[class].packets += counter_read(&tx->sent[class].packets);
			sum->sent[class].bytes += counter_read(&tx->sent[class].bytes);
		}
	}
}

/* --- both ---------------------------------------------------------------------------------- */

void tally_add(struct tally *tally, const struct sa_record *record, unsigned workers)
{
	tally_add_windows(tally->senders, tally->count, record->windows);
	tally_add_group(&tally->group, record, workers);
}

void tally_clear(struct tally *tally)
{
	free(tally->senders);
	*tally = (struct tally){0};
}
