/* SPDX-License-Identifier: BSD-3-Clause */
#include "captured.h"

#include <covey/wire.h>
#include <string.h>

#define ETHERNET_LEN 14u
#define TAG_LEN      4u
#define TAGS_MAX     2u
#define UDP_LEN      8u
#define VXLAN_LEN    8u

/* What is left of a frame. */
struct rest {
	const uint8_t *at;
	size_t len;
};

static uint16_t get16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static bool skip(struct rest *rest, size_t len)
{
	if (rest->len < len)
		return false;
	rest->at += len;
	rest->len -= len;
	return true;
}

/* To what follows Ethernet and VLAN tags. Returns its type, or 0. */
static uint16_t skip_ethernet(struct rest *rest)
{
	uint16_t type;

	if (!skip(rest, ETHERNET_LEN))
		return 0;
	type = get16(rest->at - 2);
	for (unsigned i = 0; i < TAGS_MAX && (type == 0x8100 || type == 0x88a8); i++) {
		if (!skip(rest, TAG_LEN))
			return 0;
		type = get16(rest->at - 2);
	}
	return type;
}

static void take_addresses(struct captured *captured, uint16_t family, const uint8_t *at)
{
	captured->source.family = captured->destination.family = family;
	memcpy(captured->source.bytes, at, covey_addr_len(&captured->source));
	memcpy(captured->destination.bytes, at + covey_addr_len(&captured->source),
	       covey_addr_len(&captured->source));
}

/* To what follows IP. Returns its protocol, or -1 if it is no first fragment of IP. */
static int skip_ip(struct rest *rest, uint16_t type, struct captured *captured)
{
	const uint8_t *ip = rest->at;

	if (type == 0x0800 && rest->len >= 20 && ip[0] >> 4 == 4) {
		take_addresses(captured, AF_INET, ip + 12);
		return !(get16(ip + 6) & 0x1fff) && skip(rest, (ip[0] & 15u) * 4u) ? ip[9] : -1;
	}
	if (type == 0x86dd && rest->len >= 40 && ip[0] >> 4 == 6) {
		take_addresses(captured, AF_INET6, ip + 8);
		skip(rest, 40);
		return ip[6];
	}
	return -1;
}

static void take_vxlan(struct captured *captured, const struct rest *rest)
{
	if (rest->len < VXLAN_LEN)
		return;
	captured->kind = CAPTURED_VXLAN;
	captured->vni = (uint32_t)rest->at[4] << 16 | get16(rest->at + 5);
}

static void take_vpe(struct captured *captured, const struct rest *rest)
{
	struct covey_vpe_header header;

	if (rest->len < COVEY_VPE_ICV_OFFSET)
		return;
	memset(&header, 0, sizeof(header));
	memcpy(&header, rest->at, COVEY_VPE_ICV_OFFSET);
	captured->kind = CAPTURED_VPE;
	captured->spi = covey_vpe_spi(&header);
	captured->sender_id = (uint16_t)(covey_vpe_window(&header) >> 16);
	captured->window_id = (uint16_t)covey_vpe_window(&header);
	captured->esn = covey_vpe_esn(&header);
}

struct captured captured_read(const struct captured_ports *ports, const uint8_t *frame, size_t len)
{
	struct captured captured = {.kind = CAPTURED_OTHER};
	struct rest rest = {frame, len};
	int protocol = skip_ip(&rest, skip_ethernet(&rest), &captured);
	uint16_t port;

	if (protocol == ports->vpe_protocol)
		take_vpe(&captured, &rest);
	if (protocol != IPPROTO_UDP || !skip(&rest, UDP_LEN))
		return captured;
	port = get16(rest.at - UDP_LEN + 2);
	if (port == ports->vpe_port)
		take_vpe(&captured, &rest);
	else if (port == ports->vxlan_port)
		take_vxlan(&captured, &rest);
	return captured;
}
