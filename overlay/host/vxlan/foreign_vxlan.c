/* SPDX-License-Identifier: BSD-3-Clause */

#include "foreign_vxlan.h"

#include <errno.h>
#include <log.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/vxlan.h>
#include <netlink/route/route.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "link_events.h"

/* How many interfaces may stand on one another, such as a VLAN on a bond on a card. */
#define STACK_MAX 8

struct foreign_vxlan_watch {
	struct foreign_vxlan_config config;
	int fd;
	struct event *event, *soon;
	struct foreign_vxlan list[FOREIGN_VXLAN_MAX];
	size_t count;
	bool looked;
};

/* What one look needs. */
struct look {
	const struct foreign_vxlan_config *config;
	struct nl_sock *socket;
	struct nl_cache *links;
	int host, fabric; /* indices; 0: there is none */
	struct foreign_vxlan list[FOREIGN_VXLAN_MAX];
	size_t count;
};

/* The interface of ours that this one is or stands on, or 0. */
static int find_below(const struct look *look, int index)
{
	for (int depth = 0; index > 0 && depth < STACK_MAX; depth++) {
		struct rtnl_link *link;

		if (index == look->host || index == look->fabric)
			return index;
		link = rtnl_link_get(look->links, index);
		index = link ? rtnl_link_get_link(link) : 0;
		rtnl_link_put(link);
	}
	return 0;
}

static int find_master(const struct look *look, int index)
{
	struct rtnl_link *link = index ? rtnl_link_get(look->links, index) : NULL;
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
	if (index == find_master(look, look->fabric))
		return look->fabric;
	return index == find_master(look, look->host) ? look->host : 0;
}

/* 0: there is no route. */
static int route_to(const struct look *look, struct nl_addr *to)
{
	struct rtnl_route *route = NULL;
	int index = 0;

	if (rtnl_route_lookup(look->socket, to, &route))
		return 0;
	if (rtnl_route_get_nnexthops(route) > 0)
		index = rtnl_route_nh_get_ifindex(rtnl_route_nexthop_n(route, 0));
	rtnl_route_put(route);
	return index;
}

/* A device that is bound to no interface and has no remote address sends where its forwarding table
 * says. That could be anywhere, so also over ours. */
static bool sends_over_ours(const struct look *look, struct rtnl_link *link, int *ret_index)
{
	struct nl_addr *remote = NULL;
	uint32_t lower = 0;

	*ret_index = 0;
	if (rtnl_link_vxlan_get_link(link, &lower) == 0 && lower)
		return (*ret_index = find_ours(look, (int)lower)) != 0;
	if (rtnl_link_vxlan_get_group(link, &remote) || !remote)
		return true;
	*ret_index = find_ours(look, route_to(look, remote));
	nl_addr_put(remote);
	return *ret_index != 0;
}

static void take_link(struct nl_object *object, void *arg)
{
	struct rtnl_link *link = (struct rtnl_link *)object;
	struct look *look = arg;
	struct foreign_vxlan *found;
	uint32_t port;
	int over;

	if (!rtnl_link_is_vxlan(link) || rtnl_link_vxlan_get_port(link, &port) ||
	    port == look->config->port || look->count == FOREIGN_VXLAN_MAX ||
	    !sends_over_ours(look, link, &over))
		return;
	found = &look->list[look->count++];
	*found = (struct foreign_vxlan){.port = (uint16_t)port};
	snprintf(found->name, sizeof(found->name), "%s", rtnl_link_get_name(link));
	if (over)
		rtnl_link_i2name(look->links, over, found->over, sizeof(found->over));
}

static int fill(struct look *look)
{
	int status = nl_connect(look->socket, NETLINK_ROUTE);

	if (status == 0)
		status = rtnl_link_alloc_cache(look->socket, AF_UNSPEC, &look->links);
	if (status)
		return status;
	look->host = rtnl_link_name2i(look->links, look->config->host_interface);
	if (look->config->fabric_interface)
		look->fabric = rtnl_link_name2i(look->links, look->config->fabric_interface);
	nl_cache_foreach(look->links, take_link, look);
	nl_cache_free(look->links);
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

static void log_new(const struct foreign_vxlan *device, uint16_t port)
{
	log_warning(
		"VXLAN device %s sends to UDP port %u, not the fabric's %u, over %s: covey does "
		"not encrypt that. Give it `dstport %u` (the kernel's default is 8472), or set "
		"covey_foreign_vxlan: drop",
		device->name, device->port, port,
		device->over[0] ? device->over : "whatever its forwarding table says", port);
}

/* True when the devices differ from those before. */
static bool compare(const struct foreign_vxlan_watch *watch, const struct look *look)
{
	bool differs = !watch->looked || watch->count != look->count;

	for (size_t i = 0; i < look->count; i++) {
		if (holds(watch->list, watch->count, &look->list[i]))
			continue;
		log_new(&look->list[i], watch->config.port);
		differs = true;
	}
	for (size_t i = 0; i < watch->count; i++) {
		if (!holds(look->list, look->count, &watch->list[i]))
			log_notice("VXLAN device %s no longer sends to UDP port %u over the fabric",
				   watch->list[i].name, watch->list[i].port);
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

int foreign_vxlan_watch_new(const struct foreign_vxlan_config *config,
			    struct foreign_vxlan_watch **ret_watch, struct covey_error *error)
{
	struct foreign_vxlan_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return covey_error_set(error, -ENOMEM, "out of memory");
	watch->config = *config;
	watch->fd = link_events_open(error);
	if (watch->fd < 0) {
		int status = watch->fd;

		free(watch);
		return status;
	}
	watch->event = event_new(config->base, watch->fd, EV_READ | EV_PERSIST, on_links, watch);
	watch->soon = evtimer_new(config->base, on_soon, watch);
	if (!watch->event || !watch->soon || event_add(watch->event, NULL) < 0) {
		foreign_vxlan_watch_free(watch);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	foreign_vxlan_look(watch);
	*ret_watch = watch;
	return 0;
}

void foreign_vxlan_watch_free(struct foreign_vxlan_watch *watch)
{
	if (!watch)
		return;
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
