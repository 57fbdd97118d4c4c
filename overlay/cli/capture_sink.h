/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Where `covey capture` puts packets: into a file of pcapng, or on the terminal as lines. */

#include <covey/error.h>
#include <stdbool.h>
#include <stdio.h>

#include "captured.h"
#include "pcapng.h"

#define CAPTURE_INTERFACES_MAX 16

struct capture_sink {
	FILE *file;       /* of pcapng; NULL: lines */
	const char *path; /* "-": standard output */
	unsigned interfaces;
	const char *names[CAPTURE_INTERFACES_MAX];
};

/* path: NULL: lines. A new file is readable by its owner alone. */
int capture_sink_open(const char *path, struct capture_sink *ret_sink, struct covey_error *error);
/* The name lives as long as the sink. */
int capture_sink_interface(struct capture_sink *sink, const char *name, uint32_t snap_len,
			   struct covey_error *error);
int capture_sink_put(struct capture_sink *sink, const struct pcapng_packet *packet,
		     struct covey_error *error);
int capture_sink_statistics(struct capture_sink *sink, unsigned interface, uint64_t seen,
			    uint64_t lost, struct covey_error *error);
/* What was put so far can be read by others from now on. */
int capture_sink_flush(struct capture_sink *sink, struct covey_error *error);
/* 0, or what of it could not be written. */
int capture_sink_close(struct capture_sink *sink, struct covey_error *error);
