/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A covey-gkm of our own, in a directory of its own, and what it costs. */

#include <covey/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A rekey's old SA is gone so soon, else the next rekeys would wait for room. */
#define SCALE_DRAIN_S   1u
#define SCALE_FIRST_VNI 100u

struct scale_fabric {
	size_t hosts;
	size_t groups;
	size_t vnis; /* of each group */
};

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
/* Start it with an inventory of so many hosts, which are in all groups; returns when it listens. */
int scale_gkm_start(struct scale_gkm *gkm, const char *program, const struct scale_fabric *fabric,
		    struct covey_error *error);
/* It dies, as in a power cut. Its state file stays, so it can be started again. */
void scale_gkm_kill(struct scale_gkm *gkm);
/* Where it takes commands. */
void scale_gkm_socket(const struct scale_gkm *gkm, char path[512]);
/* What it costs now; zero when that cannot be read. */
struct scale_cost scale_gkm_cost(const struct scale_gkm *gkm);
/* End it and remove the directory; tell: show what it logged first. */
void scale_gkm_stop(struct scale_gkm *gkm, bool tell);
