/* SPDX-License-Identifier: BSD-3-Clause */

#include "probe_packets.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

const struct probe_wire probe_udp4 = {
	.vxlan_port = 4789, .vpe_port = 4798, .vpe_protocol = 253, .overhead = 60};
const struct probe_wire probe_raw6 = {.vxlan_port = 4789, .vpe_protocol = 253, .overhead = 72};

struct covey_addr address(bool v6, uint8_t last)
{
	struct covey_addr addr = {.family = v6 ? AF_INET6 : AF_INET};

	addr.bytes[0] = v6 ? 0xfd : 10;
	addr.bytes[v6 ? 15 : 3] = last;
	return addr;
}

static uint8_t *write_headers(struct packet *packet)
{
	struct covey_addr from = address(packet->v6, packet->from);
	struct covey_addr to = address(packet->v6, packet->to);
	uint8_t *at = packet->bytes;
	size_t ip = packet->v6 ? 40 : 20;

	at[0] = packet->v6 ? 0x60 : 0x45;
	at[packet->v6 ? 6 : 9] = packet->protocol;
	memcpy(at + (packet->v6 ? 8 : 12), from.bytes, packet->v6 ? 16 : 4);
	memcpy(at + (packet->v6 ? 24 : 16), to.bytes, packet->v6 ? 16 : 4);
	if (packet->protocol == 17) {
		at[ip + 2] = (uint8_t)(packet->port >> 8);
		at[ip + 3] = (uint8_t)packet->port;
		return at + ip + 8;
	}
	return at + ip;
}

struct probe_frame frame_of(uint16_t number)
{
	struct probe_frame frame = {.number = number};
	uint8_t nonce[COVEY_PROBE_NONCE_LEN];

	for (size_t i = 0; i < sizeof(nonce); i++)
		nonce[i] = (uint8_t)(i * 37 + 5);
	probe_frame_tag(nonce, number, false, frame.tag);
	return frame;
}

struct packet clear_packet(bool v6, size_t len)
{
	struct packet packet = {
		.v6 = v6, .from = 1, .to = 2, .protocol = 17, .port = 4789, .len = len};
	struct probe_frame frame = frame_of(3);
	struct covey_addr to = address(v6, 2);

	assert_int_equal(
		probe_frame_write(&frame, 0x123456, &to, (uint32_t)len, write_headers(&packet)),
		len - (v6 ? 48 : 28));
	return packet;
}

struct probe_filter filter_of(bool v6, const struct probe_wire *wire,
			      const struct probe_frame *frame, const uint32_t *lengths,
			      size_t count)
{
	return (struct probe_filter){.wire = wire,
				     .tags = &frame->tag,
				     .tag_count = 1,
				     .lengths = lengths,
				     .length_count = count,
				     .from = {address(v6, 1), address(v6, 2)}};
}

struct packet vpe_packet(bool v6, uint8_t from, uint8_t to, size_t len)
{
	static const uint8_t header[] = {0, 0, 1, 2, 0, 7, 0xa0, 9};
	struct packet packet = {.v6 = v6,
				.from = from,
				.to = to,
				.protocol = v6 ? 253 : 17,
				.port = 4798,
				.len = len};

	memcpy(write_headers(&packet), header, sizeof(header));
	return packet;
}
