/* SPDX-License-Identifier: BSD-3-Clause */

#include "listening.h"

#include <clock.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/vxlan.h>
#include <stdlib.h>

#define FRESH_MS 1000

struct reading {
	struct listening *listening;
	unsigned interface; /* index */
	uint16_t port;
};

static bool is_multicast(const struct nl_addr *address)
{
	const uint8_t *bytes = nl_addr_get_binary_addr(address);

	if (nl_addr_get_len(address) == 4)
		return (bytes[0] & 0xf0) == 0xe0;
	return nl_addr_get_len(address) == 16 && bytes[0] == 0xff;
}

static bool has_group(struct rtnl_link *link)
{
	struct nl_addr *group;
	bool has;

	if (rtnl_link_vxlan_get_group(link, &group) != 0)
		return false;
	has = is_multicast(group);
	nl_addr_put(group);
	return has;
}

static bool is_over(struct rtnl_link *link, const struct reading *reading)
{
	uint32_t under, port;

	return rtnl_link_vxlan_get_link(link, &under) == 0 && under == reading->interface &&
	       rtnl_link_vxlan_get_port(link, &port) == 0 && port == reading->port;
}

static void take(struct nl_object *object, void *arg)
{
	struct rtnl_link *link = (struct rtnl_link *)object;
	const struct reading *reading = arg;
	struct listening *listening = reading->listening;
	uint32_t vni;

	if (rtnl_link_is_vxlan(link) && (rtnl_link_get_flags(link) & IFF_UP) &&
	    is_over(link, reading) && has_group(link) && rtnl_link_vxlan_get_id(link, &vni) == 0 &&
	    listening->count < LISTENING_MAX)
		listening->vnis[listening->count++] = vni;
}

static int by_number(const void *a, const void *b)
{
	const uint32_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void read_links(struct nl_sock *socket, struct reading *reading)
{
	struct listening *listening = reading->listening;
	struct nl_cache *links;
	size_t most;

	if (rtnl_link_alloc_cache(socket, AF_UNSPEC, &links) != 0)
		return;
	most = (size_t)nl_cache_nitems(links);
	free(listening->vnis);
	listening->vnis = calloc(most ? most : 1, sizeof(*listening->vnis));
	if (listening->vnis)
		nl_cache_foreach(links, take, reading);
	nl_cache_free(links);
	if (listening->count)
		qsort(listening->vnis, listening->count, sizeof(*listening->vnis), by_number);
}

static void refresh(struct listening *listening, const char *interface, uint16_t vxlan_port)
{
	struct reading reading = {listening, if_nametoindex(interface), vxlan_port};
	uint64_t now = clock_ms();
	struct nl_sock *socket;

	if (listening->read_at && now - listening->read_at < FRESH_MS)
		return;
	listening->read_at = now;
	listening->count = 0;
	socket = nl_socket_alloc();
	if (socket && reading.interface && nl_connect(socket, NETLINK_ROUTE) == 0)
		read_links(socket, &reading);
	nl_socket_free(socket);
}

bool listening_to(struct listening *listening, const char *interface, uint16_t vxlan_port,
		  const uint32_t *vnis, size_t count)
{
	refresh(listening, interface, vxlan_port);
	for (size_t i = 0; i < count; i++)
		if (listening->count == 0 || !bsearch(&vnis[i], listening->vnis, listening->count,
						      sizeof(vnis[i]), by_number))
			return false;
	return count > 0;
}

void listening_clear(struct listening *listening)
{
	free(listening->vnis);
	*listening = (struct listening){0};
}
