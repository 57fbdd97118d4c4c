/* SPDX-License-Identifier: BSD-3-Clause */
#include "realm.h"

#include <errno.h>
#include <openssl/rand.h>
#include <string.h>

#include "clock.h"
#include "identity.h"
#include "log.h"
#include "peer_log.h"
#include "realm_store.h"
#include "secret.h"

/* So many SPIs at most are taken from the state file at once. A restart loses those of them that
 * were not needed. */
#define SPIS_AT_ONCE 64u

/* --- the log ------------------------------------------------------------------------------- */

/* Members can cause rekeys, so lines about these are limited for each group: five of a kind. Only
 * the operator causes these two, and has to see what comes of it. */
static bool is_operators(enum rekey_reason reason)
{
	return reason == REKEY_OPERATOR || reason == REKEY_EVICTION;
}

static struct peer_log *limit_of(const struct realm *realm, enum rekey_reason reason)
{
	return is_operators(reason) ? NULL : realm->tools.log;
}

/* --- keys ---------------------------------------------------------------------------------- */

uint64_t realm_spread(uint64_t ms)
{
	uint32_t number = 0;

	RAND_bytes((unsigned char *)&number, sizeof(number));
	return ms - ms / 10 * number / UINT32_MAX;
}

bool realm_is_beginning(const struct realm *realm, uint64_t now_ms)
{
	return group_needs_sa(realm->served.group) ||
	       rekey_due(realm->served.group, now_ms) != REKEY_NONE;
}

/* After a power cut, or the eviction of a host, many groups begin an SA at once. */
static int take_spi(const struct realm *realm, uint32_t *ret_spi, struct covey_error *error)
{
	const struct realm_tools *tools = &realm->tools;
	struct store *store = tools->store;

	if (store->next_spi == store->next_spi_in_file && tools->count_beginning) {
		size_t count = tools->count_beginning(tools->arg, clock_ms());

		store->spis_wanted = count < SPIS_AT_ONCE ? (uint32_t)count : SPIS_AT_ONCE;
	}
	return store->ops->take_spi(store, ret_spi, error);
}

static int begin_with_key(struct realm *realm, enum rekey_reason reason, uint8_t *tek, size_t len,
			  struct covey_error *error)
{
	const struct rekey_policy *policy = &realm->served.config->rekey;
	const struct sa_timing timing = {
		.begin_ms = clock_ms(),
		.activation_delay_ms = policy->activation_delay_s * UINT64_C(1000),
		.drain_delay_ms = policy->drain_delay_s * UINT64_C(1000),
		.hard_lifetime_ms = policy->hard_lifetime_s * UINT64_C(1000),
		.rekey_after_ms = realm_spread(policy->interval_s * UINT64_C(1000)),
		.patient = reason == REKEY_INTERVAL,
		.evicts = reason == REKEY_EVICTION,
	};
	uint32_t spi;
	int status;

	if (RAND_priv_bytes(tek, (int)len) != 1)
		return covey_error_set(error, -EIO, "the system gives no random numbers");
	status = take_spi(realm, &spi, error);
	realm->awaits_spi = status == -EINPROGRESS;
	if (status < 0)
		return status;
	status = group_begin_sa(realm->served.group, spi, tek, len, &timing);
	if (status < 0)
		return covey_error_set(error, status, "SA %u of group %s cannot begin: %s", spi,
				       realm->served.config->name, strerror(-status));
	if (is_operators(reason))
		realm->outbox.operators_spi = spi;
	peer_log_line(limit_of(realm, reason), LOG_LEVEL_INFO, realm->served.config->name,
		      "%s: SA %u begins, %s, keys per %s", realm->served.config->name, spi,
		      covey_cipher_name(realm->served.config->cipher),
		      covey_key_scope_name(realm->served.config->key_scope));
	return 0;
}

/* May it act, and is on disk what must be there first? */
static int may_begin(const struct realm *realm, struct covey_error *error)
{
	if (!store_may_act(realm->tools.store))
		return covey_error_set(error, -ENOTCONN,
				       "this key manager does not lead any more: ask the one that "
				       "does");
	return realm_check_lifetime(realm, error);
}

static int begin_sa(struct realm *realm, enum rekey_reason reason, struct covey_error *error)
{
	size_t len = covey_cipher_key_len(realm->served.config->cipher);
	int status = may_begin(realm, error);
	uint8_t *tek;

	if (status < 0)
		return status;
	tek = secret_alloc(len);
	if (!tek)
		return covey_error_set(error, -ENOMEM, "no memory for a key");
	status = begin_with_key(realm, reason, tek, len, error);
	secret_free(tek);
	return status;
}

/* Is something being written that the next SA needs? Then it begins after that. */
static bool awaits_store(const struct realm *realm)
{
	return realm->awaits_spi || realm_awaits_lifetime(realm);
}

int realm_ensure_sa(struct realm *realm, struct covey_error *error)
{
	if (!group_needs_sa(realm->served.group))
		return 0;
	return awaits_store(realm) ? -EINPROGRESS : begin_sa(realm, REKEY_MISSING, error);
}

/* --- members that still send but have no control channel ----------------------------------- */

const char *realm_member_name(const struct realm *realm, size_t seat)
{
	return realm->tools.inventory->hosts[realm->served.config->members[seat].host].name;
}

json_t *realm_absent_names(const struct realm *realm)
{
	json_t *names = json_array();

	for (size_t i = 0; i < realm->served.group->seats; i++)
		if (rekey_leaves_behind(realm->served.group, i))
			json_array_append_new(names, json_string(realm_member_name(realm, i)));
	return names;
}

/* Logs one line, however many members are absent. */
static void log_absent(const struct realm *realm, enum rekey_reason reason)
{
	size_t first = 0, count = 0;

	for (size_t i = 0; i < realm->served.group->seats; i++)
		if (rekey_leaves_behind(realm->served.group, i) && count++ == 0)
			first = i;
	if (count == 0)
		return;
	peer_log_line(limit_of(realm, reason), LOG_LEVEL_WARNING, realm->served.config->name,
		      "%s: %s%s has no connection to the key manager: the others still receive "
		      "what it sends, but it receives nothing of what they send with the next SA "
		      "until it is back (all names: covey show)",
		      realm->served.config->name, realm_member_name(realm, first),
		      count > 1 ? " (and others)" : "");
}

/* --- time ---------------------------------------------------------------------------------- */

/* The deadline of a mode holds also if this machine sleeps meanwhile: members go by themselves. */
static void schedule(struct realm *realm, uint64_t deadline, uint64_t now_ms)
{
	uint64_t wait_ms = deadline > now_ms ? deadline - now_ms : 0;
	struct timeval wait;

	if (deadline == GROUP_NEVER) {
		event_del(realm->timer);
		return;
	}
	if (wait_ms > CLOCK_LOOK_MS && realm->served.group->mode.now.then)
		wait_ms = CLOCK_LOOK_MS;
	wait = clock_timeval(wait_ms);
	event_add(realm->timer, &wait);
}

static void settle(struct realm *realm, uint64_t now_ms)
{
	uint64_t began_us = clock_us();

	group_settle(realm->served.group, now_ms);
	outbox_settled(&realm->outbox);
	pace_did(&realm->pace, began_us, clock_us());
}

static void announce(struct realm *realm, enum rekey_reason reason)
{
	if (realm->announced == reason)
		return;
	realm->announced = reason;
	peer_log_line(limit_of(realm, reason), LOG_LEVEL_NOTICE, realm->served.config->name,
		      "%s: a new SA is needed: %s", realm->served.config->name,
		      rekey_reason_text(reason));
	log_absent(realm, reason);
}

/* It is tried again by a timer: no member asks for it, and it shall not be tried with each message
 * that arrives meanwhile. */
static void fail(struct realm *realm, enum rekey_reason reason, uint64_t now_ms,
		 const struct covey_error *error)
{
	log_error("%s gets no new SA%s: %s; trying again in %u s", realm->served.config->name,
		  reason == REKEY_MISSING ? ", its members cannot send" : "", error->text,
		  REALM_RETRY_MS / 1000);
	realm->announced = REKEY_NONE;
	realm->retry_ms = now_ms + REALM_RETRY_MS;
}

/* Begin the SA that is due, if one is. */
static void begin_due(struct realm *realm, uint64_t now_ms)
{
	enum rekey_reason reason = rekey_due(realm->served.group, now_ms);
	struct covey_error error;
	int status;

	if (reason == REKEY_NONE)
		realm->announced = REKEY_NONE;
	if (reason == REKEY_NONE || now_ms < realm->retry_ms || awaits_store(realm))
		return;
	realm->retry_ms = 0;
	announce(realm, reason);
	status = begin_sa(realm, reason, &error);
	if (status == -EINPROGRESS)
		return;
	if (status < 0) {
		fail(realm, reason, now_ms, &error);
		return;
	}
	realm->announced = REKEY_NONE;
	/* Not at now_ms, when the SA had not begun: members would get more than its lifetime. */
	settle(realm, clock_ms());
}

void realm_spis_came(struct realm *realm, int status, const struct covey_error *error)
{
	uint64_t now_ms = clock_ms();
	enum rekey_reason reason = rekey_due(realm->served.group, now_ms);

	if (!realm->awaits_spi)
		return;
	realm->awaits_spi = false;
	if (status < 0 && reason != REKEY_NONE)
		fail(realm, reason, now_ms, error);
	realm_wake(realm);
}

/* After a failure, the SA is overdue; then the time of the next attempt counts. */
static uint64_t next_event(const struct realm *realm)
{
	uint64_t rekey_ms = rekey_deadline(realm->served.group);
	uint64_t deadline_ms = group_deadline(realm->served.group);
	uint64_t formers_ms = realm_formers_deadline(realm);

	if (rekey_ms < realm->retry_ms)
		rekey_ms = realm->retry_ms;
	if (awaits_store(realm))
		rekey_ms = UINT64_MAX;
	if (deadline_ms > realm_lifetime_deadline(realm))
		deadline_ms = realm_lifetime_deadline(realm);
	if (deadline_ms > formers_ms)
		deadline_ms = formers_ms;
	return rekey_ms < deadline_ms ? rekey_ms : deadline_ms;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct realm *realm = arg;
	uint64_t now_ms = clock_ms();

	realm_release_formers(realm, now_ms);
	realm_try_lifetime(realm, now_ms);
	settle(realm, now_ms);
	begin_due(realm, now_ms);
	schedule(realm, next_event(realm), now_ms);
}

void realm_wake(struct realm *realm)
{
	uint64_t wait_us = pace_wait_us(&realm->pace, clock_us());

	if (!realm->stopped)
		event_add(realm->timer,
			  &(struct timeval){.tv_sec = (time_t)(wait_us / 1000000),
					    .tv_usec = (suseconds_t)(wait_us % 1000000)});
}

void realm_stop(struct realm *realm)
{
	realm->stopped = true;
	event_del(realm->timer);
}

/* --- life ---------------------------------------------------------------------------------- */

/* The seat of an identity, or -ENOENT when the inventory does not authorise it any more. */
static long find_seat(const struct realm *realm, const char *identity)
{
	struct identity who;
	const struct inventory_host *host;
	const struct inventory_member *member;

	if (identity_parse(identity, &who, NULL) < 0 || who.role != IDENTITY_HOST ||
	    strcmp(who.fabric, realm->tools.inventory->fabric) != 0)
		return -ENOENT;
	host = inventory_find_host(realm->tools.inventory, who.host);
	member = host ? inventory_find_member(realm->tools.inventory, realm->served.config, host)
		      : NULL;
	return member ? member - realm->served.config->members : -ENOENT;
}

static int restore(const char *identity, uint16_t sender_id, void *arg)
{
	struct realm *realm = arg;
	long seat = find_seat(realm, identity);

	/* A host that is not authorised any more keeps its SenderID, because a binding is for ever.
	 */
	if (seat < 0)
		return sender_ids_bind(&realm->served.group->sender_ids, identity, sender_id, 0);
	return group_restore(realm->served.group, (size_t)seat, sender_id);
}

static int seat_members(struct realm *realm)
{
	for (size_t i = 0; i < realm->served.config->member_count; i++) {
		const struct inventory_member *from = &realm->served.config->members[i];
		struct member *to = &realm->served.group->members[i];

		to->identity = realm->tools.identities[from->host];
		to->vtep = realm->tools.inventory->hosts[from->host].vtep;
		to->may_send = from->may_send;
		to->may_receive = from->may_receive;
		if (!to->identity)
			return -ENOMEM;
	}
	return 0;
}

static void wake(void *arg)
{
	realm_wake(arg);
}

static int ensure_sa(void *arg, struct covey_error *error)
{
	return realm_ensure_sa(arg, error);
}

int realm_init(struct realm *realm, const struct realm_tools *tools,
	       const struct inventory_group *config, struct covey_error *error)
{
	struct group_output output = outbox_output(&realm->outbox);
	int status;

	*realm = (struct realm){
		.served = {.config = config,
			   .wake = wake,
			   .ensure_sa = ensure_sa,
			   .keep_mode = realm_keep_mode,
			   .arg = realm},
		.tools = *tools,
	};
	realm_store_init(realm);
	outbox_init(&realm->outbox, &realm->served, tools->log);
	realm->timer = event_new(tools->base, -1, 0, on_timer, realm);
	status = group_new(config->member_count, config->rekey.activation_delay_s * UINT64_C(1000),
			   &output, &realm->served.group);
	if (status == 0 && realm->timer)
		status = seat_members(realm);
	if (status < 0 || !realm->timer) {
		status = covey_error_set(error, -ENOMEM, "out of memory");
		goto fail;
	}
	realm->served.group->limits.key_is_shared = config->key_scope == COVEY_KEY_SCOPE_GROUP;
	realm->served.group->rekeys_on_join = config->rekey.on_join;
	realm->served.group->publishing = tools->publishing;
	error->text[0] = '\0';
	status = tools->store->ops->each_binding(tools->store, config->name, restore, realm, error);
	if (status < 0 && !error->text[0])
		covey_error_set(error, status, "bindings of group %s cannot be restored: %s",
				config->name, strerror(-status));
	if (status == 0)
		status = realm_restore_formers(realm, clock_ms(), error);
	if (status == 0)
		status = realm_restore_mode(realm, clock_ms(), error);
	if (status < 0)
		goto fail;
	return 0;
fail:
	realm_free(realm);
	return status;
}

void realm_free(struct realm *realm)
{
	realm_store_free(realm);
	if (realm->timer)
		event_free(realm->timer);
	outbox_clear(&realm->outbox);
	sender_ids_free(&realm->served.requested);
	group_free(realm->served.group);
	*realm = (struct realm){0};
}
