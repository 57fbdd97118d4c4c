/* SPDX-License-Identifier: BSD-3-Clause */
#include "classify.h"
#include <covey/limits.h>
#include <headers.h>

/* The walk from the IP header to the upper layer. */
struct walk {
	const uint8_t *ip;
	size_t len;        /* bytes at ip that may be read */
	size_t total;      /* the IP packet's length, by its header */
	size_t offset;     /* from ip to the current header */
	uint8_t protocol;  /* of the current header */
	bool fragment;     /* a fragment, or marked as one (RFC 6946: atomic) */
	bool not_first;    /* a fragment that is not the first one */
	bool is_extension; /* the current header is an extension header */
};

/* True when size bytes from the current header on can be read and are part of the packet. */
static bool readable(const struct walk *walk, size_t size)
{
	return walk->offset + size <= walk->len && walk->offset + size <= walk->total;
}

/* Go past one extension header. False when it is longer than the packet. */
static bool step(struct walk *walk)
{
	const uint8_t *header = walk->ip + walk->offset;
	size_t size;

	if (!readable(walk, 8))
		return false;
	switch (walk->protocol) {
	case IPPROTO_FRAGMENT:
		walk->fragment = true;
		walk->not_first = (read_be16(header + 2) & 0xfff8) != 0;
		size = 8;
		break;
	case IPPROTO_AH:
		size = (header[1] + 2u) * 4;
		break;
	default:
		size = (header[1] + 1u) * 8;
	}
	walk->protocol = header[0];
	if (!readable(walk, size))
		return false;
	walk->offset += size;
	return true;
}

/* Walk to the upper layer. In a later fragment the walk ends where the fragment's data begins.
 * False when the packet is malformed. */
static bool walk_extensions(struct walk *walk, uint8_t version)
{
	unsigned steps = 0;

	while ((walk->is_extension = ip_is_extension(version, walk->protocol)) && !walk->not_first)
		if (steps++ == COVEY_IP_EXTENSIONS_MAX || !step(walk))
			return false;
	return true;
}

static bool begin_ipv4(struct walk *walk)
{
	const struct rte_ipv4_hdr *header = (const void *)walk->ip;
	uint16_t fragment;

	if (walk->len < sizeof(*header))
		return false;
	fragment = read_be16(&header->fragment_offset);
	walk->offset = (header->version_ihl & 0xfu) * 4;
	walk->total = read_be16(&header->total_length);
	walk->protocol = header->next_proto_id;
	walk->fragment = (fragment & (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) != 0;
	walk->not_first = (fragment & RTE_IPV4_HDR_OFFSET_MASK) != 0;
	return walk->offset >= sizeof(*header) && walk->offset <= walk->len;
}

static bool begin_ipv6(struct walk *walk)
{
	const struct rte_ipv6_hdr *header = (const void *)walk->ip;

	if (walk->len < sizeof(*header))
		return false;
	walk->offset = sizeof(*header);
	walk->total = sizeof(*header) + read_be16(&header->payload_len);
	walk->protocol = header->proto;
	return true;
}

/* A later fragment has no ports. Only its protocol tells what it may be part of. */
static enum frame_kind later_fragment(const struct classifier *classifier, const struct walk *walk)
{
	if (walk->protocol == classifier->vpe_protocol)
		return FRAME_FRAGMENT_VPE;
	if (walk->protocol == IPPROTO_UDP || walk->is_extension)
		return FRAME_FRAGMENT_UNKNOWN;
	return FRAME_BYPASS;
}

static enum frame_kind found(const struct walk *walk, enum frame_kind kind, struct frame *frame)
{
	if (walk->fragment)
		return kind == FRAME_VPE ? FRAME_FRAGMENT_VPE : FRAME_FRAGMENT_VXLAN;
	frame->payload_offset = (uint16_t)walk->offset;
	frame->payload_len = (uint16_t)(walk->total - walk->offset);
	return kind;
}

/* In the first byte of VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe, section 3.1): version, and whether the
 * fourth byte says what is inside. */
#define GPE_VERSION      0x30
#define GPE_HAS_PROTOCOL 0x04
/* In the first byte of Geneve (RFC 8926 section 3.4): version, and the options' length in words. */
#define GENEVE_VERSION 0xc0
#define GENEVE_OPTIONS 0x3f

/* Does the header have a VNI, and say nothing that cannot be? Packets with the O flag, of tunnel
 * endpoints to each other, have one as well. */
static bool has_vni(const struct walk *walk, enum covey_tunnel_kind kind)
{
	const uint8_t *header = walk->ip + walk->offset;

	if (!readable(walk, sizeof(struct rte_vxlan_hdr)))
		return false;
	switch (kind) {
	case COVEY_TUNNEL_VXLAN:
		break;
	case COVEY_TUNNEL_GPE:
		if ((header[0] & GPE_VERSION) || ((header[0] & GPE_HAS_PROTOCOL) && header[3] == 0))
			return false;
		break;
	case COVEY_TUNNEL_GENEVE:
		return !(header[0] & GENEVE_VERSION) &&
		       walk->offset + sizeof(struct rte_vxlan_hdr) +
				       (header[0] & GENEVE_OPTIONS) * 4u <=
			       walk->total;
	}
	return vxlan_has_vni((const struct rte_vxlan_hdr *)header);
}

/* All three kinds have the VNI at the same place. */
static enum frame_kind found_vxlan(struct walk *walk, enum covey_tunnel_kind kind,
				   struct frame *frame)
{
	bool good = has_vni(walk, kind);

	if (!walk->fragment && !good)
		return FRAME_MALFORMED;
	frame->vni = good ? vxlan_vni((const struct rte_vxlan_hdr *)(walk->ip + walk->offset))
			  : UINT32_MAX;
	return found(walk, FRAME_VXLAN, frame);
}

/* NULL when no tunnel has this port. */
static const struct covey_tunnel *find_tunnel(const struct classifier *classifier, uint16_t port)
{
	for (size_t i = 0; i < classifier->tunnel_count; i++)
		if (classifier->tunnels[i].port == port)
			return &classifier->tunnels[i];
	return NULL;
}

/* Whatever else the header says, its VNI is read. A packet that ends before it has none. But of a
 * first fragment, the next one has it. */
static enum frame_kind found_tunnel(const struct walk *walk, struct frame *frame)
{
	size_t tunnel = walk->offset + sizeof(struct rte_udp_hdr);
	size_t end = tunnel + sizeof(struct rte_vxlan_hdr) - 1;

	if (end > walk->total && !walk->fragment)
		return FRAME_BYPASS;
	if (end > walk->total || end > walk->len)
		return FRAME_MALFORMED;
	frame->vni = read_be32(walk->ip + tunnel + 3) & COVEY_VNI_MAX;
	return FRAME_TUNNEL;
}

static enum frame_kind classify_udp(const struct classifier *classifier, struct walk *walk,
				    struct frame *frame)
{
	const struct rte_udp_hdr *udp = (const void *)(walk->ip + walk->offset);
	const struct covey_tunnel *tunnel = NULL;
	uint16_t port;

	if (!readable(walk, sizeof(*udp)))
		return FRAME_MALFORMED;
	port = read_be16(&udp->dst_port);
	if (port != classifier->vxlan_port && port != classifier->vpe_port) {
		tunnel = find_tunnel(classifier, port);
		if (!tunnel || !tunnel->carried)
			return tunnel ? found_tunnel(walk, frame) : FRAME_BYPASS;
	}
	/* If this length differed from that of IP, two readers could see two different packets. */
	if (!walk->fragment && read_be16(&udp->dgram_len) != walk->total - walk->offset)
		return FRAME_MALFORMED;
	frame->source_port = read_be16(&udp->src_port);
	frame->in_udp = true;
	walk->offset += sizeof(*udp);
	if (port == classifier->vpe_port)
		return found(walk, FRAME_VPE, frame);
	return found_vxlan(walk, tunnel ? tunnel->kind : COVEY_TUNNEL_VXLAN, frame);
}

/* RFC 792, RFC 4443 section 2.1. */
static bool is_icmp_error(uint8_t protocol, uint8_t type)
{
	if (protocol == IPPROTO_ICMPV6)
		return type < ICMPV6_INFORMATIONAL;
	switch (type) {
	case ICMP_UNREACHABLE:
	case ICMP_SOURCE_QUENCH:
	case ICMP_REDIRECT:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETER_PROBLEM:
		return true;
	}
	return false;
}

static bool is_carried(const struct classifier *classifier, uint16_t port)
{
	const struct covey_tunnel *tunnel = find_tunnel(classifier, port);

	return port == classifier->vxlan_port || (tunnel && tunnel->carried);
}

/*
 * A quote is read only as far as its UDP port. If it ends before that, there can be no VXLAN in it.
 * The quoted packet's own length field is not used: it may have been changed on the way. If the
 * frame continues in another buffer, which we do not read here, and the quote's kind is not clear,
 * the frame does not pass.
 */
static enum frame_kind classify_quote(const struct classifier *classifier, struct walk *quote,
				      enum frame_kind when_cut)
{
	uint8_t version = quote->len ? ip_version(quote->ip) : 0;

	if (quote->len && version != 4 && version != 6)
		return FRAME_BYPASS;
	if (!quote->len || (version == 4 ? !begin_ipv4(quote) : !begin_ipv6(quote)))
		return when_cut;
	quote->total = quote->len;
	if (!walk_extensions(quote, version))
		return when_cut;
	if (quote->not_first || quote->protocol != IPPROTO_UDP)
		return FRAME_BYPASS;
	if (!readable(quote, sizeof(struct rte_udp_hdr)))
		return when_cut;
	return is_carried(classifier, read_be16(quote->ip + quote->offset + 2)) ? FRAME_QUOTED_VXLAN
										: FRAME_BYPASS;
}

/* An ICMP error quotes the packet that it reports, with some of its contents. */
static enum frame_kind classify_icmp(const struct classifier *classifier, const struct walk *walk)
{
	enum frame_kind when_cut = walk->len < walk->total ? FRAME_MALFORMED : FRAME_BYPASS;
	const uint8_t *icmp = walk->ip + walk->offset;
	struct walk quote = {.ip = icmp + ICMP_ERROR_LEN};

	if (walk->offset < walk->len && !is_icmp_error(walk->protocol, icmp[0]))
		return FRAME_BYPASS;
	if (!readable(walk, ICMP_ERROR_LEN))
		return when_cut;
	quote.len = RTE_MIN(walk->len, walk->total) - walk->offset - ICMP_ERROR_LEN;
	return classify_quote(classifier, &quote, when_cut);
}

static enum frame_kind classify_walk(const struct classifier *classifier, struct walk *walk,
				     size_t packet_len, struct frame *frame)
{
	uint8_t version = walk->len ? ip_version(walk->ip) : 0;

	if (version != 4 && version != 6)
		return FRAME_MALFORMED;
	if (version == 4 ? !begin_ipv4(walk) : !begin_ipv6(walk))
		return FRAME_MALFORMED;
	if (walk->offset > walk->total || walk->total > packet_len ||
	    !walk_extensions(walk, version))
		return FRAME_MALFORMED;
	frame->ip_len = (uint16_t)walk->total;
	if (walk->not_first)
		return later_fragment(classifier, walk);
	if (walk->protocol == IPPROTO_UDP)
		return classify_udp(classifier, walk, frame);
	if (walk->protocol == classifier->vpe_protocol)
		return found(walk, FRAME_VPE, frame);
	if (walk->protocol == IPPROTO_ICMP || walk->protocol == IPPROTO_ICMPV6)
		return classify_icmp(classifier, walk);
	return FRAME_BYPASS;
}

void classify_ip(const struct classifier *classifier, const uint8_t *ip, size_t len,
		 size_t packet_len, struct frame *ret_frame)
{
	struct walk walk = {.ip = ip, .len = len};

	ret_frame->source_port = 0;
	ret_frame->in_udp = false;
	ret_frame->kind = classify_walk(classifier, &walk, packet_len, ret_frame);
}

void classify_frame(const struct classifier *classifier, const uint8_t *data, size_t len,
		    size_t frame_len, struct frame *ret_frame)
{
	size_t type_at = offsetof(struct rte_ether_hdr, ether_type);
	unsigned tags = 0;
	uint16_t type;

	ret_frame->kind = FRAME_MALFORMED;
	while (true) {
		if (type_at + 2 > len)
			return;
		type = read_be16(data + type_at);
		if (!is_vlan(type))
			break;
		if (tags++ == COVEY_VLAN_TAGS_MAX)
			return;
		type_at += sizeof(struct rte_vlan_hdr);
	}
	ret_frame->l2_len = (uint16_t)(type_at + 2);
	data += ret_frame->l2_len;
	len -= ret_frame->l2_len;
	if (type != RTE_ETHER_TYPE_IPV4 && type != RTE_ETHER_TYPE_IPV6)
		ret_frame->kind = FRAME_BYPASS;
	else if (len > 0 && ip_version(data) == (type == RTE_ETHER_TYPE_IPV4 ? 4 : 6))
		classify_ip(classifier, data, len, frame_len - ret_frame->l2_len, ret_frame);
}
