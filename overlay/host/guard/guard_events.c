/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_events.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bytes; the most that the kernel puts into one datagram (NLMSG_GOODSIZE is a page, and may be
 * more). */
#define DATAGRAM_SIZE 32768
#define ROOM_SIZE     (4 << 20) /* the kernel takes the memory only while messages wait */

/* Every message of a table's content begins with the table's name. */
_Static_assert(NFTA_TABLE_NAME == 1 && NFTA_CHAIN_TABLE == 1 && NFTA_RULE_TABLE == 1 &&
		       NFTA_SET_TABLE == 1 && NFTA_SET_ELEM_LIST_TABLE == 1,
	       "one attribute for the table's name");

/* Two replacements in a row are more than sockets usually hold. Who changed what is lost with the
 * messages, and so whether a keeper may go on from it. Without the right to it, it stays smaller.
 */
static void make_room(int fd)
{
	const int size = ROOM_SIZE;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

int guard_events_open(struct guard_events *ret_events, struct covey_error *error)
{
	const struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	int group = NFNLGRP_NFTABLES, status;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);

	if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) == 0) {
		make_room(fd);
		*ret_events = (struct guard_events){.fd = fd};
		return 0;
	}
	status = covey_error_set(error, -errno, "cannot watch nftables: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return status;
}

void guard_events_close(struct guard_events *events)
{
	if (events->fd >= 0)
		close(events->fd);
	events->fd = -1;
}

static struct nlattr *find(struct nlmsghdr *message, int type)
{
	return nlmsg_find_attr(message, sizeof(struct nfgenmsg), type);
}

static bool is_of_table(struct nlmsghdr *message, const char *table)
{
	struct nlattr *name = find(message, 1);

	return name && nla_strcmp(name, table) == 0;
}

static void read_author(struct nlmsghdr *message, struct guard_author *ret_author)
{
	struct nlattr *pid = find(message, NFTA_GEN_PROC_PID);
	struct nlattr *name = find(message, NFTA_GEN_PROC_NAME);

	*ret_author = (struct guard_author){0};
	if (pid && nla_len(pid) == sizeof(uint32_t))
		ret_author->pid = ntohl(nla_get_u32(pid));
	if (name)
		nla_strlcpy(ret_author->name, name, sizeof(ret_author->name));
}

static void take_change(struct guard_events *events, struct nlmsghdr *message, const char *table)
{
	if (!is_of_table(message, table))
		return;
	events->touched = true;
	events->removed = NFNL_MSG_TYPE(message->nlmsg_type) == NFT_MSG_DELTABLE;
}

/* The messages of a transaction are its changes, in their order, and then one that says who made
 * it. True at the end of a transaction that touched the table. */
static bool take(struct guard_events *events, struct nlmsghdr *message, const char *table,
		 struct guard_changes *changes)
{
	if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES)
		return false;
	if (NFNL_MSG_TYPE(message->nlmsg_type) != NFT_MSG_NEWGEN) {
		take_change(events, message, table);
		return false;
	}
	if (!events->touched)
		return false;
	events->touched = false;
	read_author(message, &changes->last);
	changes->removed = events->removed;
	return true;
}

static bool take_all(struct guard_events *events, void *data, int len, const char *table,
		     const char *own, struct guard_changes *changes)
{
	bool changed = false;

	for (struct nlmsghdr *message = data; nlmsg_ok(message, len);
	     message = nlmsg_next(message, &len)) {
		if (!take(events, message, table, changes))
			continue;
		changed = true;
		if (strcmp(changes->last.name, own) != 0)
			changes->stranger = changes->last;
	}
	return changed;
}

/* The kernel says first that it had no room, and what it had no room for came last. The author of
 * the next transaction is not that of one whose end is lost. */
static void forget_last(struct guard_events *events, struct guard_changes *changes)
{
	events->touched = false;
	changes->last = (struct guard_author){0};
	changes->removed = false;
}

bool guard_events_read(struct guard_events *events, const char *table, const char *own,
		       struct guard_changes *ret_changes)
{
	_Alignas(struct nlmsghdr) char data[DATAGRAM_SIZE];
	bool changed = false, lost = false;

	*ret_changes = (struct guard_changes){0};
	for (;;) {
		ssize_t len = recv(events->fd, data, sizeof(data), MSG_DONTWAIT);

		if (len >= 0) {
			changed |= take_all(events, data, (int)len, table, own, ret_changes);
		} else if (errno == ENOBUFS) {
			lost = true;
		} else if (errno != EINTR) {
			if (lost)
				forget_last(events, ret_changes);
			return changed || lost;
		}
	}
}
