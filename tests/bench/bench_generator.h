/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What sits at the other end of the NIC in memory: it lays out packets, in clear or encrypted by
 * the program's peer, lets them through the program as fast as the program takes them, and looks at
 * what comes back. It does what it is asked for over a socket, packet by packet (SOCK_SEQPACKET).
 */

#include "bench_measure.h"
#include "bench_nic.h"

#define GENERATOR_SLICES_MAX 32u
/* A slice begins and ends with packets that are not timed: the program may sleep when the first
 * come, and may keep the last back until its own timer sends them. */
#define GENERATOR_TAIL 256u

struct generator_request {
	struct bench_shape shape;
	enum bench_direction direction; /* what the program is to do */
	unsigned size;                  /* of the inner IP packet, bytes */
	unsigned slices;                /* 0: verify, up to GENERATOR_SLICES_MAX: measure */
	bool naps;                      /* the program needs this CPU, too */
};

struct generator_reply {
	int status;
	char text[400];
	unsigned slices;
	double ns[GENERATOR_SLICES_MAX]; /* a packet, of each slice */
	uint64_t packets;                /* timed */
	/* Of the time: the generator could do nothing, because the program had all packets that may
	 * be under way. */
	double idle;
	/* Of the times that it looked: the program found less than a burst waiting. */
	double starved;
};

/* Serve a NIC until the socket's other end closes. */
void bench_generator_serve(int socket, struct bench_nic *nic, const struct bench_dataplane *peer);

/* In the program: make the NIC that was ordered, start a thread that serves it when that is
 * ordered, too, and say so. */
int bench_generator_attach(const struct bench_nic_order *order, const struct bench_dataplane *peer,
			   struct covey_error *error);
