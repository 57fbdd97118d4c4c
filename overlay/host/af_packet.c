/* SPDX-License-Identifier: BSD-3-Clause */

#include "af_packet.h"

#include <rte_common.h>
#include <stdio.h>

/* A frame's slot holds the kernel's own header, some 80 bytes, and Ethernet's with its tags too. */
#define SLOT_ROOM 256u
#define SLOT_MIN  2048u
#define PAGE      4096u
#define SLOTS     512u

void af_packet_devargs(const char *name, const char *interface, uint16_t mtu, unsigned queues,
		       char *ret_devargs, size_t size)
{
	unsigned slot = mtu + SLOT_ROOM <= SLOT_MIN ? SLOT_MIN : RTE_ALIGN(mtu + SLOT_ROOM, PAGE);

	/* The driver takes slots to follow each other without gaps, so they must fill a block,
	 * which the kernel wants in whole pages. */
	snprintf(ret_devargs, size,
		 "net_af_packet_%s,iface=%s,qpairs=%u,qdisc_bypass=1,framesz=%u,blocksz=%u,"
		 "framecnt=%u",
		 name, interface, queues, slot, RTE_ALIGN(slot, PAGE), SLOTS);
}
