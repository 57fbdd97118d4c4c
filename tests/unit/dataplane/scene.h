/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A dataplane with SAs of several kinds, and one packet on its way in or out: in clear, as it is on
 * the wire, and in its buffers. A test spoils it at one of these places.
 */

#include "lab.h"

#define SPI_NOT_RECEIVER 0x2000u
#define SPI_NOT_SENDER   0x3000u
#define VNI_NO_SA        200u
#define VNI_NOT_SENDER   300u
#define VNI_UNKNOWN      4711u
#define IP_AT            14u
#define UDP_AT           34u
#define WIRE_UDP_AT      34u
#define WIRE_VPE_AT      42u

/* How the packet lies in its buffers when it is sent in. */
enum buffers {
	CHAINED = 1 << 0,     /* in two */
	EARLY = 1 << 1,       /* and the first of them ends in the VPE header */
	NO_HEADROOM = 1 << 2, /* no room for more headers */
	CUT_SHORT = 1 << 3,   /* fewer bytes than the packet says it has */
	SHARED = 1 << 4,      /* a copy holds the same bytes */
	COPY = 1 << 5,        /* that copy is sent */
};

struct scene {
	struct lab lab;
	struct sample sample;
	struct reference_sa sa;
	struct reference_iv iv;
	uint8_t clear[REFERENCE_BYTES_MAX];
	size_t clear_len;
	uint8_t wire[REFERENCE_BYTES_MAX]; /* what is sent in */
	size_t wire_len;
	unsigned buffers; /* enum buffers */
	struct rte_mbuf *held;
};

/* Open it; the packet has no bytes yet. */
void scene_open(struct scene *scene, bool inbound);
/* Encrypt what is in clear to what is on the wire. */
void scene_seal(struct scene *scene);
/* The packet in buffers, as scene->buffers says. */
struct rte_mbuf *scene_packet(struct scene *scene);
/* Send it in or out, and free it. Returns how many packets passed. */
uint16_t scene_run(struct scene *scene, bool inbound);
/* Send the packet in with another ESN, which passes; then it is on the wire as before. */
void scene_send_before(struct scene *scene, uint64_t esn);
