/* SPDX-License-Identifier: BSD-3-Clause */

#include "vxlan_mtu.h"

#include <stdio.h>
#include <sys/socket.h>

#include "vxlan_devices.h"

#define IPV6_MTU_MIN 1280u

/* What VXLAN adds to a tenant's packet: inner Ethernet, VXLAN, UDP, IP. */
static uint32_t overhead(int family)
{
	return 14 + 8 + 8 + (family == AF_INET6 ? 40 : 20);
}

uint32_t vxlan_mtu_packet(const struct vxlan_device *device, int family)
{
	return device->mtu + overhead(family);
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

/* RFC 8200 section 5: hosts send IPv6 packets of this length whatever they are told. */
static void explain_ipv6(const struct vxlan_mtu *mtu, enum vxlan_long what, char *text, size_t size)
{
	text[0] = '\0';
	if (mtu->fits < IPV6_MTU_MIN)
		snprintf(text, size,
			 ". IPv6 needs %u: its packets of %u to %u bytes are dropped%s, and their "
			 "senders cannot be told",
			 IPV6_MTU_MIN, mtu->fits + 1, IPV6_MTU_MIN,
			 what == VXLAN_LONG_CUT ? ", but for TCP's" : "");
}

bool vxlan_mtu_explain(const struct vxlan_device *device, int family, uint16_t mtu,
		       enum vxlan_long what, struct covey_error *ret_text)
{
	static const struct {
		const char *meaning, *uplinks;
	} words[] = {
		[VXLAN_LONG_CUT] = {"TCP passes, but other large packets have to be fragmented or "
				    "are dropped, and their senders told (out-too-big)",
				    "uplinks'"},
		[VXLAN_LONG_DROPPED] = {"larger packets are dropped, because the kernel sends them "
					"as fragments of VXLAN (out-fragment)",
					"fabric interface's"},
	};
	struct vxlan_mtu found;
	char ipv6[128];

	if (!vxlan_mtu_exceeds(device, family, mtu, &found))
		return false;
	explain_ipv6(&found, what, ipv6, sizeof(ipv6));
	covey_error_set(ret_text, 0,
			"VXLAN device %s has an MTU of %u, and %u fits: %s. Lower it and its "
			"tenants' to %u, or raise the %s MTU by %u%s",
			device->name, device->mtu, found.fits, words[what].meaning, found.fits,
			words[what].uplinks, found.more, ipv6);
	return true;
}
