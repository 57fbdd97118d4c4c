/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of an SA in the engine: install, activate, drain, remove, and its rosters. */
#include "control.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int refuse(struct covey_error *error, int code, uint32_t spi, const char *what)
{
	return covey_error_set(error, code, "SA %u: %s", spi, what);
}

/* Why record_make_parts() or record_new() failed, said for a person. */
static int explain(struct covey_error *error, int code, uint32_t spi)
{
	switch (code) {
	case -EINVAL:
		return refuse(
			error, code, spi,
			"its roster names a SenderID twice or 0, or a sender without address");
	case -E2BIG:
		return refuse(error, code, spi, "its roster has more than 65535 senders");
	case -ERANGE:
		return refuse(error, code, spi,
			      "its floors do not rise by SenderID and WindowID, or are too many");
	case -EIO:
		return refuse(error, code, spi, "OpenSSL could not derive a sender's key");
	}
	return refuse(error, code, spi, "out of memory, see LimitMEMLOCK= and MemoryMax=");
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

static unsigned sas_in_group(const struct control *control, uint32_t group)
{
	unsigned count = 0;

	for (const struct sa_record *record = control->sas; record; record = record->next)
		count += record->group == group;
	return count;
}

static int install_new(struct engine *engine, const struct covey_sa *sa,
		       const struct covey_roster_entry *roster, size_t roster_count,
		       struct covey_error *error)
{
	struct control *control = engine->control;
	struct sa_record *record;
	struct sa_parts parts;
	int code;

	if (sas_in_group(control, sa->group) == COVEY_SAS_PER_GROUP_MAX)
		return refuse(error, -ENOSPC, sa->spi,
			      "its group has 8 SAs already: remove a draining one first");
	code = record_new(engine, sa, &record);
	if (code != 0)
		return explain(error, code, sa->spi);
	code = record_make_parts(engine, record, sa, roster, roster_count, &parts);
	if (code != 0) {
		record_free(record, engine->worker_count);
		return explain(error, code, sa->spi);
	}
	record_swap(record, parts);
	record->epoch = sa->epoch;
	record->next = control->sas;
	control->sas = record;
	control_publish(engine);
	return 0;
}

/* Put parts in force and free those that they replace. */
static void replace(struct engine *engine, struct sa_record *record, struct sa_parts parts)
{
	struct sa_parts old = record_swap(record, parts);

	control_publish(engine);
	record_forget_senders(record, old.roster);
	parts_free(&old);
}

static int reinstall(struct engine *engine, struct sa_record *record, const struct covey_sa *sa,
		     const struct covey_roster_entry *roster, size_t roster_count,
		     struct covey_error *error)
{
	struct sa_parts parts;
	int code;

	if (sa->epoch <= record->epoch)
		return refuse(error, -EEXIST, sa->spi,
			      "it is installed with this epoch or a higher one");
	if (record->group != sa->group || record->rx->sender_id != sa->sender_id ||
	    !keyring_matches(record->keyring, sa))
		return refuse(error, -EEXIST, sa->spi,
			      "it is installed with another group, SenderID, cipher or key");
	code = record_make_parts(engine, record, sa, roster, roster_count, &parts);
	if (code != 0) {
		record_forget_failed(record, roster, roster_count);
		return explain(error, code, sa->spi);
	}
	record->epoch = sa->epoch;
	replace(engine, record, parts);
	return 0;
}

int engine_sa_install(struct engine *engine, const struct covey_sa *sa,
		      const struct covey_roster_entry *roster, size_t roster_count,
		      struct covey_error *error)
{
	struct sa_record *record;
	int code = check(sa, error);

	if (code != 0)
		return code;
	record = control_find(engine->control, sa->spi);
	if (record)
		return reinstall(engine, record, sa, roster, roster_count, error);
	return install_new(engine, sa, roster, roster_count, error);
}

int engine_sa_activate(struct engine *engine, uint32_t spi, struct covey_error *error)
{
	struct sa_record *record = control_find(engine->control, spi);

	if (!record)
		return refuse(error, -ENOENT, spi, "cannot activate what is not installed");
	for (struct sa_record *other = engine->control->sas; other; other = other->next)
		if (other->group == record->group && other->state == COVEY_SA_ACTIVE)
			other->state = COVEY_SA_DRAINING;
	record->state = COVEY_SA_ACTIVE;
	control_publish(engine);
	return 0;
}

int engine_sa_drain(struct engine *engine, uint32_t spi, struct covey_error *error)
{
	struct sa_record *record = control_find(engine->control, spi);

	if (!record)
		return refuse(error, -ENOENT, spi, "cannot drain what is not installed");
	record->state = COVEY_SA_DRAINING;
	control_publish(engine);
	return 0;
}

void engine_sa_remove(struct engine *engine, uint32_t spi)
{
	struct sa_record **link = &engine->control->sas, *record;

	while (*link && (*link)->spi != spi)
		link = &(*link)->next;
	record = *link;
	if (!record)
		return;
	*link = record->next;
	control_publish(engine);
	record_free(record, engine->worker_count);
}

int engine_roster_set(struct engine *engine, uint32_t spi, const struct covey_roster_entry *roster,
		      size_t roster_count, struct covey_error *error)
{
	struct sa_record *record = control_find(engine->control, spi);
	struct sa_parts parts;
	int code;

	if (!record)
		return refuse(error, -ENOENT, spi,
			      "cannot set the roster of what is not installed");
	code = record_make_roster(record, roster, roster_count, &parts);
	if (code != 0) {
		record_forget_failed(record, roster, roster_count);
		return explain(error, code, spi);
	}
	replace(engine, record, parts);
	return 0;
}
