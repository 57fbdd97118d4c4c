/* SPDX-License-Identifier: BSD-3-Clause */
#include "super_frame.h"
#include <netinet/in.h>
#include <string.h>

uint64_t random_next(struct random *random)
{
	uint64_t z = (random->state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

unsigned random_below(struct random *random, unsigned limit)
{
	return (unsigned)(random_next(random) % limit);
}

static void be16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* RFC 1071, the slow way. */
static unsigned sum16(const uint8_t *from, unsigned len, unsigned sum)
{
	for (unsigned i = 0; i + 1 < len; i += 2)
		sum += (unsigned)(from[i] << 8 | from[i + 1]);
	if (len % 2)
		sum += (unsigned)(from[len - 1] << 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static unsigned pseudo(const uint8_t *ip, bool ipv6, unsigned protocol, unsigned len)
{
	return sum16(ip + (ipv6 ? 8 : 12), ipv6 ? 32 : 8, protocol + len);
}

static unsigned put_ethernet(struct random *random, uint8_t *at, unsigned tags, bool ipv6)
{
	unsigned len = 12;

	for (unsigned i = 0; i < 12; i++)
		at[i] = (uint8_t)random_next(random);
	at[0] = 0x02;
	at[6] = 0x02;
	for (unsigned i = 0; i < tags; i++, len += 4) {
		be16(at + len, tags == 2 && i == 0 ? 0x88a8 : 0x8100);
		be16(at + len + 2, 1 + random_below(random, 4000));
	}
	be16(at + len, ipv6 ? 0x86dd : 0x0800);
	return len + 2;
}

static unsigned put_ip(struct random *random, uint8_t *at, bool ipv6, unsigned protocol)
{
	unsigned len = ipv6 ? 40 : 20;

	for (unsigned i = 0; i < len; i++)
		at[i] = (uint8_t)random_next(random);
	if (ipv6) {
		at[0] = (uint8_t)(0x60 | (at[0] & 0xf));
		at[6] = (uint8_t)protocol;
		at[8] = at[24] = 0xfd;
		return len;
	}
	at[0] = 0x45;
	at[6] = random_below(random, 4) ? 0x40 : 0;
	at[7] = 0;
	at[8] |= 1;
	at[9] = (uint8_t)protocol;
	at[12] = at[16] = 10;
	return len;
}

static unsigned put_l4(struct random *random, uint8_t *at, bool udp)
{
	unsigned options = udp ? 0 : 4 * random_below(random, 11);
	unsigned len = udp ? 8 : 20 + options;

	for (unsigned i = 0; i < len; i++)
		at[i] = (uint8_t)random_next(random);
	if (udp)
		return len;
	at[12] = (uint8_t)(len / 4 << 4);
	/* ACK always; FIN, PSH, URG, ECE now and then. CWR asks for a bit of its own. */
	at[13] = (uint8_t)(0x10 | (random_next(random) & random_next(random) & 0x69));
	for (unsigned i = 0; i < options; i++)
		at[20 + i] = 1;
	return len;
}

static void put_lengths(uint8_t *ip, bool ipv6, unsigned len)
{
	be16(ip + (ipv6 ? 4 : 2), ipv6 ? len - 40 : len);
	if (ipv6)
		return;
	be16(ip + 10, 0);
	be16(ip + 10, ~sum16(ip, 20, 0));
}

void super_frame_finish(struct super_frame *super)
{
	uint8_t *frame = super->frame;
	unsigned l4_len = super->len - super->l4, udp_len = super->len - super->outer_udp;

	put_lengths(frame + super->outer_ip, super->outer6, super->len - super->outer_ip);
	put_lengths(frame + super->inner_ip, super->inner6, super->len - super->inner_ip);
	be16(frame + super->outer_udp + 4, udp_len);
	be16(frame + super->outer_udp + 6,
	     super->outer_checksum
		     ? pseudo(frame + super->outer_ip, super->outer6, IPPROTO_UDP, udp_len)
		     : 0);
	if (super->udp)
		be16(frame + super->l4 + 4, l4_len);
	be16(frame + super->l4 + (super->udp ? 6 : 16),
	     pseudo(frame + super->inner_ip, super->inner6, super->udp ? IPPROTO_UDP : IPPROTO_TCP,
		    l4_len));
}

static void describe(struct super_frame *super, unsigned size)
{
	super->header = (struct vnet_header){
		.flags = (uint8_t)(VNET_FLAG_NEEDS_CSUM |
				   (super->outer_checksum ? VNET_FLAG_TUNNEL_CSUM : 0)),
		.gso_type =
			(uint8_t)((super->udp      ? VNET_GSO_UDP_L4
				   : super->inner6 ? VNET_GSO_TCPV6
						   : VNET_GSO_TCPV4) |
				  (super->outer6 ? VNET_GSO_TUNNEL_IPV6 : VNET_GSO_TUNNEL_IPV4)),
		.header_len = (uint16_t)super->payload,
		.gso_size = (uint16_t)size,
		.csum_start = (uint16_t)super->l4,
		.csum_offset = super->udp ? 6 : 16,
		.outer_transport = (uint16_t)super->outer_udp,
		.inner_network = (uint16_t)super->inner_ip,
	};
}

void super_frame_make(struct random *random, struct super_frame *super)
{
	uint8_t *frame = super->frame;
	unsigned at, size, room, segments;

	super->outer6 = random_next(random) & 1;
	super->inner6 = random_next(random) & 1;
	super->udp = random_below(random, 3) == 0;
	super->outer_checksum = super->outer6 || (random_next(random) & 1);
	super->outer_ip = at = put_ethernet(random, frame, 0, super->outer6);
	super->outer_udp = at += put_ip(random, frame + at, super->outer6, IPPROTO_UDP);
	be16(frame + at, 49152 + random_below(random, 16384));
	be16(frame + at + 2, 4789);
	at += 8;
	memcpy(frame + at, "\x08\0\0\0\0\0\x64", 8);
	at += 8;
	at += put_ethernet(random, frame + at,
			   random_below(random, 4) ? 0 : 1 + random_below(random, 2),
			   super->inner6);
	super->inner_ip = at;
	super->l4 = at +=
		put_ip(random, frame + at, super->inner6, super->udp ? IPPROTO_UDP : IPPROTO_TCP);
	super->payload = at += put_l4(random, frame + at, super->udp);
	size = 1 + random_below(random, random_below(random, 2) ? 1400 : 8000);
	room = 65535 - (super->payload - super->outer_ip);
	if (room > SUPER_FRAME_SEGMENTS_MAX * size)
		room = SUPER_FRAME_SEGMENTS_MAX * size;
	segments = 1 + random_below(random, room - 1);
	super->len = at + segments;
	for (unsigned i = 0; i < segments; i += 8) {
		uint64_t bytes = random_next(random);

		memcpy(frame + at + i, &bytes, sizeof(bytes));
	}
	super_frame_finish(super);
	describe(super, size);
}
