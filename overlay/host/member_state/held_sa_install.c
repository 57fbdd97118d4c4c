/* SPDX-License-Identifier: BSD-3-Clause */

#include "held_sa_install.h"

#include <errno.h>
#include <inttypes.h>
#include <secret.h>
#include <stdlib.h>
#include <string.h>

#include "effects.h"
#include "membership.h"

#define MS UINT64_C(1000)

static int check_install(const Covey__SaInstall *message, struct covey_error *error)
{
	size_t key_len = 0;

	if (message->spi < COVEY_SPI_MIN)
		return covey_error_set(error, -EPROTO, "SaInstall with reserved SPI %" PRIu32,
				       message->spi);
	if (message->cipher == COVEY__CIPHER__CIPHER_AES_256_GCM)
		key_len = covey_cipher_key_len(COVEY_AES_256_GCM);
	else if (message->cipher == COVEY__CIPHER__CIPHER_AES_128_GCM)
		key_len = covey_cipher_key_len(COVEY_AES_128_GCM);
	if (key_len == 0)
		return covey_error_set(error, -EPROTO,
				       "SaInstall of SPI %" PRIu32 " with unknown cipher %d",
				       message->spi, (int)message->cipher);
	if (message->key_scope != COVEY__KEY_SCOPE__KEY_SCOPE_SENDER &&
	    message->key_scope != COVEY__KEY_SCOPE__KEY_SCOPE_GROUP)
		return covey_error_set(error, -EPROTO,
				       "SaInstall of SPI %" PRIu32 " with unknown key scope %d",
				       message->spi, (int)message->key_scope);
	if (message->tek.len != key_len)
		return covey_error_set(error, -EPROTO,
				       "SaInstall of SPI %" PRIu32
				       " with a key of %zu bytes instead of %zu",
				       message->spi, message->tek.len, key_len);
	if (message->hard_lifetime_s == 0)
		return covey_error_set(error, -EPROTO,
				       "SaInstall of SPI %" PRIu32 " without a lifetime",
				       message->spi);
	return 0;
}

static enum covey_cipher cipher_of(const Covey__SaInstall *message)
{
	return message->cipher == COVEY__CIPHER__CIPHER_AES_256_GCM ? COVEY_AES_256_GCM
								    : COVEY_AES_128_GCM;
}

static enum covey_key_scope key_scope_of(const Covey__SaInstall *message)
{
	return message->key_scope == COVEY__KEY_SCOPE__KEY_SCOPE_SENDER ? COVEY_KEY_SCOPE_SENDER
									: COVEY_KEY_SCOPE_GROUP;
}

/* Hand the key to the dataplane. The copy is in memory that is locked, and wiped when freed. */
static int install_key(const struct membership *group, const Covey__SaInstall *message,
		       const struct effects *effects, struct covey_error *error)
{
	struct covey_roster_entry *roster = senders_entries(&group->senders);
	struct covey_sa *sa = secret_alloc(sizeof(*sa));
	int status;

	if (!roster || !sa) {
		status = covey_error_set(error, -ENOMEM, "out of memory");
		goto out;
	}
	memset(sa, 0, sizeof(*sa));
	sa->spi = message->spi;
	sa->group = group->index;
	sa->cipher = cipher_of(message);
	sa->key_scope = key_scope_of(message);
	sa->replay_window = group->replay_window;
	sa->sender_id = group->sender_id;
	sa->epoch = group->epoch;
	sa->may_send = group->may_send;
	sa->may_receive = group->may_receive;
	sa->floors = group->floors.list;
	sa->floor_count = group->floors.count;
	memcpy(sa->tek, message->tek.data, message->tek.len);
	status = effects->ops->sa_install(effects->dataplane, sa, roster, group->senders.count,
					  error);
out:
	secret_free(sa);
	free(roster);
	return status;
}

/*
 * A GKM that restarts again and again leaves SAs behind that no later instance will activate. The
 * oldest of those gives way, but never the one we send on.
 */
static int make_room(struct membership *group, uint64_t instance, const struct effects *effects,
		     struct covey_error *error)
{
	struct held_sa *oldest = NULL;

	if (group->sa_count < COVEY_SAS_PER_GROUP_MAX)
		return 0;
	for (size_t i = 0; i < group->sa_count; i++) {
		struct held_sa *sa = &group->sas[i];

		if (sa->instance == instance || sa->state == COVEY_SA_ACTIVE)
			continue;
		if (!oldest || sa->installed_at < oldest->installed_at)
			oldest = sa;
	}
	if (!oldest)
		return covey_error_set(error, -EPROTO, "group %s: more than %d SAs at once",
				       group->name, COVEY_SAS_PER_GROUP_MAX);
	effects_note(effects, LOG_LEVEL_WARNING,
		     "group %s: SPI %" PRIu32 " of an earlier GKM instance gives way: %d SAs are "
		     "installed",
		     group->name, oldest->spi, COVEY_SAS_PER_GROUP_MAX);
	held_sa_forget(group, oldest, effects);
	return 0;
}

static int install_new(struct membership *group, uint64_t instance, const Covey__SaInstall *message,
		       uint64_t now, const struct effects *effects, struct covey_error *error)
{
	int status = make_room(group, instance, effects, error);

	if (status)
		return status;
	status = install_key(group, message, effects, error);
	if (status)
		return status;
	group->sas[group->sa_count++] = (struct held_sa){
		.instance = instance,
		.registration = group->registration,
		.installed_at = now,
		.expires_at = now + message->hard_lifetime_s * MS,
		.drained_at = SA_NEVER,
		.spi = message->spi,
		.cipher = cipher_of(message),
		.key_scope = key_scope_of(message),
		.state = COVEY_SA_INSTALLED,
		.epoch = group->epoch,
	};
	return 0;
}

/*
 * Continue an SA in a new epoch. The lifetime counts from the first receipt of the key: a host that
 * often comes back must not keep a key alive.
 */
static int install_again(struct membership *group, struct held_sa *sa,
			 const Covey__SaInstall *message, uint64_t now,
			 const struct effects *effects, struct covey_error *error)
{
	uint64_t expires_at = now + message->hard_lifetime_s * MS;
	int status;

	if (sa->registration == group->registration)
		return 0; /* sent twice in one registration: the epoch is the same */
	status = install_key(group, message, effects, error);
	if (status)
		return status;
	sa->registration = group->registration;
	sa->epoch = group->epoch;
	if (expires_at < sa->expires_at)
		sa->expires_at = expires_at;
	/* If our own bookkeeping has begun a drain, it is off: the GKM says that the SA lives. */
	sa->drained_at = SA_NEVER;
	return 0;
}

static int send_installed(const struct membership *group, uint32_t spi,
			  const struct effects *effects)
{
	Covey__SaInstalled installed = COVEY__SA_INSTALLED__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	installed.group = (char *)group->name;
	installed.spi = spi;
	message.body_case = COVEY__MESSAGE__BODY_SA_INSTALLED;
	message.sa_installed = &installed;
	return effects->send(effects->arg, &message);
}

int held_sa_install(struct membership *group, uint64_t instance, const Covey__SaInstall *message,
		    uint64_t now, const struct effects *effects, struct covey_error *error)
{
	int status = check_install(message, error);
	struct held_sa *sa = held_sa_find(group, message->spi);

	if (status)
		return status;
	status = floors_check(&group->floors, message->spi, error);
	if (status)
		return status;
	if (!group->senders.complete)
		return covey_error_set(error, -EPROTO,
				       "group %s: SPI %" PRIu32 " came before the whole roster",
				       group->name, message->spi);
	if (sa)
		status = install_again(group, sa, message, now, effects, error);
	else if (message->spi <= group->removed_spi)
		/* Its counters are gone, and the epoch is the same: IVs would repeat. */
		status = covey_error_set(error, -EPROTO,
					 "group %s: SPI %" PRIu32
					 " comes after a later or the same one was removed",
					 group->name, message->spi);
	else
		status = install_new(group, instance, message, now, effects, error);
	floors_clear(&group->floors);
	if (status)
		return status;
	if (send_installed(group, message->spi, effects) != 0)
		return covey_error_set(error, -EPROTO, "cannot queue SaInstalled");
	return 0;
}
