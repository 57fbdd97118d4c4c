/* SPDX-License-Identifier: BSD-3-Clause */

/* covey's own path, whole: two engines, the sender's and the receiver's, of so many workers each.
 */

#include "bench_buffers.h"
#include "bench_dataplane.h"
#include "engine.h"
#include "inbound.h"
#include "outbound.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SENDER_ID   2
#define RECEIVER_ID 1
#define EPOCH       1
#define GROUP       0

struct vpe {
	struct engine *sender;
	struct engine *receiver;
};

static struct covey_addr address_of(uint32_t address)
{
	struct covey_addr addr = {.family = AF_INET};

	address = rte_cpu_to_be_32(address);
	memcpy(addr.bytes, &address, sizeof(address));
	return addr;
}

static struct dataplane_config config_of(const struct bench_shape *shape, uint32_t address)
{
	struct dataplane_config config = {
		.vtep = address_of(address),
		.encapsulation = COVEY_ENCAPSULATION_UDP,
		.vpe_port = COVEY_VPE_PORT,
		.vpe_protocol = COVEY_VPE_IP_PROTOCOL,
		.vxlan_port = COVEY_VXLAN_PORT,
		.fabric_mtu = BENCH_SIZE_MAX + COVEY_OVERHEAD_UDP_IPV4,
		.paths = (uint16_t)shape->paths,
	};

	for (unsigned dscp = 0; dscp < RTE_DIM(config.class_by_dscp); dscp++)
		config.class_by_dscp[dscp] = (uint8_t)(shape->classes > 1 ? dscp >> 3 : 0);
	return config;
}

/* One end: an engine with one group and one active SA that knows the other end. */
static int open_end(const struct bench_shape *shape, bool sends, struct engine **ret_engine,
		    struct covey_error *error)
{
	uint32_t own = sends ? BENCH_SENDER_ADDRESS : BENCH_RECEIVER_ADDRESS;
	uint32_t other = sends ? BENCH_RECEIVER_ADDRESS : BENCH_SENDER_ADDRESS;
	struct dataplane_config config = config_of(shape, own);
	struct covey_roster_entry peer = {
		.vtep = address_of(other),
		.sender_id = sends ? RECEIVER_ID : SENDER_ID,
		.epoch_floor = EPOCH,
	};
	struct covey_sa sa = {
		.spi = BENCH_SPI,
		.group = GROUP,
		.cipher = shape->cipher,
		.key_scope = COVEY_KEY_SCOPE_SENDER,
		.replay_window = shape->replay_window,
		.sender_id = sends ? SENDER_ID : RECEIVER_ID,
		.epoch = EPOCH,
		.may_send = true,
		.may_receive = true,
	};
	uint32_t vni = BENCH_VNI;
	struct engine *engine;
	int rc = engine_new(&config, shape->cores, &engine, error);

	if (rc < 0)
		return rc;
	memcpy(sa.tek, bench_key, sizeof(sa.tek));
	rc = engine_group_set(engine, GROUP, &vni, 1, error);
	if (rc == 0)
		rc = engine_sa_install(engine, &sa, &peer, 1, error);
	if (rc == 0)
		rc = engine_sa_activate(engine, BENCH_SPI, error);
	if (rc < 0) {
		engine_free(engine);
		return rc;
	}
	*ret_engine = engine;
	return 0;
}

static void vpe_close(void *state)
{
	struct vpe *vpe = state;

	if (!vpe)
		return;
	engine_free(vpe->sender);
	engine_free(vpe->receiver);
	free(vpe);
}

static int vpe_open(const struct bench_shape *shape, void **ret_state, struct covey_error *error)
{
	struct vpe *vpe = calloc(1, sizeof(*vpe));
	int rc;

	if (!vpe)
		return covey_error_set(error, -ENOMEM, "vpe: out of memory");
	rc = open_end(shape, true, &vpe->sender, error);
	if (rc == 0)
		rc = open_end(shape, false, &vpe->receiver, error);
	if (rc < 0) {
		vpe_close(vpe);
		return rc;
	}
	*ret_state = vpe;
	return 0;
}

static void vpe_enter(void *state, unsigned core)
{
	struct vpe *vpe = state;

	engine_worker_online(engine_worker(vpe->sender, core));
	engine_worker_online(engine_worker(vpe->receiver, core));
}

static void vpe_leave(void *state, unsigned core)
{
	struct vpe *vpe = state;

	engine_worker_offline(engine_worker(vpe->sender, core));
	engine_worker_offline(engine_worker(vpe->receiver, core));
}

/* Quiescent after each burst, as in the worker's loop. */
static uint16_t vpe_encrypt(void *state, unsigned core, struct rte_mbuf **packets, uint16_t count)
{
	struct engine_worker *worker = engine_worker(((struct vpe *)state)->sender, core);
	uint16_t done = outbound_burst(worker, packets, count);

	engine_worker_quiescent(worker);
	return done;
}

static uint16_t vpe_decrypt(void *state, unsigned core, struct rte_mbuf **packets, uint16_t count)
{
	struct engine_worker *worker = engine_worker(((struct vpe *)state)->receiver, core);
	uint16_t done = inbound_burst(worker, packets, count);

	engine_worker_quiescent(worker);
	return done;
}

/* The first counter that is not zero. */
static const char *vpe_reason(void *state)
{
	struct vpe *vpe = state;
	struct engine *ends[] = {vpe->sender, vpe->receiver};

	for (unsigned end = 0; end < RTE_DIM(ends); end++) {
		struct dataplane_counters counters;

		engine_read_counters(ends[end], &counters);
		for (unsigned i = 0; i < COVEY_DROP_COUNT; i++)
			if (counters.drops[i])
				return covey_drop_names[i];
	}
	return NULL;
}

static unsigned vpe_windows(void *state)
{
	struct dataplane_sa_status sa = {.windows = 0};

	engine_read_sas(((struct vpe *)state)->receiver, &sa, 1);
	return sa.windows;
}

const struct bench_dataplane bench_vpe = {
	.name = "vpe",
	.text = "covey's own path, from classification to the inner checks",
	.open = vpe_open,
	.close = vpe_close,
	.enter = vpe_enter,
	.leave = vpe_leave,
	.encrypt = vpe_encrypt,
	.decrypt = vpe_decrypt,
	.reason = vpe_reason,
	.windows = vpe_windows,
};
