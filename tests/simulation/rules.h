/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What must never be. The first breach ends a run; its name comes first in the text.
 *
 *     lease     no (TEK, SenderID, epoch) is counted in twice
 *     spi       no SPI has two keys, unless the state file is an older one
 *     binding   no SenderID has two holders, and each host keeps its own; with the same exception
 *     lacks     nobody sends on an SA that a live member has acknowledged and has not
 *     kept      a live member has what it has acknowledged until the key manager retires it
 *     hurry     nobody sends before all who were there when the SA began have it, or the activation
 *               delay has passed
 *     fence     no member drops what another sends because of its epoch
 *     heard     a member sends only to peers that know it, or that were waited for long enough
 *     floor     no epoch floor falls
 *     evicted   who is evicted, or has a revoked certificate, gets no SA that began after that
 *     past      a new member gets no SA that carried traffic before its SenderID was on disk
 *     clear     nobody is in a mode with clear packets longer than it was told
 *     plane     the member and its dataplane agree on what there is
 *     protocol  neither side finds a message of the other's wrong
 *     spin      nobody does the same thing a thousand times in no time
 *     return    when faults end, all come to one SA within RETURN_US
 */

#include <covey/sa.h>

#include "message.h"
#include "simulation.h"

struct group;
struct host;
struct sa_timing;

/* The silence that ends a session, the longest waits before an attempt, an activation delay, and
 * what it takes to install. */
#define RETURN_US (240 * SECOND_US)

struct rules *rules_new(const struct plan *plan);
void rules_free(struct rules *rules);

/* --- told as it happens -------------------------------------------------------------------- */

void rules_message(struct process *from, struct process *to, const Covey__Message *message);
/* It is on disk: for the next start it was a member, whether it was told or not. */
void rules_bound(struct fleet *fleet, const char *group, const char *identity);
void rules_gkm_gone(struct fleet *fleet);
void rules_host_gone(struct host *host);
/* Returns the SA's number. */
uint32_t rules_installed(struct host *host, unsigned group, const struct covey_sa *sa);
void rules_sends(struct host *host, unsigned group, uint32_t sa);
bool rules_has_senders(const struct fleet *fleet, uint32_t sa);
void rules_stopped(struct host *host, uint32_t sa);
void rules_changed(struct host *host);
void rules_floor_falls(struct host *host, uint32_t spi, uint16_t sender_id);
/* The operator was told so. */
void rules_evicted(struct host *host);
/* Perhaps it is evicted, and nobody was told. */
void rules_doubtful(struct host *host);
void rules_readmitted(struct host *host);
void rules_revoked(struct host *host);
void rules_renewed(struct host *host);
/* The state file is as it was then, and its next SPI was this one. */
void rules_older(struct fleet *fleet, uint64_t then_us, uint32_t next_spi);

/* --- looked for ---------------------------------------------------------------------------- */

/* After each event. */
void rules_check(struct fleet *fleet);
/* Now and then: all hosts. */
void rules_check_all(struct fleet *fleet);
bool rules_all_on_one(struct fleet *fleet);
