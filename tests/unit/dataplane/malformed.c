/* SPDX-License-Identifier: BSD-3-Clause */
#include "malformed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#define ETHERNET 14u

static bool is_ipv6(const struct packet *packet)
{
	return packet->shape & IPV6;
}

size_t packet_ip(const struct packet *packet)
{
	return ETHERNET;
}

size_t packet_udp(const struct packet *packet)
{
	return packet_ip(packet) + (is_ipv6(packet) ? 40 : 20);
}

size_t packet_payload(const struct packet *packet)
{
	return packet_udp(packet) + (packet->wire && packet->shape & IN_IP ? 0 : 8);
}

size_t packet_inner(const struct packet *packet)
{
	return packet_payload(packet) + 8;
}

/* --- fields ---------------------------------------------------------------------------------- */

/* Where each header's fields are, from its start. bytes 0: the family has no such field. */
static const struct {
	size_t (*header)(const struct packet *packet);
	struct {
		uint8_t at, bytes;
	} by_family[2];
} fields[FIELDS] = {
	[ETHER_TYPE] = {NULL, {{12, 2}, {12, 2}}},
	[IP_VERSION] = {packet_ip, {{0, 1}, {0, 1}}},
	[IP_LENGTH] = {packet_ip, {{2, 2}, {4, 2}}},
	[IP_FRAGMENT] = {packet_ip, {{6, 2}, {0, 0}}},
	[IP_NEXT] = {packet_ip, {{9, 1}, {6, 1}}},
	[IP_SOURCE] = {packet_ip, {{15, 1}, {23, 1}}},
	[IP_TO] = {packet_ip, {{19, 1}, {39, 1}}},
	[UDP_PORT] = {packet_udp, {{2, 2}, {2, 2}}},
	[UDP_LENGTH] = {packet_udp, {{4, 2}, {4, 2}}},
	[VXLAN_FLAGS] = {packet_payload, {{0, 1}, {0, 1}}},
	[VXLAN_VNI] = {packet_payload, {{4, 3}, {4, 3}}},
	[VPE_SPI] = {packet_payload, {{0, 4}, {0, 4}}},
	[VPE_SENDER] = {packet_payload, {{4, 2}, {4, 2}}},
	[VPE_WINDOW] = {packet_payload, {{6, 2}, {6, 2}}},
	[VPE_EPOCH] = {packet_payload, {{8, 2}, {8, 2}}},
	[VPE_COUNTER] = {packet_payload, {{10, 6}, {10, 6}}},
	[VPE_ICV] = {packet_payload, {{16, 1}, {16, 1}}},
	[VPE_TEXT] = {packet_payload, {{32, 1}, {32, 1}}},
};

void packet_edit(struct packet *packet, struct edit edit)
{
	size_t at = fields[edit.field].by_family[is_ipv6(packet)].at;
	unsigned bytes = fields[edit.field].by_family[is_ipv6(packet)].bytes;
	int64_t value = 0;

	assert_true(bytes > 0);
	if (fields[edit.field].header)
		at += fields[edit.field].header(packet);
	for (unsigned i = 0; i < bytes; i++)
		value = value << 8 | packet->bytes[at + i];
	if (edit.lie == SET)
		value = edit.value;
	else
		value = edit.lie == ADD ? value + edit.value : value ^ edit.value;
	for (unsigned i = bytes; i-- > 0; value >>= 8)
		packet->bytes[at + i] = (uint8_t)value;
}

void packet_add_to_lengths(struct packet *packet, int bytes)
{
	packet_edit(packet, (struct edit){IP_LENGTH, ADD, bytes});
	if (!packet->wire || packet->shape & IN_UDP)
		packet_edit(packet, (struct edit){UDP_LENGTH, ADD, bytes});
}

void packet_insert(struct packet *packet, size_t at, const void *bytes, size_t count)
{
	memmove(packet->bytes + at + count, packet->bytes + at, packet->len - at);
	memcpy(packet->bytes + at, bytes, count);
	packet->len += count;
}

/* --- VPE ----------------------------------------------------------------------------------- */

void packet_seal(const struct lab *lab, uint64_t esn, const struct packet *clear,
		 const struct packet *good, struct packet *ret_wire)
{
	const struct covey_sa installed = lab_sa(LAB_SPI, 5);
	struct reference_sa sa = lab_reference(lab, &installed);
	struct reference_iv iv = {LAB_PEER, 0x1234, esn};
	size_t ip = packet_ip(good);
	uint8_t key[32], *vpe;

	*ret_wire = (struct packet){.shape = clear->shape, .step = clear->step, .wire = true};
	reference_vpe(&sa, iv, good->bytes, ip, good->len, ret_wire->bytes);
	vpe = ret_wire->bytes + packet_payload(ret_wire);
	reference_key(&sa, iv.sender_id, key);
	reference_gcm(sa.cipher, key, vpe + COVEY_VPE_IV_OFFSET, clear->bytes + ip, clear->len - ip,
		      vpe + sizeof(struct covey_vpe_header), vpe + COVEY_VPE_ICV_OFFSET);
	ret_wire->len =
		packet_payload(ret_wire) + sizeof(struct covey_vpe_header) + clear->len - ip;
	packet_add_to_lengths(ret_wire, (int)clear->len - (int)good->len);
}

/* --- lengths --------------------------------------------------------------------------------- */

void cut_frame(struct packet *packet)
{
	packet->len -= 1 + packet->step;
}

static void cut(struct packet *packet, size_t bytes)
{
	packet->len -= bytes;
	packet_add_to_lengths(packet, -(int)bytes);
}

void cut_vxlan(struct packet *packet)
{
	cut(packet, packet->len - packet_inner(packet) + 1 + packet->step);
}

void cut_vpe(struct packet *packet)
{
	cut(packet, 1 + packet->step);
}

void cut_vpe_header(struct packet *packet)
{
	cut(packet, packet->len - packet_payload(packet) - 31 + packet->step);
}

void lengthen(struct packet *packet)
{
	packet->bytes[packet->len++] = 0;
	packet_add_to_lengths(packet, 1);
}

/* --- tags ------------------------------------------------------------------------------------ */

static const uint8_t tag[4] = {0x81, 0, 0, 100};

void three_tags(struct packet *packet)
{
	for (unsigned i = 0; i < 3; i++)
		packet_insert(packet, 12, tag, sizeof(tag));
}

void tag_alone(struct packet *packet)
{
	packet_insert(packet, 12, tag, sizeof(tag));
	packet->len = 12 + sizeof(tag) + packet->step % 2;
}

void tag_lies(struct packet *packet)
{
	packet_edit(packet, (struct edit){ETHER_TYPE, SET, is_ipv6(packet) ? 0x0800 : 0x86dd});
	packet_insert(packet, 12, tag, sizeof(tag));
}

/* --- options and extension headers ----------------------------------------------------------- */

/* Put a header of this kind between IP and what follows. */
static void put_header(struct packet *packet, uint8_t kind, const uint8_t bytes[8])
{
	uint8_t header[8];

	memcpy(header, bytes, sizeof(header));
	header[0] = packet->bytes[packet_ip(packet) + (is_ipv6(packet) ? 6 : 9)];
	packet_insert(packet, packet_udp(packet), header, sizeof(header));
	packet_edit(packet, (struct edit){IP_NEXT, SET, kind});
	packet_edit(packet, (struct edit){IP_LENGTH, ADD, sizeof(header)});
}

static const uint8_t no_options[8] = {0, 0, 1, 4};

void option(struct packet *packet)
{
	static const uint8_t nothing[4] = {1, 1, 1, 1};

	if (is_ipv6(packet)) {
		put_header(packet, IPPROTO_DSTOPTS, no_options);
		return;
	}
	packet_insert(packet, packet_udp(packet), nothing, sizeof(nothing));
	packet_edit(packet, (struct edit){IP_VERSION, ADD, 1});
	packet_edit(packet, (struct edit){IP_LENGTH, ADD, sizeof(nothing)});
}

void option_uncounted(struct packet *packet)
{
	option(packet);
	packet_edit(packet, (struct edit){IP_LENGTH, ADD, is_ipv6(packet) ? -8 : -4});
}

void option_endless(struct packet *packet)
{
	static const uint8_t endless[8] = {0, 255, 1, 4};

	put_header(packet, IPPROTO_DSTOPTS, endless);
}

void nine_options(struct packet *packet)
{
	for (unsigned i = 0; i <= COVEY_IP_EXTENSIONS_MAX; i++)
		put_header(packet, IPPROTO_DSTOPTS, no_options);
}

static void put_fragment(struct packet *packet, uint16_t offset)
{
	const uint8_t header[8] = {0, 0, (uint8_t)(offset >> 8), (uint8_t)offset, 1, 2, 3, 4};

	put_header(packet, IPPROTO_FRAGMENT, header);
}

void fragment_atomic(struct packet *packet)
{
	put_fragment(packet, 0);
}

void fragment_first(struct packet *packet)
{
	if (is_ipv6(packet))
		put_fragment(packet, 1);
	else
		packet_edit(packet, (struct edit){IP_FRAGMENT, SET, 0x2000});
}

void fragment_later(struct packet *packet)
{
	if (is_ipv6(packet))
		put_fragment(packet, 8);
	else
		packet_edit(packet, (struct edit){IP_FRAGMENT, SET, 1});
}

void ah_endless(struct packet *packet)
{
	static const uint8_t endless[8] = {0, 255, 0, 0, 1};

	put_header(packet, IPPROTO_AH, endless);
}

/* --- ICMP ------------------------------------------------------------------------------------ */

/* The quoted packet's length counts more than is there, as routers quote. */
void quote(struct packet *packet)
{
	static uint8_t outer[48];
	size_t ip_len = packet_udp(packet) - packet_ip(packet);

	memset(outer, 0, sizeof(outer));
	memcpy(outer, packet->bytes + packet_ip(packet), ip_len);
	outer[ip_len] = is_ipv6(packet) ? 1 : 3;
	outer[ip_len + 1] = is_ipv6(packet) ? 4 : 3;
	packet_edit(packet, (struct edit){IP_LENGTH, SET, 0xffff});
	packet_insert(packet, packet_ip(packet), outer, ip_len + 8);
	packet_edit(packet, (struct edit){IP_NEXT, SET, is_ipv6(packet) ? IPPROTO_ICMPV6 : 1});
	packet_edit(packet, (struct edit){IP_LENGTH, ADD, (int64_t)ip_len + 8});
}
