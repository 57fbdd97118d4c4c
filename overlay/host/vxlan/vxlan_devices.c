/* SPDX-License-Identifier: BSD-3-Clause */

#include "vxlan_devices.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link.h"

/* A list that another change has interrupted is read again, this often at most. */
#define TRIES 5

struct listing {
	struct vxlan_devices devices;
	bool geneve; /* Geneve's, too */
	bool out_of_memory;
};

const char *vxlan_device_kind_name(enum vxlan_device_kind kind)
{
	static const char *const names[] = {"VXLAN", "VXLAN-GPE", "Geneve"};

	return names[kind];
}

/* The settings of a VXLAN or Geneve device, or NULL. */
static struct nlattr *find_settings(struct nlattr **link, bool *ret_geneve)
{
	struct nlattr *info[IFLA_INFO_MAX + 1];

	if (!link[IFLA_IFNAME] || !link[IFLA_LINKINFO] || link[IFLA_LINK_NETNSID] ||
	    nla_parse_nested(info, IFLA_INFO_MAX, link[IFLA_LINKINFO], NULL) ||
	    !info[IFLA_INFO_KIND] || !info[IFLA_INFO_DATA] ||
	    nla_len(info[IFLA_INFO_DATA]) > VXLAN_SETTINGS_MAX)
		return NULL;
	*ret_geneve = nla_strcmp(info[IFLA_INFO_KIND], "geneve") == 0;
	return *ret_geneve || nla_strcmp(info[IFLA_INFO_KIND], "vxlan") == 0 ? info[IFLA_INFO_DATA]
									     : NULL;
}

static void read_remote(struct covey_addr *addr, uint16_t family, const struct nlattr *attribute)
{
	if (!attribute || nla_len(attribute) != (family == AF_INET6 ? 16 : 4))
		return;
	addr->family = family;
	memcpy(addr->bytes, nla_data(attribute), (size_t)nla_len(attribute));
}

static bool read_geneve(struct vxlan_device *device, struct nlattr *data)
{
	struct nlattr *settings[IFLA_GENEVE_MAX + 1];

	if (nla_parse_nested(settings, IFLA_GENEVE_MAX, data, NULL) || !settings[IFLA_GENEVE_PORT])
		return false;
	device->kind = VXLAN_DEVICE_GENEVE;
	device->port = ntohs(nla_get_u16(settings[IFLA_GENEVE_PORT]));
	if (settings[IFLA_GENEVE_ID])
		device->vni = nla_get_u32(settings[IFLA_GENEVE_ID]);
	read_remote(&device->remote, AF_INET, settings[IFLA_GENEVE_REMOTE]);
	read_remote(&device->remote, AF_INET6, settings[IFLA_GENEVE_REMOTE6]);
	return true;
}

/* False when they are not a VXLAN device's. */
static bool read_settings(struct vxlan_device *device, struct nlattr *data)
{
	struct nlattr *settings[IFLA_VXLAN_MAX + 1];

	if (nla_parse_nested(settings, IFLA_VXLAN_MAX, data, NULL) || !settings[IFLA_VXLAN_PORT])
		return false;
	device->kind = settings[IFLA_VXLAN_GPE] ? VXLAN_DEVICE_GPE : VXLAN_DEVICE_PLAIN;
	device->port = ntohs(nla_get_u16(settings[IFLA_VXLAN_PORT]));
	if (settings[IFLA_VXLAN_ID])
		device->vni = nla_get_u32(settings[IFLA_VXLAN_ID]);
	if (settings[IFLA_VXLAN_LINK])
		device->under = nla_get_u32(settings[IFLA_VXLAN_LINK]);
	device->filters =
		settings[IFLA_VXLAN_VNIFILTER] && nla_get_u8(settings[IFLA_VXLAN_VNIFILTER]) != 0;
	read_remote(&device->remote, AF_INET, settings[IFLA_VXLAN_GROUP]);
	read_remote(&device->remote, AF_INET6, settings[IFLA_VXLAN_GROUP6]);
	device->settings_len = (uint16_t)nla_len(data);
	memcpy(device->settings, nla_data(data), device->settings_len);
	return true;
}

static struct vxlan_device *add(struct vxlan_devices *devices)
{
	struct vxlan_device *list =
		realloc(devices->list, (devices->count + 1) * sizeof(*devices->list));

	if (!list)
		return NULL;
	devices->list = list;
	return memset(&list[devices->count++], 0, sizeof(*list));
}

bool vxlan_devices_read(struct nlmsghdr *header, struct vxlan_device *ret_device)
{
	const struct ifinfomsg *about = nlmsg_data(header);
	struct nlattr *link[IFLA_MAX + 1], *settings;
	bool geneve;

	if (nlmsg_parse(header, sizeof(*about), link, IFLA_MAX, NULL))
		return false;
	settings = find_settings(link, &geneve);
	if (!settings)
		return false;
	memset(ret_device, 0, sizeof(*ret_device));
	nla_strlcpy(ret_device->name, link[IFLA_IFNAME], sizeof(ret_device->name));
	ret_device->index = (unsigned)about->ifi_index;
	ret_device->mtu = link[IFLA_MTU] ? nla_get_u32(link[IFLA_MTU]) : 0;
	ret_device->up = about->ifi_flags & IFF_UP;
	ret_device->holder = link[IFLA_GROUP] && nla_get_u32(link[IFLA_GROUP]) == LINK_GROUP_COVEY;
	return geneve ? read_geneve(ret_device, settings) : read_settings(ret_device, settings);
}

static int take(struct nl_msg *message, void *arg)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct listing *listing = arg;
	struct vxlan_device device, *added;

	if (header->nlmsg_type != RTM_NEWLINK || !vxlan_devices_read(header, &device) ||
	    (device.kind == VXLAN_DEVICE_GENEVE && !listing->geneve))
		return NL_OK;
	added = add(&listing->devices);
	if (added)
		*added = device;
	else
		listing->out_of_memory = true;
	return NL_OK;
}

static int by_index(const void *a, const void *b)
{
	const struct vxlan_device *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

static int dump(struct nl_sock *socket, struct listing *listing)
{
	const struct ifinfomsg all = {.ifi_family = AF_UNSPEC};
	int status = nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, take, listing);

	if (status == 0)
		status = nl_send_simple(socket, RTM_GETLINK, NLM_F_DUMP, (void *)&all, sizeof(all));
	return status < 0 ? status : nl_recvmsgs_default(socket);
}

static int list(bool geneve, struct vxlan_devices *ret_devices, struct covey_error *error)
{
	struct listing listing = {.geneve = geneve};
	int status = -NLE_DUMP_INTR;

	for (int i = 0; i < TRIES && status == -NLE_DUMP_INTR; i++) {
		struct nl_sock *socket = nl_socket_alloc();

		vxlan_devices_free(&listing.devices);
		status = socket ? nl_connect(socket, NETLINK_ROUTE) : -NLE_NOMEM;
		if (status == 0)
			status = dump(socket, &listing);
		nl_socket_free(socket);
	}
	if (status < 0 || listing.out_of_memory) {
		vxlan_devices_free(&listing.devices);
		return covey_error_set(error, -EIO, "cannot list VXLAN devices: %s",
				       status < 0 ? nl_geterror(status) : "out of memory");
	}
	if (listing.devices.count)
		qsort(listing.devices.list, listing.devices.count, sizeof(*listing.devices.list),
		      by_index);
	*ret_devices = listing.devices;
	return 0;
}

int vxlan_devices_list(struct vxlan_devices *ret_devices, struct covey_error *error)
{
	return list(false, ret_devices, error);
}

int vxlan_devices_list_all(struct vxlan_devices *ret_devices, struct covey_error *error)
{
	return list(true, ret_devices, error);
}

void vxlan_devices_free(struct vxlan_devices *devices)
{
	free(devices->list);
	*devices = (struct vxlan_devices){0};
}

bool vxlan_devices_find_vni(uint32_t vni, uint16_t port, char ret_name[IFNAMSIZ])
{
	struct vxlan_devices devices;
	bool found = false;

	if (vxlan_devices_list(&devices, NULL))
		return false;
	for (size_t i = 0; i < devices.count && !found; i++) {
		const struct vxlan_device *device = &devices.list[i];

		found = device->vni == vni && device->port == port;
		if (found)
			memcpy(ret_name, device->name, IFNAMSIZ);
	}
	vxlan_devices_free(&devices);
	return found;
}
