/* SPDX-License-Identifier: BSD-3-Clause */

#include "af_packet.h"

#include <rte_common.h>
#include <stdio.h>

/* A frame's slot holds the kernel's own header, some 80 bytes, and Ethernet's with its tags too. */
#define SLOT_ROOM  128u
#define SLOT_ALIGN 128u
#define SLOT_MIN   2048u
#define PAGE       4096u
#define SLOTS      512u

void af_packet_devargs(const char *name, const char *interface, uint16_t mtu, unsigned queues,
		       char *ret_devargs, size_t size)
{
	unsigned slot = RTE_MAX(SLOT_MIN, RTE_ALIGN(mtu + SLOT_ROOM, SLOT_ALIGN));

	/* The driver takes slots to follow each other without gaps, so they must fill a block,
	 * which the kernel wants in whole pages. Its buffers must be as long as a slot, so slots
	 * are no longer than they have to be: an AF_XDP port may share the buffers, which are a
	 * page each. */
	snprintf(ret_devargs, size,
		 "net_af_packet_%s,iface=%s,qpairs=%u,qdisc_bypass=1,framesz=%u,blocksz=%u,"
		 "framecnt=%u",
		 name, interface, queues, slot, slot * (PAGE / SLOT_ALIGN), SLOTS);
}
