/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The layout of VPE packets (docs/protocol.md, section 2). Only this file,
 * dataplane/offload/headers.h and dataplane/path/outer.h convert the byte order of packets.
 */

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define COVEY_VPE_PORT        4798 /* UDP for VPE, TCP for the key manager */
#define COVEY_VPE_IP_PROTOCOL 253  /* RFC 3692: experimentation */
#define COVEY_VXLAN_PORT      4789 /* RFC 7348 */
#define COVEY_ICV_LEN         16
#define COVEY_IV_LEN          12

/* The VPE header: 32 bytes, then ciphertext. All fields big-endian. */
struct covey_vpe_header {
	uint32_t spi;
	/* The next 12 bytes are the AES-GCM IV. The cipher reads them in place. */
	uint16_t sender_id;
	uint16_t window_id;
	uint32_t esn_high; /* epoch (16 bits), then the upper 16 bits of the counter */
	uint32_t esn_low;
	uint8_t icv[COVEY_ICV_LEN];
} __attribute__((packed));

_Static_assert(sizeof(struct covey_vpe_header) == 32, "VPE header is 32 bytes");

#define COVEY_VPE_IV_OFFSET  4
#define COVEY_VPE_ICV_OFFSET 16

static inline uint32_t covey_vpe_spi(const struct covey_vpe_header *header)
{
	return be32toh(header->spi);
}

/* SenderID (16 bits) and WindowID (16 bits), as one number. */
static inline uint32_t covey_vpe_window(const struct covey_vpe_header *header)
{
	uint32_t be_window;

	memcpy(&be_window, &header->sender_id, sizeof(be_window));
	return be32toh(be_window);
}

static inline uint64_t covey_vpe_esn(const struct covey_vpe_header *header)
{
	uint64_t be_esn;

	memcpy(&be_esn, &header->esn_high, sizeof(be_esn));
	return be64toh(be_esn);
}

/* Write the fields that change from packet to packet of a sender. */
static inline void covey_vpe_set_window(struct covey_vpe_header *header, uint16_t window_id,
					uint64_t esn)
{
	uint64_t be_esn = htobe64(esn);

	header->window_id = htobe16(window_id);
	memcpy(&header->esn_high, &be_esn, sizeof(be_esn));
}

static inline void covey_vpe_set(struct covey_vpe_header *header, uint32_t spi, uint16_t sender_id,
				 uint16_t window_id, uint64_t esn)
{
	header->spi = htobe32(spi);
	header->sender_id = htobe16(sender_id);
	covey_vpe_set_window(header, window_id, esn);
}

/* --- ESN: epoch (16) then counter (48) ---------------------------------------------------- */

#define COVEY_ESN_COUNTER_BITS 48

static inline uint64_t covey_esn(uint16_t epoch, uint64_t counter)
{
	return (uint64_t)epoch << COVEY_ESN_COUNTER_BITS | counter;
}

static inline uint16_t covey_esn_epoch(uint64_t esn)
{
	return (uint16_t)(esn >> COVEY_ESN_COUNTER_BITS);
}

static inline uint64_t covey_esn_counter(uint64_t esn)
{
	return esn & ((UINT64_C(1) << COVEY_ESN_COUNTER_BITS) - 1);
}

/* --- WindowID: class (3), cast (1), path (12) --------------------------------------------- */

#define COVEY_WINDOW_PATHS 4096u
#define COVEY_CLASSES      8u

static inline uint16_t covey_window_id(unsigned traffic_class, unsigned multicast, unsigned path)
{
	return (uint16_t)(traffic_class << 13 | multicast << 12 |
			  (path & (COVEY_WINDOW_PATHS - 1)));
}

static inline unsigned covey_window_class(uint16_t window_id)
{
	return window_id >> 13;
}

static inline unsigned covey_window_cast(uint16_t window_id)
{
	return window_id >> 12 & 1;
}

/* The UDP source port depends on the WindowID alone. So a network card that hashes addresses and
 * ports keeps all packets of a window on one queue. */
static inline uint16_t covey_udp_source_port(uint16_t window_id)
{
	/* Class and cast are side by side in both numbers. The path gives its lower bits. */
	return (uint16_t)(0xc000 | window_id >> 12 << 10 | (window_id & 0x3ff));
}

/* --- overhead: by how many bytes a packet grows ------------------------------------------- */

#define COVEY_OVERHEAD_UDP_IPV4 (20 + 8 + 32)
#define COVEY_OVERHEAD_UDP_IPV6 (40 + 8 + 32)
#define COVEY_OVERHEAD_IP_IPV4  (20 + 32)
#define COVEY_OVERHEAD_IP_IPV6  (40 + 32)
