/* SPDX-License-Identifier: BSD-3-Clause */

/* covey's own path, whole: two engines, the sender's and the receiver's, of so many workers each.
 */

#include "bench_vpe.h"
#include "bench_buffers.h"
#include "inbound.h"
#include "outbound.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct vpe {
	struct dataplane *sender;
	struct dataplane *receiver;
};

static struct covey_addr address_of(uint32_t address)
{
	struct covey_addr addr = {.family = AF_INET};

	address = rte_cpu_to_be_32(address);
	memcpy(addr.bytes, &address, sizeof(address));
	return addr;
}

struct dataplane_config bench_vpe_config(const struct bench_shape *shape, uint32_t address)
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

struct covey_roster_entry bench_peer(uint32_t address, uint16_t sender_id)
{
	return (struct covey_roster_entry){
		.vtep = address_of(address),
		.sender_id = sender_id,
		.epoch_floor = BENCH_EPOCH,
	};
}

static int install(struct dataplane *dataplane, const struct covey_sa *sa,
		   const struct covey_roster_entry *peers, size_t peer_count,
		   struct covey_error *error)
{
	uint32_t vni = BENCH_VNI;
	int status = dataplane_group_set(dataplane, BENCH_GROUP, &vni, 1, error);

	if (status == 0)
		status = dataplane_sa_install(dataplane, sa, peers, peer_count, error);
	if (status == 0)
		status = dataplane_sa_activate(dataplane, sa->spi, error);
	return status;
}

struct covey_sa bench_vpe_sa(const struct bench_shape *shape, uint16_t sender_id)
{
	struct covey_sa sa = {
		.spi = BENCH_SPI,
		.group = BENCH_GROUP,
		.cipher = shape->cipher,
		.key_scope = shape->key_scope,
		.replay_window = shape->replay_window,
		.sender_id = sender_id,
		.epoch = BENCH_EPOCH,
		.may_send = sender_id != 0,
		.may_receive = true,
	};

	memcpy(sa.tek, bench_key, sizeof(sa.tek));
	return sa;
}

int bench_vpe_new(const struct bench_shape *shape, uint32_t address, uint16_t sender_id,
		  const struct covey_roster_entry *peers, size_t peer_count,
		  struct dataplane **ret_dataplane, struct covey_error *error)
{
	struct dataplane_config config = bench_vpe_config(shape, address);
	struct covey_sa sa = bench_vpe_sa(shape, sender_id);
	struct dataplane *dataplane;
	int status = dataplane_new(&config, shape->cores, &dataplane, error);

	if (status < 0)
		return status;
	status = install(dataplane, &sa, peers, peer_count, error);
	if (status < 0) {
		dataplane_close(dataplane);
		return status;
	}
	*ret_dataplane = dataplane;
	return 0;
}

const char *bench_vpe_reason(const struct dataplane *dataplane)
{
	struct dataplane_counters counters;

	dataplane_read_counters(dataplane, &counters);
	for (unsigned i = 0; i < COVEY_DROP_COUNT; i++)
		if (counters.drops[i])
			return covey_drop_names[i];
	return NULL;
}

unsigned bench_vpe_windows(const struct dataplane *dataplane)
{
	struct dataplane_sa_status sa = {.windows = 0};

	dataplane_read_sas(dataplane, &sa, 1);
	return sa.windows;
}

/* --- the dataplane ------------------------------------------------------------------------- */

static void vpe_close(void *state)
{
	struct vpe *vpe = state;

	if (!vpe)
		return;
	dataplane_close(vpe->sender);
	dataplane_close(vpe->receiver);
	free(vpe);
}

static int vpe_open(const struct bench_shape *shape, void **ret_state, struct covey_error *error)
{
	struct covey_roster_entry sender = bench_peer(BENCH_SENDER_ADDRESS, BENCH_SENDER_ID);
	struct covey_roster_entry receiver = bench_peer(BENCH_RECEIVER_ADDRESS, BENCH_RECEIVER_ID);
	struct vpe *vpe = calloc(1, sizeof(*vpe));
	int status;

	if (!vpe)
		return covey_error_set(error, -ENOMEM, "vpe: out of memory");
	status = bench_vpe_new(shape, BENCH_SENDER_ADDRESS, BENCH_SENDER_ID, &receiver, 1,
			       &vpe->sender, error);
	if (status == 0)
		status = bench_vpe_new(shape, BENCH_RECEIVER_ADDRESS, BENCH_RECEIVER_ID, &sender, 1,
				       &vpe->receiver, error);
	if (status < 0) {
		vpe_close(vpe);
		return status;
	}
	*ret_state = vpe;
	return 0;
}

static void vpe_enter(void *state, unsigned core)
{
	struct vpe *vpe = state;

	engine_worker_online(dataplane_worker(vpe->sender, core));
	engine_worker_online(dataplane_worker(vpe->receiver, core));
}

static void vpe_leave(void *state, unsigned core)
{
	struct vpe *vpe = state;

	engine_worker_offline(dataplane_worker(vpe->sender, core));
	engine_worker_offline(dataplane_worker(vpe->receiver, core));
}

/* Quiescent after each burst, as in the worker's loop. */
static uint16_t vpe_encrypt(void *state, unsigned core, struct rte_mbuf **packets, uint16_t count)
{
	struct engine_worker *worker = dataplane_worker(((struct vpe *)state)->sender, core);
	uint16_t done = outbound_burst(worker, packets, count);

	engine_worker_quiescent(worker);
	return done;
}

static uint16_t vpe_decrypt(void *state, unsigned core, struct rte_mbuf **packets, uint16_t count)
{
	struct engine_worker *worker = dataplane_worker(((struct vpe *)state)->receiver, core);
	uint16_t done = inbound_burst(worker, packets, count);

	engine_worker_quiescent(worker);
	return done;
}

static const char *vpe_reason(void *state)
{
	struct vpe *vpe = state;
	const char *reason = bench_vpe_reason(vpe->sender);

	return reason ? reason : bench_vpe_reason(vpe->receiver);
}

static unsigned vpe_windows(void *state)
{
	return bench_vpe_windows(((struct vpe *)state)->receiver);
}

const struct bench_dataplane bench_vpe = {
	.name = "vpe",
	.text = "covey's own path, classification to inner checks",
	.open = vpe_open,
	.close = vpe_close,
	.enter = vpe_enter,
	.leave = vpe_leave,
	.encrypt = vpe_encrypt,
	.decrypt = vpe_decrypt,
	.reason = vpe_reason,
	.windows = vpe_windows,
};
