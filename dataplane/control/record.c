/* SPDX-License-Identifier: BSD-3-Clause */
#include "control.h"
#include <errno.h>
#include <stdlib.h>

int record_new(const struct engine *engine, const struct covey_sa *sa,
	       struct sa_record **ret_record)
{
	struct sa_record *record = calloc(1, sizeof(*record));
	int error;

	if (!record)
		return -ENOMEM;
	record->spi = sa->spi;
	record->group = sa->group;
	record->state = COVEY_SA_INSTALLED;
	error = keyring_new(engine->control->ciphers, engine->control->kdf, sa, &record->keyring);
	if (error != 0)
		goto fail;
	error = windows_new(sa->replay_window, sa->floors, sa->floor_count, &record->windows);
	if (error != 0)
		goto fail;
	error = -ENOMEM;
	record->floors = calloc(COVEY_SENDER_ID_MAX + 1, sizeof(record->floors[0]));
	record->tx_states = sa_tx_states_new(engine->worker_count);
	record->rx_states = sa_rx_states_new(engine->worker_count);
	if (!record->floors || !record->tx_states || !record->rx_states)
		goto fail;
	*ret_record = record;
	return 0;
fail:
	record_free(record, engine->worker_count);
	return error;
}

void record_free(struct sa_record *record, unsigned workers)
{
	if (!record)
		return;
	parts_free(&(struct sa_parts){record->roster, record->tx, record->rx});
	sa_rx_states_free(record->rx_states);
	sa_tx_states_free(record->tx_states, workers);
	free(record->floors);
	windows_free(record->windows);
	keyring_free(record->keyring);
	free(record);
}

static int make_tx(const struct engine *engine, struct sa_record *record, const struct covey_sa *sa,
		   struct sa_tx **ret_tx)
{
	struct sa_tx tx = {
		.ciphers = ciphers_get(engine->control->ciphers, sa->cipher),
		.states = record->tx_states,
		.shared = &record->tx_shared,
		.esn_base = covey_esn(sa->epoch, 0),
		.spi = sa->spi,
		.sender_id = sa->sender_id,
	};
	struct sa_tx *copy;
	int error = keyring_add(record->keyring, sa->sender_id, &tx.key);

	if (error != 0)
		return error;
	outer_make(&engine->config, sa->spi, sa->sender_id, &tx.outer);
	copy = sa_tx_copy(&tx);
	if (!copy)
		return -ENOMEM;
	*ret_tx = copy;
	return 0;
}

static struct sa_rx *make_rx(const struct engine *engine, const struct sa_record *record,
			     const struct covey_sa *sa, const struct roster *roster)
{
	struct sa_rx rx = {
		.ciphers = ciphers_get(engine->control->ciphers, sa->cipher),
		.roster = roster,
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
		       size_t roster_count, struct roster **ret_roster)
{
	windows_expect(record->windows, roster_count);
	return roster_new(record->keyring, roster, roster_count, record->floors, ret_roster);
}

int record_make_parts(const struct engine *engine, struct sa_record *record,
		      const struct covey_sa *sa, const struct covey_roster_entry *roster,
		      size_t roster_count, struct sa_parts *ret_parts)
{
	struct sa_parts parts = {0};
	int error = make_roster(record, roster, roster_count, &parts.roster);

	if (error == 0 && sa->may_send)
		error = make_tx(engine, record, sa, &parts.tx);
	if (error == 0) {
		parts.rx = make_rx(engine, record, sa, parts.roster);
		error = parts.rx ? 0 : -ENOMEM;
	}
	if (error != 0) {
		parts_free(&parts);
		return error;
	}
	*ret_parts = parts;
	return 0;
}

int record_make_roster(struct sa_record *record, const struct covey_roster_entry *roster,
		       size_t roster_count, struct sa_parts *ret_parts)
{
	struct sa_parts parts = {0};
	int error = make_roster(record, roster, roster_count, &parts.roster);

	if (error != 0)
		return error;
	parts.rx = sa_rx_copy(record->rx);
	if (record->tx)
		parts.tx = sa_tx_copy(record->tx);
	if (!parts.rx || (record->tx && !parts.tx)) {
		parts_free(&parts);
		return -ENOMEM;
	}
	parts.rx->roster = parts.roster;
	*ret_parts = parts;
	return 0;
}

/* Does what is in force need the sender's key? */
static bool uses_key(const struct sa_record *record, uint16_t sender_id)
{
	return (record->tx && record->tx->sender_id == sender_id) ||
	       roster_find(record->roster, sender_id);
}

static void drop_unused_key(struct sa_record *record, uint16_t sender_id)
{
	if (!uses_key(record, sender_id))
		keyring_drop(record->keyring, sender_id);
}

void parts_free(struct sa_parts *parts)
{
	free(parts->rx);
	free(parts->tx);
	roster_free(parts->roster);
}

struct sa_parts record_swap(struct sa_record *record, struct sa_parts parts)
{
	struct sa_parts old = {record->roster, record->tx, record->rx};

	record->roster = parts.roster;
	record->tx = parts.tx;
	record->rx = parts.rx;
	roster_raise_floors(record->roster, record->floors);
	return old;
}

void record_forget_senders(struct sa_record *record, const struct roster *old)
{
	for (uint32_t id = 0; id < old->size; id++)
		if (old->entries[id].key)
			drop_unused_key(record, (uint16_t)id);
	drop_unused_key(record, record->rx->sender_id);
}

void record_forget_failed(struct sa_record *record, const struct covey_roster_entry *roster,
			  size_t roster_count)
{
	for (size_t i = 0; i < roster_count; i++)
		drop_unused_key(record, roster[i].sender_id);
	drop_unused_key(record, record->rx->sender_id);
}
