/* SPDX-License-Identifier: BSD-3-Clause */
/* To the kernel's sockets. */

#include "kernel.h"
#include "udp_socket.h"

#include <errno.h>
#include <headers.h>
#include <netinet/udp.h>
#include <rte_common.h>
#include <rte_mbuf.h>
#include <string.h>
#include <unistd.h>

/* WindowIDs of one class and cast have source ports that differ in these bits. */
#define PATHS 0x400u
/* How many windows' ports are tried when other programs hold them. */
#define TRIES 16u
/* The socket that is there for any window. */
#define SPARE KERNEL_SOURCE_PORTS

/* --- sockets of windows ---------------------------------------------------------------------- */

void kernel_tx_begin(struct kernel_tx *tx)
{
	for (unsigned i = 0; i < KERNEL_SOURCE_PORTS; i++) {
		tx->via[i] = (uint16_t)i;
		tx->fds[i] = -1;
	}
	tx->fds[SPARE] = -1;
}

int kernel_tx_open_spare(struct kernel_tx *tx)
{
	const struct udp_socket wish = {
		.family = tx->vtep.family, .address = tx->vtep.bytes, .mark = tx->mark};
	int fd = udp_socket_open(&wish);

	tx->fds[SPARE] = fd;
	return fd < 0 ? fd : 0;
}

void kernel_tx_end(struct kernel_tx *tx)
{
	rte_pktmbuf_free_bulk(tx->held, tx->group.count);
	for (unsigned i = 0; i <= SPARE; i++)
		if (tx->fds[i] >= 0)
			close(tx->fds[i]);
}

static unsigned after(unsigned index, unsigned steps)
{
	return (index & ~(PATHS - 1)) | ((index + steps) & (PATHS - 1));
}

/* Some path's socket that is open already, or the spare one. */
static unsigned find_open(const struct kernel_tx *tx, unsigned index)
{
	for (unsigned i = 1; i < PATHS; i++)
		if (tx->fds[after(index, i)] >= 0)
			return after(index, i);
	return SPARE;
}

/*
 * Open the window's socket. Where another program holds its port, the next path's takes its place,
 * and where no more can be opened, one that is open: receivers do not look at the port. The window
 * keeps what it got, so this is not tried again for each packet.
 */
static __rte_noinline int open_window(struct kernel_tx *tx, unsigned index)
{
	struct udp_socket wish = {
		.family = tx->vtep.family, .address = tx->vtep.bytes, .mark = tx->mark};
	unsigned at = index;
	int fd = -EADDRINUSE;

	for (unsigned i = 0; fd == -EADDRINUSE && i < TRIES; i++) {
		at = after(index, i);
		wish.port = (uint16_t)(KERNEL_SOURCE_PORT_BASE + at);
		fd = tx->fds[at] >= 0 ? tx->fds[at] : udp_socket_open(&wish);
	}
	if (fd < 0)
		at = find_open(tx, index);
	else
		tx->fds[at] = fd;
	tx->via[index] = (uint16_t)at;
	return tx->fds[at];
}

static inline int window_socket(struct kernel_tx *tx, uint16_t source_port)
{
	unsigned index = source_port & (KERNEL_SOURCE_PORTS - 1);
	int fd = tx->fds[tx->via[index]];

	return likely(fd >= 0) ? fd : open_window(tx, index);
}

/* --- what a packet is ------------------------------------------------------------------------ */

/*
 * What the engine writes (outer.h): Ethernet with its tags, IP without options, UDP. False when the
 * packet is anything else: only VPE leaves by these sockets.
 */
static bool describe(const struct kernel_tx *tx, const struct rte_mbuf *packet,
		     struct departure *departure, struct iovec *part)
{
	bool ipv6 = tx->vtep.family == AF_INET6;
	uint32_t ip_len = ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr);
	const uint8_t *frame = rte_pktmbuf_mtod(packet, const uint8_t *);
	uint32_t at = sizeof(struct rte_ether_hdr);
	const uint8_t *ip, *udp;
	uint16_t udp_len;

	while (at + ip_len + sizeof(struct rte_udp_hdr) <= packet->data_len &&
	       is_vlan(read_be16(frame + at - 2)))
		at += sizeof(struct rte_vlan_hdr);
	if (at + ip_len + sizeof(struct rte_udp_hdr) > packet->data_len)
		return false;
	ip = frame + at;
	udp = ip + ip_len;
	udp_len = read_be16(udp + 4);
	if (ip[0] >> 4 != (ipv6 ? 6 : 4) || ip[ipv6 ? 6 : 9] != IPPROTO_UDP ||
	    (!ipv6 && ip[0] != RTE_IPV4_VHL_DEF) || read_be16(udp + 2) != tx->port ||
	    udp_len <= sizeof(struct rte_udp_hdr) || at + ip_len + udp_len > packet->data_len)
		return false;
	memset(departure, 0, sizeof(*departure));
	departure->ipv6 = ipv6;
	departure->traffic_class = ip_traffic_class(ip);
	departure->ttl = ip[ipv6 ? 7 : 8];
	memcpy(departure->destination, ip + (ipv6 ? 24 : 16), ipv6 ? 16 : 4);
	departure->source_port = read_be16(udp);
	departure->len = (uint16_t)(udp_len - sizeof(struct rte_udp_hdr));
	*part = (struct iovec){(void *)(uintptr_t)(udp + sizeof(struct rte_udp_hdr)),
			       departure->len};
	return true;
}

/* --- one send -------------------------------------------------------------------------------- */

struct control {
	uint8_t bytes[CMSG_SPACE(sizeof(int)) * 3 + CMSG_SPACE(sizeof(struct in6_pktinfo))]
		__attribute__((aligned(__alignof__(struct cmsghdr))));
};

static void add_control(struct msghdr *message, int level, int type, const void *value, size_t len)
{
	struct cmsghdr *control =
		(struct cmsghdr *)((uint8_t *)message->msg_control + message->msg_controllen);

	control->cmsg_level = level;
	control->cmsg_type = type;
	control->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(control), value, len);
	message->msg_controllen += CMSG_SPACE(len);
}

static void add_interface(struct msghdr *message, bool ipv6, unsigned ifindex)
{
	const struct in_pktinfo in = {.ipi_ifindex = (int)ifindex};
	const struct in6_pktinfo in6 = {.ipi6_ifindex = ifindex};

	if (ifindex == 0)
		return;
	if (ipv6)
		add_control(message, IPPROTO_IPV6, IPV6_PKTINFO, &in6, sizeof(in6));
	else
		add_control(message, IPPROTO_IP, IP_PKTINFO, &in, sizeof(in));
}

static void add_controls(const struct kernel_tx *tx, struct msghdr *message,
			 const struct departure *departure, unsigned count)
{
	bool ipv6 = departure->ipv6;
	int level = ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
	int traffic_class = departure->traffic_class, ttl = departure->ttl;
	uint8_t first = departure->destination[0];

	add_control(message, level, ipv6 ? IPV6_TCLASS : IP_TOS, &traffic_class,
		    sizeof(traffic_class));
	add_control(message, level, ipv6 ? IPV6_HOPLIMIT : IP_TTL, &ttl, sizeof(ttl));
	if (count > 1)
		add_control(message, IPPROTO_UDP, UDP_SEGMENT, &departure->len,
			    sizeof(departure->len));
	if (unlikely(ipv6 ? first == 0xff : (first & 0xf0) == 0xe0))
		add_interface(message, ipv6, groups_interface(tx->groups, departure->destination));
}

/* What all of a group's sends have in common. */
struct letter {
	union udp_address to;
	struct control control;
	struct msghdr message;
};

/* For sends of so many packets each. */
static void address(const struct kernel_tx *tx, unsigned count, struct letter *letter)
{
	const struct departure *departure = &tx->group.first;

	letter->message = (struct msghdr){
		.msg_name = &letter->to,
		.msg_namelen =
			udp_address(tx->vtep.family, departure->destination, tx->port, &letter->to),
		.msg_control = &letter->control,
	};
	add_controls(tx, &letter->message, departure, count);
}

static enum covey_drop reason_of(int status)
{
	switch (status) {
	case -EAGAIN:
	case -ENOBUFS:
	case -ENOMEM:
		return COVEY_DROP_OUT_TX_FULL;
	case -EMSGSIZE:
		return COVEY_DROP_OUT_TOO_BIG;
	case -ENETUNREACH:
	case -EHOSTUNREACH:
	case -ENETDOWN:
	case -EHOSTDOWN:
	case -ENODEV:
	case -EADDRNOTAVAIL:
		return COVEY_DROP_OUT_UNREACHABLE;
	}
	return COVEY_DROP_OUT_REFUSED;
}

static void count_sent(struct kernel_tx *tx, int status, const struct iovec *parts, unsigned count)
{
	uint64_t bytes = 0;

	if (unlikely(status != 0)) {
		port_count_drop(&tx->counters, reason_of(status), count);
		return;
	}
	for (unsigned i = 0; i < count; i++)
		bytes += parts[i].iov_len;
	counter_add(&tx->counters.packets, count);
	counter_add(&tx->counters.bytes, bytes);
}

/*
 * All in one send, which the kernel cuts. False: it refuses to cut them, because one does not fit
 * the path (EMSGSIZE, and EINVAL of older kernels), or because the interface cannot finish
 * checksums (EIO), which will not change.
 */
static bool send_together(struct kernel_tx *tx, int fd)
{
	unsigned count = tx->group.count;
	struct letter letter;
	int status;

	if (count > 1 && !tx->segments)
		return false;
	address(tx, count, &letter);
	letter.message.msg_iov = tx->parts;
	letter.message.msg_iovlen = count;
	status = sendmsg(fd, &letter.message, 0) < 0 ? -errno : 0;
	if (count > 1 && (status == -EMSGSIZE || status == -EINVAL || status == -EIO)) {
		if (status == -EIO)
			__atomic_store_n(&tx->segments, false, __ATOMIC_RELAXED);
		return false;
	}
	count_sent(tx, status, tx->parts, count);
	return true;
}

/* Each in a send of its own, and judged for itself. One that the kernel refuses keeps none of the
 * others back. */
static void send_each(struct kernel_tx *tx, int fd)
{
	struct mmsghdr sends[GROUP_SEGMENTS_MAX];
	unsigned count = tx->group.count, at = 0;
	struct letter letter;

	address(tx, 1, &letter);
	for (unsigned i = 0; i < count; i++) {
		sends[i].msg_hdr = letter.message;
		sends[i].msg_hdr.msg_iov = &tx->parts[i];
		sends[i].msg_hdr.msg_iovlen = 1;
	}
	while (at < count) {
		int sent = sendmmsg(fd, sends + at, count - at, 0);

		count_sent(tx, sent > 0 ? 0 : -errno, &tx->parts[at], (unsigned)RTE_MAX(sent, 1));
		at += (unsigned)RTE_MAX(sent, 1);
	}
}

static void send_held(struct kernel_tx *tx)
{
	unsigned count = tx->group.count;
	int fd;

	if (count == 0)
		return;
	fd = window_socket(tx, tx->group.first.source_port);
	if (!send_together(tx, fd))
		send_each(tx, fd);
	rte_pktmbuf_free_bulk(tx->held, count);
	tx->group.count = 0;
}

/* --- a burst --------------------------------------------------------------------------------- */

static void hold(struct kernel_tx *tx, struct rte_mbuf *packet)
{
	struct departure departure;
	struct iovec part;

	if (unlikely(rte_pktmbuf_linearize(packet) != 0 ||
		     !describe(tx, packet, &departure, &part))) {
		port_count_drop(&tx->counters, COVEY_DROP_OUT_NOT_VXLAN, 1);
		rte_pktmbuf_free(packet);
		return;
	}
	if (!group_add(&tx->group, &departure)) {
		send_held(tx);
		group_add(&tx->group, &departure);
	}
	tx->held[tx->group.count - 1] = packet;
	tx->parts[tx->group.count - 1] = part;
}

uint16_t kernel_transmit(const struct port_queue *queue, struct rte_mbuf **packets, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++)
		hold(queue->own, packets[i]);
	return count;
}

void kernel_flush(const struct port_queue *queue)
{
	send_held(queue->own);
}
