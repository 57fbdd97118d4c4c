/* SPDX-License-Identifier: BSD-3-Clause */
#include "inventory_same.h"
#include "must.h"
#include <string.h>

#define SAME(field) must(a->field == b->field)

static void same_text(const char *a, const char *b)
{
	must(!a == !b);
	must(!a || strcmp(a, b) == 0);
}

static void same_host(const struct inventory_host *a, const struct inventory_host *b)
{
	must(covey_addr_equal(&a->vtep, &b->vtep));
	same_text(a->fabric_interface, b->fabric_interface);
	SAME(uplink_count);
	for (size_t i = 0; i < a->uplink_count; i++)
		same_text(a->uplinks[i], b->uplinks[i]);
	same_text(a->host_interface, b->host_interface);
	SAME(fabric_port);
	same_text(a->fabric_device, b->fabric_device);
	SAME(host_port);
	same_text(a->host_device, b->host_device);
	same_text(a->cores, b->cores);
	SAME(foreign_vxlan);
	SAME(weak_guard);
	SAME(hugepages);
	SAME(offload);
	SAME(fabric_mtu);
	SAME(sender_id);
	SAME(mark_bit);
	SAME(vxlan_elsewhere);
	SAME(path_probes);
	same_text(a->metrics, b->metrics);
}

static void same_fabric(const struct inventory *a, const struct inventory *b)
{
	same_text(a->fabric, b->fabric);
	must(covey_gkms_equal(&a->gkms, &b->gkms));
	SAME(gkm_port);
	same_text(a->gkm_metrics, b->gkm_metrics);
	SAME(encapsulation);
	SAME(vpe_port);
	SAME(vpe_protocol);
	SAME(vxlan_port);
	SAME(carries_gpe);
	SAME(carries_geneve);
	SAME(paths);
	must(memcmp(a->class_by_dscp, b->class_by_dscp, sizeof(a->class_by_dscp)) == 0);
	SAME(group_count);
}

static void same_group(const struct inventory_group *a, const struct inventory_group *b)
{
	same_text(a->name, b->name);
	SAME(vni_count);
	must(memcmp(a->vnis, b->vnis, a->vni_count * sizeof(*a->vnis)) == 0);
	SAME(cipher);
	SAME(key_scope);
	SAME(replay_window);
	SAME(mode);
	SAME(rekey.interval_s);
	SAME(rekey.activation_delay_s);
	SAME(rekey.drain_delay_s);
	SAME(rekey.hard_lifetime_s);
	SAME(rekey.on_join);
}

/* The next host that is not the one, or NULL. */
static const struct inventory_host *next_host(const struct inventory *inventory, size_t *at,
					      const char *but)
{
	while (*at < inventory->host_count) {
		const struct inventory_host *host = &inventory->hosts[(*at)++];

		if (!but || strcmp(host->name, but) != 0)
			return host;
	}
	return NULL;
}

/* The same for a group's members. */
static const struct inventory_member *next_member(const struct inventory *inventory,
						  const struct inventory_group *group, size_t *at,
						  const char *but)
{
	while (*at < group->member_count) {
		const struct inventory_member *member = &group->members[(*at)++];

		if (!but || strcmp(inventory->hosts[member->host].name, but) != 0)
			return member;
	}
	return NULL;
}

static void same_name(const char *a, const char *b, const char *host, const char *renamed)
{
	must(strcmp(renamed && strcmp(a, host) == 0 ? renamed : a, b) == 0);
}

static void same_members(const struct inventory *before, const struct inventory *after,
			 const struct inventory_group *x, const struct inventory_group *y,
			 const char *host, const char *renamed)
{
	const char *but = renamed ? NULL : host;
	size_t i = 0, j = 0;

	while (true) {
		const struct inventory_member *a = next_member(before, x, &i, but);
		const struct inventory_member *b = next_member(after, y, &j, but);

		must(!a == !b);
		if (!a)
			break;
		same_name(before->hosts[a->host].name, after->hosts[b->host].name, host, renamed);
		SAME(may_send);
		SAME(may_receive);
	}
}

void inventory_must_be_same(const struct inventory *before, const struct inventory *after,
			    const char *host, const char *renamed)
{
	const char *but = renamed ? NULL : host;
	size_t i = 0, j = 0;

	same_fabric(before, after);
	while (true) {
		const struct inventory_host *a = next_host(before, &i, but);
		const struct inventory_host *b = next_host(after, &j, but);

		must(!a == !b);
		if (!a)
			break;
		same_name(a->name, b->name, host, renamed);
		same_host(a, b);
	}
	for (size_t g = 0; g < before->group_count; g++) {
		same_group(&before->groups[g], &after->groups[g]);
		same_members(before, after, &before->groups[g], &after->groups[g], host, renamed);
	}
}
