/* SPDX-License-Identifier: BSD-3-Clause */
#include "serial.h"

#include <string.h>

#include "host.h"

/* 128 bits of state, one multiplication per field; the constants are odd and otherwise arbitrary.
 */
struct digest {
	uint64_t a;
	uint64_t b;
};

static void put(struct digest *digest, uint64_t value)
{
	__uint128_t product = (__uint128_t)(digest->a ^ value) * UINT64_C(0x9e3779b97f4a7c15);

	digest->a = (uint64_t)product ^ digest->b;
	digest->b = (digest->b ^ (uint64_t)(product >> 64)) * UINT64_C(0xd6e8feb86659fd93) + value;
}

static void put_bytes(struct digest *digest, const uint8_t *bytes, size_t len)
{
	put(digest, len);
	while (len > 0) {
		uint64_t word = 0;
		size_t part = len < sizeof(word) ? len : sizeof(word);

		memcpy(&word, bytes, part);
		put(digest, word);
		bytes += part;
		len -= part;
	}
}

/* What is over is over, however long ago. */
static void put_time(struct digest *digest, const struct world *world, uint64_t then)
{
	if (then == UINT64_MAX)
		put(digest, then);
	else
		put(digest, then > world->now ? then - world->now : 0);
}

/* --- the key manager ----------------------------------------------------------------------- */

static void put_member(struct digest *digest, const struct world *world,
		       const struct member *member)
{
	put(digest, member->sender_id);
	put(digest, member->epoch);
	put(digest, member->session != NULL);
	put(digest, member->restored);
	put(digest, member->enrolled);
	put(digest, member->evicted);
	put(digest, member->sends_from_spi);
	put(digest, member->sends_to_spi);
	put(digest, member->greeted);
	put(digest, member->sent_generation);
	put(digest, member->acked_generation);
	put(digest, member->listed_generation);
	put_time(digest, world, member->listed_by_ms);
	put(digest, member->floor_rises_ms != 0);
	put_time(digest, world, member->floor_rises_ms);
	for (size_t i = 0; i < COVEY_REKEYS_PER_MEMBER_MAX; i++) {
		uint64_t caused_ms = member->rekeys.caused_ms[i];

		put_time(digest, world, caused_ms ? caused_ms + DRAIN_DELAY_S * 1000 : 0);
	}
}

static void put_roster(struct digest *digest, const struct group_roster *roster)
{
	put(digest, roster->generation);
	put(digest, roster->changes);
	for (size_t i = 0; i < roster->seats; i++) {
		const struct roster_entry *entry = &roster->entries[i];

		put(digest, entry->sender_id);
		put(digest, entry->epoch_floor);
		put(digest, entry->changed);
		put(digest, entry->published);
	}
	/* No SenderID above MEMBERS is ever given. */
	put(digest, roster->removed[0]);
}

static void put_sender_ids(struct digest *digest, const struct sender_ids *ids)
{
	put(digest, ids->count);
	for (size_t i = 0; i < ids->count; i++) {
		put(digest, ids->holders[i].sender_id);
		put(digest, ids->holders[i].former_until_spi);
		put(digest, ids->holders[i].kept);
		put(digest, ids->holders[i].digest);
	}
}

static void put_sa(struct digest *digest, const struct world *world, const struct sa *sa)
{
	put(digest, sa->spi);
	put(digest, sa->state);
	put_bytes(digest, sa->members, sa->seats);
	if (!sa_is_live(sa))
		return;
	put(digest, sa->tek[0]);
	put(digest, sa->evicts);
	put(digest, sa->state == SA_DRAINING && sa->cut_short);
	put_time(digest, world, sa->expires_ms);
	put_time(digest, world, sa->activate_by_ms);
	put_time(digest, world, sa->state == SA_ACTIVE ? sa->switch_by_ms : 0);
	put_time(digest, world, sa->state == SA_ACTIVE ? sa->rekey_ms : 0);
	put_time(digest, world, sa->state == SA_ACTIVE ? sa->patience_ms : 0);
	put_time(digest, world, sa->state == SA_DRAINING ? sa->drain_begin_ms + sa->drain_ms : 0);
	put_time(digest, world,
		 sa->state == SA_DRAINING ? sa->drain_begin_ms + COVEY_DRAIN_MIN_MS : 0);
	for (size_t i = 0; i < sa->seats; i++)
		put(digest, (uint64_t)sa->usages[i].was_sent << 1 | sa->usages[i].was_held);
	put_time(digest, world, sa->state == SA_DRAINING ? sa->drain_by_ms : 0);
}

static void put_gkm(struct digest *digest, const struct world *world)
{
	const struct gkm *gkm = &world->gkm;
	const struct group *group = gkm->group;

	put(digest, gkm->instance);
	put(digest, gkm->dirty);
	put(digest, gkm->next_spi);
	put(digest, group->sa_was_active);
	put(digest, group->wish.reason);
	put_time(digest, world, group->wish.reason ? group->wish.due_ms : 0);
	put(digest, group->newcomers);
	put_time(digest, world, group->join_due_ms);
	put_time(digest, world, group->newcomers ? group->first_newcomer_ms + 2000 : 0);
	put(digest, group->sa_count);
	for (size_t i = 0; i < MEMBERS; i++) {
		put(digest, gkm->bound[i]);
		put(digest, gkm->evicted[i]);
		put_member(digest, world, &group->members[i]);
	}
	put_roster(digest, &group->roster);
	put_sender_ids(digest, &group->sender_ids);
	for (size_t i = 0; i < group->sa_count; i++)
		put_sa(digest, world, group->sas[i]);
}

/* --- a member ------------------------------------------------------------------------------ */

static void put_senders(struct digest *digest, const struct senders *senders)
{
	put(digest, senders->begun);
	put(digest, senders->complete);
	put(digest, senders->generation);
	put(digest, senders->count);
	for (size_t i = 0; i < senders->count; i++) {
		put(digest, senders->list[i].entry.sender_id);
		put(digest, senders->list[i].entry.epoch_floor);
	}
}

/* installed_at matters to which of two gives way when there are too many: their order is enough. */
static void put_held(struct digest *digest, const struct world *world,
		     const struct membership *group, const struct held_sa *sa)
{
	size_t older = 0;

	for (size_t i = 0; i < group->sa_count; i++)
		older += group->sas[i].installed_at < sa->installed_at;
	put(digest, older);
	put(digest, sa->spi);
	put(digest, sa->instance);
	put(digest, sa->registration == group->registration);
	put(digest, sa->state);
	put(digest, sa->epoch);
	put_time(digest, world, sa->expires_at);
	put_time(digest, world, sa->drained_at);
}

static void put_membership(struct digest *digest, const struct world *world,
			   const struct membership *group)
{
	put(digest, group->state);
	put(digest, group->asked);
	put(digest, group->rejoin);
	put_time(digest, world, group->state == MEMBERSHIP_REFUSED ? group->retry_at : 0);
	put(digest, group->instance);
	put(digest, group->sender_id);
	put(digest, group->removed_spi);
	put(digest, group->epoch);
	put_senders(digest, &group->senders);
	put(digest, group->sa_count);
	for (size_t i = 0; i < group->sa_count; i++)
		put_held(digest, world, group, &group->sas[i]);
}

static void put_plane(struct digest *digest, const struct dataplane *plane)
{
	put(digest, plane->count);
	for (size_t i = 0; i < plane->count; i++) {
		const struct plane_sa *sa = &plane->sas[i];

		put(digest, sa->spi);
		put(digest, sa->tek);
		put(digest, sa->state);
		put(digest, (uint64_t)sa->sender_id << 16 | sa->epoch);
		for (unsigned id = 1; id <= MEMBERS; id++)
			put(digest, (uint64_t)sa->listed[id] << 16 | sa->floors[id]);
	}
}

static void put_queue(struct digest *digest, const struct world *world, const struct queue *queue)
{
	for (const struct frame *frame = queue->first; frame; frame = frame->next) {
		put_bytes(digest, frame->data, frame->len);
		put(digest, world->now - frame->sent_at);
	}
	put(digest, 0);
}

static void put_host(struct digest *digest, const struct world *world, unsigned i)
{
	const struct host *host = &world->hosts[i];
	const struct membership *group = host_group(world, i);

	put(digest, host->seen);
	put(digest, host->wire.host_end);
	put(digest, host->wire.gkm_end);
	put(digest, host->wire.joined);
	put(digest, host->wire.was_joined);
	put_queue(digest, world, &host->wire.up);
	put_queue(digest, world, &host->wire.down);
	put(digest, host->state->session);
	put(digest, host->state->instance);
	put(digest, group != NULL);
	if (group)
		put_membership(digest, world, group);
	put_plane(digest, &host->plane);
}

/* --- the rest ------------------------------------------------------------------------------ */

static void put_record(struct digest *digest, const struct world *world)
{
	const struct record *record = &world->record;

	put(digest, record->tek_count);
	put(digest, record->first_tek);
	for (unsigned i = 1; i <= record->tek_count; i++) {
		const struct tek_record *tek = &record->teks[i];

		put(digest, tek->expected);
		put(digest, tek->retired);
		put(digest, tek->excused);
		put(digest, tek->had);
		put(digest, tek->acked);
		put(digest, tek->sent);
		put_time(digest, world, tek->begin_ms + ACTIVATION_DELAY_S * 1000);
		put_time(digest, world, tek->begin_ms + world_lifetime_s(world) * 1000);
		for (unsigned id = 1; id <= MEMBERS; id++) {
			put(digest, tek->leased[id]);
			put(digest, tek->installed[id]);
		}
	}
	for (unsigned id = 1; id <= MEMBERS; id++) {
		put(digest, record->floors[id]);
		put(digest, record->holder[id]);
		put(digest, record->evicted_at[id - 1]);
		put(digest, record->past[id - 1]);
		put(digest, record->known[id - 1]);
		put(digest, record->awaited[id - 1]);
	}
}

uint64_t serial_digest(const struct world *world)
{
	struct digest digest = {.a = UINT64_C(0x243f6a8885a308d3), .b = 1};

	put_gkm(&digest, world);
	for (unsigned i = 0; i < MEMBERS; i++)
		put_host(&digest, world, i);
	put_record(&digest, world);
	put(&digest, world->left.cuts);
	put(&digest, world->left.host_restarts);
	put(&digest, world->left.gkm_restarts);
	put(&digest, world->left.rekeys);
	put(&digest, world->left.leaves);
	put(&digest, world->left.evictions);
	put(&digest, world->left.times);
	put(&digest, 0);
	return digest.a ^ digest.b;
}
