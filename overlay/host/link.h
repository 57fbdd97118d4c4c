/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Kernel network interfaces by netlink (libnl): the little that covey asks of them.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stdint.h>

#define LINK_MAC_LEN 6

struct link_info {
	unsigned index;
	char name[16]; /* the kernel's own, also when it was asked for by another */
	uint8_t mac[LINK_MAC_LEN];
	uint16_t mtu;
	unsigned rx_queues;
	unsigned combined_queues; /* of them, those of a NIC; 0: it has pairs of its own kind (veth)
				   */
	bool up;
	bool running;             /* up, and with a carrier */
	uint32_t carrier_changes; /* since it was made; 0: its kernel does not count */
	char kind[16];            /* "veth", "tun", ...; empty for a NIC */
};

/* -ENODEV when there is none of that name. */
int link_get(const char *name, struct link_info *ret_info, struct covey_error *error);
int link_get_index(unsigned index, struct link_info *ret_info, struct covey_error *error);

/* Make a veth pair; -EEXIST when either name is taken. */
int link_add_veth(const char *name, const char *peer, struct covey_error *error);

/* Have so many receive and so many transmit queues, of an interface that has them apart (veth), or
 * as many as it can. What it got is in link_get(). */
void link_set_queues(const char *name, unsigned queues);

/* Set MAC (NULL: leave it) and MTU, receive all multicast, and set the interface up. */
int link_set_up(const char *name, const uint8_t *mac, uint16_t mtu, bool all_multicast,
		struct covey_error *error);

/*
 * Frames that the kernel sends must be complete, for a program takes them as they are: no checksum,
 * VLAN tag or segmentation left to hardware. Receive aggregation (GRO) is switched on when gro is
 * set.
 */
int link_set_offloads(const char *name, bool gro, struct covey_error *error);

/* Of interfaces that covey makes for the kernel, in the kernel's own sense of a group: what carries
 * it is another covey-host's, or ours. */
#define LINK_GROUP_COVEY 4798u

int link_set_group(const char *name, unsigned group, struct covey_error *error);

/* Keep the kernel from speaking IPv6 of its own on the interface (router solicitations, MLD). */
void link_silence(const char *name);

/* Keep neighbours' addresses while the interface has no carrier: the kernel would ask for them at
 * the very moment when it is back, and not all questions get through then. */
void link_keep_neighbours(const char *name);
