/* SPDX-License-Identifier: BSD-3-Clause */
#include "sight.h"
#include "wire.h"
#include <string.h>

#define QUOTES_MAX 4 /* an error about an error about an error */

static bool others_are_carried;

void sight_set_carried(bool carried)
{
	others_are_carried = carried;
}

static unsigned be16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static bool is_tag(unsigned type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

/* What stands behind an extension header; 0: it is none, or does not fit. */
static size_t extension_len(unsigned version, unsigned protocol, const uint8_t *at, size_t left)
{
	bool is_ipv6 = protocol == 0 || protocol == 43 || protocol == 44 || protocol == 60 ||
		       protocol == 135 || protocol == 139 || protocol == 140;
	size_t len;

	if (left < 8 || (protocol != 51 && (version == 4 || !is_ipv6)))
		return 0;
	len = protocol == 51 ? (at[1] + 2u) * 4 : protocol == 44 ? 8 : (at[1] + 1u) * 8;
	return len <= left ? len : 0;
}

static bool is_error(unsigned protocol, unsigned type)
{
	if (protocol == 58)
		return type < 128;
	return protocol == 1 && (type == 3 || type == 4 || type == 5 || type == 11 || type == 12);
}

/* Are the header of a tunnel's kind, and all of its options, there? */
static bool is_whole(unsigned port, const uint8_t *header, size_t len)
{
	switch (port) {
	case WIRE_VXLAN_PORT:
		return header[0] & 8;
	case WIRE_GPE_PORT:
		return (header[0] & 0x38) == 8 && (!(header[0] & 4) || header[3]);
	case WIRE_GENEVE_PORT:
		return !(header[0] & 0xc0) && 8 + (header[0] & 0x3fu) * 4 <= len;
	}
	return true;
}

static void look_at_udp(struct sight *sight, const uint8_t *ip, size_t len, size_t at)
{
	unsigned port;

	sight->udp = true;
	if (sight->later_fragment || len < at + 8)
		return;
	port = be16(ip + at + 2);
	sight->tunnel = port == WIRE_OLD_PORT || port == WIRE_GPE_PORT || port == WIRE_GENEVE_PORT;
	sight->vxlan = port == WIRE_VXLAN_PORT ||
		       (others_are_carried && sight->tunnel && port != WIRE_OLD_PORT);
	sight->tunnel &= !sight->vxlan;
	sight->vpe = port == WIRE_VPE_PORT;
	sight->payload = at + 8;
	/* Behind the packet's end nobody looks for one. */
	len = (sight->tunnel || sight->vxlan) && sight->ip_len < len ? sight->ip_len : len;
	sight->whole = sight->vxlan && len >= at + 16 && is_whole(port, ip + at + 8, len - at - 8);
	sight->has_vni = (sight->vxlan || sight->tunnel) && len >= at + 15;
	if (sight->has_vni)
		sight->vni = (uint32_t)ip[at + 12] << 16 | (uint32_t)ip[at + 13] << 8 | ip[at + 14];
}

static struct sight look(const uint8_t *ip, size_t len, unsigned quotes)
{
	struct sight sight = {.version = len ? ip[0] >> 4 : 0};
	unsigned protocol, fragment;
	size_t at, step;

	if (sight.version == 4 && len >= 20) {
		at = (ip[0] & 15u) * 4;
		/* Nobody reads on in a quote whose header is too short to be one. */
		if (quotes > 0 && at < 20)
			return sight;
		sight.ip_len = be16(ip + 2);
		protocol = ip[9];
		fragment = be16(ip + 6);
		sight.fragment = (fragment & 0x3fff) != 0;
		sight.later_fragment = (fragment & 0x1fff) != 0;
	} else if (sight.version == 6 && len >= 40) {
		at = 40;
		sight.ip_len = 40 + be16(ip + 4);
		protocol = ip[6];
	} else {
		return sight;
	}
	while (at <= len && !sight.later_fragment &&
	       (step = extension_len(sight.version, protocol, ip + at, len - at)) > 0) {
		if (protocol == 44) {
			sight.fragment = true;
			sight.later_fragment = (be16(ip + at + 2) & 0xfff8) != 0;
		}
		protocol = ip[at];
		at += step;
	}
	if (at > len)
		return sight;
	if (protocol == 17) {
		look_at_udp(&sight, ip, len, at);
	} else if (protocol == WIRE_VPE_PROTOCOL) {
		sight.vpe = true;
		sight.payload = at;
	} else if (!sight.later_fragment && quotes < QUOTES_MAX) {
		/* Behind the packet's end nobody looks for a quote. */
		len = quotes == 0 && sight.ip_len < len ? sight.ip_len : len;
		if (len >= at + 8 && is_error(protocol, ip[at]))
			sight.quotes_vxlan = look(ip + at + 8, len - at - 8, quotes + 1).vxlan;
	}
	return sight;
}

struct sight sight_of_ip(const uint8_t *ip, size_t len)
{
	return look(ip, len, 0);
}

struct sight sight_of_frame(const uint8_t *frame, size_t len)
{
	struct sight sight = {.version = 0};
	size_t at = 12;
	unsigned type;

	while (at + 2 <= len && is_tag(be16(frame + at)))
		at += 4;
	if (at + 2 > len)
		return sight;
	type = be16(frame + at);
	at += 2;
	if (type != 0x0800 && type != 0x86dd)
		return sight;
	sight = look(frame + at, len - at, 0);
	sight.ip = at;
	if (sight.payload)
		sight.payload += at;
	return sight;
}

bool sight_is_ordinary(const struct sight *sight, const uint8_t *frame, size_t len)
{
	size_t header = sight->version == 4 ? 20 : 40;
	const uint8_t *ip = frame + sight->ip, *udp = ip + header;

	if (sight->fragment || !sight->version || sight->ip_len != len - sight->ip ||
	    (sight->version == 4 && ip[0] != 0x45))
		return false;
	if (sight->ip && be16(ip - 2) != (sight->version == 4 ? 0x0800 : 0x86dd))
		return false;
	if (ip[sight->version == 4 ? 9 : 6] == WIRE_VPE_PROTOCOL)
		return true;
	if (ip[sight->version == 4 ? 9 : 6] != 17 || sight->ip_len < header + 16 ||
	    be16(udp + 4) != sight->ip_len - header)
		return false;
	return sight->vpe ||
	       ((sight->vxlan || sight->tunnel) &&
		(sight->tunnel || is_whole(be16(udp + 2), udp + 8, sight->ip_len - header - 8)));
}

/* --- checksums ------------------------------------------------------------------------------- */

static uint64_t sum_of(const uint8_t *at, size_t len)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? at[i] : (uint64_t)at[i] << 8;
	return sum;
}

static unsigned folded(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (unsigned)sum;
}

bool sight_is_finished(const struct sight *sight, const uint8_t *before, const uint8_t *after,
		       size_t len)
{
	const uint8_t *ip = after + sight->ip;
	bool ipv6 = sight->version == 6;
	size_t header = ipv6 ? 40 : (ip[0] & 15u) * 4, at;
	unsigned protocol = ip[ipv6 ? 6 : 9];
	uint64_t pseudo;

	if (!sight->version || sight->fragment || sight->ip_len > len - sight->ip)
		return false;
	if ((protocol != 6 || sight->ip_len < header + 20) &&
	    (protocol != 17 || sight->ip_len < header + 8))
		return false;
	at = sight->ip + header + (protocol == 6 ? 16 : 6);
	if (memcmp(before, after, at) != 0 || memcmp(before + at + 2, after + at + 2, len - at - 2))
		return false;
	pseudo = (ipv6 ? sum_of(ip + 8, 32) : sum_of(ip + 12, 8)) + protocol + sight->ip_len -
		 header;
	return be16(before + at) == folded(pseudo) && (protocol == 6 || be16(after + at) != 0) &&
	       folded(pseudo + sum_of(ip + header, sight->ip_len - header)) == 0xffff;
}
