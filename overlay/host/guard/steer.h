/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The guard where the kernel keeps its interfaces (covey_fabric_port: kernel), as text. There it
 * also steers: what a VXLAN device sends by an uplink is forwarded to where covey-host takes it, in
 * the uplink's egress hook, instead of leaving. Until covey-host runs, and whenever it is in doubt
 * whether the interface of that index is covey's, it is dropped. Pure.
 */

#include <covey/limits.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "guard_clear.h"
#include "guard_ports.h"
#include "uplinks.h"

struct guard_config;

/* The comment of the rule that forwards. */
#define STEER_FORWARDED "VXLAN, to be encrypted"
/* Of the rule that lets VXLAN of a VNI that passes in clear leave where it cannot be encrypted. */
#define STEER_OTHER_WAY "VXLAN in clear by an interface that is no uplink"

struct steer {
	bool on;
	struct uplinks_wanted wanted;
	/* Where covey-host takes VXLAN: the host interface, or an end of a veth pair beside it. */
	char to[IFNAMSIZ];
	unsigned to_index;        /* 0: it takes none */
	struct guard_clear clear; /* not owned; VNIs that pass in clear */
	/* What guard_up() finds out: */
	bool hooked;  /* uplinks have their hooks */
	bool forward; /* the interface of that name is the one of that index */
	struct uplink uplinks[COVEY_UPLINKS_MAX]; /* those that exist, each once */
	size_t uplink_count;
	struct uplinks_left_out left_out; /* of those: no room, or no Ethernet header */
};

/* True when both have the same uplinks, and leave out the same. */
bool steer_same_uplinks(const struct steer *a, const struct steer *b);

/* Write the rules of the inet table that are about VXLAN on its way out: by an uplink it goes to
 * the chain local_vxlan_marked, which lets pass what came through a VXLAN device; by any other
 * interface it does not leave if it came through one. */
void steer_write_ways_out(FILE *stream, const struct steer *steer, uint32_t mark,
			  const char *host_interface);

/*
 * Write the rules of the inet table about ICMP errors that this host sends: those that quote VXLAN,
 * with a tenant's bytes in it, do not leave. The kernel makes them of decrypted packets that it
 * cannot or may not use.
 */
void steer_write_quotes(FILE *stream, const struct guard_ports *ports);

/* Write the chains of the netdev table. They jump to its chain "tagged". */
void steer_write_netdev(FILE *stream, const struct guard_config *config);

/* True if VXLAN of any VNI passes in clear. */
bool steer_is_clear(const struct steer *steer);

/* Write the rule of the inet table that takes what came in in clear. */
void steer_write_clear_in(FILE *stream, const struct steer *steer);

/* Write the rules of the inet table about VXLAN that may leave in clear by an uplink
 * (GUARD_CHECKED). Those of VNIs that are only observed come before the rule that gives the
 * token. */
void steer_write_observed_out(FILE *stream, const struct steer *steer, uint32_t mark);
/* What has no mark, behind that rule. by_process: only what a process sends. */
void steer_write_unmarked_out(FILE *stream, const struct steer *steer, bool by_process);

/* Write the removal of what another mode of covey left on the uplinks. */
void steer_write_removal(FILE *stream, const struct steer *steer);
