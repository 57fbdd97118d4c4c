/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A dataplane, as the files of this folder see it. The control thread keeps records of groups and
 * SAs and makes snapshots from them. Every change has the same steps: make what is new, let the
 * records point to it, publish, and free what was replaced.
 */

#include "sa_record.h"
#include <engine.h>
#include <sadb.h>
#include <worker.h>

struct group_record {
	uint32_t *vnis;
	size_t vni_count; /* 0: there is no such group */
	enum covey_mode mode;
};

struct dataplane {
	struct engine engine; /* what workers see; they read nothing else */
	/* What the control thread knows: */
	struct ciphers *ciphers;
	struct kdf *kdf;
	struct vni_table *vnis;
	struct vni_table *strict; /* those that are never in clear */
	size_t strict_count;
	struct sadb *spare; /* the snapshot that no worker holds */
	struct sa_record *sas;
	struct group_record groups[COVEY_GROUPS_PER_HOST_MAX];
	struct tally *tallies; /* COVEY_GROUPS_PER_HOST_MAX of them, by group */
	/* Ports and threads. Without ports, all of these are empty: */
	struct port *fabric;
	struct port *host;
	unsigned running; /* workers */
	bool ports_started;
	struct worker workers[ENGINE_WORKERS_MAX];
};

/*
 * Allocate a dataplane with this number of workers, without groups and SAs. It drops VXLAN and lets
 * the rest pass. It does not use the ports in config. A caller that has no ports runs bursts
 * through the workers itself. Errors are those of engine_open(), and -ENOTSUP (no cipher
 * implementation for this CPU, or no HKDF in OpenSSL). End it with dataplane_close().
 */
int dataplane_new(const struct dataplane_config *config, unsigned workers,
		  struct dataplane **ret_dataplane, struct covey_error *error);

/* Publish the records as they are now. Returns when no worker holds an older snapshot. */
void dataplane_publish(struct dataplane *dataplane);

/* index must be below the number of workers. */
static inline struct engine_worker *dataplane_worker(struct dataplane *dataplane, unsigned index)
{
	return engine_worker(&dataplane->engine, index);
}
