/* SPDX-License-Identifier: BSD-3-Clause */
#include "realm_store.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "realm.h"

/* --- the hard lifetime ---------------------------------------------------------------------- */

static uint32_t hard_lifetime_s(const struct realm *realm)
{
	return realm->served.config->rekey.hard_lifetime_s;
}

static void commit_lifetime(struct realm *realm)
{
	const struct store_change change = {.kind = STORE_LIFETIME,
					    .group = realm->served.config->name,
					    .seconds = hard_lifetime_s(realm)};

	realm->lifetime_sent_s = change.seconds;
	store_commit(realm->tools.store, &change, 1, &realm->lifetime_request);
}

/* The inventory may want another one since this was sent. */
static void on_lifetime(struct store_request *request, int status, const struct covey_error *error)
{
	struct realm *realm = request->arg;

	realm->lifetime_error = *error;
	realm->lifetime_status = status;
	if (status == 0)
		realm->lifetime_s = realm->lifetime_sent_s > STORE_LIFETIME_LEAST_S
					    ? realm->lifetime_sent_s
					    : STORE_LIFETIME_LEAST_S;
	else
		realm->lifetime_retry_ms = clock_ms() + REALM_RETRY_MS;
	if (status < 0 && !realm->calls_store)
		log_error("%s: its hard lifetime cannot be noted, no SA begins: %s; trying again "
			  "in %u s",
			  realm->served.config->name, error->text, REALM_RETRY_MS / 1000);
	if (status == 0 && realm->lifetime_sent_s != hard_lifetime_s(realm))
		commit_lifetime(realm);
	if (!realm->calls_store)
		realm_wake(realm);
}

int realm_note_lifetime(struct realm *realm, struct covey_error *error)
{
	if (store_is_under_way(&realm->lifetime_request))
		return 0;
	realm->lifetime_status = 0;
	realm->calls_store = true;
	commit_lifetime(realm);
	realm->calls_store = false;
	if (realm->lifetime_status < 0)
		*error = realm->lifetime_error;
	return realm->lifetime_status;
}

bool realm_awaits_lifetime(const struct realm *realm)
{
	return hard_lifetime_s(realm) > realm->lifetime_s &&
	       store_is_under_way(&realm->lifetime_request);
}

int realm_check_lifetime(const struct realm *realm, struct covey_error *error)
{
	if (hard_lifetime_s(realm) <= realm->lifetime_s)
		return 0;
	if (realm_awaits_lifetime(realm))
		return -EINPROGRESS;
	return covey_error_set(error, -EIO, "its hard lifetime cannot be noted: %.400s",
			       realm->lifetime_error.text);
}

uint64_t realm_lifetime_deadline(const struct realm *realm)
{
	return hard_lifetime_s(realm) > realm->lifetime_s && !realm_awaits_lifetime(realm)
		       ? realm->lifetime_retry_ms
		       : UINT64_MAX;
}

void realm_try_lifetime(struct realm *realm, uint64_t now_ms)
{
	struct covey_error error;

	if (now_ms >= realm_lifetime_deadline(realm) && realm_note_lifetime(realm, &error) < 0)
		log_error("%s: its hard lifetime cannot be noted, no SA begins: %s",
			  realm->served.config->name, error.text);
}

/* --- SenderIDs of an earlier instance ------------------------------------------------------- */

static int keep(const char *identity, uint16_t sender_id, uint32_t until_spi, void *arg)
{
	struct realm *realm = arg;

	if (realm->formers_until_spi < until_spi)
		realm->formers_until_spi = until_spi;
	return sender_ids_keep(&realm->served.group->sender_ids, identity, sender_id);
}

/* lifetime_s is what the file has. */
static int restore_lifetime(struct realm *realm, struct covey_error *error)
{
	struct store *store = realm->tools.store;
	const char *name = realm->served.config->name;
	int status = store->ops->read_lifetime(store, name, &realm->lifetime_s, error);

	if (status == 0)
		status = realm_note_lifetime(realm, error);
	return status;
}

int realm_restore_formers(struct realm *realm, uint64_t now_ms, struct covey_error *error)
{
	struct store *store = realm->tools.store;
	const char *name = realm->served.config->name;
	uint32_t lifetime_s;
	int status = restore_lifetime(realm, error);

	if (status == 0)
		status = store->ops->read_lifetime(store, name, &lifetime_s, error);
	if (status < 0)
		return status;
	error->text[0] = '\0';
	status = store->ops->each_former(store, name, keep, realm, error);
	if (status < 0 && !error->text[0])
		covey_error_set(error, status,
				"former SenderIDs of group %s cannot be restored: %s", name,
				strerror(-status));
	if (lifetime_s < hard_lifetime_s(realm))
		lifetime_s = hard_lifetime_s(realm);
	realm->formers_until_ms = now_ms + lifetime_s * UINT64_C(1000);
	realm->served.group->sender_ids.keeps = true;
	return status < 0 ? status : 0;
}

uint64_t realm_formers_deadline(const struct realm *realm)
{
	return realm->served.group->sender_ids.keeps ? realm->formers_until_ms : UINT64_MAX;
}

/* If forgetting fails, the next instance keeps these SenderIDs again. Keeping them too long does no
 * harm. */
static void on_forgotten(struct store_request *request, int status, const struct covey_error *error)
{
	const struct realm *realm = request->arg;

	if (status < 0)
		log_warning("%s: former SenderIDs stay noted until the next start: %s",
			    realm->served.config->name, error->text);
}

/* Their time is over, whether that is written or not. */
void realm_release_formers(struct realm *realm, uint64_t now_ms)
{
	const struct store_change change = {.kind = STORE_FORGET_FORMER,
					    .group = realm->served.config->name,
					    .spi = realm->formers_until_spi};

	if (now_ms < realm_formers_deadline(realm))
		return;
	group_earlier_gone(realm->served.group);
	if (change.spi && !store_is_under_way(&realm->formers_request))
		store_commit(realm->tools.store, &change, 1, &realm->formers_request);
}

/* --- the mode ------------------------------------------------------------------------------ */

static void on_mode(struct store_request *request, int status, const struct covey_error *error)
{
	struct realm *realm = request->arg;
	void (*begun)(const struct realm *realm) = realm->mode_begun;
	uint64_t change = realm->served.group->mode.change;

	realm->mode_status = status;
	if (status < 0) {
		realm->mode_error = *error;
		log_error("%s: the mode cannot be stored: %s", realm->served.config->name,
			  error->text);
	}
	if (realm->calls_store)
		return;
	realm->mode_begun = NULL;
	mode_kept(realm->served.group, status, clock_ms());
	if (begun && realm->served.group->mode.change != change)
		begun(realm);
	realm_wake(realm);
}

/* The caller says what follows from a failure. */
int realm_keep_mode(void *arg, const struct mode_record *record)
{
	struct realm *realm = arg;
	const struct store_change change = {.kind = STORE_MODE,
					    .group = realm->served.config->name,
					    .mode = {.serial = record->serial,
						     .mode = (uint8_t)record->mode,
						     .goal = (uint8_t)record->goal,
						     .after = (uint8_t)record->then}};

	covey_error_set(&realm->mode_error, 0, "its deadline came before the change was stored");
	realm->mode_status = -EINPROGRESS;
	realm->calls_store = true;
	store_commit(realm->tools.store, &change, 1, &realm->mode_request);
	realm->calls_store = false;
	return realm->mode_status;
}

int realm_restore_mode(struct realm *realm, uint64_t now_ms, struct covey_error *error)
{
	const struct inventory_group *config = realm->served.config;
	struct store_mode stored;
	int status = realm->tools.store->ops->read_mode(realm->tools.store, config->name, &stored,
							error);

	if (status < 0)
		return status;
	mode_start(realm->served.group,
		   &(struct mode_record){.serial = stored.serial,
					 .mode = (enum covey_mode)stored.mode,
					 .goal = (enum covey_mode)stored.goal,
					 .then = (enum covey_mode)stored.after},
		   config->mode, now_ms);
	/* Some of it may be due soon, also if no member comes. */
	if (mode_deadline(realm->served.group) != UINT64_MAX)
		realm_wake(realm);
	return 0;
}

/* --- life ---------------------------------------------------------------------------------- */

void realm_store_init(struct realm *realm)
{
	realm->mode_request = (struct store_request){.done = on_mode, .arg = realm};
	realm->lifetime_request = (struct store_request){.done = on_lifetime, .arg = realm};
	realm->formers_request = (struct store_request){.done = on_forgotten, .arg = realm};
}

void realm_store_free(struct realm *realm)
{
	store_forget(&realm->mode_request);
	store_forget(&realm->lifetime_request);
	store_forget(&realm->formers_request);
}
