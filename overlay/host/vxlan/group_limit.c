/* SPDX-License-Identifier: BSD-3-Clause */

#include "group_limit.h"

#include <stdio.h>
#include <sys/socket.h>

#include "vxlan_devices.h"

unsigned group_limit_read(void)
{
	FILE *stream = fopen("/proc/sys/net/ipv4/igmp_max_memberships", "re");
	unsigned limit = 0;

	if (!stream)
		return 0;
	if (fscanf(stream, "%u", &limit) != 1)
		limit = 0;
	fclose(stream);
	return limit;
}

static bool has_group(const struct vxlan_device *device, uint16_t port)
{
	return device->kind != VXLAN_DEVICE_GENEVE && device->port == port && !device->holder &&
	       device->under && device->remote.family == AF_INET &&
	       covey_addr_is_multicast(&device->remote);
}

/* An earlier device of the list has joined it. */
static bool is_shared(const struct vxlan_devices *devices, size_t at, uint16_t port)
{
	const struct vxlan_device *device = &devices->list[at];

	for (size_t i = 0; i < at; i++)
		if (has_group(&devices->list[i], port) && devices->list[i].under == device->under &&
		    covey_addr_equal(&devices->list[i].remote, &device->remote))
			return true;
	return false;
}

size_t group_limit_wanted(const struct vxlan_devices *devices, uint16_t port)
{
	size_t count = 0;

	for (size_t i = 0; i < devices->count; i++)
		count += has_group(&devices->list[i], port) && !is_shared(devices, i, port);
	return count;
}

bool group_limit_explain(const struct vxlan_devices *devices, uint16_t port, unsigned limit,
			 struct covey_error *text)
{
	size_t wanted = group_limit_wanted(devices, port), down = 0;

	if (limit == 0 || wanted <= limit)
		return false;
	while (down < devices->count &&
	       (devices->list[down].up || !has_group(&devices->list[down], port)))
		down++;
	covey_error_set(
		text, 0,
		"VXLAN devices have %zu IPv4 multicast groups, and all of them together "
		"may join %u (net.ipv4.igmp_max_memberships), so not all can be set up%s%s: "
		"`sysctl -w net.ipv4.igmp_max_memberships=%zu`, and then set up those that "
		"are down",
		wanted, limit, down < devices->count ? ", such as " : "",
		down < devices->count ? devices->list[down].name : "", 2 * wanted);
	return true;
}
