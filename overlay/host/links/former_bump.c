/* SPDX-License-Identifier: BSD-3-Clause */

#include "former_bump.h"

#include <errno.h>
#include <inventory.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>

#include "carrier.h"
#include "link.h"
#include "link_tap.h"
#include "own_address.h"

/* The pair that the kernel's ports have has an index of our choice. */
static bool is_veth(const char *name)
{
	struct link_info info;

	return link_get(name, &info, NULL) == 0 && strcmp(info.kind, "veth") == 0 &&
	       info.index < LINK_RANDOM_INDEX_MIN;
}

static bool is_pair(const struct inventory_host *host)
{
	char peer[IFNAMSIZ];

	return carrier_peer_name(host, peer, NULL) == 0 && is_veth(host->host_interface) &&
	       is_veth(peer);
}

/* After a restart of the machine the pair is gone, but who sets up the network may have given the
 * address to the new interface of that name. */
int former_bump_check(const struct inventory_host *host, struct covey_error *error)
{
	const char *to = host->uplink_count ? host->uplinks[0] : "the card";
	bool has_address;

	if (host->fabric_port != FABRIC_PORT_KERNEL)
		return 0;
	has_address = own_address_at(host->host_interface, &host->vtep);
	if (!has_address && !is_pair(host))
		return 0;
	return covey_error_set(error, -EEXIST,
			       "%s %s. But the fabric port is kernel, which is the default now, "
			       "and leaves addresses and VXLAN devices on %s. To keep the bump in "
			       "the wire, set covey_fabric_port: auto. To go the new way, move "
			       "them to %s and then `ip link delete %s` (docs/bring-up.md, "
			       "\"From a card of covey's own to the kernel's\")",
			       host->host_interface,
			       has_address ? "has the VTEP address, as where covey is a bump in "
					     "the wire"
					   : "is of a bump in the wire",
			       to, to, host->host_interface);
}
