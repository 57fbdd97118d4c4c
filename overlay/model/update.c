/* SPDX-License-Identifier: BSD-3-Clause */
#include "update.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "schema.h"

/* An inventory's hosts or groups, where they are in the other one. */
#define NONE SIZE_MAX

struct plan {
	struct inventory *live, *fresh;
	const struct inventory_host *self;
	struct inventory_changes changes;
	size_t *host_at;                   /* by index in fresh: the index in live */
	size_t *group_at;                  /* likewise */
	bool *host_stays;                  /* by index in live */
	bool *group_stays;                 /* likewise */
	bool *host_was;                    /* likewise: it was there before */
	struct inventory_member **members; /* by index in fresh: the whole list for live */
	size_t *member_counts;
	size_t host_count, group_count; /* of live, afterwards */
	bool out_of_memory;
};

/* --- what has changed ---------------------------------------------------------------------- */

static void add(struct plan *plan, struct inventory_change change)
{
	struct inventory_changes *changes = &plan->changes;

	if (changes->count == changes->room) {
		size_t room = 2 * changes->room + 16;
		struct inventory_change *grown =
			reallocarray(changes->list, room, sizeof(*changes->list));

		if (!grown) {
			plan->out_of_memory = true;
			return;
		}
		changes->list = grown;
		changes->room = room;
	}
	changes->list[changes->count++] = change;
}

static bool is_text(const struct field *field)
{
	return field->type == FIELD_TEXT || field->type == FIELD_NAMES;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_field(const struct field *field, const void *a, const void *b)
{
	const void *in_a = (const char *)a + field->offset, *in_b = (const char *)b + field->offset;

	if (field->type == FIELD_NODE)
		return true;
	if (is_text(field))
		return same_text(*(char *const *)in_a, *(char *const *)in_b);
	if (field->type == FIELD_ADDRESS)
		return covey_addr_equal(in_a, in_b);
	return memcmp(in_a, in_b, field->size) == 0;
}

static void compare_fabric(struct plan *plan)
{
	const struct inventory *live = plan->live, *fresh = plan->fresh;

	for (size_t i = 0; i < fabric_schema.count; i++)
		if (!same_field(&fabric_schema.fields[i], live, fresh))
			add(plan,
			    (struct inventory_change){.kind = INVENTORY_FABRIC_KEPT,
						      .variable = fabric_schema.fields[i].name});
	if (live->carries_gpe != fresh->carries_gpe ||
	    live->carries_geneve != fresh->carries_geneve)
		add(plan, (struct inventory_change){.kind = INVENTORY_FABRIC_KEPT,
						    .variable = "covey_encapsulations"});
	if (memcmp(live->class_by_dscp, fresh->class_by_dscp, sizeof(live->class_by_dscp)) != 0)
		add(plan, (struct inventory_change){.kind = INVENTORY_QOS_MAP,
						    .variable = "covey_qos_map"});
	if (!covey_gkms_equal(&live->gkms, &fresh->gkms))
		add(plan,
		    (struct inventory_change){.kind = INVENTORY_GKMS, .variable = "covey_gkm"});
}

static bool same_uplinks(const struct inventory_host *a, const struct inventory_host *b)
{
	if (a->uplink_count != b->uplink_count)
		return false;
	for (size_t i = 0; i < a->uplink_count; i++)
		if (strcmp(a->uplinks[i], b->uplinks[i]) != 0)
			return false;
	return true;
}

/* Of our own host, all counts; of another one, only what others see of it. */
static void compare_host(struct plan *plan, size_t at, const struct inventory_host *fresh)
{
	const struct inventory_host *live = &plan->live->hosts[at];
	struct inventory_change change = {.kind = INVENTORY_HOST_KEPT, .host = at};

	for (size_t i = 0; i < host_schema.count; i++) {
		const struct field *field = &host_schema.fields[i];
		bool names = strcmp(field->name, "covey_fabric_interface") == 0;

		change.variable = field->name;
		if (same_field(field, live, fresh) && (!names || same_uplinks(live, fresh)))
			continue;
		if (live == plan->self ||
		    (!plan->self && field->offset == offsetof(struct inventory_host, sender_id)))
			add(plan, change);
	}
	if (live != plan->self && !covey_addr_equal(&live->vtep, &fresh->vtep))
		add(plan, (struct inventory_change){.kind = INVENTORY_HOST_VTEP,
						    .host = at,
						    .variable = "covey_vtep"});
}

static void compare_hosts(struct plan *plan)
{
	const struct inventory *live = plan->live;

	for (size_t i = 0; i < plan->fresh->host_count; i++) {
		size_t at = plan->host_at[i];

		if (at >= live->host_count || live->hosts[at].gone)
			add(plan,
			    (struct inventory_change){.kind = INVENTORY_HOST_ADDED, .host = at});
		else
			compare_host(plan, at, &plan->fresh->hosts[i]);
	}
	for (size_t i = 0; i < live->host_count; i++)
		if (!plan->host_stays[i] && !live->hosts[i].gone)
			add(plan,
			    (struct inventory_change){.kind = INVENTORY_HOST_REMOVED, .host = i});
}

static bool same_members(const struct inventory_group *live, const struct inventory_member *members,
			 size_t count)
{
	if (count != live->member_count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (members[i].may_send != live->members[i].may_send ||
		    members[i].may_receive != live->members[i].may_receive ||
		    members[i].gone != live->members[i].gone)
			return false;
	return true;
}

static bool same_rekey(const struct rekey_policy *a, const struct rekey_policy *b)
{
	return a->interval_s == b->interval_s && a->activation_delay_s == b->activation_delay_s &&
	       a->drain_delay_s == b->drain_delay_s && a->hard_lifetime_s == b->hard_lifetime_s &&
	       a->on_join == b->on_join;
}

static void compare_group(struct plan *plan, size_t at, size_t i)
{
	const struct inventory_group *live = &plan->live->groups[at];
	const struct inventory_group *fresh = &plan->fresh->groups[i];
	struct inventory_change change = {.kind = INVENTORY_GROUP_KEPT, .group = at};

	for (size_t j = 0; j < group_schema.count; j++) {
		change.variable = group_schema.fields[j].name;
		if (!same_field(&group_schema.fields[j], live, fresh))
			add(plan, change);
	}
	if (live->vni_count != fresh->vni_count ||
	    memcmp(live->vnis, fresh->vnis, live->vni_count * sizeof(*live->vnis)) != 0)
		add(plan, (struct inventory_change){
				  .kind = INVENTORY_GROUP_VNIS, .group = at, .variable = "vnis"});
	if (!same_members(live, plan->members[i], plan->member_counts[i]))
		add(plan, (struct inventory_change){.kind = INVENTORY_GROUP_MEMBERS,
						    .group = at,
						    .variable = "members"});
	if (!same_rekey(&live->rekey, &fresh->rekey))
		add(plan, (struct inventory_change){
				  .kind = INVENTORY_GROUP_REKEY, .group = at, .variable = "rekey"});
}

static void compare_groups(struct plan *plan)
{
	const struct inventory *live = plan->live;

	for (size_t i = 0; i < live->group_count; i++)
		if (!plan->group_stays[i] && !live->groups[i].gone)
			add(plan,
			    (struct inventory_change){.kind = INVENTORY_GROUP_REMOVED, .group = i});
	for (size_t i = 0; i < plan->fresh->group_count; i++) {
		size_t at = plan->group_at[i];

		if (at >= live->group_count || live->groups[at].gone)
			add(plan,
			    (struct inventory_change){.kind = INVENTORY_GROUP_ADDED, .group = at});
		else
			compare_group(plan, at, i);
	}
}

/* --- who is who ---------------------------------------------------------------------------- */

/* Most often both have the same order, so the search begins where the last one ended. */
static size_t find_host(const struct inventory *live, const char *name, size_t hint)
{
	for (size_t i = 0; i < live->host_count; i++) {
		size_t at = (hint + i) % live->host_count;

		if (strcmp(live->hosts[at].name, name) == 0)
			return at;
	}
	return NONE;
}

static size_t find_group(const struct inventory *live, const char *name)
{
	for (size_t i = 0; i < live->group_count; i++)
		if (strcmp(live->groups[i].name, name) == 0)
			return i;
	return NONE;
}

static void match(struct plan *plan)
{
	const struct inventory *live = plan->live, *fresh = plan->fresh;
	size_t hint = 0;

	plan->host_count = live->host_count;
	plan->group_count = live->group_count;
	for (size_t i = 0; i < fresh->host_count; i++) {
		size_t at = find_host(live, fresh->hosts[i].name, hint);

		plan->host_at[i] = at == NONE ? plan->host_count++ : at;
		if (at == NONE)
			continue;
		plan->host_stays[at] = true;
		hint = at + 1;
	}
	for (size_t i = 0; i < fresh->group_count; i++) {
		size_t at = find_group(live, fresh->groups[i].name);

		plan->group_at[i] = at == NONE ? plan->group_count++ : at;
		if (at != NONE)
			plan->group_stays[at] = true;
	}
}

/* --- members ------------------------------------------------------------------------------- */

/* The list that live gets for a group: first those that it has, in their order. seats has room for
 * each host: where it is in the list, plus 1. */
static int merge(struct plan *plan, size_t i, size_t *seats)
{
	const struct inventory_group *fresh = &plan->fresh->groups[i];
	const struct inventory_group *live = plan->group_at[i] < plan->live->group_count
						     ? &plan->live->groups[plan->group_at[i]]
						     : NULL;
	size_t count = live ? live->member_count : 0;
	struct inventory_member *list = calloc(count + fresh->member_count + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t j = 0; j < count; j++) {
		list[j] = (struct inventory_member){.host = live->members[j].host, .gone = true};
		seats[list[j].host] = j + 1;
	}
	for (size_t j = 0; j < fresh->member_count; j++) {
		struct inventory_member member = fresh->members[j];

		member.host = plan->host_at[member.host];
		if (!seats[member.host])
			seats[member.host] = ++count;
		list[seats[member.host] - 1] = member;
	}
	for (size_t j = 0; j < count; j++)
		seats[list[j].host] = 0;
	plan->members[i] = list;
	plan->member_counts[i] = count;
	return 0;
}

static int merge_all(struct plan *plan)
{
	size_t *seats = calloc(plan->host_count + 1, sizeof(*seats));
	int status = seats ? 0 : -ENOMEM;

	for (size_t i = 0; i < plan->fresh->group_count && status == 0; i++)
		status = merge(plan, i, seats);
	free(seats);
	return status;
}

/* --- taking over: nothing here can fail ---------------------------------------------------- */

static void swap(void *a, void *b, size_t size)
{
	unsigned char *x = a, *y = b;

	for (size_t i = 0; i < size; i++) {
		unsigned char byte = x[i];

		x[i] = y[i];
		y[i] = byte;
	}
}

/* Names stay where they are: others keep their addresses. */
static void take_host(struct plan *plan, size_t at, struct inventory_host *fresh)
{
	struct inventory_host *live = &plan->live->hosts[at];
	bool known = at < plan->live->host_count;

	if (live == plan->self)
		return;
	if (known && !plan->self && plan->host_was[at])
		fresh->sender_id = live->sender_id;
	swap(live, fresh, sizeof(*live));
	if (known)
		swap(&live->name, &fresh->name, sizeof(live->name));
	live->gone = false;
}

static void take_hosts(struct plan *plan)
{
	for (size_t i = 0; i < plan->live->host_count; i++) {
		plan->host_was[i] = !plan->live->hosts[i].gone;
		plan->live->hosts[i].gone = !plan->host_stays[i];
	}
	for (size_t i = 0; i < plan->fresh->host_count; i++)
		take_host(plan, plan->host_at[i], &plan->fresh->hosts[i]);
	plan->live->host_count = plan->host_count;
}

static void take_group(struct plan *plan, size_t i)
{
	struct inventory_group *live = &plan->live->groups[plan->group_at[i]];
	struct inventory_group *fresh = &plan->fresh->groups[i];
	bool known = plan->group_at[i] < plan->live->group_count;
	size_t sorted = known ? live->member_count - live->added_count : 0;

	free(fresh->members);
	fresh->members = plan->members[i];
	fresh->member_count = plan->member_counts[i];
	plan->members[i] = NULL;
	if (!known) {
		swap(live, fresh, sizeof(*live));
		fresh->gone = true; /* there was none */
		live->added_count = 0;
		for (size_t j = 1; j < live->member_count; j++)
			if (live->members[j].host < live->members[j - 1].host)
				live->added_count = live->member_count;
		return;
	}
	if (live->gone) { /* nothing of it is in use */
		live->cipher = fresh->cipher;
		live->key_scope = fresh->key_scope;
		live->replay_window = fresh->replay_window;
		live->mode = fresh->mode;
	}
	swap(&live->vnis, &fresh->vnis, sizeof(live->vnis));
	swap(&live->vni_count, &fresh->vni_count, sizeof(live->vni_count));
	swap(&live->members, &fresh->members, sizeof(live->members));
	swap(&live->member_count, &fresh->member_count, sizeof(live->member_count));
	live->added_count = live->member_count - sorted;
	live->rekey = fresh->rekey;
	live->gone = false;
}

static void drop_group(struct inventory_group *group)
{
	group->gone = true;
	group->vni_count = 0;
	for (size_t i = 0; i < group->member_count; i++)
		group->members[i] =
			(struct inventory_member){.host = group->members[i].host, .gone = true};
}

static void take_groups(struct plan *plan)
{
	struct inventory *live = plan->live;

	for (size_t i = 0; i < live->group_count; i++)
		if (!plan->group_stays[i])
			drop_group(&live->groups[i]);
	for (size_t i = 0; i < plan->fresh->group_count; i++)
		take_group(plan, i);
	live->group_count = plan->group_count;
	swap(&live->vnis, &plan->fresh->vnis, sizeof(live->vnis));
	swap(&live->vnis_count, &plan->fresh->vnis_count, sizeof(live->vnis_count));
	memcpy(live->class_by_dscp, plan->fresh->class_by_dscp, sizeof(live->class_by_dscp));
	live->gkms = plan->fresh->gkms;
}

/* --- the whole ----------------------------------------------------------------------------- */

/* A fabric's hosts use one family, and what runs by the one cannot talk to a host of the other. */
static bool is_other_family(const struct plan *plan)
{
	const struct inventory *live = plan->live;
	const struct inventory_host *host = plan->self;

	for (size_t i = 0; i < live->host_count && !host; i++)
		host = live->hosts[i].gone ? NULL : &live->hosts[i];
	return host && plan->fresh->host_count > 0 &&
	       plan->fresh->hosts[0].vtep.family != host->vtep.family;
}

static int prepare(struct plan *plan)
{
	const struct inventory *live = plan->live, *fresh = plan->fresh;

	if (is_other_family(plan))
		return -EAFNOSUPPORT;
	plan->host_at = calloc(fresh->host_count + 1, sizeof(*plan->host_at));
	plan->group_at = calloc(fresh->group_count + 1, sizeof(*plan->group_at));
	plan->host_stays = calloc(live->host_count + 1, sizeof(*plan->host_stays));
	plan->group_stays = calloc(live->group_count + 1, sizeof(*plan->group_stays));
	plan->host_was = calloc(live->host_count + 1, sizeof(*plan->host_was));
	plan->members = calloc(fresh->group_count + 1, sizeof(struct inventory_member *));
	plan->member_counts = calloc(fresh->group_count + 1, sizeof(*plan->member_counts));
	if (!plan->host_at || !plan->group_at || !plan->host_stays || !plan->group_stays ||
	    !plan->host_was || !plan->members || !plan->member_counts)
		return -ENOMEM;
	match(plan);
	if (plan->host_count > live->host_room || plan->group_count > live->group_room)
		return -ENOSPC;
	return merge_all(plan);
}

static void forget(struct plan *plan)
{
	for (size_t i = 0; plan->members && i < plan->fresh->group_count; i++)
		free(plan->members[i]);
	free(plan->members);
	free(plan->member_counts);
	free(plan->host_at);
	free(plan->group_at);
	free(plan->host_stays);
	free(plan->group_stays);
	free(plan->host_was);
	inventory_changes_free(&plan->changes);
}

int inventory_update(struct inventory *inventory, struct inventory *fresh,
		     const struct inventory_host *self, struct inventory_changes *ret_changes)
{
	struct plan plan = {.live = inventory, .fresh = fresh, .self = self};
	int status = prepare(&plan);

	if (status == 0) {
		compare_fabric(&plan);
		compare_hosts(&plan);
		compare_groups(&plan);
		status = plan.out_of_memory ? -ENOMEM : 0;
	}
	if (status == 0) {
		take_hosts(&plan);
		take_groups(&plan);
		*ret_changes = plan.changes;
		plan.changes = (struct inventory_changes){0};
	}
	forget(&plan);
	return status;
}

static int grow(void *list, size_t count, size_t room, size_t size)
{
	void **at = list, *grown = calloc(room, size);

	if (!grown)
		return -ENOMEM;
	if (count)
		memcpy(grown, *at, count * size);
	free(*at);
	*at = grown;
	return 0;
}

int inventory_make_room(struct inventory *inventory)
{
	size_t hosts = inventory->host_count + INVENTORY_HOSTS_ADDED_MAX;
	int status =
		grow(&inventory->hosts, inventory->host_count, hosts, sizeof(*inventory->hosts));

	if (status)
		return status;
	inventory->host_room = hosts;
	status = grow(&inventory->groups, inventory->group_count, COVEY_GROUPS_MAX,
		      sizeof(*inventory->groups));
	if (status == 0)
		inventory->group_room = COVEY_GROUPS_MAX;
	return status;
}
