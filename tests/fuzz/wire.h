/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What both fuzzers of frames stand on: real engines, one for each address family and
 * encapsulation, that are as new before each input; keys of their senders; packets whose
 * surroundings may not be read.
 */

#include "dataplane_state.h"
#include "engine.h"
#include "sight.h"
#include <rte_mbuf.h>

#define WIRE_VXLAN_PORT   4789
#define WIRE_OLD_PORT     8472 /* VXLAN, too; */
#define WIRE_GPE_PORT     4790 /* carried as VXLAN is where VPE is in IP, and so is */
#define WIRE_GENEVE_PORT  6081
#define WIRE_VPE_PORT     4798
#define WIRE_VPE_PROTOCOL 253
#define WIRE_MTU          1000u
#define WIRE_WINDOW       64u /* packets */
#define WIRE_FRAME_MAX    1536u
#define WIRE_FRAMES_MAX   32u /* of an input, in one burst or in several */
#define WIRE_ENGINES      4
#define WIRE_SAS          5
#define WIRE_SENDERS      5u /* SenderIDs 0 to 4 */

/* Addresses are 10.0.0.ID and fd00::ID. */
#define WIRE_SELF        1
#define WIRE_PEER        2 /* on the roster of each SA, with epoch floor 3; */
#define WIRE_OTHER_PEER  3 /* without one */
#define WIRE_STRANGER    4 /* not on any roster, but the fuzzer knows its key */
#define WIRE_EPOCH       5 /* ours */
#define WIRE_EPOCH_FLOOR 3

/* One SA of a dataplane. */
struct wire_sa {
	struct covey_sa sa;
	uint32_t vni; /* of its group */
	const struct cipher *cipher;
	struct cipher_key keys[WIRE_SENDERS];
	struct sa_record *record;
	bool sends;
};

struct wire {
	struct dataplane_config config;
	struct dataplane *dataplane;
	struct engine_worker *worker;
	struct wire_sa sas[WIRE_SAS];
	enum covey_mode modes[WIRE_SAS]; /* of each SA's group */
};

/* Starts EAL and makes the engines. */
void wire_start(void);
/* What sees frames knows then which tunnels it carries. */
struct wire *wire_get(unsigned index);
/* Forget what was received and sent. */
void wire_reset(struct wire *wire);
/* So many packets may still be sent on an SA that sends, and none was. */
void wire_leave(const struct wire_sa *sa, uint64_t packets);
/*
 * Set the groups' modes by a byte for all: with bit 3, those of even groups by bits 4 and 5, of odd
 * ones by bits 6 and 7. Without it, all enforce.
 */
void wire_set_modes(struct wire *wire, uint8_t all);
/* May VXLAN of this VNI leave, or enter, in clear? */
bool wire_is_clear(const struct wire *wire, uint32_t vni, bool outbound);
/* As far as its VNI says, may this tunnel that is not carried pass, either way? */
bool wire_tunnel_passes(const struct wire *wire, const struct sight *sight);
/* May parts of some? */
bool wire_is_clear_in_parts(const struct wire *wire, bool outbound);
/* NULL when there is none. */
struct wire_sa *wire_sa(struct wire *wire, uint32_t spi);
/* NULL when the fuzzer does not have it. */
const struct cipher_key *wire_key(const struct wire_sa *sa, unsigned sender_id);

/* Is it the address of sender id, as it stands in IP of this version? */
bool wire_is_address(unsigned version, const uint8_t *address, unsigned id);

/*
 * A packet of these bytes in one buffer, or in two of which the first holds split. Nothing may be
 * read or written around it; but it may grow into headroom bytes in front of it, when there are
 * any.
 */
struct rte_mbuf *wire_packet(const uint8_t *bytes, size_t len, size_t split, size_t headroom);
/* Copy what the packet holds; returns how many bytes. */
size_t wire_read(const struct rte_mbuf *packet, uint8_t ret_bytes[WIRE_FRAME_MAX + 256]);
/* Are all packets back where they came from? */
bool wire_is_empty(void);

/* Sum of what was dropped and of what was let through, for whatever reason. */
uint64_t wire_drops(const struct wire *wire);

/* --- inputs --------------------------------------------------------------------------------- */

/*
 * An input is a byte for all (bits 0 and 1: which dataplane; from bit 3 on: modes), then records:
 * how (1 byte), where to split or spoil (1 byte), length (2 bytes, little-endian), and as many
 * bytes of a frame, or what is left of them.
 */
struct wire_record {
	uint8_t how;
	uint8_t where;
	const uint8_t *bytes;
	size_t len;
};

#define WIRE_HOW_SEAL   0x01 /* encrypt what stands behind the VPE header under the right key */
#define WIRE_HOW_SPOIL  0x02 /* change a bit of the ciphertext or ICV, once sealed */
#define WIRE_HOW_SPLIT  0x04 /* in two buffers, of which the first has this many bytes */
#define WIRE_HOW_SHARE  0x08 /* another holds the same bytes */
#define WIRE_HOW_BURST  0x10 /* in another burst than what was before */
#define WIRE_HOW_TWICE  0x20 /* and once more */
#define WIRE_HOW_REPAIR 0x40 /* make IP's and UDP's lengths agree with the frame's */
#define WIRE_HOW_TIGHT  0x80 /* with little room in front of it */

/* Take the next; false at the end. */
bool wire_next(const uint8_t **data, size_t *size, struct wire_record *ret_record);

/* Make the lengths in an IP packet's headers, and in UDP's, what len is. */
void wire_repair(uint8_t *ip, size_t len);
