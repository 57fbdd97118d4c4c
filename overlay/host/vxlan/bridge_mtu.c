/* SPDX-License-Identifier: BSD-3-Clause */

#include "bridge_mtu.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <peer_log.h>
#include <stdlib.h>
#include <string.h>

#include "vxlan_devices.h"
#include "vxlan_mtu.h"

/* A list that another change has interrupted is read again, this often at most. */
#define TRIES 5

/* --- the kernel's ----------------------------------------------------------------------------- */

struct listing {
	struct bridge_links links;
	bool out_of_memory;
};

static bool is_bridge(struct nlattr *info_attribute)
{
	struct nlattr *info[IFLA_INFO_MAX + 1];

	return info_attribute && nla_parse_nested(info, IFLA_INFO_MAX, info_attribute, NULL) == 0 &&
	       info[IFLA_INFO_KIND] && nla_strcmp(info[IFLA_INFO_KIND], "bridge") == 0;
}

static int take(struct nl_msg *message, void *arg)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	const struct ifinfomsg *about = nlmsg_data(header);
	struct listing *listing = arg;
	struct bridge_link *list, found = {.index = (unsigned)about->ifi_index};
	struct nlattr *link[IFLA_MAX + 1];

	if (header->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(header, sizeof(*about), link, IFLA_MAX, NULL) || !link[IFLA_IFNAME])
		return NL_OK;
	found.bridge = is_bridge(link[IFLA_LINKINFO]);
	found.master = link[IFLA_MASTER] ? nla_get_u32(link[IFLA_MASTER]) : 0;
	found.mtu = link[IFLA_MTU] ? nla_get_u32(link[IFLA_MTU]) : 0;
	nla_strlcpy(found.name, link[IFLA_IFNAME], sizeof(found.name));
	if (!found.bridge && !found.master)
		return NL_OK;
	list = realloc(listing->links.list, (listing->links.count + 1) * sizeof(*list));
	listing->out_of_memory |= !list;
	if (!list)
		return NL_OK;
	listing->links.list = list;
	list[listing->links.count++] = found;
	return NL_OK;
}

static int dump(struct nl_sock *socket, struct listing *listing)
{
	const struct ifinfomsg all = {.ifi_family = AF_UNSPEC};
	int status = nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, take, listing);

	if (status == 0)
		status = nl_send_simple(socket, RTM_GETLINK, NLM_F_DUMP, (void *)&all, sizeof(all));
	return status < 0 ? status : nl_recvmsgs_default(socket);
}

static int by_master(const void *a, const void *b)
{
	const struct bridge_link *x = a, *y = b;

	return (x->master > y->master) - (x->master < y->master);
}

int bridge_links_list(struct bridge_links *ret_links, struct covey_error *error)
{
	struct listing listing = {0};
	int status = -NLE_DUMP_INTR;

	for (int i = 0; i < TRIES && status == -NLE_DUMP_INTR; i++) {
		struct nl_sock *socket = nl_socket_alloc();

		bridge_links_free(&listing.links);
		status = socket ? nl_connect(socket, NETLINK_ROUTE) : -NLE_NOMEM;
		if (status == 0)
			status = dump(socket, &listing);
		nl_socket_free(socket);
	}
	if (status < 0 || listing.out_of_memory) {
		bridge_links_free(&listing.links);
		return covey_error_set(error, -EIO, "cannot list bridges: %s",
				       status < 0 ? nl_geterror(status) : "out of memory");
	}
	if (listing.links.count)
		qsort(listing.links.list, listing.links.count, sizeof(*listing.links.list),
		      by_master);
	*ret_links = listing.links;
	return 0;
}

void bridge_links_free(struct bridge_links *links)
{
	free(links->list);
	*links = (struct bridge_links){0};
}

/* --- what does not fit ------------------------------------------------------------------------ */

static int by_index(const void *key, const void *element)
{
	const struct vxlan_device *device = element;
	const unsigned index = *(const unsigned *)key;

	return (index > device->index) - (index < device->index);
}

static const struct vxlan_device *find_device(const struct vxlan_devices *devices, unsigned index)
{
	return devices->count ? bsearch(&index, devices->list, devices->count,
					sizeof(*devices->list), by_index)
			      : NULL;
}

/* Where the bridge's ports begin in the list. */
static size_t first_port(const struct bridge_links *links, unsigned bridge)
{
	size_t low = 0, high = links->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (links->list[middle].master < bridge)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_port(const struct bridge_links *links, size_t at, unsigned bridge)
{
	return at < links->count && links->list[at].master == bridge;
}

static uint32_t fits_through(const struct vxlan_device *device, int family, uint16_t mtu)
{
	struct vxlan_mtu found;

	return mtu && vxlan_mtu_exceeds(device, family, mtu, &found) ? found.fits : device->mtu;
}

/* The list that is filled in, and what is looked for. */
struct finding {
	const struct vxlan_device *device; /* of the bridge: the least fits through it */
	uint32_t fits;
	struct bridge_excess *list;
	size_t count, max;
};

static void look_at(struct finding *finding, const struct bridge_link *link, bool bridge)
{
	struct bridge_excess *excess = &finding->list[finding->count];

	if (link->mtu <= finding->fits || finding->count == finding->max)
		return;
	*excess = (struct bridge_excess){.has = link->mtu, .fits = finding->fits, .bridge = bridge};
	memcpy(excess->name, link->name, sizeof(excess->name));
	memcpy(excess->device, finding->device->name, sizeof(excess->device));
	finding->count++;
}

size_t bridge_mtu_find(const struct bridge_links *links, const struct vxlan_devices *devices,
		       int family, uint16_t mtu, struct bridge_excess *ret_list, size_t max)
{
	struct finding finding = {.list = ret_list, .max = max};

	for (size_t i = 0; i < links->count; i++) {
		const struct bridge_link *bridge = &links->list[i];
		const size_t first = bridge->bridge ? first_port(links, bridge->index) : 0;

		finding.device = NULL;
		for (size_t at = first; bridge->bridge && is_port(links, at, bridge->index); at++) {
			const struct vxlan_device *device =
				find_device(devices, links->list[at].index);
			uint32_t fits = device ? fits_through(device, family, mtu) : 0;

			if (!device || (finding.device && fits >= finding.fits))
				continue;
			finding.device = device;
			finding.fits = fits;
		}
		if (!finding.device)
			continue;
		look_at(&finding, bridge, true);
		for (size_t at = first; is_port(links, at, bridge->index); at++)
			if (!find_device(devices, links->list[at].index))
				look_at(&finding, &links->list[at], false);
	}
	return finding.count;
}

void bridge_mtu_explain(const struct bridge_excess *excess, struct covey_error *ret_text)
{
	covey_error_set(ret_text, 0,
			"%s %s has an MTU of %u, and %u fits through VXLAN device %s: larger "
			"packets are dropped on the way, and their senders may not be told. Lower "
			"it%s to %u",
			excess->bridge ? "bridge" : "bridge port", excess->name, excess->has,
			excess->fits, excess->device,
			excess->bridge ? "" : " and what is behind it", excess->fits);
}

static bool was_told(const struct bridge_told *told, const struct bridge_excess *excess)
{
	for (size_t i = 0; i < told->count; i++)
		if (strcmp(told->list[i].name, excess->name) == 0)
			return told->list[i].has == excess->has &&
			       told->list[i].fits == excess->fits;
	return false;
}

void bridge_mtu_tell(struct bridge_told *told, const struct vxlan_devices *devices, int family,
		     uint16_t mtu, struct peer_log *log)
{
	struct bridge_told found = {.count = 0};
	struct bridge_links links;
	struct covey_error text;

	if (bridge_links_list(&links, NULL))
		return;
	found.count = bridge_mtu_find(&links, devices, family, mtu, found.list, BRIDGE_EXCESS_MAX);
	bridge_links_free(&links);
	for (size_t i = 0; i < found.count; i++) {
		if (was_told(told, &found.list[i]))
			continue;
		bridge_mtu_explain(&found.list[i], &text);
		peer_log_line(log, LOG_LEVEL_WARNING, found.list[i].name, "%s", text.text);
	}
	*told = found;
}
