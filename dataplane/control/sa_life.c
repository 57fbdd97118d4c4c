/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of an SA: install, activate, drain, remove, and change of its roster. */
#include "dataplane_state.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int refuse(struct covey_error *ret_error, int error, uint32_t spi, const char *what)
{
	return covey_error_set(ret_error, error, "SA %u: %s", spi, what);
}

/* Explain to a person why sa_record_make_parts() or sa_record_new() failed. */
static int explain(struct covey_error *ret_error, int error, uint32_t spi)
{
	switch (error) {
	case -EINVAL:
		return refuse(
			ret_error, error, spi,
			"its roster names a SenderID twice or 0, or a sender without address");
	case -E2BIG:
		return refuse(ret_error, error, spi, "its roster has more than 65535 senders");
	case -ERANGE:
		return refuse(ret_error, error, spi,
			      "its floors do not rise by SenderID and WindowID, or are too many");
	case -EIO:
		return refuse(ret_error, error, spi, "OpenSSL could not derive a sender's key");
	}
	return refuse(ret_error, error, spi, "out of memory, see LimitMEMLOCK= and MemoryMax=");
}

static bool is_window_size(uint32_t size)
{
	return size >= COVEY_REPLAY_WINDOW_MIN && size <= COVEY_REPLAY_WINDOW_MAX &&
	       (size & (size - 1)) == 0;
}

static int check(const struct covey_sa *sa, struct covey_error *ret_error)
{
	if (sa->spi < COVEY_SPI_MIN)
		return refuse(ret_error, -EINVAL, sa->spi, "SPIs below 256 are reserved");
	if (sa->group >= COVEY_GROUPS_PER_HOST_MAX)
		return refuse(ret_error, -EINVAL, sa->spi, "its group index is above 255");
	if (covey_cipher_key_len(sa->cipher) == 0)
		return refuse(ret_error, -EINVAL, sa->spi, "its cipher is unknown");
	if (sa->key_scope != COVEY_KEY_SCOPE_SENDER && sa->key_scope != COVEY_KEY_SCOPE_GROUP)
		return refuse(ret_error, -EINVAL, sa->spi, "its key scope is unknown");
	if (!is_window_size(sa->replay_window))
		return refuse(ret_error, -EINVAL, sa->spi,
			      "its replay window is no power of two from 64 to 65536");
	if (sa->sender_id < COVEY_SENDER_ID_MIN && sa->may_send)
		return refuse(ret_error, -EINVAL, sa->spi, "it may send but has no SenderID");
	if (sa->epoch < COVEY_EPOCH_MIN)
		return refuse(ret_error, -EINVAL, sa->spi, "its epoch is 0, leases start at 1");
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
		       struct covey_error *ret_error)
{
	struct sa_record *record;
	struct sa_parts parts;
	int error;

	if (sas_in_group(dataplane, sa->group) == COVEY_SAS_PER_GROUP_MAX)
		return refuse(ret_error, -ENOSPC, sa->spi,
			      "its group has 8 SAs already: remove a draining one first");
	error = sa_record_new(dataplane, sa, &record);
	if (error != 0)
		return explain(ret_error, error, sa->spi);
	error = sa_record_make_parts(dataplane, record, sa, roster, roster_count, &parts);
	if (error != 0) {
		sa_record_free(record, dataplane->engine.worker_count);
		return explain(ret_error, error, sa->spi);
	}
	sa_record_swap(record, parts);
	record->epoch = sa->epoch;
	record->next = dataplane->sas;
	dataplane->sas = record;
	dataplane_publish(dataplane);
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
		     size_t roster_count, struct covey_error *ret_error)
{
	struct sa_parts parts;
	int error;

	if (sa->epoch <= record->epoch)
		return refuse(ret_error, -EEXIST, sa->spi,
			      "it is installed with this epoch or a higher one");
	if (record->group != sa->group || record->parts.rx->sender_id != sa->sender_id ||
	    !keyring_matches(record->keyring, sa))
		return refuse(ret_error, -EEXIST, sa->spi,
			      "it is installed with another group, SenderID, cipher or key");
	error = sa_record_make_parts(dataplane, record, sa, roster, roster_count, &parts);
	if (error != 0) {
		sa_record_forget_failed(record, roster, roster_count);
		return explain(ret_error, error, sa->spi);
	}
	record->epoch = sa->epoch;
	replace(dataplane, record, parts);
	return 0;
}

int dataplane_sa_install(struct dataplane *dataplane, const struct covey_sa *sa,
			 const struct covey_roster_entry *roster, size_t roster_count,
			 struct covey_error *ret_error)
{
	struct sa_record *record;
	int error = check(sa, ret_error);

	if (error != 0)
		return error;
	record = sa_record_find(dataplane, sa->spi);
	if (record)
		return reinstall(dataplane, record, sa, roster, roster_count, ret_error);
	return install_new(dataplane, sa, roster, roster_count, ret_error);
}

int dataplane_sa_activate(struct dataplane *dataplane, uint32_t spi, struct covey_error *ret_error)
{
	struct sa_record *record = sa_record_find(dataplane, spi);

	if (!record)
		return refuse(ret_error, -ENOENT, spi, "cannot activate what is not installed");
	for (struct sa_record *other = dataplane->sas; other; other = other->next)
		if (other->group == record->group && other->state == COVEY_SA_ACTIVE)
			other->state = COVEY_SA_DRAINING;
	record->state = COVEY_SA_ACTIVE;
	dataplane_publish(dataplane);
	return 0;
}

int dataplane_sa_drain(struct dataplane *dataplane, uint32_t spi, struct covey_error *ret_error)
{
	struct sa_record *record = sa_record_find(dataplane, spi);

	if (!record)
		return refuse(ret_error, -ENOENT, spi, "cannot drain what is not installed");
	record->state = COVEY_SA_DRAINING;
	dataplane_publish(dataplane);
	return 0;
}

void dataplane_sa_remove(struct dataplane *dataplane, uint32_t spi)
{
	struct sa_record **link = &dataplane->sas, *record;

	while (*link && (*link)->spi != spi)
		link = &(*link)->next;
	record = *link;
	if (!record)
		return;
	*link = record->next;
	dataplane_publish(dataplane);
	sa_record_free(record, dataplane->engine.worker_count);
}

int dataplane_roster_set(struct dataplane *dataplane, uint32_t spi,
			 const struct covey_roster_entry *roster, size_t roster_count,
			 struct covey_error *ret_error)
{
	struct sa_record *record = sa_record_find(dataplane, spi);
	struct sa_parts parts;
	int error;

	if (!record)
		return refuse(ret_error, -ENOENT, spi,
			      "cannot set the roster of what is not installed");
	error = sa_record_make_roster(record, roster, roster_count, &parts);
	if (error != 0) {
		sa_record_forget_failed(record, roster, roster_count);
		return explain(ret_error, error, spi);
	}
	replace(dataplane, record, parts);
	return 0;
}
