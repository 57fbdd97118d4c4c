/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_config.h"

#include <errno.h>
#include <inventory.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "foreign_vxlan.h"
#include "guard_nft.h"
#include "guard_text.h"
#include "guard_token.h"
#include "link_name.h"
#include "secret_source.h"

const char *guard_interface_of(const struct inventory_host *self)
{
	return self->fabric_interface ? self->fabric_interface : self->host_interface;
}

struct guard_ports guard_ports_of_inventory(const struct inventory *inventory)
{
	struct covey_tunnel tunnels[COVEY_TUNNELS_MAX];
	uint16_t list[GUARD_PORTS_MAX] = {inventory->vxlan_port};
	size_t tunnel_count = inventory_tunnels(inventory, tunnels), count = 1;

	for (size_t i = 0; i < tunnel_count && count < GUARD_PORTS_MAX; i++)
		if (tunnels[i].carried)
			list[count++] = tunnels[i].port;
	return guard_ports_of(list, count);
}

/* The fabric's own ports have other rules. *left_out: the first for which there is no room. */
static size_t add_port(const struct inventory *inventory, uint16_t *ports, size_t count,
		       uint16_t port, uint16_t *left_out)
{
	size_t at = 0;

	if (port == inventory->vxlan_port || port == inventory->vpe_port ||
	    inventory_carries(inventory, COVEY_TUNNEL_GPE, port) ||
	    inventory_carries(inventory, COVEY_TUNNEL_GENEVE, port))
		return count;
	while (at < count && ports[at] < port)
		at++;
	if (at < count && ports[at] == port)
		return count;
	if (count == GUARD_FOREIGN_MAX) {
		*left_out = *left_out ? *left_out : port;
		return count;
	}
	memmove(&ports[at + 1], &ports[at], (count - at) * sizeof(*ports));
	ports[at] = port;
	return count + 1;
}

size_t guard_foreign_ports(const struct inventory *inventory, const struct inventory_host *self,
			   const struct foreign_ports *found, uint16_t *ret_ports,
			   uint16_t *ret_left_out)
{
	struct covey_tunnel known[COVEY_TUNNELS_MAX];
	size_t ports = 0, known_count = inventory_tunnels(inventory, known);

	*ret_left_out = 0;
	if (self->foreign_vxlan == FOREIGN_VXLAN_PASS)
		return 0;
	for (size_t i = 0; i < known_count; i++)
		ports = add_port(inventory, ret_ports, ports, known[i].port, ret_left_out);
	for (size_t i = 0; found && i < found->count; i++)
		ports = add_port(inventory, ret_ports, ports, found->list[i], ret_left_out);
	return ports;
}

struct guard_config guard_config_of(const struct inventory *inventory,
				    const struct inventory_host *self, bool af_packet)
{
	bool steers = self->fabric_port == FABRIC_PORT_KERNEL;
	uint16_t left_out;
	struct guard_config config = {
		.host_interface = self->host_interface,
		.ports = guard_ports_of_inventory(inventory),
		.vpe_port = inventory->vpe_port,
		.vpe_protocol = inventory->vpe_protocol,
		.af_packet = af_packet,
		.local_only = !self->fabric_interface,
		.local = {.host_interface = self->host_interface,
			  .mark = UINT32_C(1) << self->mark_bit,
			  .token = steers ? guard_token_draw() : 0,
			  .source = steers ? 0 : secret_source_draw(),
			  .elsewhere = self->vxlan_elsewhere,
			  .hosts = inventory->hosts,
			  .host_count = inventory->host_room},
		.steer = {.on = steers, .wanted = uplinks_wanted_of(inventory, self)},
		.foreign_all = self->foreign_vxlan == FOREIGN_VXLAN_DROP,
		.vnis = inventory->vnis,
		.vnis_count = inventory->vnis_count,
	};

	config.tunnel_count = inventory_tunnels(inventory, config.tunnels);
	config.foreign_count =
		guard_foreign_ports(inventory, self, NULL, config.foreign_ports, &left_out);
	return config;
}

static void add_listed(const struct inventory *inventory, const char *listing, const char *comment,
		       struct guard_config *config)
{
	uint16_t listed[GUARD_FOREIGN_MAX], left_out = 0;
	size_t count = guard_read_ports(listing, comment, listed, GUARD_FOREIGN_MAX);

	for (size_t i = 0; i < count; i++)
		config->foreign_count = add_port(inventory, config->foreign_ports,
						 config->foreign_count, listed[i], &left_out);
}

int guard_config_add_standing(const struct inventory *inventory, const struct inventory_host *self,
			      struct guard_config *config, struct covey_error *error)
{
	char interface[IFNAMSIZ], *listing;
	int status = link_name_find(guard_interface_of(self), interface, error);

	if (self->foreign_vxlan == FOREIGN_VXLAN_PASS)
		return 0;
	if (status == 0)
		status = guard_nft_list(interface, false, &listing, error);
	if (status)
		return status;
	add_listed(inventory, listing, GUARD_FOREIGN, config);
	add_listed(inventory, listing, GUARD_FOREIGN_VNI, config);
	free(listing);
	return 0;
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
