/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A fleet in one process, on virtual time: a key manager and its members are the programs' own
 * code, from the event loop and the channel upwards. What is below them is played by this folder,
 * which takes the place of libevent, of the TLS connection, of the clock and of random numbers when
 * it is linked.
 *
 *     loop.c     timers, virtual time, what a stopped or dead program does not do any more
 *     chance.c   random numbers and the programs' clocks
 *     wire.c     channels: delay, cuts, ends that are noticed late or never
 *     trust.c    certificates and revocation lists
 *     disk.c     the real state file, behind faults
 *     gkm.c      covey-gkm: what its main() does
 *     host.c     covey-host: what its main() does; plane.c its dataplane
 *     fault.c    what goes wrong, made from a seed
 *     rules*.c   what must never be
 *     fleet.c    a run; shrink.c finds the few faults that matter; breaks.c breaks the rules
 */

#include <covey/addr.h>
#include <covey/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inventory.h"

#define SECOND_US  UINT64_C(1000000)
#define GROUPS_MAX 3
#define NAME_SIZE  32

struct fleet;
struct gkm;
struct host;
struct rules;

/* --- time ---------------------------------------------------------------------------------- */

/* Something that happens at a time. Zero-initialised it is not due. */
struct timer {
	uint64_t due_us;
	uint64_t order;          /* of those that are due together */
	size_t slot;             /* in the heap, counted from 1; 0: not due */
	struct process *process; /* whose it is; waits while that is stopped. NULL: nobody's */
	void (*fire)(struct timer *timer);
	void *arg;
};

void timer_set(struct timer *timer, uint64_t due_us);
void timer_unset(struct timer *timer);

/* --- programs ------------------------------------------------------------------------------ */

struct process {
	struct fleet *fleet;
	char name[NAME_SIZE];
	bool is_gkm;
	uint64_t chance;     /* state of its random numbers */
	uint64_t luck;       /* and of those by which the world treats it: other faults do not
			      * change them */
	int32_t fast_ppm;    /* its clock, against the true time */
	uint64_t ahead_us;   /* its clock at the beginning */
	uint64_t stopped_us; /* it does nothing before this time */
	uint64_t busy_us;    /* of the present callback: what it waited for the disk */
	bool runs;
	bool dead;       /* it has crashed: nothing of what it still does has an effect */
	bool powered;    /* its machine is on: the kernel answers for a program that does not run */
	uint64_t cut_us; /* no packet comes or goes before this time */
	uint64_t slow_us; /* messages take slow_by times as long until this time */
	uint32_t slow_by;
	void (*bury)(struct process *process); /* take it away after its crash */
};

/* Who runs now; NULL: the world itself. */
extern struct process *process_now;

/* Its own clock, now. */
uint64_t process_clock_us(const struct process *process);
/* What the world's clock says when that much has passed on its own one. */
uint64_t process_after_us(const struct process *process, uint64_t wait_us);
/* The world's time at which it does what it does now. */
uint64_t process_time_us(const struct process *process);
/* It ends here and now. powered: its machine does not. */
void process_crash(struct process *process, bool powered);
/* What is called between these two is done by the process. */
void process_enter(struct process *process);
void process_leave(struct process *process);

/* --- chance -------------------------------------------------------------------------------- */

uint64_t chance_draw(uint64_t *state);
/* 0 to bound - 1. */
uint64_t chance_below(uint64_t *state, uint64_t bound);
/* Happens so many times in a thousand. */
bool chance_in_1000(uint64_t *state, unsigned times);

/* --- a fleet ------------------------------------------------------------------------------- */

enum fault_kind {
	FAULT_HOST_CRASH,  /* the program; starts again after a moment */
	FAULT_HOST_REBOOT, /* the machine */
	FAULT_HOST_STOP,   /* SIGSTOP, SIGCONT */
	FAULT_HOST_CUT,    /* no packet between it and the key manager */
	FAULT_HOST_SLOW,   /* messages take long */
	FAULT_HOST_LEAVE,  /* and joins again */
	FAULT_HOST_LATE,   /* its machine was off from the beginning until now */
	FAULT_GKM_CRASH,
	FAULT_GKM_REBOOT,
	FAULT_GKM_STOP,
	FAULT_GKM_END,        /* stopped by its operator, and started */
	FAULT_GKM_CUT,        /* from all hosts */
	FAULT_GKM_MOVE,       /* its machine is lost; it starts at its other address */
	FAULT_STORE_CRASH,    /* the program, before an access to come */
	FAULT_STORE_CRASH_OK, /* and after it */
	FAULT_STORE_FAILS,    /* accesses fail */
	FAULT_STORE_LIES,     /* they fail, but have happened */
	FAULT_STORE_STALLS,
	FAULT_STORE_OLD, /* the state file of some time ago is put back */
	FAULT_REKEY,
	FAULT_EVICT, /* and readmitted some time later */
	FAULT_REVOKE,
	FAULT_RENEW, /* another certificate: a second session takes over */
	FAULT_MODE,
	FAULT_KINDS,
};

struct fault {
	uint64_t at_us;
	uint64_t for_us;
	uint32_t chance; /* for what else there is to choose */
	uint16_t host;
	uint8_t group;
	uint8_t kind; /* enum fault_kind */
};

/* What a fleet is, by its seed. */
struct plan {
	uint64_t seed;
	unsigned hosts;
	unsigned groups;
	uint64_t faults_end_us;
	uint64_t end_us; /* all must be well by then */
	uint32_t activation_s, drain_s, interval_s, lifetime_s;
	bool on_join, modes, own_plane;
	uint32_t delay_us; /* most of what a message takes */
	uint32_t store_us; /* and a write; 0: it is over when the call returns */
	struct fault *faults;
	size_t count;
};

/* Does the group begin in observe? */
static inline bool plan_observes(const struct plan *plan, unsigned group)
{
	return plan->modes && group == 0;
}

struct plan *plan_new(uint64_t seed, unsigned hosts, unsigned hours);
void plan_free(struct plan *plan);
const char *fault_name(unsigned kind);
void fault_print(const struct fault *fault);
/* Let it happen. */
void fault_begin(struct fleet *fleet, const struct fault *fault);

struct fleet {
	const struct plan *plan;
	struct inventory *inventory;
	uint64_t now_us;
	uint64_t events;
	uint64_t chance;
	uint64_t digest; /* of all that has happened */
	struct gkm *gkm;
	struct host *hosts; /* by their place in the inventory */
	struct rules *rules;
	struct timer **heap;
	size_t heap_count, heap_room;
	uint64_t orders;
	const struct timer *spin_timer; /* the last one, how often in a row, and when */
	uint64_t spins, spin_us, now_events;
	bool calm;  /* no more faults */
	bool tells; /* print what happens */
	uint64_t calm_us;
	uint64_t agreed_us; /* when all were on one SA after that; 0: not yet */
	uint64_t injected[FAULT_KINDS];
	char violation[400]; /* empty: none */
};

extern struct fleet *fleet_now;

struct result {
	uint64_t events;
	uint64_t digest;
	uint64_t took_us;    /* of virtual time */
	uint64_t settled_us; /* how long it took when there were no more faults */
	uint64_t injected[FAULT_KINDS];
	char violation[400];
};

/* Run a plan. The result is the same each time. */
void fleet_run(const struct plan *plan, bool tells, struct result *ret_result);
/* The first violation stays. */
__attribute__((format(printf, 1, 2))) void violate(const char *format, ...);
/* Is the rule of this violation the same? */
bool same_rule(const char *a, const char *b);
__attribute__((format(printf, 1, 2))) void tell(const char *format, ...);
/* Something has happened: for the digest. */
void fleet_note(uint64_t a, uint64_t b);

/* The next event; false when there is none before the time. */
bool loop_step(struct fleet *fleet, uint64_t until_us);

/* Leave out all faults that the violation does not need. */
void plan_shrink(struct plan *plan, const char *violation);

/* --- one rule broken on purpose -------------------------------------------------------------- */

enum breakage {
	BREAK_NONE,
	BREAK_EPOCH,    /* the key manager gives the same epoch again */
	BREAK_AMNESIA,  /* a restarted key manager makes the same keys again */
	BREAK_BINDING,  /* SenderIDs are not written */
	BREAK_SPI,      /* the reservation of SPIs is not written */
	BREAK_ACK,      /* a member acknowledges what it has not installed */
	BREAK_HURRY,    /* nobody waits for acknowledgements */
	BREAK_PARDON,   /* an eviction is in memory only */
	BREAK_REVOKED,  /* a revoked certificate is let in */
	BREAK_CLEAR,    /* a member does not leave a mode at its deadline */
	BREAK_DRAIN,    /* members drop what they drain at once */
	BREAK_FENCE,    /* floors of the roster are one too high */
	BREAK_UNHEARD,  /* changes of the roster get lost */
	BREAK_LACKS,    /* the same, of what others send on already */
	BREAK_FLOOR,    /* floors of the roster fall */
	BREAK_PAST,     /* a new member gets the SA that there is */
	BREAK_PROTOCOL, /* members acknowledge rosters that they were never sent */
	BREAK_SPIN,     /* timers fire too early */
	BREAK_RETURN,   /* a member does not try again when its session has ended */
	BREAK_COUNT,
};

extern enum breakage breakage;

struct break_case {
	enum breakage breakage;
	const char *name;
	const char *rules; /* that may find it, with a blank behind each */
	const char *meaning;
};

extern const struct break_case break_cases[];
extern const size_t break_case_count;
