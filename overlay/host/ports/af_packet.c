/* SPDX-License-Identifier: BSD-3-Clause */

#include "af_packet.h"

#include <rte_common.h>
#include <stdio.h>

#include "ports.h"

/* A frame's slot also holds the kernel's own header, about 80 bytes, and the Ethernet header with
 * its tags. */
#define SLOT_ROOM  128u
#define SLOT_ALIGN 128u
#define SLOT_MIN   2048u
#define PAGE       4096u
#define SLOTS      512u

void af_packet_devargs(const char *name, const char *interface, uint16_t mtu, unsigned queues,
		       char *ret_devargs, size_t size)
{
	unsigned slot = RTE_MAX(SLOT_MIN, RTE_ALIGN(mtu + SLOT_ROOM, SLOT_ALIGN));

	/*
	 * The driver expects slots to follow each other without gaps, so slots must fill a block
	 * exactly, and the kernel wants blocks of whole pages. The driver's buffers must be as long
	 * as a slot. An AF_XDP port may share them, and they are a page each then. So slots are no
	 * longer than they have to be.
	 */
	snprintf(ret_devargs, size,
		 "net_af_packet_%s,iface=%s,qpairs=%u,qdisc_bypass=1,framesz=%u,blocksz=%u,"
		 "framecnt=%u",
		 name, interface, queues, slot, slot * (PAGE / SLOT_ALIGN), SLOTS);
}

void af_packet_note(const char *interface, struct ports *ports)
{
	ports_note(ports,
		   "AF_PACKET on %s turns VLAN tags of 802.1ad (88a8, QinQ) into those of 802.1Q "
		   "(8100). If anything here sends 802.1ad, it needs AF_XDP",
		   interface);
}
