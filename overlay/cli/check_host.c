/* SPDX-License-Identifier: BSD-3-Clause */

#include "check_host.h"

#include <bridge_mtu.h>
#include <errno.h>
#include <former_bump.h>
#include <group_limit.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <uplinks.h>
#include <vxlan_devices.h>
#include <vxlan_mtu.h>

#include "client.h"
#include "inventory.h"
#include "json_text.h"
#include "own_name.h"

static const struct inventory_host *find_host(const struct inventory *inventory, const char *name)
{
	char own[OWN_NAME_SIZE];

	if (!name) {
		own_name_read(OWN_NAME_FILE, own);
		name = own;
	}
	for (size_t i = 0; name && i < inventory->host_count; i++) {
		if (strcmp(inventory->hosts[i].name, name) == 0)
			return &inventory->hosts[i];
	}
	return NULL;
}

/* The uplinks of this host, and the smallest MTU of them: 0: there is none, or the kernel does not
 * know it. */
struct ways {
	struct uplink list[COVEY_UPLINKS_MAX];
	size_t count;
	uint16_t mtu;
	struct uplinks_left_out left_out;
	const struct uplink *tap; /* of the list, or NULL */
};

static void find_ways(const struct inventory *inventory, const struct inventory_host *host,
		      struct ways *ret_ways)
{
	const struct uplinks_wanted wanted = uplinks_wanted_of(inventory, host);
	struct link_info link;
	uint16_t mtu = 0;

	ret_ways->count = uplinks_find_all(&wanted, ret_ways->list, &ret_ways->left_out);
	for (size_t i = ret_ways->count; i-- > 0;)
		if (!ret_ways->list[i].by_default &&
		    link_get_index(ret_ways->list[i].index, &link, NULL) == 0 &&
		    (mtu == 0 || link.mtu < mtu))
			mtu = link.mtu;
	ret_ways->mtu = inventory_limit_mtu(host, mtu);
	ret_ways->tap = uplinks_find_tap(&wanted, ret_ways->list, ret_ways->count);
}

static void print_left_out(const struct uplinks_left_out *left_out)
{
	for (size_t i = 0; i < left_out->count; i++) {
		const struct uplink *uplink = &left_out->list[i];

		if (uplink->no_ethernet)
			printf("On this host: VXLAN does not leave by %s, because its frames have "
			       "no Ethernet header: lead the routes to the other hosts' VTEPs "
			       "through an Ethernet interface.\n",
			       uplink->name);
		else
			printf("On this host: VXLAN does not leave by %s, because there are more "
			       "than %d uplinks: name in covey_fabric_interface those that it may "
			       "leave by, or join some to a bond.\n",
			       uplink->name, COVEY_UPLINKS_MAX);
	}
	if (left_out->more)
		printf("On this host: there are still more of these.\n");
}

static void print_ways(const struct inventory_host *host, const struct ways *ways)
{
	if (host->fabric_port != FABRIC_PORT_KERNEL)
		return;
	if (ways->left_out.count)
		printf("\n");
	print_left_out(&ways->left_out);
	printf("\nOn this host: ");
	if (ways->count == 0) {
		printf("no interface leads to the other hosts, so VXLAN does not leave: give it a "
		       "route to their VTEPs (see `ip route get`), or name the interface in "
		       "covey_fabric_interface.\n");
		return;
	}
	printf("VXLAN leaves by");
	for (size_t i = 0; i < ways->count; i++)
		printf("%s %s", i ? "," : "", ways->list[i].name);
	printf(" (found by the %s).\n", host->uplink_count > 0 ? "inventory" : "routes");
	if (ways->tap)
		printf("\nOn this host: " UPLINK_TAP ".\n", ways->tap->name, ways->tap->name);
}

static bool is_fabrics(const struct inventory *inventory, const struct vxlan_device *device)
{
	bool geneve = device->kind == VXLAN_DEVICE_GENEVE;

	return !device->holder &&
	       (inventory_carries(inventory, geneve ? COVEY_TUNNEL_GENEVE : COVEY_TUNNEL_GPE,
				  device->port) ||
		(!geneve && device->port == inventory->vxlan_port));
}

/* The uplinks that this device may send over and the guard has no hook at. Which one, if the device
 * is not bound to it, only covey-host follows the routes to see. */
static bool is_unguarded(const struct ways *ways, const struct vxlan_device *device, size_t i)
{
	return !device->under || device->under == ways->left_out.list[i].index;
}

static void print_unguarded(const struct ways *ways, const struct vxlan_device *device)
{
	bool any = false;

	for (size_t i = 0; i < ways->left_out.count; i++) {
		if (!is_unguarded(ways, device, i))
			continue;
		printf("%s%s", any ? ", " : "; but the guard is not at ",
		       ways->left_out.list[i].name);
		any = true;
	}
	if (any)
		printf(", so by that way all of it leaves in clear");
}

/* Wherever they send: only covey-host follows the routes. */
static void print_foreign(const struct inventory *inventory, const struct inventory_host *host,
			  const struct ways *ways, const struct vxlan_devices *devices)
{
	static const char *const says[] = {
		[FOREIGN_VXLAN_WARN] = "VNIs of the fabric are dropped, others leave in clear",
		[FOREIGN_VXLAN_DROP] = "it is dropped (covey_foreign_vxlan: drop)",
		[FOREIGN_VXLAN_PASS] = "it leaves in clear (covey_foreign_vxlan: pass)",
	};

	for (size_t i = 0; i < devices->count; i++) {
		const struct vxlan_device *device = &devices->list[i];

		if (device->holder || is_fabrics(inventory, device))
			continue;
		printf("\nOn this host: %s device %s sends to UDP port %u, not the fabric's %u. "
		       "What "
		       "it sends over the fabric is not encrypted: %s",
		       vxlan_device_kind_name(device->kind), device->name, device->port,
		       inventory->vxlan_port, says[host->foreign_vxlan]);
		if (host->foreign_vxlan != FOREIGN_VXLAN_PASS)
			print_unguarded(ways, device);
		printf(".\n");
	}
}

static void print_devices(const struct inventory *inventory, const struct inventory_host *host,
			  uint16_t mtu, const struct vxlan_devices *devices)
{
	uint16_t overhead = inventory_overhead(inventory);
	bool any = false, bump = host->fabric_port != FABRIC_PORT_KERNEL;
	enum vxlan_long what = bump ? VXLAN_LONG_DROPPED : VXLAN_LONG_CUT;
	unsigned covey0 = if_nametoindex(host->host_interface);
	struct covey_error text;

	for (size_t i = 0; i < devices->count; i++) {
		if (!bump && covey0 && devices->list[i].under == covey0 &&
		    is_fabrics(inventory, &devices->list[i]))
			printf("\nOn this host: " VXLAN_MISPLACED ".\n", devices->list[i].name,
			       host->host_interface);
	}
	for (size_t i = 0; i < devices->count; i++) {
		const struct vxlan_device *device = &devices->list[i];

		if (!is_fabrics(inventory, device) ||
		    !vxlan_mtu_explain(device, host->vtep.family,
				       (uint16_t)(mtu > overhead ? mtu - overhead : 0), what,
				       &text))
			continue;
		printf("%s%s.\n", any ? "" : "\nOn this host: ", text.text);
		any = true;
	}
}

/* How many VNIs this host's groups have. */
static size_t count_vnis(const struct inventory *inventory, const struct inventory_host *host)
{
	size_t count = 0;

	for (size_t i = 0; i < inventory->group_count; i++)
		if (inventory_find_member(inventory, &inventory->groups[i], host))
			count += inventory->groups[i].vni_count;
	return count;
}

/* Whether each VNI has a multicast group of its own, the inventory does not say. */
static void print_groups(const struct inventory *inventory, const struct inventory_host *host,
			 const struct vxlan_devices *devices)
{
	unsigned limit = group_limit_read();
	size_t vnis = count_vnis(inventory, host), has;
	struct covey_error text;

	if (group_limit_explain(devices, inventory->vxlan_port, limit, &text)) {
		printf("\nOn this host: %s.\n", text.text);
		return;
	}
	has = group_limit_wanted(devices, inventory->vxlan_port);
	if (limit == 0 || vnis <= limit || host->vtep.family != AF_INET ||
	    (has <= 1 && devices->count >= vnis))
		return;
	printf("\nOn this host: its groups have %zu VNIs, and VXLAN devices can join %u IPv4 "
	       "multicast groups at most: if each VNI has one of its own, `sysctl -w "
	       "net.ipv4.igmp_max_memberships=%zu` before you set up the devices.\n",
	       vnis, limit, 2 * vnis);
}

/* Bridges and their other ports. */
static void print_bridges(const struct inventory *inventory, const struct inventory_host *host,
			  uint16_t mtu, struct vxlan_devices *devices)
{
	uint16_t overhead = inventory_overhead(inventory);
	struct bridge_excess list[BRIDGE_EXCESS_MAX];
	struct bridge_links links;
	struct covey_error text;
	size_t count, kept = 0;

	for (size_t i = 0; i < devices->count; i++)
		if (is_fabrics(inventory, &devices->list[i]))
			devices->list[kept++] = devices->list[i];
	devices->count = kept;
	if (bridge_links_list(&links, NULL))
		return;
	count = bridge_mtu_find(&links, devices, host->vtep.family,
				(uint16_t)(mtu > overhead ? mtu - overhead : 0), list,
				BRIDGE_EXCESS_MAX);
	bridge_links_free(&links);
	for (size_t i = 0; i < count; i++) {
		bridge_mtu_explain(&list[i], &text);
		printf("\nOn this host: %s.\n", text.text);
	}
}

/* What covey-host has measured, if one runs here and answers. Is that a problem? */
static bool print_paths(const struct cli *cli, const struct inventory_host *host)
{
	struct client_daemon daemon = client_host(cli);
	json_t *answer = NULL;
	const json_t *path;
	struct covey_error error;
	bool any = false;
	size_t i;
	int status = client_ask(&daemon, json_pack("{s:s}", "command", "show"), &answer, &error);

	/* Without a socket there is none here, or not yet. */
	if (status < 0 && status != -ENOENT)
		printf("\nOn this host: what covey-host knows of the paths to the others is not "
		       "looked at: %s.\n",
		       error.text);
	if (status < 0)
		return false;
	client_disarm(answer);
	if (strcmp(field_text(answer, "host"), host->name) == 0)
		json_array_foreach(json_object_get(answer, "paths"), i, path)
			if (json_is_string(json_object_get(path, "problem"))) {
				printf("\nPROBLEM: on this host: %s.\n",
				       field_text(path, "problem"));
				any = true;
			}
	json_decref(answer);
	return any;
}

bool check_host_print(const struct cli *cli, const struct inventory *inventory, const char *name)
{
	const struct inventory_host *host = find_host(inventory, name);
	struct vxlan_devices devices;
	struct covey_error error;
	struct ways ways;
	bool good;

	if (!host)
		return true;
	if (former_bump_check(host, &error)) {
		printf("\nOn this host: %s.\n", error.text);
		return true;
	}
	find_ways(inventory, host, &ways);
	print_ways(host, &ways);
	good = !print_paths(cli, host);
	if (vxlan_devices_list_all(&devices, NULL))
		return good;
	print_foreign(inventory, host, &ways, &devices);
	print_groups(inventory, host, &devices);
	if (ways.mtu != 0) {
		print_devices(inventory, host, ways.mtu, &devices);
		print_bridges(inventory, host, ways.mtu, &devices);
	}
	vxlan_devices_free(&devices);
	return good;
}
