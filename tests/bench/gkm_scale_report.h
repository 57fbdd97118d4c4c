/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What was measured, for people and for programs. */

#include <covey/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gkm_scale_crowd.h"
#include "gkm_scale_gkm.h"
#include "gkm_scale_wire.h"

/* What members were sent, all together. */
struct scale_traffic {
	uint64_t bytes;
	uint64_t wire_bytes; /* with TLS */
	uint64_t roster_bytes;
	uint64_t rosters;
};

#define SCALE_RETURNS 2u

struct scale_storm {
	size_t members;
	double joined_s;
	double active_s;
	double own_cpu_s;
	struct scale_cost before;
	struct scale_cost after;
	struct scale_traffic traffic;
};

/* A power cut: how all come back. */
struct scale_return {
	bool measured;
	bool with_gkm;    /* the key manager has lost its power, too */
	double started_s; /* it listens; not part of the storm's times */
	struct scale_storm storm;
};

/* Nothing but heartbeats, each member one each five seconds. */
struct scale_rest {
	double seconds;
	double cpu_s; /* of the key manager */
};

struct scale_one_by_one {
	size_t members;
	size_t already; /* so many were there */
	double seconds;
	uint64_t own_roster_bytes;   /* whole rosters, to those that came */
	uint64_t other_roster_bytes; /* changes, to all that were there */
};

struct scale_rekeys {
	struct crowd_rekey *list;
	size_t count;
	size_t members;
	double *acked; /* of all rekeys */
	struct scale_cost before;
};

struct scale_report {
	double certificates_s;
	size_t groups;
	struct scale_storm storm;
	struct scale_rest rest;
	struct scale_return returns[SCALE_RETURNS];
	struct scale_one_by_one one_by_one;
	struct scale_rekeys rekeys;
	struct scale_wire_result wire;
	struct scale_cost last;
};

/* Memory for so many rekeys. Returns 0 or -ENOMEM. */
int scale_rekeys_new(struct scale_rekeys *rekeys, size_t count, size_t members);
void scale_report_free(struct scale_report *report);

void scale_report_table(const struct scale_report *report);
/* A line for each phase. */
void scale_report_json(const struct scale_report *report);
/* -ERANGE when the project's aims are missed. */
int scale_report_check(const struct scale_report *report, struct covey_error *error);
