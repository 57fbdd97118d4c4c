/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_config.h"

#include <errno.h>
#include <inventory.h>
#include <string.h>

#include "foreign_vxlan.h"
#include "guard_token.h"

const char *guard_interface_of(const struct inventory_host *self)
{
	return self->fabric_interface ? self->fabric_interface : self->host_interface;
}

/* Ports of tunnels that are not the fabric's: what a VXLAN device has if it was made without
 * `dstport`, VXLAN-GPE, and Geneve (RFC 8926). */
static const uint16_t known_ports[] = {8472, 4790, 6081};

static size_t add_port(uint16_t *ports, size_t count, uint16_t port)
{
	size_t at = 0;

	while (at < count && ports[at] < port)
		at++;
	if (count == GUARD_FOREIGN_MAX || (at < count && ports[at] == port))
		return count;
	memmove(&ports[at + 1], &ports[at], (count - at) * sizeof(*ports));
	ports[at] = port;
	return count + 1;
}

size_t guard_foreign_ports(const struct inventory *inventory, const struct inventory_host *self,
			   const struct foreign_vxlan *found, size_t count, uint16_t *ret_ports)
{
	size_t ports = 0;

	if (self->foreign_vxlan != FOREIGN_VXLAN_DROP)
		return 0;
	for (size_t i = 0; i < sizeof(known_ports) / sizeof(known_ports[0]); i++) {
		if (known_ports[i] != inventory->vxlan_port &&
		    known_ports[i] != inventory->vpe_port)
			ports = add_port(ret_ports, ports, known_ports[i]);
	}
	for (size_t i = 0; i < count; i++)
		ports = add_port(ret_ports, ports, found[i].port);
	return ports;
}

struct guard_config guard_config_of(const struct inventory *inventory,
				    const struct inventory_host *self, bool af_packet)
{
	bool steers = self->fabric_port == FABRIC_PORT_KERNEL;
	struct guard_config config = {
		.host_interface = self->host_interface,
		.vxlan_port = inventory->vxlan_port,
		.vpe_port = inventory->vpe_port,
		.vpe_protocol = inventory->vpe_protocol,
		.af_packet = af_packet,
		.local_only = !self->fabric_interface,
		.local = {.host_interface = self->host_interface,
			  .mark = UINT32_C(1) << self->mark_bit,
			  .token = steers ? guard_token_draw() : 0,
			  .elsewhere = self->vxlan_elsewhere,
			  .hosts = inventory->hosts,
			  .host_count = inventory->host_count},
		.steer = {.on = steers, .wanted = uplinks_wanted_of(inventory, self)},
	};

	config.foreign_count = guard_foreign_ports(inventory, self, NULL, 0, config.foreign_ports);
	return config;
}

int guard_accept(const struct inventory_host *self, bool present, const char *weaker,
		 struct covey_error *error)
{
	if (!present || weaker[0] == '\0')
		return 0;
	if (self->fabric_port == FABRIC_PORT_KERNEL)
		return covey_error_set(error, -EOPNOTSUPP,
				       "%s. covey_fabric_port: kernel needs Linux 5.16 or later "
				       "with CONFIG_NETFILTER_EGRESS: use it, or another "
				       "covey_fabric_port",
				       weaker);
	if (self->weak_guard == WEAK_GUARD_ALLOW)
		return 0;
	return covey_error_set(error, -EOPNOTSUPP,
			       "%s. The rest of the guard is installed. Use Linux 5.16 or later "
			       "with CONFIG_NETFILTER_EGRESS, and libnftables 1.0.1 or later, or "
			       "set covey_weak_guard: allow",
			       weaker);
}
