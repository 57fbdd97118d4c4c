/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The search for the longest probe that passes to another host, in few runs of few probes. Packets
 * are lost for other reasons, too: so that one did not arrive says little, and that the longest did
 * says all. Pure.
 */

#include <covey/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A search that has found nothing after so many runs is given up. */
#define PATH_SEARCH_RUNS_MAX 16

struct path_search {
	uint32_t min, full; /* lengths of probes: the shortest, and the longest of interest */
	uint32_t passes;    /* the longest that is known to pass; 0: none is */
	uint32_t fails;     /* the shortest that is known not to; full + 1: none is */
	unsigned doubts;    /* longer ones that were lost since the limit has been known */
	bool lost;          /* the limit itself was lost since then */
	unsigned runs;
	uint32_t lengths[COVEY_PROBES_PER_RUN_MAX]; /* of the present run */
	size_t count;
};

enum path_search_state {
	PATH_SEARCH_GOES_ON, /* another run is needed */
	PATH_SEARCH_FULL,    /* the longest one passes */
	PATH_SEARCH_LIMIT,   /* passes is the limit */
	PATH_SEARCH_NOTHING, /* not even the shortest */
	PATH_SEARCH_UNSURE,  /* some arrived at one time, and not at another */
};

/* min is below full. known: what a search has found before; 0: nothing. */
void path_search_begin(struct path_search *search, uint32_t min, uint32_t full, uint32_t known);
/* Choose the lengths of the next run. draw(n) gives a number below n. */
void path_search_next(struct path_search *search, uint32_t (*draw)(uint32_t bound));
/* What came of that run. Sets of probes: bit 0 is the first length. */
enum path_search_state path_search_learn(struct path_search *search, uint32_t sent,
					 uint32_t arrived);
