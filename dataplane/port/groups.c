/* SPDX-License-Identifier: BSD-3-Clause */
#include "groups.h"
#include "group_report.h"
#include "port.h"
#include <covey/group_sockets.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Twice as many as there can be groups, so that searches are short. A power of two. */
#define SLOTS (2 * PORT_GROUPS_MAX)

/*
 * A group, as workers read it. To change a slot, its interface becomes 0 first, then the address
 * changes, then the interface is set. A worker that reads a slot meanwhile may at worst send one
 * packet, encrypted as all are, on the interface of another group.
 */
struct slot {
	_Atomic uint64_t address[2]; /* both 0: never used */
	atomic_uint interface;       /* 0: not joined any more */
};

/* One group on one interface, and the socket that has joined it. */
struct membership {
	struct covey_addr group;
	unsigned ifindex;
	int fd;
};

struct groups {
	struct slot slots[SLOTS];
	/* The control thread's own, in the order of joining: */
	unsigned count;
	struct membership memberships[PORT_GROUPS_MAX];
	struct group_sockets sockets;
};

struct groups *groups_new(void)
{
	return calloc(1, sizeof(struct groups));
}

void groups_free(struct groups *groups)
{
	if (groups)
		group_sockets_clear(&groups->sockets);
	free(groups);
}

/* --- the table ------------------------------------------------------------------------------- */

static unsigned first_slot(const uint64_t *address)
{
	uint64_t hash = (address[0] ^ address[1]) * UINT64_C(0x9e3779b97f4a7c15);

	return (unsigned)(hash >> 32) % SLOTS;
}

/* The address's own slot, or the first in its row that was never used. At least half of all were
 * not, or are free to be used again. NULL: neither. */
static struct slot *find(struct groups *groups, const uint64_t *address)
{
	unsigned at = first_slot(address);

	for (unsigned i = 0; i < SLOTS; i++, at = (at + 1) % SLOTS) {
		struct slot *slot = &groups->slots[at];
		uint64_t first = atomic_load_explicit(&slot->address[0], memory_order_relaxed);
		uint64_t second = atomic_load_explicit(&slot->address[1], memory_order_relaxed);

		if ((first == address[0] && second == address[1]) || (first == 0 && second == 0))
			return slot;
	}
	return NULL;
}

/* One that was used for a group that nobody has joined any more. */
static struct slot *find_unused(struct groups *groups, const uint64_t *address)
{
	unsigned at = first_slot(address);

	for (unsigned i = 0; i < SLOTS; i++, at = (at + 1) % SLOTS)
		if (atomic_load_explicit(&groups->slots[at].interface, memory_order_relaxed) == 0)
			return &groups->slots[at];
	return NULL;
}

unsigned groups_interface(const struct groups *groups, const uint8_t *address)
{
	uint64_t words[2];
	struct slot *slot;

	memcpy(words, address, sizeof(words));
	slot = find((struct groups *)(uintptr_t)groups, words);
	return slot ? atomic_load_explicit(&slot->interface, memory_order_acquire) : 0;
}

static void set_interface(struct groups *groups, const struct covey_addr *group, unsigned ifindex)
{
	uint64_t words[2];
	struct slot *slot;

	memcpy(words, group->bytes, sizeof(words));
	slot = find(groups, words);
	if (!slot)
		slot = find_unused(groups, words);
	if (!slot)
		return; /* there are more slots than memberships */
	atomic_store_explicit(&slot->interface, 0, memory_order_release);
	atomic_store_explicit(&slot->address[0], words[0], memory_order_relaxed);
	atomic_store_explicit(&slot->address[1], words[1], memory_order_relaxed);
	atomic_store_explicit(&slot->interface, ifindex, memory_order_release);
}

/* --- memberships ----------------------------------------------------------------------------- */

static int find_membership(const struct groups *groups, const struct covey_addr *group,
			   unsigned ifindex)
{
	for (unsigned i = 0; i < groups->count; i++)
		if (groups->memberships[i].ifindex == ifindex &&
		    covey_addr_equal(&groups->memberships[i].group, group))
			return (int)i;
	return -1;
}

static int refuse(const struct covey_addr *group, unsigned ifindex, int status,
		  struct covey_error *error)
{
	char text[COVEY_ADDR_STRLEN];

	return covey_error_set(error, status,
			       "cannot join the multicast group %s on interface %u: %s%s",
			       covey_addr_format(group, text), ifindex, strerror(-status),
			       status == -ENOBUFS ? " (see net.ipv4.igmp_max_memberships)" : "");
}

int groups_join(struct groups *groups, const struct covey_addr *group, unsigned ifindex,
		struct covey_error *error)
{
	int fd;

	if (!covey_addr_is_multicast(group) || ifindex == 0)
		return refuse(group, ifindex, -EINVAL, error);
	if (find_membership(groups, group, ifindex) < 0) {
		if (groups->count == PORT_GROUPS_MAX)
			return refuse(group, ifindex, -ENOSPC, error);
		fd = group_sockets_join(&groups->sockets, group, ifindex);
		if (fd < 0)
			return refuse(group, ifindex, fd, error);
		groups->memberships[groups->count++] = (struct membership){*group, ifindex, fd};
	}
	set_interface(groups, group, ifindex);
	return 0;
}

/* The interface on which the group was joined last. 0: on none. */
static unsigned latest(const struct groups *groups, const struct covey_addr *group)
{
	for (unsigned i = groups->count; i-- > 0;)
		if (covey_addr_equal(&groups->memberships[i].group, group))
			return groups->memberships[i].ifindex;
	return 0;
}

void groups_leave(struct groups *groups, const struct covey_addr *group, unsigned ifindex)
{
	int at = find_membership(groups, group, ifindex);

	if (at < 0)
		return;
	group_sockets_leave(&groups->sockets, groups->memberships[at].fd, group, ifindex);
	groups->count--;
	memmove(&groups->memberships[at], &groups->memberships[at + 1],
		(groups->count - (unsigned)at) * sizeof(groups->memberships[0]));
	set_interface(groups, group, latest(groups, group));
}

int groups_report(const struct groups *groups)
{
	struct group_report report;

	group_report_begin(&report);
	for (unsigned i = 0; i < groups->count; i++)
		group_report_add(&report, &groups->memberships[i].group,
				 groups->memberships[i].ifindex);
	return group_report_end(&report);
}
