/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The generator's packets: laid out before the clock runs, and compared. */

#include "bench_generator.h"

#define BURST           BENCH_BURST
#define GENERATOR_NOISE (BENCH_SIZE_MAX + 2 * BENCH_PACKETS) /* bytes */

struct generator {
	struct bench_nic *nic;
	const struct bench_dataplane *peer;
	void *state; /* the peer's */
	struct rte_mbuf **back;
	uint8_t *noise;
	bool started; /* a packet has come back */
};

void generator_make_noise(uint8_t *noise);

/* How many packets of a size make a slice. */
unsigned generator_slice_packets(const struct generator *generator, unsigned size);
/* Write the NIC's first packets: in clear, and for decryption the peer's. */
int generator_lay_out(struct generator *generator, const struct generator_request *request,
		      unsigned count, struct covey_error *error);
/*
 * ipsec-secgw's tunnel out ends where its route says, which is not where packets in clear go; the
 * peer's ends where they go. ESP does not authenticate that address.
 */
void generator_address_to_peer(struct rte_mbuf *packet);
/* Is it packet index, whatever became of its Ethernet header and of what routers change in IP's? */
bool generator_is_intact(const struct generator *generator, const struct rte_mbuf *packet,
			 unsigned index, unsigned size);
