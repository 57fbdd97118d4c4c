/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Everything that the member's state machine does to the world, in one place. What it learns comes
 * in as messages and times. So a test or a model checker can play the world.
 */

#include <dataplane.h>
#include <log.h>
#include <message.h>

/* The dataplane's functions, as in dataplane.h. */
struct dataplane_ops {
	int (*group_set)(struct dataplane *dataplane, uint32_t group, const uint32_t *vnis,
			 size_t vni_count, struct covey_error *error);
	int (*sa_install)(struct dataplane *dataplane, const struct covey_sa *sa,
			  const struct covey_roster_entry *roster, size_t roster_count,
			  struct covey_error *error);
	int (*sa_activate)(struct dataplane *dataplane, uint32_t spi, struct covey_error *error);
	int (*sa_drain)(struct dataplane *dataplane, uint32_t spi, struct covey_error *error);
	void (*sa_remove)(struct dataplane *dataplane, uint32_t spi);
	int (*roster_set)(struct dataplane *dataplane, uint32_t spi,
			  const struct covey_roster_entry *roster, size_t roster_count,
			  struct covey_error *error);
	size_t (*read_sas)(const struct dataplane *dataplane, struct dataplane_sa_status *sas,
			   size_t max);
	size_t (*read_sent)(const struct dataplane *dataplane, uint32_t spi,
			    struct dataplane_window_status *windows, size_t max);
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
	/* Called when nothing arrives of what others multicast. NULL: nobody wants to know. */
	void (*deaf)(void *arg);
	/* A number in 0..bound-1, to spread retries over time. */
	uint32_t (*random)(void *arg, uint32_t bound);
	void *arg;
};

/* effects->note() with a format. */
__attribute__((format(printf, 3, 4))) void
effects_note(const struct effects *effects, enum log_level level, const char *format, ...);
