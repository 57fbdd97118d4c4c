/* SPDX-License-Identifier: BSD-3-Clause */

#include "check_host.h"

#include <former_bump.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <uplinks.h>
#include <vxlan_devices.h>
#include <vxlan_mtu.h>

#include "inventory.h"

static const struct inventory_host *find_host(const struct inventory *inventory, const char *name)
{
	char own[COVEY_NAME_MAX + 1] = "";

	if (!name && gethostname(own, sizeof(own) - 1) == 0)
		name = own;
	for (size_t i = 0; name && i < inventory->host_count; i++) {
		if (strcmp(inventory->hosts[i].name, name) == 0)
			return &inventory->hosts[i];
	}
	return NULL;
}

static void take_smaller(unsigned index, uint16_t *mtu)
{
	struct link_info link;

	if (link_get_index(index, &link, NULL) == 0 && (*mtu == 0 || link.mtu < *mtu))
		*mtu = link.mtu;
}

/* The smallest MTU of the interfaces that lead to the fabric. 0: there is none, or the kernel does
 * not know it. */
static uint16_t fabric_mtu(const struct inventory *inventory, const struct inventory_host *host)
{
	const struct uplinks_wanted wanted = uplinks_wanted_of(inventory, host);
	struct uplink uplinks[COVEY_UPLINKS_MAX];
	uint16_t mtu = 0;

	for (size_t i = uplinks_find(&wanted, uplinks); i-- > 0;)
		if (!uplinks[i].by_default)
			take_smaller(uplinks[i].index, &mtu);
	return inventory_limit_mtu(host, mtu);
}

static void print_devices(const struct inventory *inventory, const struct inventory_host *host,
			  uint16_t mtu, const struct vxlan_devices *devices)
{
	uint16_t overhead = inventory_overhead(inventory);
	enum vxlan_long what =
		host->fabric_port == FABRIC_PORT_KERNEL ? VXLAN_LONG_CUT : VXLAN_LONG_DROPPED;
	bool any = false;
	struct covey_error text;

	for (size_t i = 0; i < devices->count; i++) {
		const struct vxlan_device *device = &devices->list[i];

		if (device->port != inventory->vxlan_port || device->holder ||
		    !vxlan_mtu_explain(device, host->vtep.family,
				       (uint16_t)(mtu > overhead ? mtu - overhead : 0), what,
				       &text))
			continue;
		printf("%s%s.\n", any ? "" : "\nOn this host: ", text.text);
		any = true;
	}
}

void check_host_print(const struct inventory *inventory, const char *name)
{
	const struct inventory_host *host = find_host(inventory, name);
	struct vxlan_devices devices;
	struct covey_error error;
	uint16_t mtu = host ? fabric_mtu(inventory, host) : 0;

	if (host && former_bump_check(host, &error)) {
		printf("\nOn this host: %s.\n", error.text);
		return;
	}

	if (mtu == 0 || vxlan_devices_list(&devices, NULL))
		return;
	print_devices(inventory, host, mtu, &devices);
	vxlan_devices_free(&devices);
}
