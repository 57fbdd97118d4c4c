/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The wire as an outsider sees it: written from docs/protocol.md alone, sharing no line and no
 * header with the programs under test, so that a mistake of theirs is not repeated here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wire_kind {
	WIRE_ARP, /* and IPv6 neighbour discovery */
	WIRE_ICMP,
	WIRE_IGMP, /* and MLD */
	WIRE_GKM,
	WIRE_VPE,
	WIRE_VXLAN, /* in clear */
	WIRE_OTHER,
	WIRE_KINDS,
};

extern const char *const wire_kind_names[WIRE_KINDS];

/* What tells the kinds apart. */
struct wire_ports {
	uint16_t vpe;
	uint16_t vxlan;
	uint16_t gkm;
	uint8_t vpe_protocol;
};

#define WIRE_PORTS_DEFAULT                                                                         \
	{                                                                                          \
		.vpe = 4798, .vxlan = 4789, .gkm = 4798, .vpe_protocol = 253                       \
	}

#define WIRE_VPE_HEADER 32

/* Offsets are from the start of the Ethernet frame; 0 where there is no such header. */
struct wire_packet {
	enum wire_kind kind;
	int ip_version; /* 4, 6 or 0 */
	size_t ip;
	size_t transport;
	size_t end; /* end of the IP packet; the frame may have padding after it */
	uint8_t protocol;
	uint8_t traffic_class; /* DSCP and ECN */
	bool fragment;
	bool multicast;

	size_t vpe;
	bool vpe_short; /* too short for its header: the fields below are unset */
	uint32_t spi;
	uint16_t sender_id;
	uint16_t window_id;
	uint64_t esn;
};

/* Never fails: what it does not understand is WIRE_OTHER. */
void wire_parse(const uint8_t *frame, size_t len, const struct wire_ports *ports,
		struct wire_packet *ret_packet);

/* Set the lengths and the IPv4 header checksum right after the frame was changed or cut to len.
 * The UDP checksum becomes zero. */
void wire_repair(uint8_t *frame, size_t len, const struct wire_packet *packet);

/* The UDP source port of a WindowID: docs/protocol.md section 2.5. */
static inline uint16_t wire_source_port(uint16_t window_id)
{
	return (uint16_t)(0xc000 | window_id >> 13 << 11 | (window_id >> 12 & 1) << 10 |
			  (window_id & 0x3ff));
}

/* Parse hexadecimal digits; returns the number of bytes or 0 when text is no hexadecimal. */
size_t wire_hex(const char *text, uint8_t *bytes, size_t max);

static inline uint16_t wire_get16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static inline uint32_t wire_get32(const uint8_t *bytes)
{
	return (uint32_t)wire_get16(bytes) << 16 | wire_get16(bytes + 2);
}

static inline uint64_t wire_get64(const uint8_t *bytes)
{
	return (uint64_t)wire_get32(bytes) << 32 | wire_get32(bytes + 4);
}

static inline void wire_put16(uint8_t *bytes, uint16_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

static inline void wire_put32(uint8_t *bytes, uint32_t value)
{
	wire_put16(bytes, (uint16_t)(value >> 16));
	wire_put16(bytes + 2, (uint16_t)value);
}

static inline void wire_put64(uint8_t *bytes, uint64_t value)
{
	wire_put32(bytes, (uint32_t)(value >> 32));
	wire_put32(bytes + 4, (uint32_t)value);
}
