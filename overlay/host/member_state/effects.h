/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Everything that the member's state machine does to the world, in one place. What it learns comes
 * in as messages and times. So a test or a model checker can play the world.
 */

#include <dataplane.h>
#include <log.h>
#include <message.h>

/* Those functions of dataplane.h that it needs. */
struct dataplane_ops {
	__typeof__(dataplane_group_set) *group_set;
	__typeof__(dataplane_sa_install) *sa_install;
	__typeof__(dataplane_sa_activate) *sa_activate;
	__typeof__(dataplane_sa_drain) *sa_drain;
	__typeof__(dataplane_sa_remove) *sa_remove;
	__typeof__(dataplane_roster_set) *roster_set;
	__typeof__(dataplane_read_sas) *read_sas;
	__typeof__(dataplane_read_sent) *read_sent;
};

struct member_mode_first;

/* VXLAN in clear that came from an address in a VNI, in the last minute. */
struct effects_heard {
	struct covey_addr address;
	uint32_t vni;
	uint64_t packets; /* 0: there is no room to say it now */
};

#define EFFECTS_HEARD_MAX 4096u

/* Whatever came in since the last time. */
struct effects_heard_all {
	struct effects_heard list[EFFECTS_HEARD_MAX];
	size_t count;
	bool incomplete; /* perhaps there is more, in any VNI */
};

struct effects {
	const struct dataplane_ops *ops;
	struct dataplane *dataplane;
	/* Queue a message to the GKM; 0 or negative errno. Called only within a session. */
	int (*send)(void *arg, const Covey__Message *message);
	/* Tell a person something. kind: the format from which text was made. */
	void (*note)(void *arg, enum log_level level, const char *kind, const char *text);
	/* True when the kernel wants multicast of each of these VNIs. NULL: nobody can tell. */
	bool (*listens)(void *arg, const uint32_t *vnis, size_t count);
	/* Called when nothing arrives of what others send, perhaps. NULL: nobody wants to know. */
	void (*deaf)(void *arg);
	/* Do what the modes of all groups say, at guard and dataplane. When it returns 0, they do.
	 * NULL: there is neither. */
	int (*modes)(void *arg, struct covey_error *error);
	/* The mode that a group has until the GKM says it. NULL: all enforce. */
	void (*first_mode)(void *arg, const char *group, struct member_mode_first *ret_first);
	/* Clear VXLAN that came in lately: at most max entries with packets. NULL: nobody can tell.
	 */
	void (*heard)(void *arg, size_t max, struct effects_heard_all *ret_all);
	/* Take this part in a run of probes: the message has been checked, and is about a group
	 * that we have joined. Called only within a session. NULL: we take part in none. */
	void (*probe_order)(void *arg, const Covey__ProbeOrder *order);
	/* What others saw of probes that this host has asked for. NULL: it asks for none. */
	void (*probe_report)(void *arg, const Covey__ProbeReport *report);
	/* A number in 0..bound-1, to spread retries over time. */
	uint32_t (*random)(void *arg, uint32_t bound);
	void *arg;
};

/* effects->note() with a format. */
__attribute__((format(printf, 3, 4))) void
effects_note(const struct effects *effects, enum log_level level, const char *format, ...);
