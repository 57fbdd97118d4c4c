/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The world around the member's state machine: a GKM whose messages a test writes, a clock that it
 * turns, and a dataplane that keeps to dataplane.h and refuses what that page says it refuses. What
 * the machine does to the world goes into a journal.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <state.h>

#define WORLD_SAS 64

struct world_sa {
	uint32_t spi;
	uint32_t group;
	uint16_t sender_id;
	uint16_t epoch;
	enum covey_sa_state state;
	uint8_t tek[COVEY_TEK_BYTES_MAX];
	struct covey_roster_entry roster[8]; /* the first ones */
	size_t roster_count;
	struct covey_floor floors[8]; /* the first ones */
	size_t floor_count;
};

struct dataplane {
	struct world *world;
	struct world_sa sas[WORLD_SAS];
	size_t sa_count;
	int install_fails;      /* what the next sa_install() returns */
	int group_fails;        /* what the next group_set() returns */
	const void *install_sa; /* where the last struct covey_sa was: to look for its key */
	size_t teks_seen;
	uint64_t packets_sent;
	uint64_t own_sender;
	uint64_t multicast_received;
	uint64_t packets_received;
	size_t windows_sent;                           /* in each SA: WindowIDs 1 to this */
	const struct dataplane_window_status *windows; /* else these, so many */
};

struct world {
	struct member_state *state;
	struct dataplane dataplane;
	uint64_t now;
	char journal[8192];
	size_t journal_len;
	unsigned notes[LOG_LEVEL_DEBUG + 1];
	int send_fails;
	bool listens;                                /* the kernel, to every VNI */
	uint32_t held_spis[COVEY_SAS_PER_GROUP_MAX]; /* in the last Join */
	size_t held_count;
	uint64_t own_instance; /* in the last Hello */
	uint32_t highest_spi;
	struct covey_error error;                               /* of the last failure */
	void (*said)(void *arg, const Covey__Message *message); /* to the GKM; may be NULL */
	void *said_arg;
};

struct world *world_new(void);
struct world *world_new_at(const char *vtep);
void world_free(struct world *world);

/* The journal since the last look is exactly this. Entries end in "; ". */
#define assert_journal(world, text)                                                                \
	do {                                                                                       \
		assert_string_equal((world)->journal, text);                                       \
		world_forget(world);                                                               \
	} while (0)
void world_forget(struct world *world);

/* The dataplane's SA, NULL when it has none of that SPI. */
struct world_sa *world_sa(struct world *world, uint32_t spi);

/* --- the GKM. Each returns what member_state_received() does ---------------------------------- */

int world_open(struct world *world, uint64_t instance); /* session, then Welcome */
int world_joined(struct world *world, const char *group, uint32_t sender_id, uint32_t epoch);
/* SenderIDs, ended by 0; their epoch floors are 1. */
int world_roster(struct world *world, const char *group, uint64_t generation, bool full, bool more,
		 ...);
int world_removed(struct world *world, const char *group, uint64_t generation, uint32_t sender_id);
/* One message: so many floors from this (SenderID, WindowID) on, WindowIDs rising. */
int world_floors(struct world *world, const char *group, uint32_t spi, bool more,
		 uint32_t sender_id, uint32_t window_id, size_t count);
int world_install(struct world *world, const char *group, uint32_t spi, uint32_t lifetime_s);
int world_activate(struct world *world, const char *group, uint32_t spi);
int world_drain(struct world *world, const char *group, uint32_t spi, uint32_t drain_s);
int world_left(struct world *world, const char *group);
int world_refused(struct world *world, const char *group, Covey__RefusalCode code);
int world_message(struct world *world, const Covey__Message *message);

/* Let time pass, doing what becomes due when it does. */
int world_pass(struct world *world, uint64_t ms);

/* Session, joined as SenderID 7 in epoch 1, roster of 7 and 8, SPI 256 installed and active,
 * journal forgotten. */
struct world *world_with_active_sa(void);
