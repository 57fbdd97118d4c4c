/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Two groups, of which the test sets the modes, and one packet, of which it sees what became of it
 * and which counters moved.
 */

#include "lab.h"

#define OTHER_GROUP 7u
#define OTHER_VNI   700u
#define OTHER_SPI   0x7000u
#define UNKNOWN_VNI 4711u
#define L2          14u
/* Enforce would encrypt it. */
#define NOTHING COVEY_DROP_COUNT

/* All that follows is over this form of the fabric. */
void modes_lab_over(bool ipv6, enum covey_encapsulation encapsulation);
bool modes_lab_ipv6(void);

/* VNI 100 in group 0 and OTHER_VNI in OTHER_GROUP, each with an active SA. Both enforce. */
void open_lab(struct lab *lab, bool vxlan_only);
void set_mode(struct lab *lab, uint32_t group, int mode);
/* What we send, or the peer. */
struct sample sample_of(uint32_t vni, bool outbound);

/* A packet and what became of it. */
struct result {
	struct dataplane_counters counters;
	uint16_t passed;
	size_t len;
	uint8_t bytes[REFERENCE_BYTES_MAX];
};

void run(struct lab *lab, bool outbound, struct rte_mbuf *packet, struct result *ret_result);
void run_bytes(struct lab *lab, bool outbound, const uint8_t *frame, size_t len,
	       struct result *ret_result);
void run_clear(struct lab *lab, bool outbound, uint32_t vni, struct result *ret_result);

/* --- what is expected ----------------------------------------------------------------------- */

/* All counters. */
void expect_counters(const struct result *result, const struct dataplane_counters *expected);
/* Only this packet was sent, and dropped. */
void expect_dropped(const struct result *result, enum covey_drop reason);
/* Only this packet was sent, and passed as it was. */
void expect_clear(const struct result *result, bool outbound, enum covey_drop enforced,
		  const uint8_t *frame, size_t len);
void expect_sample(const struct result *result, bool outbound, enum covey_drop enforced,
		   const struct sample *sample);
void expect_encrypted(const struct lab *lab, const struct result *result,
		      const struct sample *sample);
