/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A whole program as a child, with a NIC in memory: covey's or somebody else's ipsec-secgw. It has
 * one core to itself; the generator has another.
 */

#include "bench_figures.h"
#include "bench_generator.h"
#include <sys/types.h>

/* What children share. */
struct gateway_place {
	int program_cpu;
	int generator_cpu;  /* the same when there is no other */
	bool hugepages;     /* enough of them: the generator is a process of its own */
	char directory[32]; /* DPDK's files while they run; "": none */
	unsigned room;      /* bytes of a packet */
};

struct gateway_child {
	const char *name;
	pid_t program;
	pid_t generator; /* 0: it is a thread of the program */
	int socket;      /* to the generator */
	int output;      /* what both say */
};

/* Look at the machine, and say on stderr what it lacks and what is done instead. size: the largest
 * packet. */
int gateway_place_open(struct gateway_place *place, const struct bench_options *options,
		       unsigned size, struct covey_error *error);
void gateway_place_close(struct gateway_place *place);

/* Start it, and stop it at once until it is asked for something; secgw: path of an ipsec-secgw, or
 * NULL for covey. Complains with what the program says when it ends. */
int gateway_child_start(struct gateway_child *child, const char *secgw,
			const struct gateway_place *place, const struct bench_options *options,
			enum bench_direction direction, struct covey_error *error);
/* Let it run for as long as its generator needs. */
int gateway_child_ask(struct gateway_child *child, const struct generator_request *request,
		      struct generator_reply *ret_reply, struct covey_error *error);
/* Harmless for what was never started. */
void gateway_child_end(struct gateway_child *child);
