/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Probes, and the filter that lets those of one run pass: the kernel runs it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe_filter.h"

static const struct probe_wire udp4 = {
	.vxlan_port = 4789, .vpe_port = 4798, .vpe_protocol = 253, .overhead = 60};
static const struct probe_wire raw6 = {.vxlan_port = 4789, .vpe_protocol = 253, .overhead = 72};

/* An IP packet, written here by hand: the addresses end with these bytes. */
struct packet {
	bool v6;
	uint8_t from, to;
	uint8_t protocol;
	uint16_t port; /* of UDP */
	size_t len;    /* of the whole packet */
	uint8_t bytes[2048];
};

static struct covey_addr address(bool v6, uint8_t last)
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

/* Does the kernel let it pass? */
static bool passes(const struct probe_filter *filter, const struct packet *packet)
{
	struct sock_filter code[PROBE_FILTER_MAX];
	size_t len = probe_filter_write(filter, code);
	struct sock_fprog program = {.len = (unsigned short)len, .filter = code};
	uint8_t received[2048];
	bool passed;
	int ends[2];

	assert_true(len <= PROBE_FILTER_MAX);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(
		setsockopt(ends[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
	send(ends[0], packet->bytes, packet->len, 0);
	passed = recv(ends[1], received, sizeof(received), 0) > 0;
	close(ends[0]);
	close(ends[1]);
	return passed;
}

static struct probe_frame frame_of(uint16_t number)
{
	struct probe_frame frame = {.number = number};

	for (size_t i = 0; i < sizeof(frame.nonce); i++)
		frame.nonce[i] = (uint8_t)(i * 37 + 5);
	return frame;
}

static struct packet clear_packet(bool v6, size_t len)
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

static struct probe_filter filter_of(bool v6, const struct probe_wire *wire,
				     const struct probe_frame *frame, const uint32_t *lengths,
				     size_t count)
{
	return (struct probe_filter){.wire = wire,
				     .nonce = frame->nonce,
				     .lengths = lengths,
				     .length_count = count,
				     .from = {address(v6, 1), address(v6, 2)}};
}

static void a_probe_is_as_the_protocol_says(void **state)
{
	static const uint8_t start[] = {8, 0, 0,    0,    0x12, 0x34, 0x56, 0, 0x01, 0x80, 0xc2,
					0, 0, 0x01, 0x01, 0x80, 0xc2, 0,    0, 0x01, 0x88, 0xb5};
	struct packet packet = clear_packet(false, 200);
	struct probe_frame frame = frame_of(3);
	struct probe_packet read;

	assert_memory_equal(packet.bytes + 28, start, sizeof(start));
	assert_memory_equal(packet.bytes + 28 + 22, frame.nonce, 16);
	assert_int_equal(packet.bytes[28 + 38], 0);
	assert_int_equal(packet.bytes[28 + 39], 3);
	probe_frame_read(packet.bytes, packet.len, &udp4, &read);
	assert_int_equal(read.kind, PROBE_CLEAR);
	assert_memory_equal(read.frame.nonce, frame.nonce, 16);
	assert_int_equal(read.frame.number, 3);
	assert_false(read.frame.answer);
	for (size_t len = 0; len < 28 + 42; len++) {
		probe_frame_read(packet.bytes, len, &udp4, &read);
		assert_int_equal(read.kind, PROBE_NONE);
	}
	packet.bytes[0] = 0x46;
	probe_frame_read(packet.bytes, packet.len, &udp4, &read);
	assert_int_equal(read.kind, PROBE_NONE);
}

/* Each byte of the nonce counts, and so does each of what tells VXLAN. */
static void a_probe_in_clear_passes(void **state)
{
	static const size_t offsets[] = {0, 9, 22, 23};
	const uint32_t lengths[] = {200};

	for (int v6 = 0; v6 < 2; v6++) {
		struct packet packet = clear_packet(v6, 300);
		struct probe_frame frame = frame_of(0);
		struct probe_filter filter = filter_of(v6, v6 ? &raw6 : &udp4, &frame, lengths, 1);

		assert_true(passes(&filter, &packet));
		for (size_t i = 0; i < 16; i++) {
			packet.bytes[(v6 ? 48 : 28) + 22 + i] ^= 1;
			assert_false(passes(&filter, &packet));
			packet.bytes[(v6 ? 48 : 28) + 22 + i] ^= 1;
		}
		for (size_t i = 0; i < 4 && !v6; i++) {
			packet.bytes[offsets[i]] ^= 0x10;
			assert_false(passes(&filter, &packet));
			packet.bytes[offsets[i]] ^= 0x10;
		}
	}
}

static struct packet vpe_packet(bool v6, uint8_t from, uint8_t to, size_t len)
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

static void vpe_of_the_right_length_passes(void **state)
{
	uint32_t lengths[COVEY_PROBES_PER_RUN_MAX];
	struct probe_frame frame = frame_of(0);

	for (uint32_t i = 0; i < COVEY_PROBES_PER_RUN_MAX; i++)
		lengths[i] = 200 + 10 * i;
	for (int v6 = 0; v6 < 2; v6++) {
		const struct probe_wire *wire = v6 ? &raw6 : &udp4;
		struct probe_filter filter =
			filter_of(v6, wire, &frame, lengths, COVEY_PROBES_PER_RUN_MAX);

		for (size_t len = 199; len <= 361; len++) {
			struct packet packet = vpe_packet(v6, 1, 2, len + wire->overhead);

			assert_int_equal(passes(&filter, &packet),
					 len >= 200 && len <= 350 && len % 10 == 0);
		}
		for (uint8_t from = 0; from < 5; from++) {
			struct packet packet = vpe_packet(v6, from, 9, 210u + wire->overhead);

			assert_int_equal(passes(&filter, &packet), from == 1 || from == 2);
		}
		filter.from[1].family = 0;
		for (uint8_t from = 0; from < 5; from++) {
			struct packet packet = vpe_packet(v6, from, 9, 210u + wire->overhead);

			assert_int_equal(passes(&filter, &packet), from == 1);
		}
		filter.length_count = 0;
		{
			struct packet packet = vpe_packet(v6, 1, 2, 210u + wire->overhead);

			assert_false(passes(&filter, &packet));
		}
	}
}

static void vpe_is_read(void **state)
{
	for (int v6 = 0; v6 < 2; v6++) {
		struct packet packet = vpe_packet(v6, 1, 2, 300);
		struct covey_addr from = address(v6, 1), to = address(v6, 2);
		struct probe_packet read;

		probe_frame_read(packet.bytes, packet.len, v6 ? &raw6 : &udp4, &read);
		assert_int_equal(read.kind, PROBE_VPE);
		assert_true(covey_addr_equal(&read.from, &from));
		assert_true(covey_addr_equal(&read.to, &to));
		assert_int_equal(read.spi, 0x102);
		assert_int_equal(read.sender_id, 7);
		assert_int_equal(read.window_id, 0xa009);
		for (size_t len = 0; len < (v6 ? 40 : 28) + 32u; len++) {
			probe_frame_read(packet.bytes, len, v6 ? &raw6 : &udp4, &read);
			assert_int_equal(read.kind, PROBE_NONE);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_probe_is_as_the_protocol_says),
		cmocka_unit_test(a_probe_in_clear_passes),
		cmocka_unit_test(vpe_of_the_right_length_passes),
		cmocka_unit_test(vpe_is_read),
	};

	return cmocka_run_group_tests_name("host: probes", tests, NULL, NULL);
}
