/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The figures, one function each. */

#include "bench_report.h"

#define BENCH_SIZES_MAX 9000u

#define BENCH_DIRECTION(direction) (1u << (direction))
#define BENCH_BOTH                 (BENCH_DIRECTION(BENCH_ENCRYPT) | BENCH_DIRECTION(BENCH_DECRYPT))

/* What sets figures apart. */
#define BENCH_STARTS_EAL      1u /* by itself; the others find it running */
#define BENCH_TAKES_BURST     2u
#define BENCH_TAKES_KEY_SCOPE 4u

struct bench_options {
	unsigned set;        /* dataplanes: bits by index of bench_dataplanes */
	unsigned directions; /* bits */
	double seconds;      /* for each point; 0: as the figure thinks fit */
	enum covey_cipher cipher;
	unsigned cores;                 /* at most; 0: all */
	uint32_t replay_window;         /* 0: as the figure thinks fit */
	unsigned paths;                 /* VPE: windows of each core */
	unsigned burst;                 /* 0: BENCH_BURST */
	enum covey_key_scope key_scope; /* 0: a key for each sender */
	size_t size_count;              /* 0: as the figure thinks fit */
	uint16_t sizes[BENCH_SIZES_MAX];
	const char *secgw; /* path of ipsec-secgw; NULL: none */
	char **eal;        /* what stands behind "--", for EAL */
	int eal_count;
};

struct bench_figure {
	const char *name;
	const char *text; /* for --help */
	enum bench_axis axis;
	double seconds;      /* for each point, when nothing else is said */
	unsigned directions; /* it has these */
	unsigned usual;      /* and shows these when nothing else is said */
	int (*run)(const struct bench_figure *figure, const struct bench_options *options,
		   struct bench_report *report, struct covey_error *error);
	unsigned traits; /* BENCH_STARTS_EAL ... */
};

/* 0, or what went wrong; each tells its points as they come. */
int bench_figure_throughput(const struct bench_figure *figure, const struct bench_options *options,
			    struct bench_report *report, struct covey_error *error);
int bench_figure_cores(const struct bench_figure *figure, const struct bench_options *options,
		       struct bench_report *report, struct covey_error *error);
int bench_figure_size(const struct bench_figure *figure, const struct bench_options *options,
		      struct bench_report *report, struct covey_error *error);
int bench_figure_headroom(const struct bench_figure *figure, const struct bench_options *options,
			  struct bench_report *report, struct covey_error *error);
int bench_figure_senders(const struct bench_figure *figure, const struct bench_options *options,
			 struct bench_report *report, struct covey_error *error);
int bench_figure_groups(const struct bench_figure *figure, const struct bench_options *options,
			struct bench_report *report, struct covey_error *error);
int bench_figure_reorder(const struct bench_figure *figure, const struct bench_options *options,
			 struct bench_report *report, struct covey_error *error);
int bench_figure_gateway(const struct bench_figure *figure, const struct bench_options *options,
			 struct bench_report *report, struct covey_error *error);
int bench_figure_multicast(const struct bench_figure *figure, const struct bench_options *options,
			   struct bench_report *report, struct covey_error *error);

/* --- what they share ----------------------------------------------------------------------- */

/* The dataplanes that are asked for; NULL ends. */
struct bench_list {
	const struct bench_dataplane *dataplanes[BENCH_DATAPLANES_MAX + 1];
};
struct bench_list bench_selected(const struct bench_options *options);
/* Is it asked for? */
bool bench_is_selected(const struct bench_options *options,
		       const struct bench_dataplane *dataplane);

struct bench_shape bench_shape_of(const struct bench_options *options, unsigned cores);

/* The sizes that are asked for, or the usual ones. */
struct bench_sizes {
	const uint16_t *sizes;
	size_t count;
};
struct bench_sizes bench_sizes_of(const struct bench_options *options, const uint16_t *usual,
				  size_t count);

/* How long each point takes. */
double bench_seconds(const struct bench_figure *figure, const struct bench_options *options);

/* Measure one point and tell it. */
int bench_point(const struct bench_figure *figure, const struct bench_options *options,
		struct bench_run *run, enum bench_direction direction,
		const struct bench_layout *layout, struct bench_report *report,
		struct covey_error *error);
