/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* covey-gkm, from its start to its end, again and again. */

#include "disk.h"
#include "manager.h"
#include "simulation.h"

struct gkm {
	struct process process;
	struct disk disk; /* outlives the program */
	struct timer start;
	unsigned place;      /* which of the inventory's addresses it has */
	uint64_t key_chance; /* for BREAK_AMNESIA: keys begin anew with each start */
	unsigned starts;
	/* Of the running program. */
	struct event_base *base;
	struct tls *tls;
	struct store *store;
	struct manager manager;
	bool listens;
};

void gkm_init(struct gkm *gkm, struct fleet *fleet);
/* Its machine is switched on; the program starts after that. */
void gkm_start_at(struct gkm *gkm, uint64_t at_us);
void gkm_free(struct gkm *gkm);

/* The program ends, as by SIGTERM. */
void gkm_stop(struct gkm *gkm);
/* A connection comes in. */
void gkm_accept(struct gkm *gkm);
bool gkm_is_at(const struct gkm *gkm, const struct covey_addr *address);
struct process *gkm_process(struct gkm *gkm);
uint64_t *gkm_key_chance(struct gkm *gkm);

/* What an operator does. 0: it is done; -EINPROGRESS: gkm_progress() of *ret_change says what comes
 * of it; otherwise it was not done, or nobody knows. */
int gkm_evict(struct gkm *gkm, unsigned host, uint64_t *ret_change);
int gkm_readmit(struct gkm *gkm, unsigned host, uint64_t *ret_change);
int gkm_progress(struct gkm *gkm, uint64_t change);
void gkm_rekey(struct gkm *gkm, unsigned group);
void gkm_mode(struct gkm *gkm, unsigned group, uint32_t chance);
void gkm_read_lists(struct gkm *gkm);

/* The running program's group, NULL: it does not run. */
struct group *gkm_group(const struct gkm *gkm, unsigned group);
