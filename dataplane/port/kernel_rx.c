/* SPDX-License-Identifier: BSD-3-Clause */
/* From the kernel's sockets. All that they bring may be forged. */

#include "kernel.h"
#include "udp_socket.h"

#include <errno.h>
#include <headers.h>
#include <netinet/udp.h>
#include <rte_mbuf.h>
#include <string.h>
#include <sum.h>

/* A sender that no machine has. The host port's interface knows by it that a frame is not its own.
 */
#define NOBODYS_MAC 0x02, 0x63, 0x6f, 0x76, 0x65, 0x79
#define TTL         64
/* How many datagrams that cannot be used are read in a row. Others wait for the next turn. */
#define REJECTS_MAX 64u

/* --- headers --------------------------------------------------------------------------------- */

/* What the kernel tells of a datagram, or of several that it has gathered. */
struct told {
	const uint8_t *source;
	const uint8_t *destination; /* NULL: it has not told */
	uint8_t traffic_class;
	uint32_t size; /* of each; 0: it is one */
};

static void read_control(const struct cmsghdr *control, struct told *told)
{
	const uint8_t *data = CMSG_DATA(control);
	int value = 0;

	memcpy(&value, data, RTE_MIN(sizeof(value), control->cmsg_len - CMSG_LEN(0)));
	if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO)
		told->size = value > 0 ? (uint32_t)value : 0;
	else if ((control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_TOS) ||
		 (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_TCLASS))
		told->traffic_class = (uint8_t)value;
	else if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO)
		told->destination = data + offsetof(struct in_pktinfo, ipi_addr);
	else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO)
		told->destination = data + offsetof(struct in6_pktinfo, ipi6_addr);
}

static void read_told(struct msghdr *message, struct told *ret_told)
{
	const union udp_address *from = message->msg_name;

	*ret_told = (struct told){.source = from->any.sa_family == AF_INET6
						    ? (const uint8_t *)&from->in6.sin6_addr
						    : (const uint8_t *)&from->in.sin_addr};
	for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control;
	     control = CMSG_NXTHDR(message, control))
		read_control(control, ret_told);
}

/* RFC 1112 section 6.4, RFC 2464 section 7. */
static void make_ethernet(struct kernel_rx *rx, const uint8_t *destination)
{
	static const uint8_t nobody[] = {NOBODYS_MAC};
	uint8_t *ethernet = rx->headers;

	memcpy(ethernet, rx->host_mac, 6);
	if (rx->ipv6 && destination[0] == 0xff) {
		ethernet[0] = ethernet[1] = 0x33;
		memcpy(ethernet + 2, destination + 12, 4);
	} else if (!rx->ipv6 && (destination[0] & 0xf0) == 0xe0) {
		memcpy(ethernet, "\x01\x00\x5e", 3);
		memcpy(ethernet + 3, destination + 1, 3);
		ethernet[3] &= 0x7f;
	}
	memcpy(ethernet + 6, nobody, sizeof(nobody));
	write_be16(ethernet + 12, rx->ipv6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4);
}

static unsigned make_ipv4(uint8_t *ip, const struct told *told)
{
	struct rte_ipv4_hdr header = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.type_of_service = told->traffic_class,
		.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = TTL,
		.next_proto_id = IPPROTO_UDP,
	};

	memcpy(&header.src_addr, told->source, 4);
	memcpy(&header.dst_addr, told->destination, 4);
	memcpy(ip, &header, sizeof(header));
	return sizeof(header);
}

static unsigned make_ipv6(uint8_t *ip, const struct told *told)
{
	struct rte_ipv6_hdr header = {
		.vtc_flow = rte_cpu_to_be_32(6u << 28 | (uint32_t)told->traffic_class << 20),
		.proto = IPPROTO_UDP,
		.hop_limits = TTL,
	};

	memcpy(header.src_addr, told->source, 16);
	memcpy(header.dst_addr, told->destination, 16);
	memcpy(ip, &header, sizeof(header));
	return sizeof(header);
}

/* All but what each packet has for itself: lengths, and IPv4's checksum. The UDP checksum is 0: the
 * kernel has checked it. */
static void make_headers(struct kernel_rx *rx, const struct told *told, uint16_t be_source_port)
{
	uint8_t *ip = rx->headers + sizeof(struct rte_ether_hdr);
	uint8_t *udp;

	make_ethernet(rx, told->destination);
	udp = ip + (rx->ipv6 ? make_ipv6(ip, told) : make_ipv4(ip, told));
	memset(udp, 0, sizeof(struct rte_udp_hdr));
	memcpy(udp, &be_source_port, sizeof(be_source_port));
	write_be16(udp + 2, rx->port);
	rx->headers_len = (unsigned)(udp + sizeof(struct rte_udp_hdr) - rx->headers);
}

/* --- reading --------------------------------------------------------------------------------- */

static ssize_t read_message(struct kernel_rx *rx, struct msghdr *message, struct iovec *part)
{
	*part = (struct iovec){rx->gathered, sizeof(rx->gathered)};
	message->msg_iov = part;
	message->msg_iovlen = 1;
	return recvmsg(rx->fd, message, 0);
}

/* Read what waits until there is something to give out. False when there is nothing. */
static bool gather(struct kernel_rx *rx)
{
	for (unsigned i = 0; i < REJECTS_MAX; i++) {
		uint8_t control[256] __attribute__((aligned(__alignof__(struct cmsghdr))));
		union udp_address from;
		struct iovec part;
		struct msghdr message = {
			.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		struct told told;
		ssize_t len = read_message(rx, &message, &part);

		if (len < 0)
			return false;
		read_told(&message, &told);
		if (len == 0 || !told.destination) {
			port_count_drop(&rx->counters, COVEY_DROP_IN_SHORT, 1);
			continue;
		}
		rx->at = 0;
		rx->len = (uint32_t)len;
		rx->size = told.size;
		make_headers(rx, &told, rx->ipv6 ? from.in6.sin6_port : from.in.sin_port);
		return true;
	}
	return false;
}

/* --- packets --------------------------------------------------------------------------------- */

/* The headers' lengths, and IPv4's checksum, for len bytes behind UDP's. */
static void finish_headers(const struct kernel_rx *rx, uint8_t *frame, uint32_t len)
{
	uint8_t *ip = frame + sizeof(struct rte_ether_hdr);
	uint16_t udp_len = (uint16_t)(len + sizeof(struct rte_udp_hdr));

	write_be16(frame + rx->headers_len - sizeof(struct rte_udp_hdr) + 4, udp_len);
	if (rx->ipv6) {
		write_be16(ip + 4, udp_len);
		return;
	}
	write_be16(ip + 2, (uint16_t)(udp_len + sizeof(struct rte_ipv4_hdr)));
	sum_write(ip + 10, sum_finish(sum_header(ip, sizeof(struct rte_ipv4_hdr))));
}

static struct rte_mbuf *make_packet(struct kernel_rx *rx, uint32_t from, uint32_t len)
{
	struct rte_mbuf *packet;
	uint8_t *frame;

	if (unlikely(rx->headers_len - sizeof(struct rte_ether_hdr) + len > rx->packet_max)) {
		port_count_drop(&rx->counters, COVEY_DROP_IN_TOO_LONG, 1);
		return NULL;
	}
	packet = rte_pktmbuf_alloc(rx->pool);
	if (unlikely(!packet)) {
		port_count_drop(&rx->counters, COVEY_DROP_IN_NO_BUFFER, 1);
		return NULL;
	}
	frame = rte_pktmbuf_mtod(packet, uint8_t *);
	memcpy(frame, rx->headers, rx->headers_len);
	memcpy(frame + rx->headers_len, rx->gathered + from, len);
	finish_headers(rx, frame, len);
	packet->data_len = (uint16_t)(rx->headers_len + len);
	packet->pkt_len = packet->data_len;
	if (rx->len > len)
		packet->ol_flags |= RTE_MBUF_F_RX_LRO; /* the kernel has gathered it with others */
	return packet;
}

uint16_t kernel_receive(const struct port_queue *queue, struct rte_mbuf **packets, uint16_t max)
{
	struct kernel_rx *rx = queue->own;
	uint16_t received = 0;
	uint64_t bytes = 0;

	for (unsigned looked = 0; received < max && looked < max + REJECTS_MAX; looked++) {
		uint32_t from, len;

		if (rx->at == rx->len && !gather(rx))
			break;
		from = rx->at;
		len = split_next(&rx->at, rx->len, rx->size);
		packets[received] = make_packet(rx, from, len);
		if (likely(packets[received] != NULL))
			bytes += packets[received++]->data_len;
	}
	counter_add(&rx->counters.packets, received);
	counter_add(&rx->counters.bytes, bytes);
	return received;
}

bool kernel_has_more(const struct port_queue *queue)
{
	const struct kernel_rx *rx = queue->own;

	return rx->at < rx->len;
}
