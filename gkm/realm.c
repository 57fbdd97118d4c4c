/* SPDX-License-Identifier: BSD-3-Clause */
#include "realm.h"

#include <errno.h>
#include <openssl/rand.h>
#include <string.h>

#include "absence.h"
#include "clock.h"
#include "formers.h"
#include "log.h"
#include "manager.h"
#include "secret.h"

/* How soon after a failure an SA that members wait for is begun again. */
#define RETRY_MS 2000u

/* --- keys ---------------------------------------------------------------------------------- */

/* The last tenth of a time, drawn evenly: groups that began together do not stay together. */
static uint64_t spread(uint64_t ms)
{
	uint32_t number = 0;

	RAND_bytes((unsigned char *)&number, sizeof(number));
	return ms - ms / 10 * number / UINT32_MAX;
}

static int begin_with_key(struct realm *realm, enum rekey_reason reason, uint8_t *tek, size_t len,
			  struct covey_error *error)
{
	const struct rekey_policy *policy = &realm->group->rekey;
	const struct sa_timing timing = {
		.begin_ms = clock_now_ms(),
		.activation_delay_ms = policy->activation_delay_s * UINT64_C(1000),
		.drain_delay_ms = policy->drain_delay_s * UINT64_C(1000),
		.hard_lifetime_ms = policy->hard_lifetime_s * UINT64_C(1000),
		.rekey_after_ms = spread(policy->interval_s * UINT64_C(1000)),
		.patient = reason == REKEY_INTERVAL,
		.evicts = reason == REKEY_EVICTION,
	};
	uint32_t spi;
	int rc;

	if (RAND_priv_bytes(tek, (int)len) != 1)
		return covey_error_set(error, -EIO, "the system gives no random numbers");
	rc = store_take_spi(realm->manager->store, &spi, error);
	if (rc < 0)
		return rc;
	rc = group_begin_sa(realm->state, spi, tek, len, &timing);
	if (rc < 0)
		return covey_error_set(error, rc, "SA %u of group %s cannot begin: %s", spi,
				       realm->group->name, strerror(-rc));
	log_info("%s: SA %u begins, %s, keys per %s", realm->group->name, spi,
		 covey_cipher_name(realm->group->cipher),
		 covey_key_scope_name(realm->group->key_scope));
	return 0;
}

int realm_begin_sa(struct realm *realm, enum rekey_reason reason, struct covey_error *error)
{
	size_t len = covey_cipher_key_len(realm->group->cipher);
	uint8_t *tek = secret_alloc(len);
	int rc;

	if (!tek)
		return covey_error_set(error, -ENOMEM, "no memory for a key");
	rc = begin_with_key(realm, reason, tek, len, error);
	secret_free(tek);
	return rc;
}

int realm_ensure_sa(struct realm *realm, struct covey_error *error)
{
	return group_needs_sa(realm->state) ? realm_begin_sa(realm, REKEY_MISSING, error) : 0;
}

/* --- time ---------------------------------------------------------------------------------- */

static void schedule(struct realm *realm, uint64_t deadline, uint64_t now_ms)
{
	uint64_t wait;

	if (deadline == GROUP_NEVER) {
		event_del(realm->timer);
		return;
	}
	wait = deadline > now_ms ? deadline - now_ms : 0;
	event_add(realm->timer, &(struct timeval){.tv_sec = (time_t)(wait / 1000),
						  .tv_usec = (suseconds_t)(wait % 1000 * 1000)});
}

static void settle(struct realm *realm, uint64_t now_ms)
{
	uint64_t began_us = clock_now_us();

	group_settle(realm->state, now_ms);
	outbox_settled(realm);
	pace_did(&realm->pace, began_us, clock_now_us());
}

/*
 * Begin the SA that is due, if any. A failure is tried again by itself, for no member asks for it,
 * and not with every message that arrives meanwhile.
 */
static void begin_due(struct realm *realm, uint64_t now_ms)
{
	enum rekey_reason reason = rekey_due(realm->state, now_ms);
	struct covey_error error;

	if (reason == REKEY_NONE || now_ms < realm->retry_ms)
		return;
	realm->retry_ms = 0;
	log_notice("%s: a new SA is needed: %s", realm->group->name, rekey_reason_text(reason));
	absence_log(realm);
	if (realm_begin_sa(realm, reason, &error) == 0) {
		settle(realm, now_ms);
		return;
	}
	log_error("%s gets no new SA%s: %s; trying again in %u s", realm->group->name,
		  reason == REKEY_MISSING ? ", its members cannot send" : "", error.text,
		  RETRY_MS / 1000);
	realm->retry_ms = now_ms + RETRY_MS;
}

/* While a failed begin waits, it is overdue: the retry counts. */
static uint64_t next_event(const struct realm *realm)
{
	uint64_t rekey_ms = rekey_deadline(realm->state);
	uint64_t deadline_ms = group_deadline(realm->state);
	uint64_t formers_ms = formers_deadline(realm);

	if (rekey_ms < realm->retry_ms)
		rekey_ms = realm->retry_ms;
	if (deadline_ms > formers_ms)
		deadline_ms = formers_ms;
	return rekey_ms < deadline_ms ? rekey_ms : deadline_ms;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct realm *realm = arg;
	uint64_t now_ms = clock_now_ms();

	formers_release(realm, now_ms);
	settle(realm, now_ms);
	begin_due(realm, now_ms);
	schedule(realm, next_event(realm), now_ms);
}

void realm_wake(struct realm *realm)
{
	uint64_t wait_us = pace_wait_us(&realm->pace, clock_now_us());

	if (!realm->manager->stopping)
		event_add(realm->timer,
			  &(struct timeval){.tv_sec = (time_t)(wait_us / 1000000),
					    .tv_usec = (suseconds_t)(wait_us % 1000000)});
}

void realm_stop(struct realm *realm)
{
	event_del(realm->timer);
}

/* --- life ---------------------------------------------------------------------------------- */

/* The seat of an identity, or -ENOENT when it is not authorised any more. */
static long find_seat(const struct realm *realm, const char *identity)
{
	struct identity who;
	const struct inventory_host *host;
	const struct inventory_member *member;

	if (identity_parse(identity, &who, NULL) < 0 || who.role != IDENTITY_HOST ||
	    strcmp(who.fabric, realm->manager->inventory->fabric) != 0)
		return -ENOENT;
	host = inventory_find_host(realm->manager->inventory, who.host);
	member = host ? inventory_find_member(realm->manager->inventory, realm->group, host) : NULL;
	return member ? member - realm->group->members : -ENOENT;
}

static int restore(const char *identity, uint16_t sender_id, void *arg)
{
	struct realm *realm = arg;
	long seat = find_seat(realm, identity);

	/* Who is not authorised any more still holds its SenderID: it was bound for good. */
	if (seat < 0)
		return sender_ids_bind(&realm->state->sender_ids, identity, sender_id, 0);
	return group_restore(realm->state, (size_t)seat, sender_id);
}

static void seat_members(struct realm *realm)
{
	for (size_t i = 0; i < realm->group->member_count; i++) {
		const struct inventory_member *from = &realm->group->members[i];
		struct member *to = &realm->state->members[i];

		to->identity = realm->manager->identities[from->host];
		to->vtep = realm->manager->inventory->hosts[from->host].vtep;
		to->may_send = from->may_send;
	}
}

int realm_init(struct realm *realm, struct manager *manager, const struct inventory_group *group,
	       struct covey_error *error)
{
	struct group_output output = outbox_output(realm);
	int rc;

	*realm = (struct realm){.manager = manager, .group = group};
	realm->timer = event_new(manager->base, -1, 0, on_timer, realm);
	rc = group_new(group->member_count, group->rekey.activation_delay_s * UINT64_C(1000),
		       &output, &realm->state);
	if (rc < 0 || !realm->timer) {
		rc = covey_error_set(error, -ENOMEM, "out of memory");
		goto fail;
	}
	realm->state->limits.key_is_shared = group->key_scope == COVEY_KEY_SCOPE_GROUP;
	realm->state->rekeys_on_join = group->rekey.on_join;
	seat_members(realm);
	error->text[0] = '\0';
	rc = store_each_binding(manager->store, group->name, restore, realm, error);
	if (rc < 0 && !error->text[0])
		covey_error_set(error, rc, "bindings of group %s cannot be restored: %s",
				group->name, strerror(-rc));
	if (rc == 0)
		rc = formers_restore(realm, clock_now_ms(), error);
	if (rc < 0)
		goto fail;
	return 0;
fail:
	realm_free(realm);
	return rc;
}

void realm_free(struct realm *realm)
{
	if (realm->timer)
		event_free(realm->timer);
	outbox_clear(&realm->outbox);
	sender_ids_free(&realm->requested);
	group_free(realm->state);
	*realm = (struct realm){0};
}
