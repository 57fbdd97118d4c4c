/* SPDX-License-Identifier: BSD-3-Clause */
/* A dataplane's life, from open to close. */

#include "dataplane_state.h"

#include <errno.h>
#include <port.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <stdlib.h>
#include <string.h>

#include "kdf.h"
#include "tally.h"

/* --- without ports -------------------------------------------------------------------------- */

static int make_tallies(struct dataplane *dataplane, struct covey_error *error)
{
	dataplane->tallies = calloc(COVEY_GROUPS_PER_HOST_MAX, sizeof(*dataplane->tallies));
	return dataplane->tallies
		       ? 0
		       : covey_error_set(error, -ENOMEM, "out of memory for the groups' counters");
}

static int open_libraries(struct dataplane *dataplane, struct covey_error *error)
{
	int status = ciphers_new(dataplane->engine.worker_count,
				 !dataplane->engine.config.cipher_library, &dataplane->ciphers);

	if (status != 0)
		return covey_error_set(error, status, "ipsec-mb has no AES-GCM for this CPU: %s",
				       strerror(-status));
	status = kdf_new(&dataplane->kdf);
	if (status != 0)
		return covey_error_set(
			error, status,
			"OpenSSL has no HKDF: check that its default provider is loaded");
	return 0;
}

static void tell_fabric_vnis(const struct dataplane *dataplane, struct sadb *next)
{
	next->fabric_vnis = dataplane->engine.config.vnis;
	next->fabric_vnis_count = dataplane->engine.config.vnis_count;
}

/* Two snapshots, used in turn. The first one is published. */
static int make_snapshots(struct dataplane *dataplane, struct covey_error *error)
{
	struct sadb *first = calloc(1, sizeof(*first));

	dataplane->vnis = vni_table_new(0);
	dataplane->strict = vni_table_new(0);
	dataplane->spare = calloc(1, sizeof(*dataplane->spare));
	if (!first || !dataplane->vnis || !dataplane->strict || !dataplane->spare) {
		free(first);
		return covey_error_set(error, -ENOMEM, "out of memory for the SA table");
	}
	sadb_clear(first, dataplane->vnis, dataplane->strict);
	tell_fabric_vnis(dataplane, first);
	engine_publish(&dataplane->engine, first);
	return 0;
}

int dataplane_new(const struct dataplane_config *config, unsigned workers,
		  struct dataplane **ret_dataplane, struct covey_error *error)
{
	struct dataplane *dataplane = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*dataplane));
	int status;

	if (!dataplane)
		return covey_error_set(error, -ENOMEM, "out of memory for the dataplane");
	memset(dataplane, 0, sizeof(*dataplane));
	status = engine_open(&dataplane->engine, config, workers, error);
	if (status != 0) {
		free(dataplane);
		return status;
	}
	status = open_libraries(dataplane, error);
	if (status == 0)
		status = make_tallies(dataplane, error);
	if (status == 0)
		status = make_snapshots(dataplane, error);
	if (status != 0) {
		dataplane_close(dataplane);
		return status;
	}
	*ret_dataplane = dataplane;
	return 0;
}

static void free_records(struct dataplane *dataplane)
{
	struct sa_record *record;

	while ((record = dataplane->sas)) {
		dataplane->sas = record->next;
		sa_record_free(record, dataplane->engine.worker_count);
	}
	for (unsigned i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		free(dataplane->groups[i].vnis);
		if (dataplane->tallies)
			tally_clear(&dataplane->tallies[i]);
	}
	free(dataplane->tallies);
}

/* Fragments do not tell their VNI, all but the first. So they may only be in clear where no group
 * and no VNI of this host has to be protected from it. */
static void publish_modes(const struct dataplane *dataplane, struct sadb *next)
{
	bool enforced = dataplane->strict_count > 0, leave = false, enter = false;

	if (dataplane->engine.config.vxlan_only)
		return;
	for (unsigned i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		const struct group_record *record = &dataplane->groups[i];
		struct sadb_group *group = &next->groups[i];

		if (record->vni_count == 0)
			continue;
		group->clear_out = covey_mode_sends_clear(record->mode);
		group->clear_in = covey_mode_accepts_clear(record->mode);
		enforced |= !group->clear_in;
		leave |= group->clear_out;
		enter |= group->clear_in;
	}
	next->fragments_out = leave && !enforced;
	next->fragments_in = enter && !enforced;
}

void dataplane_publish(struct dataplane *dataplane)
{
	struct sadb *next = dataplane->spare;
	struct sadb_group *group;

	sadb_clear(next, dataplane->vnis, dataplane->strict);
	tell_fabric_vnis(dataplane, next);
	publish_modes(dataplane, next);
	for (struct sa_record *record = dataplane->sas; record; record = record->next) {
		sadb_add(next, record->parts.rx);
		if (record->state != COVEY_SA_ACTIVE)
			continue;
		group = &next->groups[record->group];
		group->has_tx = record->parts.tx != NULL;
		next->strict_tx[record->group] = record->parts.tx;
		group->tx = group->clear_out ? NULL : record->parts.tx;
		group->reason = COVEY_DROP_OUT_NOT_SENDER;
	}
	dataplane->spare = engine_publish(&dataplane->engine, next);
}

/* --- with ports ----------------------------------------------------------------------------- */

/* Each worker sends on queues of its own, so there are no more workers than transmit queues. */
static unsigned count_workers(const struct dataplane_config *config)
{
	unsigned queues = RTE_MIN(config->fabric_port->tx_count, config->host_port->tx_count);

	return RTE_MIN(RTE_MIN(queues, port_workers()), ENGINE_WORKERS_MAX);
}

static unsigned count_classes(const uint8_t class_by_dscp[64])
{
	unsigned classes = 0;

	for (unsigned i = 0; i < 64; i++)
		classes |= 1u << class_by_dscp[i] % COVEY_CLASSES;
	return (unsigned)__builtin_popcount(classes);
}

/* A receiver keeps a limited number of windows for one sender. Classes, casts, workers and paths
 * share them. */
static uint16_t limit_paths(const uint8_t class_by_dscp[64], uint16_t paths, unsigned workers)
{
	unsigned most =
		COVEY_REPLAY_WINDOWS_PER_SENDER_MAX / (2 * count_classes(class_by_dscp) * workers);

	return (uint16_t)RTE_MIN(paths, most);
}

void dataplane_set_vnis(struct dataplane *dataplane, const struct covey_vnis *vnis, size_t count)
{
	dataplane->engine.config.vnis = vnis;
	dataplane->engine.config.vnis_count = count;
	dataplane_publish(dataplane);
}

/* A worker reads one byte for a packet. Each window counts by itself, so a flow that goes to
 * another one repeats no IV. */
int dataplane_set_classes(struct dataplane *dataplane, const uint8_t class_by_dscp[64])
{
	struct dataplane_config *config = &dataplane->engine.config;

	for (unsigned i = 0; i < 64; i++)
		if (class_by_dscp[i] >= COVEY_CLASSES)
			return -EINVAL;
	if (limit_paths(class_by_dscp, config->paths, dataplane->engine.worker_count) <
	    config->paths)
		return -ENOSPC;
	for (unsigned i = 0; i < 64; i++)
		__atomic_store_n(&config->class_by_dscp[i], class_by_dscp[i], __ATOMIC_RELAXED);
	return 0;
}

int dataplane_open(const struct dataplane_config *config, struct dataplane **ret_dataplane,
		   struct covey_error *error)
{
	unsigned workers = count_workers(config);
	struct dataplane_config limited = *config;
	struct dataplane *dataplane;
	int status;

	limited.paths = limit_paths(config->class_by_dscp, config->paths, workers);
	status = dataplane_new(&limited, workers, &dataplane, error);
	if (status != 0)
		return status;
	dataplane->fabric = config->fabric_port;
	dataplane->host = config->host_port;
	*ret_dataplane = dataplane;
	return 0;
}

static int start_ports(struct dataplane *dataplane, struct covey_error *error)
{
	int status = port_start(dataplane->fabric, error);

	if (status != 0)
		return status;
	status = port_start(dataplane->host, error);
	if (status != 0)
		port_stop(dataplane->fabric);
	else
		dataplane->ports_started = true;
	return status;
}

static int start_worker(struct dataplane *dataplane, unsigned index, unsigned lcore,
			struct covey_error *error)
{
	struct worker *worker = &dataplane->workers[index];
	int status;

	*worker = (struct worker){
		.engine = dataplane_worker(dataplane, index),
		.fabric = dataplane->fabric,
		.host = dataplane->host,
		.index = index,
		.workers = dataplane->engine.worker_count,
		.lcore = lcore,
	};
	status = rte_eal_remote_launch(worker_run, worker, lcore);
	if (status != 0)
		return covey_error_set(error, status, "worker lcore %u does not start: %s", lcore,
				       strerror(-status));
	dataplane->running++;
	return 0;
}

int dataplane_start(struct dataplane *dataplane, struct covey_error *error)
{
	unsigned lcore = RTE_MAX_LCORE, index = 0;
	int status = start_ports(dataplane, error);

	if (status != 0)
		return status;
	RTE_LCORE_FOREACH_WORKER(lcore) {
		if (index == dataplane->engine.worker_count)
			break;
		status = start_worker(dataplane, index++, lcore, error);
		if (status != 0)
			return status;
	}
	return dataplane->running > 0 ? 0
				      : covey_error_set(error, -ENODEV, "EAL has no worker lcore");
}

unsigned dataplane_workers(const struct dataplane *dataplane)
{
	return dataplane->engine.worker_count;
}

const char *dataplane_cipher_text(const struct dataplane *dataplane)
{
	switch (ciphers_many(dataplane->ciphers)) {
	case CIPHER_MANY_OFF:
		return "the library alone, as covey_cipher says";
	case CIPHER_MANY_NO_CPU:
		return "the library alone, as this CPU has no AVX-512 with VAES";
	case CIPHER_MANY_DIFFERS:
		return "the library alone, as covey's own code did not agree with it";
	case CIPHER_MANY_AVX512:
		break;
	}
	return "four packets at a time with AVX-512, and the library for the rest";
}

bool dataplane_cipher_is_wrong(const struct dataplane *dataplane)
{
	return ciphers_many(dataplane->ciphers) == CIPHER_MANY_DIFFERS;
}

int dataplane_ciphers_shared(const struct dataplane *dataplane)
{
	return ciphers_shared(dataplane->ciphers);
}

bool dataplane_is_alive(struct dataplane *dataplane)
{
	bool alive = true;

	for (unsigned i = 0; i < dataplane->running; i++) {
		struct worker *worker = &dataplane->workers[i];
		unsigned before = worker->turns_seen;

		worker->turns_seen = atomic_load(&worker->turns);
		alive &= worker->turns_seen != before;
	}
	return alive && dataplane->running > 0;
}

/* When one worker had stopped, another one may still have handed packets over to it. No port's
 * queue holds these any more. */
static void stop_workers(struct dataplane *dataplane)
{
	for (unsigned i = 0; i < dataplane->running; i++)
		atomic_store(&dataplane->workers[i].stop, true);
	for (unsigned i = 0; i < dataplane->running; i++)
		rte_eal_wait_lcore(dataplane->workers[i].lcore);
	for (unsigned i = 0; i < dataplane->running; i++)
		worker_drain(&dataplane->workers[i]);
}

void dataplane_close(struct dataplane *dataplane)
{
	if (!dataplane)
		return;
	stop_workers(dataplane);
	dataplane_capture_end(dataplane);
	if (dataplane->ports_started) {
		port_stop(dataplane->host);
		port_stop(dataplane->fabric);
	}
	free_records(dataplane);
	kdf_free(dataplane->kdf);
	ciphers_free(dataplane->ciphers);
	free(atomic_load(&dataplane->engine.sadb));
	free(dataplane->spare);
	vni_table_free(dataplane->vnis);
	vni_table_free(dataplane->strict);
	engine_close(&dataplane->engine);
	free(dataplane);
}
