/* SPDX-License-Identifier: BSD-3-Clause */

#include "foreign_vxlan.h"

#include <covey/limits.h>
#include <errno.h>
#include <log.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/route.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "link_events.h"
#include "route_watch.h"

/* covey0 and what leads to the fabric, also where the guard has no hooks. */
#define OURS_MAX (1 + 2 * COVEY_UPLINKS_MAX)
/* How many interfaces may stand on one another, such as a VLAN on a bond on a card. */
#define STACK_MAX 8

struct foreign_vxlan_watch {
	struct foreign_vxlan_config config;
	int fd;
	struct event *event, *soon;
	struct route_watch *routes; /* NULL: the uplinks do not follow them */
	struct foreign_vxlan list[FOREIGN_VXLAN_MAX];
	size_t count;
	struct foreign_ports ports;
	bool looked;
};

/* What one look needs. */
struct look {
	const struct foreign_vxlan_config *config;
	struct nl_sock *socket;
	int ours[OURS_MAX]; /* indices: covey0's, the fabric's; 0: there is none */
	size_t guarded;     /* so many of them, the first; the others are left out */
	struct foreign_vxlan list[FOREIGN_VXLAN_MAX];
	size_t count;
	struct foreign_ports ports;
};

/* The interface of this index, or NULL; put it back after use. */
static struct rtnl_link *get(const struct look *look, int index)
{
	struct rtnl_link *link = NULL;

	return rtnl_link_get_kernel(look->socket, index, NULL, &link) ? NULL : link;
}

static bool is_ours(const struct look *look, int index)
{
	for (size_t i = 0; i < OURS_MAX; i++) {
		if (index == look->ours[i])
			return true;
	}
	return false;
}

/* The interface of ours that this one is or stands on, or 0. */
static int find_below(const struct look *look, int index)
{
	for (int depth = 0; index > 0 && depth < STACK_MAX; depth++) {
		struct rtnl_link *link;

		if (is_ours(look, index))
			return index;
		link = get(look, index);
		index = link ? rtnl_link_get_link(link) : 0;
		rtnl_link_put(link);
	}
	return 0;
}

static int find_master(const struct look *look, int index)
{
	struct rtnl_link *link = index ? get(look, index) : NULL;
	int master = link ? rtnl_link_get_master(link) : 0;

	rtnl_link_put(link);
	return master;
}

/* The same, but it may also be a bridge (or the like) that one of ours is a port of. */
static int find_ours(const struct look *look, int index)
{
	int below = find_below(look, index);

	if (below || index <= 0)
		return below;
	for (size_t i = 0; i < OURS_MAX; i++) {
		if (index == find_master(look, look->ours[i]))
			return look->ours[i];
	}
	return 0;
}

/* The interface of ours by which the kernel reaches this address, or 0. Of several ways at equal
 * cost, the kernel tells one that it would take now. */
static int route_to(const struct look *look, const struct covey_addr *remote)
{
	struct nl_addr *to = nl_addr_build(remote->family, remote->bytes, covey_addr_len(remote));
	struct rtnl_route *route = NULL;
	int index = 0;

	if (to && rtnl_route_lookup(look->socket, to, &route) == 0) {
		if (rtnl_route_get_nnexthops(route) > 0)
			index = rtnl_route_nh_get_ifindex(rtnl_route_nexthop_n(route, 0));
		rtnl_route_put(route);
	}
	nl_addr_put(to);
	return find_ours(look, index);
}

/* A device that is bound to no interface and has no remote address sends where its forwarding table
 * says. That could be anywhere, so also over ours. */
static bool sends_over_ours(const struct look *look, const struct vxlan_device *device,
			    int *ret_index)
{
	*ret_index = 0;
	if (device->under)
		return (*ret_index = find_ours(look, (int)device->under)) != 0;
	if (device->remote.family == 0)
		return true;
	return (*ret_index = route_to(look, &device->remote)) != 0;
}

/* A Geneve device cannot send what goes to VXLAN's port. */
static bool is_fabrics(const struct look *look, const struct vxlan_device *device)
{
	const struct foreign_vxlan_config *config = look->config;
	bool geneve = device->kind == VXLAN_DEVICE_GENEVE;

	if (!geneve && device->port == config->port)
		return true;
	for (size_t i = 0; i < config->tunnel_count; i++)
		if (config->tunnels[i].carried && config->tunnels[i].port == device->port &&
		    geneve == (config->tunnels[i].kind == COVEY_TUNNEL_GENEVE))
			return true;
	return false;
}

static void add_port(struct foreign_ports *ports, uint16_t port)
{
	for (size_t i = 0; i < ports->count; i++)
		if (ports->list[i] == port)
			return;
	if (ports->count < FOREIGN_VXLAN_MAX)
		ports->list[ports->count++] = port;
}

static void take(struct look *look, const struct vxlan_device *device)
{
	struct foreign_vxlan *found;
	int over;

	if (is_fabrics(look, device) || !sends_over_ours(look, device, &over))
		return;
	add_port(&look->ports, device->port);
	if (look->count == FOREIGN_VXLAN_MAX)
		return;
	found = &look->list[look->count++];
	*found = (struct foreign_vxlan){.kind = device->kind, .port = device->port};
	memcpy(found->name, device->name, sizeof(found->name));
	if (over)
		if_indextoname((unsigned)over, found->over);
	for (size_t i = look->guarded; i < OURS_MAX; i++)
		found->unguarded |= over != 0 && over == look->ours[i];
}

static int fill(struct look *look)
{
	const struct uplinks_wanted *wanted = &look->config->uplinks;
	struct uplink uplinks[COVEY_UPLINKS_MAX];
	struct uplinks_left_out left_out;
	struct vxlan_devices devices;
	size_t count;
	int status = nl_connect(look->socket, NETLINK_ROUTE);

	if (status == 0)
		status = vxlan_devices_list_all(&devices, NULL);
	if (status)
		return status;
	look->ours[0] = (int)if_nametoindex(wanted->host_interface);
	count = uplinks_find_all(wanted, uplinks, &left_out);
	for (size_t i = 0; i < count; i++)
		look->ours[i + 1] = (int)uplinks[i].index;
	look->guarded = 1 + count;
	for (size_t i = 0; i < left_out.count; i++)
		look->ours[count + 1 + i] = (int)left_out.list[i].index;
	for (size_t i = 0; i < devices.count; i++)
		take(look, &devices.list[i]);
	/* What seems to send elsewhere may send over ours in a moment, by its forwarding table. */
	for (size_t i = 0; i < devices.count && !look->config->drops; i++)
		if (!devices.list[i].holder && !is_fabrics(look, &devices.list[i]))
			add_port(&look->ports, devices.list[i].port);
	vxlan_devices_free(&devices);
	return 0;
}

static bool holds(const struct foreign_vxlan *list, size_t count,
		  const struct foreign_vxlan *wanted)
{
	for (size_t i = 0; i < count; i++) {
		if (memcmp(&list[i], wanted, sizeof(*wanted)) == 0)
			return true;
	}
	return false;
}

static void log_new(const struct foreign_vxlan *device, const struct foreign_vxlan_config *config)
{
	char advice[128] = "Make it a VXLAN device";

	if (config->passes) {
		log_notice("%s device %s sends to UDP port %u over %s: that leaves in clear, "
			   "whatever its VNI (covey_foreign_vxlan: pass)",
			   vxlan_device_kind_name(device->kind), device->name, device->port,
			   device->over[0] ? device->over : "whatever its forwarding table says");
		return;
	}
	if (device->kind != VXLAN_DEVICE_GENEVE)
		snprintf(advice, sizeof(advice),
			 "Give it `dstport %u` (the kernel's default is 8472)", config->port);
	log_warning("%s device %s sends to UDP port %u, not the fabric's %u, over %s: covey does "
		    "not encrypt that. %s. %s%s",
		    vxlan_device_kind_name(device->kind), device->name, device->port, config->port,
		    device->over[0] ? device->over : "whatever its forwarding table says",
		    device->unguarded ? "All of it leaves in clear, as the guard is not there"
		    : config->drops   ? "All of it is dropped"
				      : "VNIs of the fabric are dropped, others leave in clear",
		    advice,
		    device->unguarded || config->drops ? "" : ", or set covey_foreign_vxlan: drop");
}

/* True when the devices differ from those before. */
static bool compare(const struct foreign_vxlan_watch *watch, const struct look *look)
{
	bool differs = !watch->looked || watch->count != look->count ||
		       memcmp(&watch->ports, &look->ports, sizeof(look->ports)) != 0;

	for (size_t i = 0; i < look->count; i++) {
		if (holds(watch->list, watch->count, &look->list[i]))
			continue;
		log_new(&look->list[i], &watch->config);
		differs = true;
	}
	for (size_t i = 0; i < watch->count; i++) {
		if (!holds(look->list, look->count, &watch->list[i]))
			log_notice("%s device %s no longer sends to UDP port %u over the fabric",
				   vxlan_device_kind_name(watch->list[i].kind), watch->list[i].name,
				   watch->list[i].port);
	}
	return differs;
}

void foreign_vxlan_look(struct foreign_vxlan_watch *watch)
{
	struct look look = {.config = &watch->config, .socket = nl_socket_alloc()};
	int status = look.socket ? fill(&look) : -NLE_NOMEM;
	bool differs;

	nl_socket_free(look.socket);
	if (status)
		return; /* the next event or question looks again */
	differs = compare(watch, &look);
	memcpy(watch->list, look.list, sizeof(watch->list));
	watch->count = look.count;
	watch->ports = look.ports;
	watch->looked = true;
	if (differs)
		watch->config.changed(watch, watch->config.arg);
}

/* Events come in bursts, and each look reads all interfaces. So there is one look for a burst. */
static void on_links(evutil_socket_t fd, short events, void *arg)
{
	static const struct timeval soon = {.tv_usec = 10000};
	struct foreign_vxlan_watch *watch = arg;

	link_events_drain(fd);
	if (!event_pending(watch->soon, EV_TIMEOUT, NULL))
		event_add(watch->soon, &soon);
}

static void on_soon(evutil_socket_t fd, short events, void *arg)
{
	foreign_vxlan_look(arg);
}

static void on_routes(void *arg)
{
	foreign_vxlan_look(arg);
}

int foreign_vxlan_watch_new(const struct foreign_vxlan_config *config,
			    struct foreign_vxlan_watch **ret_watch, struct covey_error *error)
{
	struct foreign_vxlan_watch *watch = calloc(1, sizeof(*watch));
	int status = 0;

	if (!watch)
		return covey_error_set(error, -ENOMEM, "out of memory");
	watch->config = *config;
	watch->fd = link_events_open(error);
	if (watch->fd < 0) {
		status = watch->fd;
		free(watch);
		return status;
	}
	watch->event = event_new(config->base, watch->fd, EV_READ | EV_PERSIST, on_links, watch);
	watch->soon = evtimer_new(config->base, on_soon, watch);
	if (!watch->event || !watch->soon || event_add(watch->event, NULL) < 0)
		status = covey_error_set(error, -ENOMEM, "out of memory");
	else if (config->uplinks.by_routes)
		status = route_watch_new(config->base, on_routes, watch, &watch->routes, error);
	if (status) {
		foreign_vxlan_watch_free(watch);
		return status;
	}
	foreign_vxlan_look(watch);
	*ret_watch = watch;
	return 0;
}

void foreign_vxlan_watch_free(struct foreign_vxlan_watch *watch)
{
	if (!watch)
		return;
	route_watch_free(watch->routes);
	if (watch->soon)
		event_free(watch->soon);
	if (watch->event)
		event_free(watch->event);
	close(watch->fd);
	free(watch);
}

const struct foreign_vxlan *foreign_vxlan_list(const struct foreign_vxlan_watch *watch,
					       size_t *ret_count)
{
	*ret_count = watch->count;
	return watch->list;
}

const struct foreign_ports *foreign_vxlan_ports(const struct foreign_vxlan_watch *watch)
{
	return &watch->ports;
}
