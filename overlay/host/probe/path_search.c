/* SPDX-License-Identifier: BSD-3-Clause */

#include "path_search.h"

/* The first run has a few that each path carries: of so many bytes more than they must have. */
#define SHORT      3
#define SHORT_EACH 20
/* So many longer ones must be lost before the limit is believed, and the limit must pass beside
 * them. */
#define DOUBTS 4

void path_search_begin(struct path_search *search, uint32_t min, uint32_t full, uint32_t known)
{
	*search = (struct path_search){.min = min, .full = full, .fails = full + 1};
	if (known < min || known >= full)
		return;
	search->passes = known;
	search->fails = known + 1;
}

/* Lengths rise, so each is another one. */
static void add(struct path_search *search, uint32_t length)
{
	if (length > search->full || search->count == COVEY_PROBES_PER_RUN_MAX ||
	    (search->count > 0 && length <= search->lengths[search->count - 1]))
		return;
	search->lengths[search->count++] = length;
}

/* The longest is in each run: if it passes once, all is well. */
void path_search_next(struct path_search *search, uint32_t (*draw)(uint32_t bound))
{
	const uint32_t between = search->passes ? search->fails - search->passes - 1 : 0;
	const uint32_t tries =
		between < COVEY_PROBES_PER_RUN_MAX - 1 ? between : COVEY_PROBES_PER_RUN_MAX - 1;

	search->runs++;
	search->count = 0;
	if (search->passes == 0) {
		for (uint32_t i = 0; i < SHORT; i++)
			add(search, search->min + i * SHORT_EACH + draw(SHORT_EACH));
		add(search, search->full - 1);
	} else if (between == 0) {
		add(search, search->passes);
		for (uint32_t i = 0; i + 1 < DOUBTS; i++)
			add(search, search->fails + i);
	}
	for (uint32_t i = 1; i <= tries; i++)
		add(search, search->passes + (between + 1) * i / (tries + 1));
	add(search, search->full);
}

static uint32_t longest(const struct path_search *search, uint32_t set)
{
	uint32_t found = 0;

	for (size_t i = 0; i < search->count; i++)
		if (set >> i & 1)
			found = search->lengths[i];
	return found;
}

/* The shortest of the set that is longer than what passes. */
static uint32_t shortest_above(const struct path_search *search, uint32_t set)
{
	for (size_t i = 0; i < search->count; i++)
		if (set >> i & 1 && search->lengths[i] > search->passes)
			return search->lengths[i];
	return search->full + 1;
}

static void start_over(struct path_search *search)
{
	search->passes = 0;
	search->fails = search->full + 1;
	search->doubts = 0;
	search->lost = false;
}

static enum path_search_state again(const struct path_search *search)
{
	return search->runs < PATH_SEARCH_RUNS_MAX ? PATH_SEARCH_GOES_ON : PATH_SEARCH_UNSURE;
}

/* The run has tried the limit itself once more, and a few that are longer. That the limit is lost
 * may be chance, but not twice. */
static enum path_search_state confirm(struct path_search *search, uint32_t sent, uint32_t arrived)
{
	const uint32_t most = longest(search, arrived);

	if (most == search->passes && (sent & ~arrived) != 0) {
		search->doubts += (unsigned)__builtin_popcount(sent & ~arrived);
		return search->doubts < DOUBTS ? again(search) : PATH_SEARCH_LIMIT;
	}
	if (most == 0 && !search->lost) {
		search->lost = true;
		return again(search);
	}
	start_over(search);
	search->passes = most;
	return again(search);
}

enum path_search_state path_search_learn(struct path_search *search, uint32_t sent,
					 uint32_t arrived)
{
	const bool confirms = search->passes && search->fails == search->passes + 1;
	const uint32_t most = longest(search, arrived);
	uint32_t fails;

	if (most == search->full)
		return PATH_SEARCH_FULL;
	if (confirms)
		return confirm(search, sent, arrived);
	if (search->passes == 0 && most == 0)
		return PATH_SEARCH_NOTHING;
	if (most > search->passes)
		search->passes = most;
	fails = shortest_above(search, sent & ~arrived);
	/* What was lost once has passed now. */
	if (search->fails <= search->passes || fails < search->fails)
		search->fails = fails;
	/* None that is longer was sent: that says nothing. */
	return search->fails > search->full ? PATH_SEARCH_UNSURE : again(search);
}
