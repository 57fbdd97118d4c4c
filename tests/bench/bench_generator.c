/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_generator_packets.h"
#include <errno.h>
#include <pthread.h>
#include <rte_cycles.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define VERIFIED   256u
#define PATIENCE_S 10u
/* The program's start, which the first packet waits for. */
#define START_S 30u
#define NAP_US  50u

/* --- through the program ------------------------------------------------------------------- */

struct passage {
	struct rte_ring *in;
	struct rte_ring *out;
	unsigned count;
	unsigned limit; /* under way at most: what a NIC's ring has */
	unsigned from;  /* packets that came back before the clock starts */
	unsigned to;    /* and when it stops */
	unsigned sent;
	unsigned got;
	uint64_t start;
	uint64_t end;
	uint64_t idle; /* cycles between the two */
	uint64_t looks;
	uint64_t starved;
};

static void look(struct passage *passage)
{
	passage->looks++;
	if (rte_ring_count(passage->in) < BURST)
		passage->starved++;
}

static void take(struct passage *passage, struct rte_mbuf **back, unsigned count, uint64_t now)
{
	if (passage->got < passage->from && passage->got + count >= passage->from) {
		/* What is counted from here on came after this. */
		passage->from = passage->got + count;
		passage->start = now;
	}
	if (passage->got < passage->to && passage->got + count >= passage->to) {
		passage->to = passage->got + count;
		passage->end = now;
	}
	passage->got += count;
}

/* One turn. Returns whether anything moved. */
static bool move_on(struct passage *passage, struct rte_mbuf **packets, struct rte_mbuf **back,
		    uint64_t now)
{
	unsigned room = passage->limit - (passage->sent - passage->got);
	unsigned send = RTE_MIN(RTE_MIN(room, passage->count - passage->sent), 2 * BURST);
	unsigned got;

	if (send > 0) {
		if (passage->start && !passage->end)
			look(passage);
		send = rte_ring_sp_enqueue_burst(passage->in, (void **)(packets + passage->sent),
						 send, NULL);
	}
	passage->sent += send;
	got = rte_ring_sc_dequeue_burst(passage->out, (void **)(back + passage->got),
					RTE_MIN(2 * BURST, passage->count - passage->got), NULL);
	if (got > 0)
		take(passage, back, got, now);
	return send > 0 || got > 0;
}

/* Let count packets through. The program has patience_s seconds for each. */
static int pass_through(struct generator *generator, const struct generator_request *request,
			struct passage *passage, struct covey_error *error)
{
	uint64_t patience = (generator->started ? PATIENCE_S : START_S) * rte_get_tsc_hz();
	uint64_t last = rte_rdtsc(), moved = last;

	while (passage->got < passage->count) {
		uint64_t now = rte_rdtsc();

		if (move_on(passage, generator->nic->packets, generator->back, now)) {
			moved = now;
		} else if (now - moved > patience) {
			return covey_error_set(error, -EIO, "lost %u of %u packets",
					       passage->sent - passage->got, passage->sent);
		} else {
			if (passage->start && !passage->end)
				passage->idle += now - last;
			if (request->naps)
				usleep(NAP_US);
			else
				rte_pause();
		}
		last = now;
	}
	generator->started = true;
	return 0;
}

static struct passage passage_of(const struct generator *generator,
				 const struct generator_request *request, unsigned count)
{
	unsigned from = request->direction == BENCH_ENCRYPT ? 0 : 1;

	return (struct passage){
		.in = generator->nic->in[from],
		.out = generator->nic->out[1 - from],
		.count = count,
		.limit = generator->nic->slots / 2,
		.from = count / 4,
		.to = count - GENERATOR_TAIL,
	};
}

/* --- what is asked for --------------------------------------------------------------------- */

static int verify(struct generator *generator, const struct generator_request *request,
		  struct covey_error *error)
{
	struct passage passage = passage_of(generator, request, VERIFIED);
	struct rte_mbuf **back = generator->back;
	int status = generator_lay_out(generator, request, VERIFIED, error);

	if (status == 0)
		status = pass_through(generator, request, &passage, error);
	for (unsigned i = 0; i < VERIFIED && status == 0; i += BURST) {
		if (request->direction == BENCH_DECRYPT)
			break;
		for (unsigned k = i; k < i + BURST; k++) {
			if (generator_is_intact(generator, back[k], k, request->size))
				return covey_error_set(error, -EIO, "left packets in clear");
			generator_address_to_peer(back[k]);
		}
		if (generator->peer->decrypt(generator->state, 0, back + i, BURST) != BURST)
			status = covey_error_set(error, -EIO, "encrypted what %s cannot decrypt",
						 generator->peer->name);
	}
	for (unsigned i = 0; i < VERIFIED && status == 0; i++)
		if (!generator_is_intact(generator, back[i], i, request->size))
			status = covey_error_set(error, -EIO, "changed packets on their way");
	return status;
}

static int measure(struct generator *generator, const struct generator_request *request,
		   struct generator_reply *reply, struct covey_error *error)
{
	unsigned count = generator_slice_packets(generator, request->size);
	uint64_t idle = 0, cycles = 0, looks = 0, starved = 0;

	for (unsigned i = 0; i < request->slices && i < GENERATOR_SLICES_MAX; i++) {
		struct passage passage = passage_of(generator, request, count);
		int status = generator_lay_out(generator, request, count, error);

		if (status == 0)
			status = pass_through(generator, request, &passage, error);
		if (status < 0)
			return status;
		reply->ns[reply->slices++] = (double)(passage.end - passage.start) * 1e9 /
					     (double)rte_get_tsc_hz() / (passage.to - passage.from);
		reply->packets += passage.to - passage.from;
		cycles += passage.end - passage.start;
		idle += passage.idle;
		looks += passage.looks;
		starved += passage.starved;
	}
	reply->idle = cycles ? (double)idle / (double)cycles : 0;
	reply->starved = looks ? (double)starved / (double)looks : 0;
	return 0;
}

static int answer(struct generator *generator, const struct generator_request *request,
		  struct generator_reply *reply)
{
	struct covey_error error = {.text = ""};
	int status = 0;

	if (!generator->state)
		status = generator->peer->open(&request->shape, &generator->state, &error);
	if (status == 0 && generator->peer->enter)
		generator->peer->enter(generator->state, 0);
	if (status == 0)
		status = request->slices ? measure(generator, request, reply, &error)
					 : verify(generator, request, &error);
	snprintf(reply->text, sizeof(reply->text), "%s", error.text);
	if (generator->state && generator->peer->leave)
		generator->peer->leave(generator->state, 0);
	return status;
}

/* --- life ---------------------------------------------------------------------------------- */

void bench_generator_serve(int socket, struct bench_nic *nic, const struct bench_dataplane *peer)
{
	struct generator generator = {
		.nic = nic,
		.peer = peer,
		.back = calloc(nic->count, sizeof(*generator.back)),
		.noise = malloc(GENERATOR_NOISE),
	};
	struct generator_request request;

	if (generator.back && generator.noise) {
		generator_make_noise(generator.noise);
		while (recv(socket, &request, sizeof(request), 0) == sizeof(request)) {
			struct generator_reply reply = {0};

			reply.status = answer(&generator, &request, &reply);
			if (send(socket, &reply, sizeof(reply), MSG_NOSIGNAL) < 0)
				break;
		}
	}
	if (generator.state)
		peer->close(generator.state);
	free(generator.noise);
	free(generator.back);
}

/* --- in the program ------------------------------------------------------------------------ */

struct attached {
	int socket;
	struct bench_nic *nic;
	const struct bench_dataplane *peer;
};

static void *serve(void *argument)
{
	struct attached attached = *(struct attached *)argument;

	free(argument);
	bench_generator_serve(attached.socket, attached.nic, attached.peer);
	return NULL;
}

static int start_thread(const struct bench_nic_order *order, struct attached attached,
			struct covey_error *error)
{
	struct attached *argument = malloc(sizeof(*argument));
	pthread_attr_t attributes;
	pthread_t thread;
	cpu_set_t cpus;
	int status;

	if (!argument)
		return covey_error_set(error, -ENOMEM, "out of memory");
	*argument = attached;
	CPU_ZERO(&cpus);
	CPU_SET(order->cpu, &cpus);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setaffinity_np(&attributes, sizeof(cpus), &cpus);
	status = pthread_create(&thread, &attributes, serve, argument);
	pthread_attr_destroy(&attributes);
	if (status == 0)
		return 0;
	free(argument);
	return covey_error_set(error, -status, "the generator does not start on CPU %d: %s",
			       order->cpu, strerror(status));
}

int bench_generator_attach(const struct bench_nic_order *order, const struct bench_dataplane *peer,
			   struct covey_error *error)
{
	struct attached attached = {.socket = order->fd, .peer = peer};
	int status = bench_nic_make(order, &attached.nic, error);

	if (status == 0 && order->cpu >= 0)
		status = start_thread(order, attached, error);
	if (status == 0)
		bench_nic_is_made(order);
	return status;
}
