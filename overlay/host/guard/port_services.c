/* SPDX-License-Identifier: BSD-3-Clause */

#include "port_services.h"

#include <errno.h>
#include <string.h>

#include "port_holder.h"
#include "vxlan_watch.h"

/* The last letters of our holders' names. */
#define VXLAN_HOLDER 'v'
#define GPE_HOLDER   'g'

/* Those that are served already, but for this one. */
static int deliver(bool held, void *arg, struct covey_error *error)
{
	const struct port_service *service = arg;
	const struct port_services *services = service->all;
	uint16_t list[GUARD_PORTS_MAX];
	struct guard_ports ports;
	size_t count = 0;

	for (size_t i = 0; i < services->count; i++) {
		const struct port_service *other = &services->list[i];

		if (other == service ? held : other->delivery.delivered)
			list[count++] = other->delivery.holder.port;
	}
	ports = guard_ports_of(list, count);
	return services->config->deliver(&ports, services->config->arg, error);
}

static int add(struct port_services *services, enum covey_tunnel_kind kind, uint16_t port,
	       struct covey_error *error)
{
	const struct vxlan_watch_config *config = services->config;
	struct port_service *service = &services->list[services->count++];

	service->all = services;
	service->kind = kind;
	service->delivery.config = (struct port_delivery_config){
		.elsewhere = config->local.elsewhere && kind != COVEY_TUNNEL_GENEVE,
		.bare = kind == COVEY_TUNNEL_GENEVE,
		.deliver = deliver,
		.arg = service};
	service->delivery.holder.port = port;
	service->delivery.holder.family = config->family;
	service->delivery.holder.vni = config->free_vni;
	return port_holder_name(&service->delivery.holder, config->local.host_interface,
				kind == COVEY_TUNNEL_GPE ? GPE_HOLDER : VXLAN_HOLDER, error);
}

int port_services_init(struct port_services *services, const struct vxlan_watch_config *config,
		       struct covey_error *error)
{
	int status;

	*services = (struct port_services){.config = config};
	status = add(services, COVEY_TUNNEL_VXLAN, config->port, error);
	for (size_t i = 0; i < config->tunnel_count && status == 0; i++) {
		const struct covey_tunnel *tunnel = &config->tunnels[i];

		if (tunnel->carried && services->count < GUARD_PORTS_MAX)
			status = add(services, tunnel->kind, tunnel->port, error);
	}
	return status;
}

/* VXLAN devices of VXLAN's port may be of VXLAN-GPE. */
static size_t find(const struct port_services *services, const struct vxlan_device *device)
{
	size_t i = 0;

	for (; i < services->count; i++) {
		const struct port_service *service = &services->list[i];
		bool geneve = service->kind == COVEY_TUNNEL_GENEVE;

		if (device->port == service->delivery.holder.port &&
		    geneve == (device->kind == VXLAN_DEVICE_GENEVE))
			break;
	}
	return i;
}

bool port_services_has(const struct port_services *services, const struct vxlan_device *device)
{
	return find(services, device) < services->count;
}

void port_services_keep(struct port_services *services, struct vxlan_devices *devices)
{
	size_t kept = 0;

	for (size_t i = 0; i < services->count; i++)
		services->list[i].delivery.holding = false;
	for (size_t i = 0; i < devices->count; i++) {
		const struct vxlan_device *device = &devices->list[i];
		size_t at = find(services, device);

		if (at == services->count)
			continue;
		if (!device->holder)
			devices->list[kept++] = *device;
		else if (strcmp(device->name, services->list[at].delivery.holder.name) == 0)
			services->list[at].delivery.holding = device->up;
	}
	devices->count = kept;
}

int port_services_settle(struct port_services *services, const struct vxlan_devices *devices,
			 struct covey_error *error)
{
	struct covey_error second;
	int status = 0;

	for (size_t i = 0; i < services->count; i++)
		if (port_delivery_settle(&services->list[i].delivery, devices,
					 status ? &second : error))
			status = -EIO;
	return status;
}

int port_services_end(struct port_services *services, struct covey_error *error)
{
	int status = 0;

	for (size_t i = 0; i < services->count && status == 0; i++)
		status = port_delivery_end(&services->list[i].delivery, error);
	return status;
}

bool port_services_are_on(const struct port_services *services)
{
	for (size_t i = 0; i < services->count; i++)
		if (services->list[i].delivery.holding || services->list[i].delivery.delivered)
			return true;
	return false;
}

void port_services_forget(const char *host_interface)
{
	static const char which[] = {VXLAN_HOLDER, GPE_HOLDER};
	struct port_holder holder = {0};

	for (size_t i = 0; i < sizeof(which); i++)
		if (port_holder_name(&holder, host_interface, which[i], NULL) == 0)
			port_holder_remove(&holder, NULL);
}
