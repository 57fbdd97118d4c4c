/* SPDX-License-Identifier: BSD-3-Clause */

#include "vxlan_mtu.h"

#include <sys/socket.h>

#include "vxlan_devices.h"

/* What VXLAN adds to a tenant's packet: inner Ethernet, VXLAN, UDP, IP. */
static uint32_t overhead(int family)
{
	return 14 + 8 + 8 + (family == AF_INET6 ? 40 : 20);
}

bool vxlan_mtu_exceeds(const struct vxlan_device *device, int family, uint16_t mtu,
		       struct vxlan_mtu *ret_mtu)
{
	uint32_t added = overhead(family);

	if (device->mtu + added <= mtu)
		return false;
	ret_mtu->fits = mtu > added ? mtu - added : 0;
	ret_mtu->more = device->mtu + added - mtu;
	return true;
}

bool vxlan_mtu_explain(const struct vxlan_device *device, int family, uint16_t mtu,
		       struct covey_error *ret_text)
{
	struct vxlan_mtu found;

	if (!vxlan_mtu_exceeds(device, family, mtu, &found))
		return false;
	covey_error_set(ret_text, 0,
			"VXLAN device %s has an MTU of %u, and %u fits: TCP passes, but other "
			"large packets have to be fragmented or are dropped, and their senders "
			"told (out-too-big). Lower it and its tenants' to %u, or raise the "
			"uplinks' MTU by %u",
			device->name, device->mtu, found.fits, found.fits, found.more);
	return true;
}
