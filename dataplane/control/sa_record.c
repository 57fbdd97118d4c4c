/* SPDX-License-Identifier: BSD-3-Clause */
#include "sa_record.h"
#include "dataplane_state.h"
#include "tally.h"
#include <errno.h>
#include <stdlib.h>

int sa_record_new(const struct dataplane *dataplane, const struct covey_sa *sa,
		  struct sa_record **ret_record)
{
	struct sa_record *record = calloc(1, sizeof(*record));
	int status;

	if (!record)
		return -ENOMEM;
	record->spi = sa->spi;
	record->group = sa->group;
	record->state = COVEY_SA_INSTALLED;
	record->tally = &dataplane->tallies[sa->group];
	status = keyring_new(dataplane->ciphers, dataplane->kdf, sa, &record->keyring);
	if (status != 0)
		goto fail;
	status = windows_new(sa->replay_window, sa->floors, sa->floor_count, &record->windows);
	if (status != 0)
		goto fail;
	status = -ENOMEM;
	record->epoch_floors = calloc(COVEY_SENDER_ID_MAX + 1, sizeof(record->epoch_floors[0]));
	record->tx_states = sa_tx_states_new(dataplane->engine.worker_count);
	record->rx_states = sa_rx_states_new(dataplane->engine.worker_count);
	if (!record->epoch_floors || !record->tx_states || !record->rx_states)
		goto fail;
	*ret_record = record;
	return 0;
fail:
	sa_record_free(record, dataplane->engine.worker_count);
	return status;
}

void sa_record_free(struct sa_record *record, unsigned workers)
{
	if (!record)
		return;
	sa_parts_free(&record->parts);
	sa_rx_states_free(record->rx_states);
	sa_tx_states_free(record->tx_states, workers);
	free(record->epoch_floors);
	windows_free(record->windows);
	keyring_free(record->keyring);
	free(record);
}

struct sa_record *sa_record_find(const struct dataplane *dataplane, uint32_t spi)
{
	struct sa_record *record = dataplane->sas;

	while (record && record->spi != spi)
		record = record->next;
	return record;
}

static int make_tx(const struct dataplane *dataplane, struct sa_record *record,
		   const struct covey_sa *sa, struct sa_tx **ret_tx)
{
	struct sa_tx tx = {
		.ciphers = ciphers_get(dataplane->ciphers, sa->cipher),
		.states = record->tx_states,
		.shared = &record->tx_shared,
		.esn_base = covey_esn(sa->epoch, 0),
		.spi = sa->spi,
		.sender_id = sa->sender_id,
	};
	struct sa_tx *copy;
	int status = keyring_add(record->keyring, sa->sender_id, &tx.key);

	if (status != 0)
		return status;
	outer_make(&dataplane->engine.config, sa->spi, sa->sender_id, &tx.outer);
	copy = sa_tx_copy(&tx);
	if (!copy)
		return -ENOMEM;
	*ret_tx = copy;
	return 0;
}

static struct sa_rx *make_rx(const struct dataplane *dataplane, const struct sa_record *record,
			     const struct covey_sa *sa, const struct sender_table *senders)
{
	struct sa_rx rx = {
		.ciphers = ciphers_get(dataplane->ciphers, sa->cipher),
		.senders = senders,
		.windows = record->windows,
		.states = record->rx_states,
		.spi = sa->spi,
		.group = sa->group,
		.replay_window = record->windows->size,
		.sender_id = sa->sender_id,
		.may_receive = sa->may_receive,
	};

	return sa_rx_copy(&rx);
}

static int make_roster(struct sa_record *record, const struct covey_roster_entry *roster,
		       size_t roster_count, struct sender_table **ret_table)
{
	struct sender_table *table;
	int status;

	windows_expect(record->windows, roster_count);
	status = sender_table_make(record->keyring, roster, roster_count, record->epoch_floors,
				   &table);
	if (status != 0)
		return status;
	status = tally_expect(record->tally, table);
	if (status != 0) {
		sender_table_free(table);
		return status;
	}
	*ret_table = table;
	return 0;
}

int sa_record_make_parts(const struct dataplane *dataplane, struct sa_record *record,
			 const struct covey_sa *sa, const struct covey_roster_entry *roster,
			 size_t roster_count, struct sa_parts *ret_parts)
{
	struct sa_parts parts = {0};
	int status = make_roster(record, roster, roster_count, &parts.senders);

	if (status == 0 && sa->may_send)
		status = make_tx(dataplane, record, sa, &parts.tx);
	if (status == 0) {
		parts.rx = make_rx(dataplane, record, sa, parts.senders);
		status = parts.rx ? 0 : -ENOMEM;
	}
	if (status != 0) {
		sa_parts_free(&parts);
		return status;
	}
	*ret_parts = parts;
	return 0;
}

int sa_record_make_roster(struct sa_record *record, const struct covey_roster_entry *roster,
			  size_t roster_count, struct sa_parts *ret_parts)
{
	struct sa_parts parts = {0};
	int status = make_roster(record, roster, roster_count, &parts.senders);

	if (status != 0)
		return status;
	parts.rx = sa_rx_copy(record->parts.rx);
	if (record->parts.tx)
		parts.tx = sa_tx_copy(record->parts.tx);
	if (!parts.rx || (record->parts.tx && !parts.tx)) {
		sa_parts_free(&parts);
		return -ENOMEM;
	}
	parts.rx->senders = parts.senders;
	*ret_parts = parts;
	return 0;
}

/* Is the sender's key used by the parts in force? */
static bool uses_key(const struct sa_record *record, uint16_t sender_id)
{
	return (record->parts.tx && record->parts.tx->sender_id == sender_id) ||
	       sender_table_find(record->parts.senders, sender_id);
}

static void drop_unused_key(struct sa_record *record, uint16_t sender_id)
{
	if (!uses_key(record, sender_id))
		keyring_drop(record->keyring, sender_id);
}

void sa_parts_free(struct sa_parts *parts)
{
	free(parts->rx);
	free(parts->tx);
	sender_table_free(parts->senders);
}

struct sa_parts sa_record_swap(struct sa_record *record, struct sa_parts parts)
{
	struct sa_parts old = record->parts;

	record->parts = parts;
	sender_table_raise_epoch_floors(parts.senders, record->epoch_floors);
	return old;
}

void sa_record_forget_senders(struct sa_record *record, const struct sender_table *old)
{
	for (uint32_t id = 0; id < old->size; id++)
		if (old->senders[id].key)
			drop_unused_key(record, (uint16_t)id);
	drop_unused_key(record, record->parts.rx->sender_id);
}

void sa_record_forget_failed(struct sa_record *record, const struct covey_roster_entry *roster,
			     size_t roster_count)
{
	for (size_t i = 0; i < roster_count; i++)
		drop_unused_key(record, roster[i].sender_id);
	drop_unused_key(record, record->parts.rx->sender_id);
}
