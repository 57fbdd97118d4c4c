/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A dataplane with packets to send through it: no ports, no hugepages. */

#include "dataplane_state.h"
#include "engine.h"
#include "inbound.h"
#include "outbound.h"
#include "reference.h"
#include <rte_mbuf.h>

/* Starts EAL, once per program: a cmocka group's setup. */
int lab_eal(void **state);
/* The same with two worker lcores, and no thread bound to a processor of its own. */
int lab_eal_with_workers(void **state);
/* Where packets come from. */
struct rte_mempool *lab_pool(void);

/* Ourselves: SenderID 1, VTEP 10.0.0.1 or fd00::1. The peer: SenderID 2, ::2. */
#define LAB_SELF   1
#define LAB_PEER   2
#define LAB_SPI    0x1000u
#define LAB_WINDOW 1024u
#define LAB_VNI    100u
#define LAB_MTU    9500u

struct lab {
	struct dataplane_config config;
	struct dataplane *dataplane;
	struct engine_worker *worker;
};

struct covey_addr lab_address(bool ipv6, uint8_t last);
struct dataplane_config lab_config(bool ipv6, enum covey_encapsulation encapsulation);
/* An SA of group 0 with a TEK that depends on the SPI. */
struct covey_sa lab_sa(uint32_t spi, uint16_t epoch);
struct covey_roster_entry lab_peer(bool ipv6);
/* The same SA as the reference sees it. */
struct reference_sa lab_reference(const struct lab *lab, const struct covey_sa *sa);

/* A dataplane of one worker with VNI 100 in group 0 and no SA. The worker is offline: one thread
 * does all, and publishing would wait for itself. */
void lab_open(struct lab *lab, const struct dataplane_config *config);
void lab_close(struct lab *lab);
/* Install with the peer on the roster, and activate. */
void lab_install_active(struct lab *lab, const struct covey_sa *sa);

struct sample lab_sample(void);

/* A packet of these bytes. */
struct rte_mbuf *lab_packet(const uint8_t *bytes, size_t len);
/* How many packets are not back in the pool. */
unsigned lab_packets_out(void);
