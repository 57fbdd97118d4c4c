/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Kernel network interfaces through netlink (libnl): what covey needs of them.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stdint.h>

#define LINK_MAC_LEN 6

struct link_info {
	unsigned index;
	char name[16]; /* the kernel's own, even if another name was asked for */
	uint8_t mac[LINK_MAC_LEN];
	uint16_t mtu;
	unsigned rx_queues;
	unsigned combined_queues; /* those of a NIC; 0: it counts the two directions apart (veth) */
	bool ethernet; /* its frames have an Ethernet header: not those of tun, wireguard or ipip */
	bool up;
	bool running;             /* up, and with a carrier */
	uint32_t carrier_changes; /* since it was made; 0: the kernel does not count */
	char kind[16];            /* "veth", "tun", ...; empty for a NIC */
	unsigned group;           /* LINK_GROUP_COVEY, or what an operator gave */
};

/* -ENODEV when there is none of that name. */
int link_get(const char *name, struct link_info *ret_info, struct covey_error *error);
int link_get_index(unsigned index, struct link_info *ret_info, struct covey_error *error);
/* False when it certainly has another MAC address, which is put into ret_mac. */
bool link_has_mac(const char *name, const uint8_t *mac, uint8_t ret_mac[LINK_MAC_LEN]);

/* Make a veth pair; -EEXIST when either name is taken. */
int link_add_veth(const char *name, const char *peer, struct covey_error *error);

/* Set MAC (NULL: leave it) and MTU, receive all multicast, and set the interface up. */
int link_set_up(const char *name, const uint8_t *mac, uint16_t mtu, bool all_multicast,
		struct covey_error *error);

int link_set_mac(const char *name, const uint8_t mac[LINK_MAC_LEN], struct covey_error *error);

#define LINK_MAC_TEXT_SIZE 18
void link_mac_text(const uint8_t mac[LINK_MAC_LEN], char ret_text[LINK_MAC_TEXT_SIZE]);

/* The interface group (`ip link show group 4798`) of the interfaces that covey makes for the
 * kernel. An interface in it is ours or another covey-host's. */
#define LINK_GROUP_COVEY 4798u

int link_set_group(const char *name, unsigned group, struct covey_error *error);

/* Keep the kernel from sending IPv6 packets of its own on the interface (router solicitations,
 * MLD). */
void link_silence(const char *name);

/* Keep the addresses of neighbours while the interface has no carrier. Otherwise the kernel would
 * ask for all of them at the moment when the carrier is back, and some questions would be lost
 * then. */
void link_keep_neighbours(const char *name);
