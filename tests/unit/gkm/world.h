/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A group with its state machine, whose output is written down, and members that answer when told.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "group.h"

/* Seats. */
enum { A, B, C, D, E, F };

#define WORLD_SEATS   6
#define WORLD_HISTORY 4096

enum said {
	SAID_ROSTER,
	SAID_INSTALL,
	SAID_ACTIVATE,
	SAID_DRAIN,
	SAID_LATE,    /* of it, to nobody */
	SAID_CHANGED, /* to nobody: an SA is in a new state */
	SAID_MODE,
};

struct saying {
	enum said what;
	size_t seat;
	uint32_t spi;
	uint32_t seconds; /* SAID_INSTALL: lifetime, SAID_DRAIN: drain */
	enum sa_state state;
	uint64_t generation;
	bool full;
	struct mode_order order;
};

struct world {
	struct group *group;
	struct saying said[WORLD_HISTORY];
	size_t said_count;
	uint64_t now_ms;
	uint32_t next_spi;
	uint16_t next_sender_id;
	uint64_t interval_ms; /* until the next SA after each, 0: none */
	uint64_t drain_ms;
	bool patient;            /* SAs begin for the interval alone */
	bool evicts;             /* the next SAs are made for an eviction */
	struct mode_record kept; /* as on disk */
	int keep_fails;          /* the next ones cannot be kept */
	bool keeps_late;         /* that ends with world_keep() */
	struct mode_record late; /* what is being kept; serial 0: nothing */
	size_t events[MODE_NOT_KEPT + 1];
};

#define DELAY_MS    UINT64_C(10000)
#define DRAIN_MS    UINT64_C(30000)
#define LIFETIME_MS UINT64_C(86400000)

struct world *world_new(void);
void world_free(struct world *world);

/* A test whose set-up is begin(), which leaves a world in *state. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, world_end)
int world_end(void **state);
/* This seat joins, or seats A to last, and all acknowledge everything. */
void world_admit(struct world *world, size_t seat);
void world_gather(struct world *world, size_t last);

/* What is being kept is on disk, or with keep_fails is not. */
void world_keep(struct world *world);

/* Forget what was said. */
void world_hush(struct world *world);
void world_settle(struct world *world);
/* Let time pass, in one step, and settle. */
void world_pass(struct world *world, uint64_t ms);

/* As join.c does it: bind if need be, make an SA if there is none, register. Returns the epoch. */
uint16_t world_join(struct world *world, size_t seat);
uint32_t world_rekey(struct world *world);
/* Acknowledge all that this seat was sent. */
void world_ack_rosters(struct world *world, size_t seat);
void world_ack_sas(struct world *world, size_t seat);
/* Say that this seat sends on the active SA, if it was told to. */
void world_say_switched(struct world *world, size_t seat);
/* Everybody acknowledges everything until nothing is said any more. */
void world_calm(struct world *world);

/* How often was this said to the seat? spi 0: of any SA. */
size_t world_count(const struct world *world, enum said what, size_t seat, uint32_t spi);
/* Fails unless it was said so often to each of the seats A to last. */
void world_assert_said(const struct world *world, enum said what, size_t last, uint32_t spi,
		       size_t times);
/* Fails, and says in which row of a table, unless it is what is expected. */
void world_check(const char *row, const char *what, long long found, long long expected);
/* The last of its kind, NULL: none. */
const struct saying *world_last(const struct world *world, enum said what, size_t seat,
				uint32_t spi);
struct sa *world_sa(const struct world *world, uint32_t spi);
/* The seat's epoch floor in the roster, 0: not in it. */
uint16_t world_floor(const struct world *world, size_t seat);
/* Why the group needs an SA now. */
enum rekey_reason world_due(const struct world *world);
