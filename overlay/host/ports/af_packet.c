/* SPDX-License-Identifier: BSD-3-Clause */

#include "af_packet.h"

#include <dirent.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <rte_common.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ports.h"

/* A frame's slot also holds the kernel's own header, about 80 bytes, and the Ethernet header with
 * its tags. */
#define SLOT_ROOM  128u
#define SLOT_ALIGN 128u
#define SLOT_MIN   2048u
#define PAGE       4096u

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
		 name, interface, queues, slot, slot * (PAGE / SLOT_ALIGN), AF_PACKET_SLOTS);
}

/* --- the driver's sockets, which it does not tell --------------------------------------------- */

#define FLUSH_TRIES   200
#define FLUSH_REST_US 5000

/* One of kind SOCK_RAW: the kernel takes no frame without bytes from it. */
static bool is_of_interface(int fd, unsigned index)
{
	struct sockaddr_ll address = {.sll_family = AF_UNSPEC};
	socklen_t len = sizeof(address), type_len = sizeof(int);
	int type;

	return getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
	       address.sll_family == AF_PACKET && (unsigned)address.sll_ifindex == index &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) == 0 && type == SOCK_RAW;
}

int af_packet_for_each(const char *interface, int (*act)(int fd, void *arg), void *arg)
{
	unsigned index = if_nametoindex(interface);
	DIR *folder = index ? opendir("/proc/self/fd") : NULL;
	struct dirent *entry;
	int status = 0;

	if (!folder)
		return -errno;
	while (status == 0 && (entry = readdir(folder))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && is_of_interface(fd, index))
			status = act(fd, arg);
	}
	closedir(folder);
	return status;
}

static int mark_one(int fd, void *mark)
{
	return setsockopt(fd, SOL_SOCKET, SO_MARK, mark, sizeof(uint32_t)) ? -errno : 0;
}

int af_packet_mark(const char *interface, uint32_t mark, struct covey_error *error)
{
	int status = af_packet_for_each(interface, mark_one, &mark);

	if (status == 0)
		return 0;
	return covey_error_set(error, status,
			       "%s: cannot mark what the packet sockets there send: %s", interface,
			       strerror(-status));
}

/* While the interface is down, nobody tells whether there is something to send. */
static int flush_one(int fd, void *unused)
{
	for (unsigned i = 0; i < FLUSH_TRIES; i++) {
		if (send(fd, NULL, 0, MSG_DONTWAIT) >= 0)
			return 0;
		if (errno == ENETDOWN || errno == ENXIO)
			return -EAGAIN;
		if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			return 0;
		usleep(FLUSH_REST_US);
	}
	return -EAGAIN;
}

bool af_packet_flush(const char *interface)
{
	return af_packet_for_each(interface, flush_one, NULL) != -EAGAIN;
}

void af_packet_note(const char *interface, struct ports *ports)
{
	ports_note(ports,
		   "AF_PACKET on %s turns VLAN tags of 802.1ad (88a8, QinQ) into those of 802.1Q "
		   "(8100). If anything here sends 802.1ad, it needs AF_XDP",
		   interface);
}
