/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A dataplane, as the files of this room see it. The control thread keeps records of groups and SAs
 * and builds snapshots from them. Every change goes the same way: make what is new, point the
 * records to it, publish, free what was replaced.
 */

#include "sa_record.h"
#include <engine.h>
#include <sadb.h>
#include <worker.h>

struct group_record {
	uint32_t *vnis;
	size_t vni_count;
};

struct dataplane {
	struct engine engine; /* what workers see; they never look at the rest */
	/* What the control thread knows: */
	struct ciphers *ciphers;
	struct kdf *kdf;
	struct vni_table *vnis;
	struct sadb *spare; /* the snapshot that no worker holds */
	struct sa_record *sas;
	struct group_record groups[COVEY_GROUPS_PER_HOST_MAX];
	/* Ports and threads; without ports, none: */
	struct port *fabric;
	struct port *host;
	unsigned running; /* workers */
	bool ports_started;
	struct worker workers[ENGINE_WORKERS_MAX];
};

/*
 * Allocate a dataplane of so many workers without groups and SAs: VXLAN is dropped, the rest
 * passes. Ports named in config are not looked at; who has none runs bursts through its workers
 * itself. Errors as of engine_open(), and -ENOTSUP (no cipher implementation for this CPU, no HKDF
 * in OpenSSL). dataplane_close() ends it.
 */
int dataplane_new(const struct dataplane_config *config, unsigned workers,
		  struct dataplane **ret_dataplane, struct covey_error *ret_error);

/* Publish the records as they are now; return when no worker holds an older snapshot. */
void dataplane_publish(struct dataplane *dataplane);

/* Index below the number of workers. */
static inline struct engine_worker *dataplane_worker(struct dataplane *dataplane, unsigned index)
{
	return engine_worker(&dataplane->engine, index);
}
