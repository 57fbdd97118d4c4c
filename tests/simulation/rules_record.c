/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "rules_private.h"

/* As the inventory says. */
static void begin_mode(const struct plan *plan, struct rule_host *host, unsigned group)
{
	host->enforced_us[group] = UINT64_MAX;
	host->enforces_us[group] = plan_observes(plan, group) ? UINT64_MAX : 0;
}

struct rules *rules_new(const struct plan *plan)
{
	struct rules *rules = calloc(1, sizeof(*rules));

	if (!rules)
		abort();
	rules->hosts = calloc(plan->hosts, sizeof(*rules->hosts));
	rules->sa_room = 64;
	rules->sas = calloc(rules->sa_room, sizeof(*rules->sas));
	rules->lease_room = 1024;
	rules->leases = calloc(rules->lease_room, sizeof(*rules->leases));
	if (!rules->hosts || !rules->sas || !rules->leases)
		abort();
	rules->sa_count = 1;
	for (unsigned i = 0; i < plan->hosts; i++)
		for (unsigned k = 0; k < plan->groups; k++)
			begin_mode(plan, &rules->hosts[i], k);
	return rules;
}

void rules_free(struct rules *rules)
{
	for (size_t i = 0; i < rules->sa_count; i++)
		free(rules->sas[i].expected);
	free(rules->sas);
	free(rules->leases);
	free(rules->hosts);
	free(rules);
}

static struct rule_host *host_rules(const struct host *host)
{
	return &host->process.fleet->rules->hosts[host->number];
}

void rules_changed(struct host *host)
{
	struct rules *rules = host->process.fleet->rules;

	rules->all_changed |= rules->changed && rules->changed != host;
	rules->changed = host;
}

/* --- SAs begin ----------------------------------------------------------------------------- */

static unsigned number_of(const struct gkm *gkm, const struct group *group)
{
	unsigned number = 0;

	while (gkm->manager.realms[number].served.group != group)
		number++;
	return number;
}

static void check_spi(const struct rules *rules, uint32_t spi)
{
	for (size_t i = 1; i < rules->sa_count; i++)
		if (rules->sas[i].spi == spi && !rules->sas[i].forgotten)
			violate("spi: SPI %" PRIu32 " has begun before", spi);
}

static struct rule_sa *add_sa(struct rules *rules)
{
	if (rules->sa_count == rules->sa_room) {
		rules->sa_room *= 2;
		rules->sas = reallocarray(rules->sas, rules->sa_room, sizeof(*rules->sas));
		if (!rules->sas)
			abort();
	}
	rules->sas[rules->sa_count] = (struct rule_sa){0};
	return &rules->sas[rules->sa_count++];
}

static void note_begin(struct group *group, uint32_t spi, const uint8_t *tek, size_t tek_len)
{
	struct fleet *fleet = fleet_now;
	struct rule_sa *sa;

	check_spi(fleet->rules, spi);
	sa = add_sa(fleet->rules);
	memcpy(sa->tek, tek, tek_len);
	sa->spi = spi;
	sa->group = number_of(fleet->gkm, group);
	sa->start = fleet->gkm->starts;
	sa->begun = fleet->events;
	sa->begun_us = fleet->now_us;
	sa->expected = calloc(fleet->plan->hosts, sizeof(*sa->expected));
	if (!sa->expected)
		abort();
	for (unsigned i = 0; i < fleet->plan->hosts; i++)
		if (group->members[i].session && is_live(fleet, &fleet->hosts[i], sa->group))
			sa->expected[i] = group->members[i].epoch;
	tell("SA %" PRIu32 " of group %u begins", spi, sa->group);
}

/* As the key manager registers it: what is on the way when the state file goes back counts for what
 * it was. */
static void note_binding(struct fleet *fleet, const struct host *host, unsigned group,
			 uint16_t sender_id)
{
	uint16_t *own = &fleet->rules->hosts[host->number].sender_id[group];

	if (*own && *own != sender_id)
		violate("binding: %s has SenderID %u, and had %u", host->process.name, sender_id,
			*own);
	for (unsigned i = 0; i < fleet->plan->hosts; i++)
		if (i != host->number && fleet->rules->hosts[i].sender_id[group] == sender_id)
			violate("binding: %s gets SenderID %u, which is %s's", host->process.name,
				sender_id, fleet->hosts[i].process.name);
	*own = sender_id;
}

int __real_group_begin_sa(struct group *group, uint32_t spi, const uint8_t *tek, size_t tek_len,
			  const struct sa_timing *timing);
int __wrap_group_begin_sa(struct group *group, uint32_t spi, const uint8_t *tek, size_t tek_len,
			  const struct sa_timing *timing);
int __real_group_join(struct group *group, size_t seat, void *session, uint16_t *ret_epoch);
int __wrap_group_join(struct group *group, size_t seat, void *session, uint16_t *ret_epoch);

int __wrap_group_begin_sa(struct group *group, uint32_t spi, const uint8_t *tek, size_t tek_len,
			  const struct sa_timing *timing)
{
	struct sa_timing changed = *timing;
	int status;

	if (breakage == BREAK_HURRY)
		changed.activation_delay_ms = 0;
	status = __real_group_begin_sa(group, spi, tek, tek_len, &changed);
	if (status == 0 && !process_now->dead)
		note_begin(group, spi, tek, tek_len);
	return status;
}

int __wrap_group_join(struct group *group, size_t seat, void *session, uint16_t *ret_epoch)
{
	struct fleet *fleet = fleet_now;
	unsigned number = number_of(fleet->gkm, group);
	uint64_t *enrolled = &fleet->rules->hosts[seat].enrolled[number];
	int status;

	if (breakage == BREAK_PAST)
		group->rekeys_on_join = false;
	if (breakage == BREAK_EPOCH && seat == 1 && group->members[seat].epoch > 0)
		group->members[seat].epoch--;
	status = __real_group_join(group, seat, session, ret_epoch);
	if (status < 0)
		return status;
	if (*enrolled == 0)
		*enrolled = fleet->events;
	if (!process_now->dead)
		note_binding(fleet, &fleet->hosts[seat], number, group->members[seat].sender_id);
	return 0;
}

/* --- SAs at a member ------------------------------------------------------------------------ */

static void lease(struct rules *rules, const struct host *host, uint64_t key)
{
	size_t mask = rules->lease_room - 1;
	size_t at = (key * UINT64_C(0x9e3779b97f4a7c15) >> 20) & mask;

	while (rules->leases[at] && rules->leases[at] != key)
		at = (at + 1) & mask;
	if (rules->leases[at])
		violate("lease: %s begins to count again as SenderID %u epoch %u under the key of "
			"SA %" PRIu32,
			host->process.name, (unsigned)(key >> 16 & 0xffff),
			(unsigned)(key & 0xffff), rules->sas[key >> 32].spi);
	rules->leases[at] = key;
	rules->lease_count++;
}

static void grow(struct rules *rules, const struct host *host)
{
	uint64_t *old = rules->leases;
	size_t room = rules->lease_room;

	if (rules->lease_count < rules->lease_room / 2)
		return;
	rules->lease_room *= 2;
	rules->lease_count = 0;
	rules->leases = calloc(rules->lease_room, sizeof(*rules->leases));
	if (!rules->leases)
		abort();
	for (size_t i = 0; i < room; i++)
		if (old[i])
			lease(rules, host, old[i]);
	free(old);
}

/* The last one with this key that has begun, as keys may come again when rules are broken. */
static uint32_t find(const struct rules *rules, const struct covey_sa *sa)
{
	size_t len = covey_cipher_key_len(sa->cipher);

	for (size_t i = 1; i < rules->sa_count; i++)
		if (memcmp(rules->sas[i].tek, sa->tek, len) == 0)
			return (uint32_t)i;
	return 0;
}

static void check_barred(const struct host *host, unsigned group, const struct rule_sa *sa)
{
	const struct rule_host *rules = host_rules(host);

	if (rules->evicted && sa->begun > rules->evicted)
		violate("evicted: %s was evicted before SA %" PRIu32 " began, and gets it",
			host->process.name, sa->spi);
	if (rules->revoked && sa->begun > rules->revoked)
		violate("evicted: %s gets SA %" PRIu32 ", its certificate was revoked before",
			host->process.name, sa->spi);
	if (host->process.fleet->plan->on_join && sa->sent && sa->sent < rules->enrolled[group])
		violate("past: %s gets SA %" PRIu32 ", which is older than its membership",
			host->process.name, sa->spi);
}

uint32_t rules_installed(struct host *host, unsigned group, const struct covey_sa *sa)
{
	struct rules *rules = host->process.fleet->rules;
	uint32_t number = find(rules, sa);

	if (number == 0) {
		violate("protocol: %s gets a key of SA %" PRIu32 " that nobody has made",
			host->process.name, sa->spi);
		return 0;
	}
	grow(rules, host);
	lease(rules, host, (uint64_t)number << 32 | (uint64_t)sa->sender_id << 16 | sa->epoch);
	check_barred(host, group, &rules->sas[number]);
	tell("%s installs SA %" PRIu32 " epoch %u", host->process.name, sa->spi, sa->epoch);
	return number;
}

void rules_sends(struct host *host, unsigned group, uint32_t sa)
{
	struct rule_sa *own = &host->process.fleet->rules->sas[sa];

	own->senders++;
	if (own->sent == 0)
		own->sent = host->process.fleet->events;
	tell("%s sends on SA %" PRIu32, host->process.name, own->spi);
	rules_changed(host);
}

bool rules_has_senders(const struct fleet *fleet, uint32_t sa)
{
	return fleet->rules->sas[sa].senders > 0;
}

void rules_stopped(struct host *host, uint32_t sa)
{
	host->process.fleet->rules->sas[sa].senders--;
	rules_changed(host);
}

void rules_floor_falls(struct host *host, uint32_t spi, uint16_t sender_id)
{
	violate("floor: %s's floor of SenderID %u on SA %" PRIu32 " falls", host->process.name,
		sender_id, spi);
}

/* --- what members are told ------------------------------------------------------------------ */

static unsigned group_named(const struct fleet *fleet, const char *name)
{
	for (unsigned i = 0; i < fleet->plan->groups; i++)
		if (strcmp(group_name_of(fleet, i), name) == 0)
			return i;
	abort();
}

/* From when to when must it be in enforce? */
static void note_mode(struct host *host, const Covey__GroupMode *message)
{
	unsigned group = group_named(host->process.fleet, message->group);
	struct rule_host *rules = host_rules(host);
	uint64_t now_us = process_clock_us(&host->process);
	uint64_t then_us = now_us + message->left_ms * UINT64_C(1000);
	uint64_t slack_us = MODE_SLACK_US + message->between_ms * UINT64_C(1000);

	rules->enforces_us[group] = rules->enforced_us[group] = UINT64_MAX;
	if (message->mode == COVEY_MODE_ENFORCE) {
		rules->enforces_us[group] = now_us + slack_us;
		if (message->left_ms)
			rules->enforced_us[group] = then_us;
	} else if (message->left_ms && message->then == COVEY_MODE_ENFORCE) {
		rules->enforces_us[group] = then_us + slack_us;
	}
}

void rules_bound(struct fleet *fleet, const char *group, const char *identity)
{
	unsigned host = (unsigned)strtoul(strrchr(identity, 'h') + 1, NULL, 10);
	uint64_t *enrolled = &fleet->rules->hosts[host].enrolled[group_named(fleet, group)];

	if (*enrolled == 0)
		*enrolled = fleet->events;
}

/* A sign of life changes nothing that a rule is about: what follows from it is told. */
void rules_message(struct process *from, struct process *to, const Covey__Message *message)
{
	struct host *host = host_of(to);

	if (message->body_case != COVEY__MESSAGE__BODY_HEARTBEAT)
		rules_changed(host ? host : host_of(from));
	if (!host)
		return;
	if (message->body_case == COVEY__MESSAGE__BODY_GROUP_MODE)
		note_mode(host, message->group_mode);
	else if (message->body_case == COVEY__MESSAGE__BODY_REFUSED &&
		 message->refused->code == COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL)
		violate("protocol: the key manager refuses %s: %s", host->process.name,
			message->refused->reason);
}

/* --- ends and operators --------------------------------------------------------------------- */

void rules_gkm_gone(struct fleet *fleet)
{
	fleet->rules->all_changed = true;
}

/* After a restart of the machine the mode is the inventory's. */
void rules_host_gone(struct host *host)
{
	const struct plan *plan = host->process.fleet->plan;

	for (unsigned i = 0; i < plan->groups && !host->process.powered; i++)
		begin_mode(plan, host_rules(host), i);
}

void rules_evicted(struct host *host)
{
	host_rules(host)->evicted = host->process.fleet->events;
	host_rules(host)->was_evicted = true;
	host_rules(host)->cast_out = host->process.fleet->events;
}

void rules_doubtful(struct host *host)
{
	host_rules(host)->evicted = 0;
	host_rules(host)->doubtful = host_rules(host)->was_evicted = true;
	host_rules(host)->cast_out = host->process.fleet->events;
}

void rules_readmitted(struct host *host)
{
	host_rules(host)->evicted = 0;
	host_rules(host)->doubtful = false;
}

void rules_revoked(struct host *host)
{
	host_rules(host)->revoked = host_rules(host)->cast_out = host->process.fleet->events;
}

void rules_renewed(struct host *host)
{
	host_rules(host)->revoked = 0;
}

/* What it said meanwhile is forgotten, as docs/reliability.md says: the operator evicts again. */
void rules_older(struct fleet *fleet, uint64_t then_us, uint32_t next_spi)
{
	struct rules *rules = fleet->rules;

	for (size_t i = 1; i < rules->sa_count; i++)
		rules->sas[i].forgotten |= rules->sas[i].spi >= next_spi;
	for (unsigned i = 0; i < fleet->plan->hosts; i++) {
		memset(rules->hosts[i].sender_id, 0, sizeof(rules->hosts[i].sender_id));
		rules->hosts[i].doubtful |= rules->hosts[i].was_evicted;
		rules->hosts[i].evicted = 0;
	}
}
