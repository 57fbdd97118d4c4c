/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Installs the guard and keeps it there. If somebody removes or changes it, it is put back at once.
 * When its interface comes, its hooks are bound. The guard is always read back from the kernel,
 * never assumed to be there.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "guard_heard.h"
#include "guard_rules.h"

struct guard_watch;

struct guard_watch_config {
	struct event_base *base;
	const char *given;         /* the interface as the inventory names it */
	struct guard_config guard; /* its interface is found by `given`; lists are copied */
	bool yields; /* leave another covey-host's rules alone: it knows its port better */
};

/* What to show. Texts are valid until the next event. */
struct guard_status {
	const char *interface; /* the kernel's own name */
	enum guard_device_hooks hooks;
	const struct steer *steer; /* its uplinks; NULL: the kernel does not keep its interfaces */
	const struct guard_clear *clear; /* the VNIs that pass in clear */
	bool present;                    /* the interface is there */
	bool off;                        /* `covey-host --guard off` took it away */
	const char *weaker;              /* what it does not hold back; empty: nothing */
	const char *failing;             /* why it is not as it should be now; empty: it is */
	uint64_t restored;               /* how often somebody took it away or changed it */
	const char *last;     /* who did so last, "nft (process 12)"; empty: nobody did */
	uint64_t last_ago_ms; /* how long ago that was */
};

/* Install the guard and watch it. Returns 0 also when it is weaker than it could be: see the
 * status. */
int guard_watch_new(const struct guard_watch_config *config, struct guard_watch **ret_watch,
		    struct covey_error *error);
/* Ends the watch; the guard stays. NULL-safe. */
void guard_watch_free(struct guard_watch *watch);

/* Bind it now to an interface that has come or changed in the meantime. */
int guard_watch_bind(struct guard_watch *watch, struct covey_error *error);

/* Say whether the kernel sees a copy of each packet of the fabric port. */
int guard_watch_set_af_packet(struct guard_watch *watch, bool af_packet, struct covey_error *error);

/* Drop VXLAN to these ports, too: at most GUARD_FOREIGN_MAX. Nothing happens if they are the same
 * as before. If the rules cannot be put up now, that is logged, and tried again. */
void guard_watch_set_foreign(struct guard_watch *watch, const uint16_t *ports, size_t count);

/* The inventory's VNIs are at another place now, and stay the caller's; those from before are not
 * used any more. changed: it has other hosts or VNIs. If the rules cannot be put up now, that is
 * logged, and tried again. */
void guard_watch_set_inventory(struct guard_watch *watch, const struct covey_vnis *vnis,
			       size_t count, bool changed);

/* Say to which of the fabric's ports decrypted packets are delivered. In force when it returns 0.
 */
int guard_watch_set_ports_held(struct guard_watch *watch, const struct guard_ports *held,
			       struct covey_error *error);

/* Say which interface VXLAN is to be steered to, by name and index; "" and 0: to none, it is
 * dropped. In force when it returns 0. */
int guard_watch_set_steered(struct guard_watch *watch, const char *to, unsigned index,
			    struct covey_error *error);

/*
 * Say which VNIs pass in clear. In force when it returns 0: guard and own table were replaced in
 * one transaction, and read back. Otherwise a negative errno: the VNIs from before are wanted
 * again. They still are in force, or, if it was the reading that failed, are put back at once or as
 * soon as that succeeds. Nothing happens where neither the kernel keeps its interfaces nor the
 * fabric port is AF_PACKET.
 */
int guard_watch_set_clear(struct guard_watch *watch, const struct guard_clear *clear,
			  struct covey_error *error);

/* Who is heard in clear: guard_heard_read() for this process's own table, which counts if it
 * steers. */
int guard_watch_read_heard(const struct guard_watch *watch, struct guard_heard *list, size_t max,
			   size_t *ret_count, struct covey_error *error);

/* This process's own table, with its counters; empty text: there is none. *ret_text is the caller's
 * to free. */
int guard_watch_list_own(const struct guard_watch *watch, char **ret_text,
			 struct covey_error *error);

/* False when the kernel keeps its interfaces, and none of them leads to another host. */
bool guard_watch_has_uplink(const struct guard_watch *watch);

/*
 * The address that it gives to VXLAN at the host interface (secret_source.h), for a dataplane that
 * starts now. 0: it has no hook there, and from now on it gives none, also if it gets one later:
 * such a dataplane would let the address leave.
 */
uint64_t guard_watch_take_source(struct guard_watch *watch);

/* Read the guard back now, put back what is missing, and then give its status. */
void guard_watch_read(struct guard_watch *watch, struct guard_status *ret_status);
/* Its status as of the last look, which is at most half a minute ago. */
void guard_watch_last(const struct guard_watch *watch, struct guard_status *ret_status);

/* Did the last look find that the guard drops VXLAN to this port, which is not the fabric's? */
bool guard_watch_drops(const struct guard_watch *watch, uint16_t port);
