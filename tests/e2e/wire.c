/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire.h"

#include <netinet/in.h>
#include <string.h>

#define ETHERNET 14
#define IPV4_MIN 20
#define IPV6_LEN 40
#define UDP_LEN  8

const char *const wire_kind_names[WIRE_KINDS] = {
	[WIRE_ARP] = "arp", [WIRE_ICMP] = "icmp",   [WIRE_IGMP] = "igmp",   [WIRE_GKM] = "gkm",
	[WIRE_VPE] = "vpe", [WIRE_VXLAN] = "vxlan", [WIRE_OTHER] = "other",
};

static void parse_vpe(const uint8_t *frame, size_t at, struct wire_packet *packet)
{
	packet->kind = WIRE_VPE;
	packet->vpe = at;
	packet->vpe_short = packet->end < at + WIRE_VPE_HEADER;
	if (packet->vpe_short)
		return;
	packet->spi = wire_get32(frame + at);
	packet->sender_id = wire_get16(frame + at + 4);
	packet->window_id = wire_get16(frame + at + 6);
	packet->esn = wire_get64(frame + at + 8);
}

static void parse_udp(const uint8_t *frame, const struct wire_ports *ports,
		      struct wire_packet *packet)
{
	uint16_t port;

	if (packet->end < packet->transport + UDP_LEN)
		return;
	port = wire_get16(frame + packet->transport + 2);
	if (port == ports->vpe)
		parse_vpe(frame, packet->transport + UDP_LEN, packet);
	else if (port == ports->vxlan)
		packet->kind = WIRE_VXLAN;
}

static void parse_icmp6(const uint8_t *frame, struct wire_packet *packet)
{
	uint8_t type;

	packet->kind = WIRE_ICMP;
	if (packet->end <= packet->transport)
		return;
	type = frame[packet->transport];
	if ((type >= 130 && type <= 132) || type == 143)
		packet->kind = WIRE_IGMP;
	else if (type >= 133 && type <= 137)
		packet->kind = WIRE_ARP;
}

static void parse_transport(const uint8_t *frame, const struct wire_ports *ports,
			    struct wire_packet *packet)
{
	const uint8_t *at = frame + packet->transport;

	if (packet->protocol == ports->vpe_protocol) {
		parse_vpe(frame, packet->transport, packet);
	} else if (packet->protocol == IPPROTO_UDP) {
		parse_udp(frame, ports, packet);
	} else if (packet->protocol == IPPROTO_TCP && packet->end >= packet->transport + 4) {
		if (wire_get16(at) == ports->gkm || wire_get16(at + 2) == ports->gkm)
			packet->kind = WIRE_GKM;
	} else if (packet->protocol == IPPROTO_ICMP) {
		packet->kind = WIRE_ICMP;
	} else if (packet->protocol == IPPROTO_IGMP) {
		packet->kind = WIRE_IGMP;
	} else if (packet->protocol == IPPROTO_ICMPV6) {
		parse_icmp6(frame, packet);
	}
}

static bool parse_ipv4(const uint8_t *frame, size_t len, struct wire_packet *packet)
{
	const uint8_t *ip = frame + ETHERNET;
	size_t header, total;

	if (len < ETHERNET + IPV4_MIN)
		return false;
	header = (size_t)(ip[0] & 0xf) * 4;
	total = wire_get16(ip + 2);
	if (ip[0] >> 4 != 4 || header < IPV4_MIN || total < header || ETHERNET + total > len)
		return false;
	packet->ip_version = 4;
	packet->ip = ETHERNET;
	packet->transport = ETHERNET + header;
	packet->end = ETHERNET + total;
	packet->protocol = ip[9];
	packet->traffic_class = ip[1];
	packet->fragment = (wire_get16(ip + 6) & 0x3fff) != 0;
	packet->multicast = (ip[16] & 0xf0) == 0xe0;
	/* A later fragment has no transport header to read. */
	return (wire_get16(ip + 6) & 0x1fff) == 0;
}

static bool is_extension(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_FRAGMENT;
}

static bool parse_ipv6(const uint8_t *frame, size_t len, struct wire_packet *packet)
{
	const uint8_t *ip = frame + ETHERNET;
	size_t at = ETHERNET + IPV6_LEN;
	uint8_t next;

	if (len < at || ip[0] >> 4 != 6 || at + wire_get16(ip + 4) > len)
		return false;
	packet->ip_version = 6;
	packet->ip = ETHERNET;
	packet->end = at + wire_get16(ip + 4);
	packet->traffic_class = (uint8_t)(wire_get16(ip) >> 4);
	packet->multicast = ip[24] == 0xff;
	for (next = ip[6]; is_extension(next) && at + 8 <= packet->end;) {
		bool fragment = next == IPPROTO_FRAGMENT;

		packet->fragment |= fragment;
		if (fragment && (wire_get16(frame + at + 2) & 0xfff8) != 0)
			return false;
		next = frame[at];
		at += fragment ? 8 : 8 + (size_t)frame[at + 1] * 8;
	}
	packet->protocol = next;
	packet->transport = at;
	return at <= packet->end;
}

void wire_parse(const uint8_t *frame, size_t len, const struct wire_ports *ports,
		struct wire_packet *ret_packet)
{
	struct wire_packet packet = {.kind = WIRE_OTHER};
	bool transport = false;

	if (len >= ETHERNET) {
		switch (wire_get16(frame + 12)) {
		case 0x0806:
			packet.kind = WIRE_ARP;
			break;
		case 0x0800:
			transport = parse_ipv4(frame, len, &packet);
			break;
		case 0x86dd:
			transport = parse_ipv6(frame, len, &packet);
			break;
		}
	}
	if (transport)
		parse_transport(frame, ports, &packet);
	*ret_packet = packet;
}

static uint16_t ipv4_checksum(const uint8_t *header, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += wire_get16(header + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void wire_repair(uint8_t *frame, size_t len, const struct wire_packet *packet)
{
	uint8_t *ip = frame + packet->ip;

	if (packet->protocol == IPPROTO_UDP && len >= packet->transport + UDP_LEN) {
		wire_put16(frame + packet->transport + 4, (uint16_t)(len - packet->transport));
		wire_put16(frame + packet->transport + 6, 0);
	}
	if (packet->ip_version == 6) {
		wire_put16(ip + 4, (uint16_t)(len - packet->ip - IPV6_LEN));
		return;
	}
	wire_put16(ip + 2, (uint16_t)(len - packet->ip));
	wire_put16(ip + 10, 0);
	wire_put16(ip + 10, ipv4_checksum(ip, packet->transport - packet->ip));
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

size_t wire_hex(const char *text, uint8_t *bytes, size_t max)
{
	size_t len = strlen(text);

	if (len % 2 != 0 || len / 2 > max)
		return 0;
	for (size_t i = 0; i < len / 2; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return 0;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return len / 2;
}
