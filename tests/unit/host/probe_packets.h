/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Packets as probes are on the wire, and such as are not quite, for tests of what looks at them.
 */

#include <probe_filter.h>

extern const struct probe_wire probe_udp4, probe_raw6;

/* An IP packet, written here by hand: the addresses end with these bytes. */
struct packet {
	bool v6;
	uint8_t from, to;
	uint8_t protocol;
	uint16_t port; /* of UDP */
	size_t len;    /* of the whole packet */
	uint8_t bytes[2048];
};

/* 10.0.0.last, or fd00::last. */
struct covey_addr address(bool v6, uint8_t last);
/* With the nonce of all these tests. */
struct probe_frame frame_of(uint16_t number);
/* A probe in clear, from 1 to 2. */
struct packet clear_packet(bool v6, size_t len);
/* The start of a VPE packet, under SA 0x102. */
struct packet vpe_packet(bool v6, uint8_t from, uint8_t to, size_t len);
/* For probes of 1 and 2. */
struct probe_filter filter_of(bool v6, const struct probe_wire *wire,
			      const struct probe_frame *frame, const uint32_t *lengths,
			      size_t count);
