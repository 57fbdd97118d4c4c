/* SPDX-License-Identifier: BSD-3-Clause */
#include "formers.h"

#include <errno.h>
#include <string.h>

#include "log.h"
#include "manager.h"

static int keep(const char *identity, uint16_t sender_id, uint32_t until_spi, void *arg)
{
	struct realm *realm = arg;

	if (realm->formers_until_spi < until_spi)
		realm->formers_until_spi = until_spi;
	return sender_ids_keep(&realm->state->sender_ids, identity, sender_id);
}

int formers_restore(struct realm *realm, uint64_t now_ms, struct covey_error *error)
{
	struct store *store = realm->manager->store;
	uint32_t lifetime_s;
	int rc;

	rc = store_lifetime(store, realm->group->name, realm->group->rekey.hard_lifetime_s,
			    &lifetime_s, error);
	if (rc < 0)
		return rc;
	error->text[0] = '\0';
	rc = store_each_former(store, realm->group->name, keep, realm, error);
	if (rc < 0 && !error->text[0])
		covey_error_set(error, rc, "former SenderIDs of group %s cannot be restored: %s",
				realm->group->name, strerror(-rc));
	realm->formers_until_ms = now_ms + lifetime_s * UINT64_C(1000);
	realm->state->sender_ids.keeps = true;
	return rc < 0 ? rc : 0;
}

uint64_t formers_deadline(const struct realm *realm)
{
	return realm->state->sender_ids.keeps ? realm->formers_until_ms : UINT64_MAX;
}

/* What cannot be forgotten is kept again by the next instance: too long is no harm. */
void formers_release(struct realm *realm, uint64_t now_ms)
{
	struct covey_error error;

	if (now_ms < formers_deadline(realm))
		return;
	group_earlier_gone(realm->state);
	if (realm->formers_until_spi &&
	    store_forget_former(realm->manager->store, realm->group->name, realm->formers_until_spi,
				&error) < 0)
		log_warning("%s: former SenderIDs stay noted until the next start: %s",
			    realm->group->name, error.text);
}
