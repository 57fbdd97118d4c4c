/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A host in many groups with many VNIs. Each column has its own two engines, and they take turns:
 * what finding the group of a VNI costs, apart from what the keys of many groups cost, which do not
 * all stay in the cache.
 */

#include "bench_figures.h"
#include "bench_vpe.h"
#include "inbound.h"
#include "outbound.h"
#include <covey/wire.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS   COVEY_GROUPS_PER_HOST_MAX
#define VNIS     4096u
#define OF_GROUP (VNIS / GROUPS)

/* The VXLAN header's VNI, in a frame. */
#define VNI_OFFSET (BENCH_ETHERNET_LEN + BENCH_IP_LEN + 8 + 4)

enum order {
	ALL_THE_SAME, /* one VNI */
	BY_BURST,     /* VNIs at random; those of a burst are of one group */
	AT_RANDOM,
};

struct load {
	const char *name;
	unsigned groups;
	unsigned vnis; /* of all groups together */
	enum order order;
};

static const struct load loads[] = {
	{"1-vni", 1, 1, ALL_THE_SAME},
	{"1-of-4096-vnis", GROUPS, VNIS, ALL_THE_SAME},
	{"16-vnis", 1, OF_GROUP, AT_RANDOM},
	{"4096-vnis", 1, VNIS, AT_RANDOM},
	{"groups-by-burst", GROUPS, VNIS, BY_BURST},
	{"groups-at-random", GROUPS, VNIS, AT_RANDOM},
};

/* In so many rounds, each group gets two bursts in the middle if the bursts are of one group. */
#define COLD_ROUNDS 32u

#define LOADS RTE_DIM(loads)
_Static_assert(LOADS <= BENCH_DATAPLANES_MAX, "they fit into one run");

struct groups {
	const struct load *load;
	struct dataplane *sender;
	struct dataplane *receiver;
	unsigned burst;
	uint64_t random;
};

/* --- the dataplane ------------------------------------------------------------------------- */

static void groups_close(void *state)
{
	struct groups *groups = state;

	dataplane_close(groups->sender);
	dataplane_close(groups->receiver);
	free(groups);
}

static int add_group(struct dataplane *dataplane, const struct load *load, unsigned group,
		     struct covey_sa *sa, const struct covey_roster_entry *peer,
		     struct covey_error *error)
{
	unsigned count = load->vnis / load->groups;
	uint32_t vnis[VNIS];
	int status;

	for (unsigned i = 0; i < count; i++)
		vnis[i] = BENCH_VNI + group * count + i;
	sa->group = group;
	sa->spi = BENCH_SPI + group;
	status = dataplane_group_set(dataplane, group, vnis, count, error);
	if (status == 0)
		status = dataplane_sa_install(dataplane, sa, peer, 1, error);
	if (status == 0)
		status = dataplane_sa_activate(dataplane, sa->spi, error);
	return status;
}

/* One end: it is sender_id at address, the peer is at the other end. */
static int open_end(const struct bench_shape *shape, const struct load *load, uint32_t address,
		    uint16_t sender_id, const struct covey_roster_entry *peer,
		    struct dataplane **ret_dataplane, struct covey_error *error)
{
	struct dataplane_config config = bench_vpe_config(shape, address);
	struct covey_sa sa = bench_vpe_sa(shape, sender_id);
	int status = dataplane_new(&config, shape->cores, ret_dataplane, error);

	for (unsigned i = 0; i < load->groups && status == 0; i++)
		status = add_group(*ret_dataplane, load, i, &sa, peer, error);
	return status;
}

static int groups_open(const struct bench_shape *shape, const struct load *load, void **ret_state,
		       struct covey_error *error)
{
	struct covey_roster_entry sender = bench_peer(BENCH_SENDER_ADDRESS, BENCH_SENDER_ID);
	struct covey_roster_entry receiver = bench_peer(BENCH_RECEIVER_ADDRESS, BENCH_RECEIVER_ID);
	struct groups *groups = calloc(1, sizeof(*groups));
	int status;

	if (!groups)
		return covey_error_set(error, -ENOMEM, "out of memory");
	*groups = (struct groups){.load = load, .burst = shape->burst, .random = 1};
	status = open_end(shape, load, BENCH_SENDER_ADDRESS, BENCH_SENDER_ID, &receiver,
			  &groups->sender, error);
	if (status == 0)
		status = open_end(shape, load, BENCH_RECEIVER_ADDRESS, BENCH_RECEIVER_ID, &sender,
				  &groups->receiver, error);
	if (status < 0) {
		groups_close(groups);
		return status;
	}
	*ret_state = groups;
	return 0;
}

static unsigned random_below(struct groups *groups, unsigned bound)
{
	groups->random = groups->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned)((groups->random >> 33) % bound);
}

/* Give all packets of a round their VNIs. */
static void groups_prepare(void *state, struct rte_mbuf **packets, unsigned count)
{
	struct groups *groups = state;
	const struct load *load = groups->load;
	unsigned of_group = load->vnis / load->groups, first = 0, among = load->vnis;

	if (load->order == ALL_THE_SAME)
		among = 1;
	for (unsigned i = 0; i < count; i++) {
		uint8_t *vni = rte_pktmbuf_mtod_offset(packets[i], uint8_t *, VNI_OFFSET);
		uint32_t value;

		if (load->order == BY_BURST && i % groups->burst == 0) {
			first = random_below(groups, load->groups) * of_group;
			among = of_group;
		}
		value = BENCH_VNI + first + random_below(groups, among);
		vni[0] = (uint8_t)(value >> 16);
		vni[1] = (uint8_t)(value >> 8);
		vni[2] = (uint8_t)value;
	}
}

static void groups_enter(void *state, unsigned core)
{
	struct groups *groups = state;

	engine_worker_online(dataplane_worker(groups->sender, core));
	engine_worker_online(dataplane_worker(groups->receiver, core));
}

static void groups_leave(void *state, unsigned core)
{
	struct groups *groups = state;

	engine_worker_offline(dataplane_worker(groups->sender, core));
	engine_worker_offline(dataplane_worker(groups->receiver, core));
}

static uint16_t groups_encrypt(void *state, unsigned core, struct rte_mbuf **packets,
			       uint16_t count)
{
	struct engine_worker *worker = dataplane_worker(((struct groups *)state)->sender, core);
	uint16_t done = outbound_burst(worker, packets, count);

	engine_worker_quiescent(worker);
	return done;
}

static uint16_t groups_decrypt(void *state, unsigned core, struct rte_mbuf **packets,
			       uint16_t count)
{
	struct engine_worker *worker = dataplane_worker(((struct groups *)state)->receiver, core);
	uint16_t done = inbound_burst(worker, packets, count);

	engine_worker_quiescent(worker);
	return done;
}

static const char *groups_reason(void *state)
{
	struct groups *groups = state;
	const char *reason = bench_vpe_reason(groups->sender);

	return reason ? reason : bench_vpe_reason(groups->receiver);
}

/* --- the columns --------------------------------------------------------------------------- */

#define COLUMN(index)                                                                              \
	static int open_##index(const struct bench_shape *shape, void **ret_state,                 \
				struct covey_error *error)                                         \
	{                                                                                          \
		return groups_open(shape, &loads[index], ret_state, error);                        \
	}

COLUMN(0)
COLUMN(1)
COLUMN(2)
COLUMN(3)
COLUMN(4)
COLUMN(5)

static int (*const opens[LOADS])(const struct bench_shape *, void **, struct covey_error *) = {
	open_0, open_1, open_2, open_3, open_4, open_5,
};

static struct bench_dataplane column(unsigned index)
{
	return (struct bench_dataplane){
		.name = loads[index].name,
		.one_core = true,
		.open = opens[index],
		.close = groups_close,
		.enter = groups_enter,
		.leave = groups_leave,
		.prepare = groups_prepare,
		.encrypt = groups_encrypt,
		.decrypt = groups_decrypt,
		.reason = groups_reason,
	};
}

/* --- the figure ---------------------------------------------------------------------------- */

static int groups_point(const struct bench_figure *figure, const struct bench_options *options,
			struct bench_run *run, enum bench_direction direction, uint16_t size,
			struct bench_report *report, struct covey_error *error)
{
	struct bench_layout layout = {.size = size, .segments = 1};
	struct bench_result results[BENCH_DATAPLANES_MAX];
	struct bench_row rows[BENCH_DATAPLANES_MAX];
	int status;

	bench_report_progress(report, "%s, %s: size %u", figure->name,
			      bench_direction_name(direction), size);
	status = bench_run_measure(run, direction, &layout, bench_seconds(figure, options), results,
				   error);
	if (status < 0)
		return status;
	for (unsigned i = 0; i < run->count; i++)
		rows[i] = (struct bench_row){
			.figure = figure->name,
			.dataplane = results[i].dataplane->name,
			.direction = direction,
			.size = size,
			.cores = 1,
			.senders = 1,
			.windows = run->shape.paths,
			.segments = 1,
			.packets = results[i].packets,
			.ns = results[i].ns,
			.gbit = results[i].gbit,
			.one_vni_ns = results[0].ns,
		};
	return bench_report_add(report, figure->axis, rows, run->count, error);
}

int bench_figure_groups(const struct bench_figure *figure, const struct bench_options *options,
			struct bench_report *report, struct covey_error *error)
{
	static const uint16_t usual[] = {92, 1400};
	struct bench_sizes sizes = bench_sizes_of(options, usual, RTE_DIM(usual));
	struct bench_shape shape = bench_shape_of(options, 1);
	const struct bench_dataplane *list[LOADS + 1] = {0};
	struct bench_dataplane columns[LOADS];
	struct bench_run run;
	int status;

	if (!bench_is_selected(options, &bench_vpe))
		return covey_error_set(error, -EINVAL, "%s is a figure of vpe: do not leave it out",
				       figure->name);
	for (unsigned i = 0; i < LOADS; i++) {
		columns[i] = column(i);
		list[i] = &columns[i];
	}
	bench_report_progress(report, "%s: %u groups begin", figure->name, GROUPS);
	status = bench_run_open(&run, &shape, list, error);
	if (status < 0)
		return status;
	run.cold = COLD_ROUNDS;
	for (unsigned direction = BENCH_ENCRYPT; direction <= BENCH_DECRYPT; direction++)
		for (size_t i = 0; i < sizes.count && status == 0; i++)
			if (options->directions & BENCH_DIRECTION(direction))
				status = groups_point(figure, options, &run, direction,
						      sizes.sizes[i], report, error);
	bench_run_close(&run);
	return status;
}
