/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A run of `covey capture`: what it is bounded by, and what each packet goes through. */

#include <signal.h>

#include "capture_names.h"
#include "capture_sink.h"

struct capture_run {
	const struct cli *cli;
	const char *what;    /* inside, outside or drops */
	uint64_t count;      /* packets at most */
	uint64_t seconds;    /* at most */
	const json_t *place; /* covey-host's answer: where to look */
	struct captured_ports ports;
	struct capture_names names;
	struct capture_sink sink;
	uint64_t taken, missed; /* packets */
	long deadline;          /* ms, monotonic */
	bool hides_source;      /* what our VTEP sends gets this source instead of its own: */
	uint8_t source_mac[6];
};

/* Set by a signal: the run ends as if its time were over. */
extern volatile sig_atomic_t capture_interrupted;

/* ms until its time is over; 0: it is over, or all packets are there. */
long capture_run_left(const struct capture_run *run);
/* A frame that was captured: counts and writes it if it is wanted. reason: why it was dropped, or
 * NULL. */
int capture_run_put(struct capture_run *run, struct pcapng_packet *packet, const char *reason,
		    struct covey_error *error);

/* Both go on until the run is over, and return 0 or a negative errno. */
int capture_live(struct capture_run *run, struct covey_error *error);
int capture_drops(struct capture_run *run, struct covey_error *error);
