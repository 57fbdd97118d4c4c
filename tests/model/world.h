/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * One key manager, three members and the connections between them. The key manager's group and
 * the members' state are the programs' own code; the rest of this folder is the world around them.
 *
 *     gkm.c      what covey-gkm does around its state machine: sessions, Join, keys, the state file
 *     host.c     what covey-host does around its own, and a dataplane that keeps to dataplane.h
 *     wire.c     connections: messages in order, lost with their connection
 *     event.c    what can happen next
 *     rules.c    what must never be
 *     serial.c   a world as bytes, the same for worlds that will behave the same
 *     explore.c  all that can happen, breadth first
 *     walk.c     and, beyond its depth, by chance
 */

#include <covey/limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "group.h"
#include "message.h"
#include "state.h"

#define MEMBERS     3
#define GROUP_NAME  "g"
#define TEKS        48 /* keys that one run can see */
#define PLANE_SAS   COVEY_SAS_PER_GROUP_MAX
#define EPOCHS_SEEN 64

/* The delays are the defaults; the lifetime is short, so that it ends within a few steps. */
#define ACTIVATION_DELAY_S 10u
#define DRAIN_DELAY_S      30u
#define HARD_LIFETIME_S    300u
#define INTERVAL_S         100u /* where there is one */

/* One thing done wrong on purpose, to see that a rule finds it. */
enum breakage {
	BREAK_NONE,
	BREAK_LEASE,     /* the GKM forgets the epoch that it leased */
	BREAK_AMNESIA,   /* a restarted GKM makes the same keys again */
	BREAK_INSTALL,   /* a member acknowledges an SA that it did not install */
	BREAK_DRAIN,     /* SaDrain says: at once */
	BREAK_HURRY,     /* the GKM waits for nobody's acknowledgement */
	BREAK_AWAIT,     /* a restarted GKM does not wait for those who were there before */
	BREAK_SWITCH,    /* activating an SA leaves the one before sending */
	BREAK_FLOOR,     /* a whole roster says that each epoch is the first */
	BREAK_FENCE,     /* floors rise with the registration, not when the epoch is in force */
	BREAK_UNHEARD,   /* changes of the roster reach nobody */
	BREAK_SILENCE,   /* a member that comes back is never told to send */
	BREAK_BINDING,   /* SenderIDs are not committed */
	BREAK_PROTOCOL,  /* a member acknowledges rosters that it was never sent */
	BREAK_ABANDON,   /* the GKM forgets what a member sends on when its session is gone */
	BREAK_FLAP,      /* and when it is back */
	BREAK_TRUST,     /* the GKM takes SaActivate for followed when it is sent */
	BREAK_IMPATIENT, /* an interval that is over waits for nobody */
	BREAK_RETURNED,  /* who came back to a restarted GKM is not awaited again */
	BREAK_LATE,      /* a member takes SaActivate of what has expired for a fault */
	BREAK_PARDON,    /* an eviction lets the next registration pass */
	BREAK_LISTED,    /* who is evicted stays in the roster */
	BREAK_SPENT,     /* an SA that the evicted one was sent is activated all the same */
	BREAK_PAST,      /* a newcomer gets the SA that there is */
	BREAK_COUNT,
};

/* How often each thing may happen on one path. */
struct budget {
	uint8_t cuts;
	uint8_t host_restarts;
	uint8_t gkm_restarts;
	uint8_t rekeys;
	uint8_t leaves;
	uint8_t evictions; /* of one member at a time; and as many readmissions */
	uint8_t times;
};

struct setup {
	const char *name;
	enum breakage breakage;
	bool lazy;           /* the GKM may take several events before it settles */
	bool rekeys_on_join; /* who is new gets no SA of the past */
	bool has_interval;   /* the GKM rekeys by itself */
	uint16_t lifetime_s; /* of SAs; 0: HARD_LIFETIME_S */
	struct budget budget;
};

/* --- the wire ------------------------------------------------------------------------------ */

struct frame {
	struct frame *next;
	uint8_t *data;
	size_t len;
	uint64_t sent_at; /* ms */
};

struct queue {
	struct frame *first;
	struct frame *last;
};

/* One member's connection. Each end learns of the other's end in its own time. */
struct wire {
	bool host_end;
	bool gkm_end;
	struct queue up;   /* to the GKM */
	struct queue down; /* to the member */
	bool joined;       /* the GKM's registration */
	bool was_joined;
};

/* --- the programs -------------------------------------------------------------------------- */

struct gkm {
	uint64_t instance;
	struct group *group;
	bool dirty; /* not settled since the last event */
	/* Durable. */
	uint32_t next_spi;
	uint16_t bound[MEMBERS];
	bool evicted[MEMBERS];
};

struct plane_sa {
	uint32_t spi;
	enum covey_sa_state state;
	uint16_t sender_id;
	uint16_t epoch;
	uint8_t tek; /* its number */
	bool listed[MEMBERS + 1];
	uint16_t floors[MEMBERS + 1]; /* by SenderID; kept when the sender is not listed any more */
};

struct dataplane {
	struct world *world;
	unsigned host;
	struct plane_sa sas[PLANE_SAS];
	size_t count;
};

struct host {
	struct member_state *state;
	struct dataplane plane;
	struct wire wire;
	bool seen; /* connected once */
};

/* --- what the rules remember --------------------------------------------------------------- */

struct tek_record {
	uint32_t spi;
	uint64_t begin_ms;
	uint8_t expected;                /* hosts that it must wait for, one bit each */
	bool retired;                    /* by the GKM that made it */
	bool excused;                    /* and some may send on it all the same */
	uint8_t had;                     /* hosts whose process has had it, one bit each */
	uint8_t acked;                   /* hosts that said so in this session, one bit each */
	uint8_t sent;                    /* hosts that it was sent to, one bit each */
	uint64_t leased[MEMBERS + 1];    /* epochs by SenderID, one bit each */
	uint64_t installed[MEMBERS + 1]; /* the same, where a dataplane began to count */
};

struct record {
	struct tek_record teks[TEKS];
	uint8_t tek_count;
	uint16_t floors[MEMBERS + 1]; /* that this GKM instance published */
	uint8_t first_tek;            /* of this GKM instance */
	uint16_t holder[MEMBERS + 1]; /* of each SenderID: seat + 1, 0: nobody ever */
	uint8_t evicted_at[MEMBERS];  /* tek_count then */
	uint64_t past[MEMBERS];       /* keys that carried traffic before it came, one bit each */
	bool known[MEMBERS];          /* to this GKM instance: it is no newcomer */
	bool awaited[MEMBERS];        /* by it, as a member of the instance before */
};

struct world {
	const struct setup *setup;
	uint64_t now; /* ms, for all alike */
	struct gkm gkm;
	struct host hosts[MEMBERS];
	struct budget left;
	struct record record;
	bool tells;    /* print what happens, and what the programs would log */
	unsigned told; /* events */
	char violation[400];
};

/* Long enough after zero that no time is mistaken for "none". */
#define BEGINNING_MS UINT64_C(1000000)

/* In the arena, alone. To be called inside. */
struct world *world_new(const struct setup *setup);

/* The first violation stays. */
__attribute__((format(printf, 2, 3))) void world_violate(struct world *world, const char *format,
							 ...);

static inline bool breaks(const struct world *world, enum breakage breakage)
{
	return world->setup->breakage == breakage;
}

static inline uint64_t world_lifetime_s(const struct world *world)
{
	return world->setup->lifetime_s ? world->setup->lifetime_s : HARD_LIFETIME_S;
}

/* Both ends live, and the GKM has the member in the group. */
static inline bool is_live(const struct world *world, unsigned host)
{
	const struct wire *wire = &world->hosts[host].wire;

	return wire->host_end && wire->gkm_end && wire->joined;
}

struct plane_sa *plane_find(struct dataplane *plane, uint32_t spi);
/* What the member sends on, NULL: nothing. */
struct plane_sa *plane_sending(struct dataplane *plane);
