/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What is measured: things that encrypt and decrypt bursts of packets. Each holds both ends of one
 * tunnel, so that it can make packets for itself and undo what it did.
 */

#include <covey/error.h>
#include <covey/sa.h>
#include <rte_mbuf.h>

#define BENCH_CORES_MAX 16u
#define BENCH_SPI       0x1000u

/* What a dataplane is opened for. */
struct bench_shape {
	enum covey_cipher cipher;
	enum covey_key_scope key_scope; /* VPE */
	unsigned cores;
	unsigned burst;         /* packets handed over at once, 1..BENCH_BURST */
	uint32_t replay_window; /* packets, of each window */
	unsigned paths;         /* VPE: windows that each core spreads its flows over */
	unsigned classes;       /* VPE: windows by DSCP; 1: all the same */
	unsigned senders;       /* the figure senders alone */
	unsigned windows;       /* of each sender, likewise */
	unsigned receivers;     /* the figure multicast alone */
};

struct bench_dataplane {
	const char *name;
	const char *text; /* for --help */
	bool one_core;    /* cannot use more */
	int (*open)(const struct bench_shape *shape, void **ret_state, struct covey_error *error);
	void (*close)(void *state);
	/* A core begins or ends to run bursts. NULL: no need to know. */
	void (*enter)(void *state, unsigned core);
	void (*leave)(void *state, unsigned core);
	/* Change the packets of a core before a round, which is not timed. They stay plain VXLAN
	 * from and to the same. NULL: there is nothing to change. */
	void (*prepare)(void *state, struct rte_mbuf **packets, unsigned count);
	/* Take at most BENCH_BURST packets, move those that went through to the front, in order,
	 * and return their number. What becomes of the others is the dataplane's: it frees them. */
	uint16_t (*encrypt)(void *state, unsigned core, struct rte_mbuf **packets, uint16_t count);
	uint16_t (*decrypt)(void *state, unsigned core, struct rte_mbuf **packets, uint16_t count);
	/* Why packets did not go through, as text; NULL: cannot say. */
	const char *(*reason)(void *state);
	/* Replay windows in use at the receiver; NULL: one. */
	unsigned (*windows)(void *state);
};

extern const struct bench_dataplane bench_raw;
extern const struct bench_dataplane bench_many;
extern const struct bench_dataplane bench_vpe;
extern const struct bench_dataplane bench_esp_simple;
extern const struct bench_dataplane bench_esp_parallel;
extern const struct bench_dataplane bench_rte_ipsec;

/* All of them, raw first; NULL ends. */
extern const struct bench_dataplane *const bench_dataplanes[];
#define BENCH_DATAPLANES_MAX 8u

/* The key of all dataplanes: the first covey_cipher_key_len() bytes. */
extern const uint8_t bench_key[COVEY_TEK_BYTES_MAX];
