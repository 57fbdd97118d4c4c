/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A good packet of any shape, and ways to make one of its headers lie: for test_malformed.c. */

#include "lab.h"

/* The shapes of a fabric, as bits. A row says which of them it is for. */
enum shape {
	IPV4 = 1 << 0,
	IPV6 = 1 << 1,
	IN_UDP = 1 << 2,
	IN_IP = 1 << 3,
	BUMP = 1 << 4,   /* covey has the card: what is neither VXLAN nor VPE passes */
	KERNEL = 1 << 5, /* the kernel has it: nothing else comes to covey */
};

/* Where in the packet's life a header lies. */
enum place {
	FROM_HOST,   /* VXLAN, as the host sends it */
	ON_THE_WIRE, /* VPE from the fabric */
	IN_CLEAR,    /* VXLAN from the fabric that nobody has encrypted */
	INSIDE,      /* VXLAN before the peer encrypted it: the peer itself is at fault */
};

/* Fields of headers that can lie. In a packet on the wire, IP and UDP are the outer ones. */
enum field {
	NOTHING,
	ETHER_TYPE,
	IP_VERSION,  /* version and, in IPv4, header length */
	IP_LENGTH,   /* total length, or payload length */
	IP_FRAGMENT, /* IPv4: flags and offset */
	IP_NEXT,     /* protocol, or next header */
	IP_SOURCE,   /* last byte */
	IP_TO,       /* last byte */
	UDP_PORT,    /* destination */
	UDP_LENGTH,
	VXLAN_FLAGS,
	VXLAN_VNI,
	VPE_SPI,
	VPE_SENDER,
	VPE_WINDOW,
	VPE_EPOCH,
	VPE_COUNTER,
	VPE_ICV,
	VPE_TEXT,
	FIELDS
};

enum lie { SET, ADD, FLIP };

struct edit {
	enum field field;
	enum lie lie;
	int64_t value;
};

struct packet {
	uint8_t bytes[REFERENCE_BYTES_MAX];
	size_t len;
	unsigned shape;
	unsigned step; /* how often the row was run before */
	bool wire;     /* VPE; else VXLAN */
};

/* Where the headers begin. */
size_t packet_ip(const struct packet *packet);
size_t packet_udp(const struct packet *packet);
/* VXLAN's header, or VPE's. */
size_t packet_payload(const struct packet *packet);
/* The frame in VXLAN. */
size_t packet_inner(const struct packet *packet);

/* Change one field. Lengths wrap as they would in the header. */
void packet_edit(struct packet *packet, struct edit edit);

/* The lengths of IP and UDP, where they are in the packet, by so much. */
void packet_add_to_lengths(struct packet *packet, int bytes);
/* Put bytes in at this offset. No length of a header changes. */
void packet_insert(struct packet *packet, size_t at, const void *bytes, size_t count);

/* What the peer would send that encrypts `clear` in place of the good packet: nothing lies outside.
 */
void packet_seal(const struct lab *lab, uint64_t esn, const struct packet *clear,
		 const struct packet *good, struct packet *ret_wire);

/* --- what a row may do beside edits ---------------------------------------------------------- */

/* Cut the frame: with each step one byte less, from all but one byte on. */
void cut_frame(struct packet *packet);
/* The same with each step, and the lengths say so. VXLAN: into its header. VPE: from its end on. */
void cut_vxlan(struct packet *packet);
void cut_vpe(struct packet *packet);
/* Less than VPE's header, by all lengths: with each step one byte less. */
void cut_vpe_header(struct packet *packet);
/* One byte more, by all lengths. */
void lengthen(struct packet *packet);
/* VLAN tags: three; one with nothing behind it; IPv4 behind the tag that says IPv6, and vice versa.
 */
void three_tags(struct packet *packet);
void tag_alone(struct packet *packet);
void tag_lies(struct packet *packet);
/* IPv4: an option, and one that the length does not count. IPv6: likewise with a header of options.
 */
void option(struct packet *packet);
void option_uncounted(struct packet *packet);
/* Headers of options that say to be longer than the packet; nine of them; a fragment header with
 * each of its offsets 0 (and nothing more), first and later. */
void option_endless(struct packet *packet);
void nine_options(struct packet *packet);
void fragment_atomic(struct packet *packet);
void fragment_first(struct packet *packet);
void fragment_later(struct packet *packet);
/* A header of authentication that says to be longer than the packet. */
void ah_endless(struct packet *packet);
/* The packet in an ICMP error, whose own lengths are right and the quoted one's are not. */
void quote(struct packet *packet);
