/* SPDX-License-Identifier: BSD-3-Clause */
#include "inventory.h"

#include <covey/wire.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void inventory_free(struct inventory *inventory)
{
	if (!inventory)
		return;
	for (size_t i = 0; i < inventory->group_count; i++) {
		free(inventory->groups[i].name);
		free(inventory->groups[i].vnis);
		free(inventory->groups[i].members);
	}
	for (size_t i = 0; i < inventory->host_count; i++) {
		struct inventory_host *host = &inventory->hosts[i];

		free(host->name);
		free(host->fabric_interface);
		for (size_t j = 0; j < host->uplink_count; j++)
			free(host->uplinks[j]);
		free(host->uplinks);
		free(host->host_interface);
		free(host->fabric_device);
		free(host->host_device);
		free(host->cores);
		free(host->metrics);
	}
	free(inventory->groups);
	free(inventory->vnis);
	free(inventory->hosts);
	free(inventory->fabric);
	free(inventory->gkm_metrics);
	free(inventory);
}

const struct inventory_host *inventory_find_host(const struct inventory *inventory,
						 const char *name)
{
	for (size_t i = 0; i < inventory->host_count; i++)
		if (!inventory->hosts[i].gone && strcmp(inventory->hosts[i].name, name) == 0)
			return &inventory->hosts[i];
	return NULL;
}

const struct inventory_group *inventory_find_group(const struct inventory *inventory,
						   const char *name)
{
	for (size_t i = 0; i < inventory->group_count; i++)
		if (!inventory->groups[i].gone && strcmp(inventory->groups[i].name, name) == 0)
			return &inventory->groups[i];
	return NULL;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

bool inventory_has_vni(const struct inventory_group *group, uint32_t vni)
{
	return bsearch(&vni, group->vnis, group->vni_count, sizeof(vni), by_number) != NULL;
}

static int by_host(const void *a, const void *b)
{
	const struct inventory_member *x = a, *y = b;

	return x->host < y->host ? -1 : x->host > y->host;
}

const struct inventory_member *inventory_find_member(const struct inventory *inventory,
						     const struct inventory_group *group,
						     const struct inventory_host *host)
{
	struct inventory_member key = {.host = (size_t)(host - inventory->hosts)};
	size_t sorted = group->member_count - group->added_count;
	const struct inventory_member *found =
		bsearch(&key, group->members, sorted, sizeof(key), by_host);

	for (size_t i = sorted; i < group->member_count && !found; i++)
		if (group->members[i].host == key.host)
			found = &group->members[i];
	return found && !found->gone ? found : NULL;
}

size_t inventory_tunnels(const struct inventory *inventory, struct covey_tunnel *ret_tunnels)
{
	const struct covey_tunnel all[] = {
		{COVEY_VXLAN_PORT, COVEY_TUNNEL_VXLAN, false},
		{COVEY_VXLAN_OLD_PORT, COVEY_TUNNEL_VXLAN, false},
		{COVEY_GPE_PORT, COVEY_TUNNEL_GPE, inventory->carries_gpe},
		{COVEY_GENEVE_PORT, COVEY_TUNNEL_GENEVE, inventory->carries_geneve},
	};
	size_t count = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].port != inventory->vxlan_port && all[i].port != inventory->vpe_port)
			ret_tunnels[count++] = all[i];
	return count;
}

bool inventory_carries(const struct inventory *inventory, enum covey_tunnel_kind kind,
		       uint16_t port)
{
	struct covey_tunnel tunnels[COVEY_TUNNELS_MAX];
	size_t count = inventory_tunnels(inventory, tunnels);

	if (port == inventory->vxlan_port)
		return kind != COVEY_TUNNEL_GENEVE;
	for (size_t i = 0; i < count; i++)
		if (tunnels[i].port == port && tunnels[i].kind == kind)
			return tunnels[i].carried;
	return false;
}

static bool has_vni(const struct inventory *inventory, uint32_t vni)
{
	for (size_t i = 0; i < inventory->group_count; i++)
		for (size_t j = 0; j < inventory->groups[i].vni_count; j++)
			if (inventory->groups[i].vnis[j] == vni)
				return true;
	return false;
}

/* There always is one: groups have far fewer VNIs than there are (limits.h). */
uint32_t inventory_free_vni(const struct inventory *inventory)
{
	uint32_t vni = COVEY_VNI_MAX;

	while (has_vni(inventory, vni))
		vni--;
	return vni;
}

uint16_t inventory_limit_mtu(const struct inventory_host *host, uint16_t mtu)
{
	return host->fabric_mtu && host->fabric_mtu < mtu ? host->fabric_mtu : mtu;
}

uint16_t inventory_overhead(const struct inventory *inventory)
{
	bool ipv6 = inventory->host_count && inventory->hosts[0].vtep.family == AF_INET6;

	if (inventory->encapsulation == COVEY_ENCAPSULATION_IP)
		return ipv6 ? COVEY_OVERHEAD_IP_IPV6 : COVEY_OVERHEAD_IP_IPV4;
	return ipv6 ? COVEY_OVERHEAD_UDP_IPV6 : COVEY_OVERHEAD_UDP_IPV4;
}
