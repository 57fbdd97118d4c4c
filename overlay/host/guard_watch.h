/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Puts the guard up and keeps it: whoever takes it away or changes it, it is back at once; and when
 * its interface comes, its hooks are bound. Nothing of it is believed: it is read back.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "guard_rules.h"

struct guard_watch;

struct guard_watch_config {
	struct event_base *base;
	const char *given;         /* the interface as the inventory names it */
	struct guard_config guard; /* its interface is found by `given` */
	bool yields; /* leave another covey-host's rules as they are: it knows more of its port */
};

/* What to show. Texts are valid until the next event. */
struct guard_status {
	const char *interface; /* the kernel's own name */
	enum guard_device_hooks hooks;
	bool present;         /* the interface is there */
	bool off;             /* `covey-host --guard off` took it away */
	const char *weaker;   /* what it does not hold back; empty: nothing */
	const char *failing;  /* why it is not as it should be now; empty: it is */
	uint64_t restored;    /* how often somebody took it away or changed it */
	const char *last;     /* who did so last, "nft (process 12)"; empty: nobody did */
	uint64_t last_ago_ms; /* when */
};

/* Installs, and returns 0 also when that is weaker than it could be: see the status. */
int guard_watch_new(const struct guard_watch_config *config, struct guard_watch **ret_watch,
		    struct covey_error *error);
/* Ends the watch; the guard stays. NULL-safe. */
void guard_watch_free(struct guard_watch *watch);

/* Bind it, now, to an interface that has come or changed since. */
int guard_watch_bind(struct guard_watch *watch, struct covey_error *error);

/* The kernel sees (or does not) a copy of each packet of the fabric port. */
int guard_watch_set_af_packet(struct guard_watch *watch, bool af_packet, struct covey_error *error);

/* Drop these ports' VXLAN too; the same as before change nothing. At most GUARD_FOREIGN_MAX. */
int guard_watch_set_foreign(struct guard_watch *watch, const uint16_t *ports, size_t count,
			    struct covey_error *error);
/* What was decrypted goes to VXLAN's port, or does not. In force when it returns 0. */
int guard_watch_set_port_held(struct guard_watch *watch, bool held, struct covey_error *error);

/* Read back now, and put back what is missing, then say how it stands. */
void guard_watch_read(struct guard_watch *watch, struct guard_status *ret_status);
