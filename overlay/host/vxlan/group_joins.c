/* SPDX-License-Identifier: BSD-3-Clause */

#include "group_joins.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "vni_groups.h"

/* What shall be joined, and for which device. */
struct wish {
	struct covey_addr group;
	unsigned uplink;
	const char *device;
};

struct wishes {
	struct wish *list;
	size_t count;
};

static int add_wish(struct wishes *wishes, const struct vxlan_device *device,
		    const struct covey_addr *group, struct covey_error *error)
{
	struct wish *list = realloc(wishes->list, (wishes->count + 1) * sizeof(*list));

	if (!list)
		return covey_error_set(error, -ENOMEM, "out of memory");
	wishes->list = list;
	list[wishes->count++] = (struct wish){*group, device->under, device->name};
	return 0;
}

/* What a device that is up has joined. */
static int find_wishes(struct wishes *wishes, const struct vxlan_device *device,
		       struct covey_error *error)
{
	struct covey_addr *groups = NULL;
	size_t count = 0;
	int status = 0;

	if (!device->up || !device->under)
		return 0;
	if (device->remote.family && covey_addr_is_multicast(&device->remote))
		status = add_wish(wishes, device, &device->remote, error);
	if (status == 0 && device->filters)
		status = vni_groups_list(device->index, &groups, &count, error);
	for (size_t i = 0; status == 0 && i < count; i++)
		status = add_wish(wishes, device, &groups[i], error);
	free(groups);
	return status;
}

static bool is_for(const struct group_join *join, const struct wish *wish)
{
	return join->uplink == wish->uplink && covey_addr_equal(&join->group, &wish->group);
}

static bool is_joined(const struct group_joins *joins, const struct wish *wish)
{
	for (size_t i = 0; i < joins->count; i++) {
		if (is_for(&joins->list[i], wish))
			return true;
	}
	return false;
}

static bool is_wanted(const struct wishes *wishes, const struct group_join *join)
{
	for (size_t i = 0; i < wishes->count; i++) {
		if (is_for(join, &wishes->list[i]))
			return true;
	}
	return false;
}

static int join(struct group_joins *joins, const struct wish *wish, struct covey_error *error)
{
	const struct group_joins_handlers *handlers = joins->handlers;
	struct group_join *list = realloc(joins->list, (joins->count + 1) * sizeof(*list));
	int fd, status;

	if (!list)
		return covey_error_set(error, -ENOMEM, "out of memory");
	joins->list = list;
	fd = group_sockets_join(&joins->sockets, &wish->group, joins->interface);
	if (fd < 0)
		return covey_error_set(error, fd,
				       "cannot join the group of VXLAN device %s on the host "
				       "interface: %s%s",
				       wish->device, strerror(-fd),
				       fd == -ENOBUFS ? " (see net.ipv4.igmp_max_memberships)"
						      : "");
	status = handlers->join(&wish->group, wish->uplink, handlers->arg, error);
	if (status) {
		group_sockets_leave(&joins->sockets, fd, &wish->group, joins->interface);
		return status;
	}
	list[joins->count++] = (struct group_join){wish->group, wish->uplink, fd, false};
	return 0;
}

static void leave(struct group_joins *joins, const struct group_join *join)
{
	joins->handlers->leave(&join->group, join->uplink, joins->handlers->arg);
	group_sockets_leave(&joins->sockets, join->fd, &join->group, joins->interface);
}

static void leave_others(struct group_joins *joins, const struct wishes *wishes)
{
	size_t kept = 0;

	for (size_t i = 0; i < joins->count; i++) {
		if (is_wanted(wishes, &joins->list[i]))
			joins->list[kept++] = joins->list[i];
		else
			leave(joins, &joins->list[i]);
	}
	joins->count = kept;
}

static int fulfil(struct group_joins *joins, const struct wishes *wishes, struct covey_error *error)
{
	int status = 0;

	for (size_t i = 0; i < wishes->count; i++) {
		int failed = is_joined(joins, &wishes->list[i])
				     ? 0
				     : join(joins, &wishes->list[i], error);

		status = status ? status : failed;
	}
	return status;
}

int group_joins_follow(struct group_joins *joins, const struct vxlan_devices *devices,
		       unsigned interface, struct covey_error *error)
{
	struct wishes wishes = {.count = 0};
	struct covey_error second;
	int status = 0, failed;

	if (joins->interface != interface)
		group_joins_clear(joins);
	joins->interface = interface;
	for (size_t i = 0; i < devices->count; i++) {
		failed = find_wishes(&wishes, &devices->list[i], status ? &second : error);
		status = status ? status : failed;
	}
	/* What could not be asked for its groups keeps those that it has. */
	if (status == 0)
		leave_others(joins, &wishes);
	failed = fulfil(joins, &wishes, status ? &second : error);
	free(wishes.list);
	return status ? status : failed;
}

static const struct group_join *find_before(const struct group_joins *joins, size_t at)
{
	for (size_t i = at; i-- > 0;) {
		if (covey_addr_equal(&joins->list[i].group, &joins->list[at].group))
			return &joins->list[i];
	}
	return NULL;
}

const struct group_join *group_joins_next_shared(struct group_joins *joins, unsigned *ret_before)
{
	for (size_t i = 0; i < joins->count; i++) {
		struct group_join *join = &joins->list[i];
		const struct group_join *before = join->told ? NULL : find_before(joins, i);

		join->told = true;
		if (!before)
			continue;
		*ret_before = before->uplink;
		return join;
	}
	return NULL;
}

void group_joins_clear(struct group_joins *joins)
{
	for (size_t i = 0; i < joins->count; i++)
		leave(joins, &joins->list[i]);
	group_sockets_clear(&joins->sockets);
	free(joins->list);
	joins->list = NULL;
	joins->count = 0;
}
