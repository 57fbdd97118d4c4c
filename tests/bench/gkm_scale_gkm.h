/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A covey-gkm of our own, in a directory of its own, and what it costs. */

#include <covey/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A rekey's old SA is gone so soon, else the next rekeys would wait for room. */
#define SCALE_DRAIN_S 1u

struct scale_gkm {
	char directory[256];
	uint16_t port;
	pid_t pid;
};

struct scale_cost {
	uint64_t resident_bytes;
	double cpu_s; /* user and system */
};

/* Its directory: for the certificates, before it is started. */
int scale_gkm_prepare(struct scale_gkm *gkm, struct covey_error *error);
/* Start it with an inventory of so many hosts in one group; returns when it listens. */
int scale_gkm_start(struct scale_gkm *gkm, const char *program, size_t hosts,
		    struct covey_error *error);
/* Where it takes commands. */
void scale_gkm_socket(const struct scale_gkm *gkm, char path[512]);
/* What it costs now; zero when that cannot be read. */
struct scale_cost scale_gkm_cost(const struct scale_gkm *gkm);
/* End it and remove the directory; tell: show what it logged first. */
void scale_gkm_stop(struct scale_gkm *gkm, bool tell);
