/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A probe: a VXLAN packet of a group that covey-host makes itself (docs/protocol.md, section 7.5).
 * Its frame goes to an address that no bridge forwards, and carries a tag that only the hosts of
 * its run can make. Pure.
 */

#include <covey/addr.h>
#include <covey/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* VXLAN, Ethernet, and what a probe has: tag, number, kind. */
#define PROBE_VXLAN_LEN 8
#define PROBE_ETHER_LEN 14
#define PROBE_TAG_LEN   16
#define PROBE_BODY_LEN  (PROBE_TAG_LEN + 4)
/* From the UDP header's start. */
#define PROBE_TAG_OFFSET (8 + PROBE_VXLAN_LEN + PROBE_ETHER_LEN)
#define PROBE_LENGTH_MIN (PROBE_TAG_OFFSET + PROBE_BODY_LEN) /* without the IP header */

struct probe_frame {
	uint8_t tag[PROBE_TAG_LEN];
	uint16_t number; /* 0 is the first one of a run */
	bool answer;
};

/* The ports, and the protocol if VPE is not in UDP, by which packets are told apart. */
struct probe_wire {
	uint16_t vxlan_port;
	uint16_t vpe_port; /* 0: VPE is right in IP */
	uint8_t vpe_protocol;
	uint16_t overhead; /* bytes by which VPE is longer */
};

static inline size_t probe_ip_len(const struct covey_addr *addr)
{
	return addr->family == AF_INET6 ? 40 : 20;
}

/*
 * The tag of a run's probe, or of its answer: who sees it cannot make the tag of another one, nor
 * an answer's from a probe's. 0, or -EIO when the cipher library fails.
 */
int probe_frame_tag(const uint8_t nonce[COVEY_PROBE_NONCE_LEN], uint16_t number, bool answer,
		    uint8_t ret_tag[PROBE_TAG_LEN]);

/* Write the UDP payload of a probe whose IP packet has this length. The length is at least
 * PROBE_LENGTH_MIN and the IP header. Returns the length of the payload. */
size_t probe_frame_write(const struct probe_frame *frame, uint32_t vni, const struct covey_addr *to,
			 uint32_t length, uint8_t *ret_payload);

enum probe_kind {
	PROBE_NONE,
	PROBE_CLEAR, /* VXLAN with a probe in it */
	PROBE_OTHER, /* VXLAN with something else in it */
	PROBE_VPE,
};

/* What an IP packet is. */
struct probe_packet {
	enum probe_kind kind;
	struct covey_addr from, to;
	struct probe_frame frame; /* PROBE_CLEAR */
	uint32_t vni;             /* PROBE_CLEAR, PROBE_OTHER */
	uint32_t spi;             /* PROBE_VPE, and the next three */
	uint16_t sender_id;
	uint16_t window_id;
	uint64_t esn;
};

/* The length of an IP packet by its header, of which all fields must be there. */
size_t probe_frame_ip_len(const uint8_t *packet);

/* Look at the first len bytes of an IP packet. What is too short or has options is PROBE_NONE: also
 * VXLAN that is shorter than the shortest probe. */
void probe_frame_read(const uint8_t *packet, size_t len, const struct probe_wire *wire,
		      struct probe_packet *ret_packet);
