/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of an SA: install, activate, drain, remove, and change of its roster. */
#include "dataplane_state.h"
#include "tally.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <trace.h>

static int refuse(struct covey_error *error, int status, uint32_t spi, const char *what)
{
	return covey_error_set(error, status, "SA %u: %s", spi, what);
}

/* Explain to a person why sa_record_make_parts() or sa_record_new() failed. */
static int explain(struct covey_error *error, int status, uint32_t spi)
{
	switch (status) {
	case -EINVAL:
		return refuse(
			error, status, spi,
			"its roster names a SenderID twice or 0, or a sender without address");
	case -E2BIG:
		return refuse(error, status, spi, "its roster has more than 65535 senders");
	case -ERANGE:
		return refuse(error, status, spi,
			      "its floors do not rise by SenderID and WindowID, or are too many");
	case -EIO:
		return refuse(error, status, spi, "OpenSSL could not derive a sender's key");
	}
	return refuse(error, status, spi, "out of memory, see LimitMEMLOCK= and MemoryMax=");
}

static bool is_window_size(uint32_t size)
{
	return size >= COVEY_REPLAY_WINDOW_MIN && size <= COVEY_REPLAY_WINDOW_MAX &&
	       (size & (size - 1)) == 0;
}

static int check(const struct covey_sa *sa, struct covey_error *error)
{
	if (sa->spi < COVEY_SPI_MIN)
		return refuse(error, -EINVAL, sa->spi, "SPIs below 256 are reserved");
	if (sa->group >= COVEY_GROUPS_PER_HOST_MAX)
		return refuse(error, -EINVAL, sa->spi, "its group index is above 255");
	if (covey_cipher_key_len(sa->cipher) == 0)
		return refuse(error, -EINVAL, sa->spi, "its cipher is unknown");
	if (sa->key_scope != COVEY_KEY_SCOPE_SENDER && sa->key_scope != COVEY_KEY_SCOPE_GROUP)
		return refuse(error, -EINVAL, sa->spi, "its key scope is unknown");
	if (!is_window_size(sa->replay_window))
		return refuse(error, -EINVAL, sa->spi,
			      "its replay window is no power of two from 64 to 65536");
	if (sa->sender_id < COVEY_SENDER_ID_MIN && sa->may_send)
		return refuse(error, -EINVAL, sa->spi, "it may send but has no SenderID");
	if (sa->epoch < COVEY_EPOCH_MIN)
		return refuse(error, -EINVAL, sa->spi, "its epoch is 0, leases start at 1");
	return 0;
}

static unsigned sas_in_group(const struct dataplane *dataplane, uint32_t group)
{
	unsigned count = 0;

	for (const struct sa_record *record = dataplane->sas; record; record = record->next)
		count += record->group == group;
	return count;
}

static int install_new(struct dataplane *dataplane, const struct covey_sa *sa,
		       const struct covey_roster_entry *roster, size_t roster_count,
		       struct covey_error *error)
{
	struct sa_record *record;
	struct sa_parts parts;
	int status;

	if (sas_in_group(dataplane, sa->group) == COVEY_SAS_PER_GROUP_MAX)
		return refuse(error, -ENOSPC, sa->spi,
			      "its group has 8 SAs already: remove a draining one first");
	status = sa_record_new(dataplane, sa, &record);
	if (status != 0)
		return explain(error, status, sa->spi);
	status = sa_record_make_parts(dataplane, record, sa, roster, roster_count, &parts);
	if (status != 0) {
		sa_record_free(record, dataplane->engine.worker_count);
		return explain(error, status, sa->spi);
	}
	sa_record_swap(record, parts);
	record->epoch = sa->epoch;
	record->next = dataplane->sas;
	dataplane->sas = record;
	dataplane_publish(dataplane);
	trace_sa_install(sa->spi, sa->group, sa->epoch);
	return 0;
}

/* Publish parts, and free those that they replace. */
static void replace(struct dataplane *dataplane, struct sa_record *record, struct sa_parts parts)
{
	struct sa_parts old = sa_record_swap(record, parts);

	dataplane_publish(dataplane);
	sa_record_forget_senders(record, old.senders);
	sa_parts_free(&old);
}

static int reinstall(struct dataplane *dataplane, struct sa_record *record,
		     const struct covey_sa *sa, const struct covey_roster_entry *roster,
		     size_t roster_count, struct covey_error *error)
{
	struct sa_parts parts;
	int status;

	if (sa->epoch <= record->epoch)
		return refuse(error, -EEXIST, sa->spi,
			      "it is installed with this epoch or a higher one");
	if (record->group != sa->group || record->parts.rx->sender_id != sa->sender_id ||
	    !keyring_matches(record->keyring, sa))
		return refuse(error, -EEXIST, sa->spi,
			      "it is installed with another group, SenderID, cipher or key");
	status = sa_record_make_parts(dataplane, record, sa, roster, roster_count, &parts);
	if (status != 0) {
		sa_record_forget_failed(record, roster, roster_count);
		return explain(error, status, sa->spi);
	}
	record->epoch = sa->epoch;
	replace(dataplane, record, parts);
	trace_sa_install(sa->spi, sa->group, sa->epoch);
	return 0;
}

int dataplane_sa_install(struct dataplane *dataplane, const struct covey_sa *sa,
			 const struct covey_roster_entry *roster, size_t roster_count,
			 struct covey_error *error)
{
	struct sa_record *record;
	int status = check(sa, error);

	if (status != 0)
		return status;
	record = sa_record_find(dataplane, sa->spi);
	if (record)
		return reinstall(dataplane, record, sa, roster, roster_count, error);
	return install_new(dataplane, sa, roster, roster_count, error);
}

int dataplane_sa_activate(struct dataplane *dataplane, uint32_t spi, struct covey_error *error)
{
	struct sa_record *record = sa_record_find(dataplane, spi);

	if (!record)
		return refuse(error, -ENOENT, spi, "cannot activate what is not installed");
	for (struct sa_record *other = dataplane->sas; other; other = other->next)
		if (other->group == record->group && other->state == COVEY_SA_ACTIVE)
			other->state = COVEY_SA_DRAINING;
	record->state = COVEY_SA_ACTIVE;
	dataplane_publish(dataplane);
	trace_sa_activate(spi, record->group);
	return 0;
}

int dataplane_sa_drain(struct dataplane *dataplane, uint32_t spi, struct covey_error *error)
{
	struct sa_record *record = sa_record_find(dataplane, spi);

	if (!record)
		return refuse(error, -ENOENT, spi, "cannot drain what is not installed");
	record->state = COVEY_SA_DRAINING;
	dataplane_publish(dataplane);
	trace_sa_drain(spi, record->group);
	return 0;
}

void dataplane_sa_remove(struct dataplane *dataplane, uint32_t spi)
{
	struct sa_record **link = &dataplane->sas, *record;
	uint32_t group;

	while (*link && (*link)->spi != spi)
		link = &(*link)->next;
	record = *link;
	if (!record)
		return;
	*link = record->next;
	dataplane_publish(dataplane);
	if (dataplane->groups[record->group].vni_count > 0)
		tally_add(record->tally, record, dataplane->engine.worker_count);
	group = record->group;
	sa_record_free(record, dataplane->engine.worker_count);
	trace_sa_remove(spi, group);
}

int dataplane_roster_set(struct dataplane *dataplane, uint32_t spi,
			 const struct covey_roster_entry *roster, size_t roster_count,
			 struct covey_error *error)
{
	struct sa_record *record = sa_record_find(dataplane, spi);
	struct sa_parts parts;
	int status;

	if (!record)
		return refuse(error, -ENOENT, spi,
			      "cannot set the roster of what is not installed");
	status = sa_record_make_roster(record, roster, roster_count, &parts);
	if (status != 0) {
		sa_record_forget_failed(record, roster, roster_count);
		return explain(error, status, spi);
	}
	replace(dataplane, record, parts);
	return 0;
}
