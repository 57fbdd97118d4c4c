/* SPDX-License-Identifier: BSD-3-Clause */
#include "forge.h"

#include <netinet/in.h>
#include <string.h>

#define SENDER_OFFSET 4
#define WINDOW_OFFSET 6
#define ESN_OFFSET    8
#define ICV_OFFSET    16
#define VXLAN_PORT    4789
#define VPE_PORT      4798
#define VPE_PROTOCOL  253
#define AHEAD         (1u << 20) /* far above any ESN that a test reaches */

static uint8_t *vpe(struct captured *captured)
{
	return captured->frame + captured->packet.vpe;
}

static void set_esn(struct captured *captured, uint64_t esn)
{
	wire_put64(vpe(captured) + ESN_OFFSET, esn);
}

/* An ESN that no replay window has seen, so that the check meant is the one that is reached. */
static void freshen(const struct forge *forge, struct captured *captured)
{
	set_esn(captured, captured->packet.esn + AHEAD + forge->turn);
}

/* So that no kernel drops it before covey sees it: lengths, and no UDP checksum. */
static void repair(struct captured *captured)
{
	wire_repair(captured->frame, captured->len, &captured->packet);
}

static size_t address_len(const struct captured *captured)
{
	return captured->packet.ip_version == 6 ? 16 : 4;
}

static uint8_t *source_address(struct captured *captured)
{
	return captured->frame + captured->packet.ip + (captured->packet.ip_version == 6 ? 8 : 12);
}

static void set_source(struct captured *captured, const uint8_t *address)
{
	memcpy(source_address(captured), address, address_len(captured));
}

static void replay(const struct forge *forge, struct captured *captured)
{
}

/* Other bytes under the same IV. */
static void altered(const struct forge *forge, struct captured *captured)
{
	vpe(captured)[ICV_OFFSET] ^= 1;
	repair(captured);
}

/* The first packet of its window. */
static void old(const struct forge *forge, struct captured *captured)
{
	set_esn(captured, (captured->packet.esn >> 48 << 48) + 1);
	repair(captured);
}

static void old_epoch(const struct forge *forge, struct captured *captured)
{
	set_esn(captured, captured->packet.esn - (UINT64_C(1) << 48));
	repair(captured);
}

static void forged(const struct forge *forge, struct captured *captured)
{
	freshen(forge, captured);
	memset(vpe(captured) + ICV_OFFSET, (int)forge->turn, 16);
	repair(captured);
}

static void unknown_spi(const struct forge *forge, struct captured *captured)
{
	wire_put32(vpe(captured), captured->packet.spi ^ 0x5a000000);
	repair(captured);
}

static void other_sender(const struct forge *forge, struct captured *captured)
{
	freshen(forge, captured);
	wire_put16(vpe(captured) + SENDER_OFFSET, forge->sender_id);
	repair(captured);
}

/* SplitMix64: the same number for the same turn, so that a flood can be sent again. */
static uint64_t random_of(uint32_t turn)
{
	uint64_t x = (turn + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/*
 * Of each four, three go through all SenderIDs, and one is of a member: every fourth of those from
 * another member's address, the others from its own. Window, ESN and ICV are random; of four ESNs,
 * one has a random epoch and three have one that the member may have reached.
 */
static void flood(const struct forge *forge, struct captured *captured)
{
	uint32_t turn = forge->turn, quarter = turn / 4;
	const struct forge_member *member = &forge->members[quarter % forge->member_count];
	uint16_t sender = (uint16_t)((turn - quarter) % 65535 + 1), window;
	uint64_t random = random_of(turn), epoch = captured->packet.esn >> 48;

	if (turn % 4 == 3)
		sender = member->sender_id;
	if (turn % 16 == 15)
		member = &forge->members[(quarter + 1) % forge->member_count];
	window = (uint16_t)random;
	epoch = random >> 16 & 3 ? epoch + (random >> 18 & 3) : random >> 20 & 0xffff;
	wire_put16(vpe(captured) + SENDER_OFFSET, sender);
	wire_put16(vpe(captured) + WINDOW_OFFSET, window);
	set_esn(captured, epoch << 48 | random >> 16);
	for (int i = 0; i < 2; i++)
		wire_put64(vpe(captured) + ICV_OFFSET + 8 * i, random * (2 * i + 3));
	if (captured->packet.protocol == IPPROTO_UDP)
		wire_put16(captured->frame + captured->packet.transport, wire_source_port(window));
	set_source(captured, member->address);
	repair(captured);
}

/* One byte shorter each turn, and round again. */
static void truncate_to(const struct forge *forge, struct captured *captured)
{
	size_t full = captured->len - captured->packet.vpe;

	freshen(forge, captured);
	captured->len = captured->packet.vpe + (full - 1 - forge->turn % full);
	repair(captured);
}

static void truncate_header(const struct forge *forge, struct captured *captured)
{
	captured->len = captured->packet.vpe + forge->turn % WIRE_VPE_HEADER;
	repair(captured);
}

static void readdress_source(const struct forge *forge, struct captured *captured)
{
	freshen(forge, captured);
	set_source(captured, forge->address);
	repair(captured);
}

static void readdress_destination(const struct forge *forge, struct captured *captured)
{
	size_t len = address_len(captured);

	memcpy(source_address(captured) + len, forge->address, len);
	memcpy(captured->frame, forge->mac, sizeof(forge->mac));
	repair(captured);
}

static uint8_t *protocol(struct captured *captured)
{
	return captured->frame + captured->packet.ip + (captured->packet.ip_version == 6 ? 6 : 9);
}

/* Make room for so many bytes, zeroed, or take as many away if they are below 0. */
static void shift(struct captured *captured, size_t at, int bytes)
{
	uint8_t *from = captured->frame + at;

	if (bytes < 0) {
		captured->len -= (size_t)-bytes;
		memmove(from, from - bytes, captured->len - at);
		return;
	}
	if (captured->len + (size_t)bytes > sizeof(captured->frame))
		captured->len -= (size_t)bytes;
	memmove(from + bytes, from, captured->len - at);
	memset(from, 0, (size_t)bytes);
	captured->len += (size_t)bytes;
}

/* In IP what came in UDP, and the other way round. */
static void other_encapsulation(const struct forge *forge, struct captured *captured)
{
	struct wire_packet *packet = &captured->packet;
	bool in_udp = packet->protocol == IPPROTO_UDP;

	freshen(forge, captured);
	shift(captured, packet->transport, in_udp ? -8 : 8);
	packet->protocol = in_udp ? VPE_PROTOCOL : IPPROTO_UDP;
	*protocol(captured) = packet->protocol;
	if (!in_udp) {
		wire_put16(captured->frame + packet->transport, 0xc001);
		wire_put16(captured->frame + packet->transport + 2, VPE_PORT);
	}
	repair(captured);
}

/* Options that say nothing: of IPv4, or in a header for the destination. */
static void options(const struct forge *forge, struct captured *captured)
{
	struct wire_packet *packet = &captured->packet;
	size_t at = packet->transport;

	freshen(forge, captured);
	if (packet->ip_version == 6) {
		shift(captured, at, 8);
		captured->frame[at] = *protocol(captured);
		captured->frame[at + 2] = 1; /* RFC 8200, section 4.2: PadN of 4 bytes */
		captured->frame[at + 3] = 4;
		*protocol(captured) = IPPROTO_DSTOPTS;
		packet->transport += 8;
	} else {
		shift(captured, at, 4);
		captured->frame[packet->ip]++;
		packet->transport += 4;
	}
	repair(captured);
}

static void fragment(const struct forge *forge, struct captured *captured)
{
	if (captured->packet.ip_version == 4)
		wire_put16(captured->frame + captured->packet.ip + 6, 0x2000);
	repair(captured);
}

/* An IP header that claims more bytes than the frame has. */
static void malformed(const struct forge *forge, struct captured *captured)
{
	size_t len = captured->packet.ip + (captured->packet.ip_version == 6 ? 4 : 2);

	repair(captured);
	wire_put16(captured->frame + len, 0xfff0);
}

static void clear_vxlan(const struct forge *forge, struct captured *captured)
{
	uint8_t *vxlan = captured->frame + captured->packet.transport + 8, *inner = vxlan + 8;

	memset(vxlan, 0, 8);
	vxlan[0] = 0x08; /* RFC 7348 section 5: the VNI is valid */
	wire_put32(vxlan + 4, forge->vni << 8);
	memcpy(inner, forge->inner_mac, 6);
	memcpy(inner + 6, "\x02\x66\x6f\x72\x67\x65", 6);
	wire_put16(inner + 12, 0x88b5); /* IEEE 802 local experimental */
	for (int i = 0; i < 4; i++)
		memcpy(inner + 14 + 16 * i, forge->canary, 16);
	*protocol(captured) = IPPROTO_UDP;
	captured->packet.protocol = IPPROTO_UDP;
	wire_put16(captured->frame + captured->packet.transport, 0xc001);
	wire_put16(captured->frame + captured->packet.transport + 2, VXLAN_PORT);
	captured->len = captured->packet.transport + 8 + 8 + 14 + 64;
	repair(captured);
}

static const struct {
	const char *name;
	forge_function *function;
} forges[] = {
	{"replay", replay},
	{"altered", altered},
	{"old", old},
	{"old-epoch", old_epoch},
	{"forged", forged},
	{"unknown-spi", unknown_spi},
	{"other-sender", other_sender},
	{"flood", flood},
	{"truncated", truncate_to},
	{"truncated-header", truncate_header},
	{"readdressed-source", readdress_source},
	{"readdressed-destination", readdress_destination},
	{"other-encapsulation", other_encapsulation},
	{"options", options},
	{"fragment", fragment},
	{"malformed", malformed},
	{"clear-vxlan", clear_vxlan},
};

const char *forge_name(size_t i)
{
	return i < sizeof(forges) / sizeof(forges[0]) ? forges[i].name : NULL;
}

forge_function *forge_find(const char *name)
{
	for (size_t i = 0; i < sizeof(forges) / sizeof(forges[0]); i++) {
		if (strcmp(forges[i].name, name) == 0)
			return forges[i].function;
	}
	return NULL;
}
