/* SPDX-License-Identifier: BSD-3-Clause */
#include "scenarios.h"

/* States. */
#define SMALL 60000
#define LARGE 250000
#define LONG  200000

#define WALKS_SHORT 4000
#define WALKS_LONG  20000

/*
 * Each is explored to its end where its budget allows that, in the long form or in both. "walks"
 * try all faults together.
 */
const struct scenario scenarios[] = {
	{.setup = {.name = "joins", .budget = {}}, .states_short = LARGE, .states_long = LONG},
	{.setup = {.name = "joins-cut", .budget = {.cuts = 1}},
	 .states_short = SMALL,
	 .states_long = LONG},
	{.setup = {.name = "rekeys", .budget = {.rekeys = 2, .cuts = 1}},
	 .together = 1,
	 .states_short = LARGE,
	 .states_long = LONG},
	{.setup = {.name = "rekey-time", .budget = {.rekeys = 1, .times = 2}},
	 .together = 1,
	 .states_short = SMALL,
	 .states_long = LONG},
	{.setup = {.name = "rekey-lazy", .lazy = true, .budget = {.rekeys = 1, .cuts = 1}},
	 .together = 1,
	 .states_short = SMALL,
	 .states_long = LONG},
	{.setup = {.name = "cuts", .budget = {.cuts = 2, .times = 1}},
	 .together = 1,
	 .states_short = SMALL,
	 .states_long = LONG},
	{.setup = {.name = "host-restart", .budget = {.host_restarts = 1, .rekeys = 1, .times = 1}},
	 .together = 1,
	 .states_short = SMALL,
	 .states_long = LONG},
	{.setup = {.name = "gkm-restart", .budget = {.gkm_restarts = 1}},
	 .together = 1,
	 .states_short = SMALL,
	 .states_long = LONG},
	{.setup = {.name = "gkm-restart-cut", .budget = {.gkm_restarts = 1, .cuts = 1, .times = 1}},
	 .together = 1,
	 .states_short = SMALL,
	 .states_long = LONG},
	{.setup = {.name = "leaves", .budget = {.leaves = 2, .cuts = 1}},
	 .together = 1,
	 .states_short = SMALL,
	 .states_long = LONG},
	{.setup = {.name = "partition", .has_interval = true, .budget = {.cuts = 2, .times = 3}},
	 .together = 1,
	 .states_short = SMALL,
	 .states_long = LONG},
	{.setup = {.name = "newcomers",
		   .rekeys_on_join = true,
		   .budget = {.leaves = 1, .times = 2}},
	 .states_short = SMALL,
	 .states_long = LONG},
	{.setup = {.name = "newcomers-cut",
		   .rekeys_on_join = true,
		   .budget = {.leaves = 1, .cuts = 1, .host_restarts = 1, .times = 1}},
	 .together = 1,
	 .states_short = SMALL,
	 .states_long = LONG},
	{.setup = {.name = "eviction", .budget = {.evictions = 1, .rekeys = 1, .times = 2}},
	 .together = 1,
	 .states_short = SMALL,
	 .states_long = LONG},
	{.setup = {.name = "eviction-cut",
		   .rekeys_on_join = true,
		   .budget = {.evictions = 1, .cuts = 1, .gkm_restarts = 1, .times = 1}},
	 .together = 1,
	 .states_short = SMALL,
	 .states_long = LONG},
	{.setup = {.name = "short-lived",
		   .lifetime_s = 12,
		   .budget = {.rekeys = 1, .cuts = 1, .times = 3}},
	 .together = 1,
	 .states_short = SMALL,
	 .states_long = LONG},
	{.setup = {.name = "walks",
		   .budget = {.cuts = 4,
			      .host_restarts = 3,
			      .gkm_restarts = 3,
			      .rekeys = 4,
			      .leaves = 2,
			      .evictions = 2,
			      .times = 12}},
	 .walks_short = WALKS_SHORT,
	 .walks_long = WALKS_LONG},
	{.setup = {.name = "walks-all",
		   .lazy = true,
		   .rekeys_on_join = true,
		   .has_interval = true,
		   .budget = {.cuts = 4,
			      .host_restarts = 3,
			      .gkm_restarts = 3,
			      .rekeys = 4,
			      .leaves = 2,
			      .evictions = 2,
			      .times = 12}},
	 .together = 1,
	 .walks_short = WALKS_SHORT,
	 .walks_long = WALKS_LONG},
};
const size_t scenario_count = sizeof(scenarios) / sizeof(scenarios[0]);

/* --- each rule broken once ----------------------------------------------------------------- */

static const struct setup calm = {.budget = {.times = 1}};
static const struct setup restarts = {.budget = {.host_restarts = 1, .times = 1}};
static const struct setup rekeys = {.budget = {.rekeys = 1, .times = 1}};
static const struct setup gkm_restarts = {.budget = {.gkm_restarts = 1, .times = 1}};
static const struct setup cuts = {.budget = {.cuts = 1, .times = 1}};

static const struct setup rekey_cuts = {.budget = {.rekeys = 1, .cuts = 1, .times = 2}};
static const struct setup rekey_cut = {.budget = {.rekeys = 1, .cuts = 1, .times = 1}};
static const struct setup intervals = {.has_interval = true, .budget = {.cuts = 1, .times = 1}};
static const struct setup gkm_cuts = {.budget = {.gkm_restarts = 1, .cuts = 1}};
static const struct setup short_lived = {.lifetime_s = 12, .budget = {.rekeys = 1, .times = 2}};
static const struct setup evictions = {.budget = {.evictions = 1, .rekeys = 1, .times = 1}};
static const struct setup evicted_again = {.budget = {.evictions = 1, .times = 2}};
static const struct setup newcomers = {.rekeys_on_join = true, .budget = {.times = 1}};

const struct break_case break_cases[] = {
	{"lease", BREAK_LEASE, "lease", "the GKM forgets the epochs that it leased", &restarts, 1},
	{"amnesia", BREAK_AMNESIA, "lease", "a restarted GKM makes the same key again",
	 &gkm_restarts, 1},
	{"binding", BREAK_BINDING, "binding", "SenderIDs are not committed", &gkm_restarts, 1},
	{"install", BREAK_INSTALL, "lacks", "m2 acknowledges what it did not install", &calm, 0},
	{"drain", BREAK_DRAIN, "kept", "SaDrain always says: at once", &rekeys, 1},
	{"hurry", BREAK_HURRY, "hurry", "the GKM waits for no acknowledgement", &rekeys, 1},
	{"await", BREAK_AWAIT, "hurry", "a restarted GKM forgets who was there before",
	 &gkm_restarts, 1},
	{"switch", BREAK_SWITCH, "two", "the SA before stays active", &rekeys, 1},
	{"floor", BREAK_FLOOR, "floor", "a whole roster has all floors at 1", &cuts, 2},
	{"fence", BREAK_FENCE, "fence", "a floor rises before the epoch is in force", &cuts, 1},
	{"unheard", BREAK_UNHEARD, "heard", "changes of the roster get lost", &calm, 0},
	{"protocol", BREAK_PROTOCOL, "protocol", "members acknowledge rosters yet to come", &calm,
	 0},
	{"abandon", BREAK_ABANDON, "stranded", "who is away is not reckoned with", &rekey_cuts, 1},
	{"flap", BREAK_FLAP, "stranded", "who is back is taken for switched", &rekey_cut, 1},
	{"trust", BREAK_TRUST, "stranded", "SaActivate is taken for followed", &rekey_cuts, 1},
	{"impatient", BREAK_IMPATIENT, "deaf", "an interval waits for nobody", &intervals, 1},
	{"returned", BREAK_RETURNED, "hurry", "a restarted GKM awaits nobody twice", &gkm_cuts, 1},
	{"late", BREAK_LATE, "protocol", "SaActivate must not come too late", &short_lived, 1},
	{"pardon", BREAK_PARDON, "evicted", "who is evicted may register again", &evicted_again, 1},
	{"listed", BREAK_LISTED, "evicted", "who is evicted stays in the roster", &evictions, 1},
	{"spent", BREAK_SPENT, "evicted", "an SA that it was sent becomes active", &evictions, 1},
	{"past", BREAK_PAST, "past", "a newcomer gets the SA that there is", &newcomers, 0},
	{"silence", BREAK_SILENCE, "return", "who comes back is never told to send", &cuts, 1},
};
const size_t break_case_count = sizeof(break_cases) / sizeof(break_cases[0]);
