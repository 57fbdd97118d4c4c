/* SPDX-License-Identifier: BSD-3-Clause */
#include "gkm_scale_probe.h"

#include <arpa/inet.h>
#include <string.h>

#include "gkm_scale_crowd.h"
#include "gkm_scale_member.h"

/* As covey-host. */
#define GAP_MS    5
#define ANSWER_MS 400
#define DRAIN_MS  60
#define LISTEN_MS 3000

/* A longer packet does not leave a host with FAULT_SMALL. */
#define SMALL_MTU     1200
#define ROUND_TRIP_US 300
/* One of so many has a fault of each kind. */
#define FAULTS_EVERY 100

/* --- faults ------------------------------------------------------------------------------- */

enum scale_fault scale_fault_of(size_t number)
{
	size_t place = number % FAULTS_EVERY;

	return place >= 1 && place <= FAULT_OLD ? (enum scale_fault)place : FAULT_NONE;
}

static bool takes_no_part(size_t number)
{
	enum scale_fault fault = scale_fault_of(number);

	return fault == FAULT_SILENT || fault == FAULT_OLD;
}

const char *scale_fault_verdict(size_t from, size_t to, const char **ret_other)
{
	*ret_other = NULL;
	if (takes_no_part(from) || takes_no_part(to))
		return "not tried";
	/* What has not come to it is not answered. */
	if (scale_fault_of(from) == FAULT_DEAF)
		*ret_other = "not seen";
	if (scale_fault_of(from) == FAULT_CLEAR)
		return "clear";
	if (scale_fault_of(to) == FAULT_DEAF)
		return "not seen";
	return scale_fault_of(from) == FAULT_SMALL ? "too big" : "encrypted";
}

static enum scale_fault fault_of(const struct scale_member *member, size_t number)
{
	return member->crowd->faults ? scale_fault_of(number) : FAULT_NONE;
}

/* Which of the probes in a set pass. */
static uint32_t pass(const struct scale_member *member, size_t from, size_t to, uint32_t set)
{
	const struct scale_probe *probe = member->probe;

	if (fault_of(member, to) == FAULT_DEAF)
		return 0;
	for (size_t i = 0; i < probe->length_count; i++)
		if (fault_of(member, from) == FAULT_SMALL && probe->lengths[i] > SMALL_MTU)
			set &= ~(1u << i);
	return set;
}

/* --- reports ------------------------------------------------------------------------------- */

static void say_report(struct scale_member *member, uint64_t id, Covey__ProbeReport *report)
{
	char name[SCALE_NAME_LEN];
	Covey__Message message = COVEY__MESSAGE__INIT;

	report->group = (char *)scale_group_name(0, name);
	report->id = id;
	message.body_case = COVEY__MESSAGE__BODY_PROBE_REPORT;
	message.probe_report = report;
	member->probe->reports++;
	scale_member_say(member, &message);
}

static void say_failed(struct scale_member *member, uint64_t id)
{
	Covey__ProbeReport report = COVEY__PROBE_REPORT__INIT;

	report.state = COVEY__PROBE_STATE__PROBE_STATE_FAILED;
	report.reason = (char *)"it is busy with other probes: try again";
	say_report(member, id, &report);
}

static void say_ready(struct scale_member *member)
{
	Covey__ProbeReport report = COVEY__PROBE_REPORT__INIT;

	report.state = COVEY__PROBE_STATE__PROBE_STATE_READY;
	say_report(member, member->probe->id, &report);
}

struct sides {
	Covey__ProbeSeen out, in;
	struct covey_addr peer;
	uint32_t times[COVEY_PROBES_PER_RUN_MAX];
};

static void fill_in(const struct scale_member *member, struct sides *sides)
{
	const struct scale_probe *probe = member->probe;
	const uint32_t all = (1u << probe->length_count) - 1;
	const size_t own = member->number, peer = probe->peers[0];
	bool sends = probe->role == COVEY__PROBE_ROLE__PROBE_ROLE_SEND;
	uint32_t there, back;

	scale_member_vtep(peer, &sides->peer);
	covey__probe_seen__init(&sides->out);
	covey__probe_seen__init(&sides->in);
	message_addr_set(&sides->out.vtep, &sides->peer);
	message_addr_set(&sides->in.vtep, &sides->peer);
	sides->out.out = true;
	there = sends ? pass(member, own, peer, all) : pass(member, peer, own, all);
	back = !probe->answered ? 0
	       : sends          ? pass(member, peer, own, there)
				: pass(member, own, peer, there);
	sides->out.sent = sends ? all : probe->answered ? there : 0;
	sides->in.delivered = sends ? back : there;
	if (fault_of(member, own) == FAULT_CLEAR)
		sides->out.clear = sides->out.sent;
	else
		sides->out.encrypted = sides->out.sent;
	if (fault_of(member, peer) == FAULT_CLEAR)
		sides->in.clear = sides->in.delivered;
	else
		sides->in.encrypted = sides->in.delivered;
	sides->out.spi = sides->in.spi = member->seats[0].active;
	for (size_t i = 0; sends && i < probe->length_count; i++)
		sides->times[i] = back >> i & 1 ? ROUND_TRIP_US : 0;
	sides->out.round_trip_us = sides->times;
	sides->out.n_round_trip_us = probe->length_count;
}

static void say_done(struct scale_member *member)
{
	struct scale_probe *probe = member->probe;
	struct sides sides = {.peer = {.family = 0}};
	Covey__ProbeSeen *seen[2] = {&sides.out, &sides.in};
	Covey__ProbeReport report = COVEY__PROBE_REPORT__INIT;

	fill_in(member, &sides);
	probe->sent += (unsigned)__builtin_popcount(sides.out.sent);
	probe->received += (unsigned)__builtin_popcount(sides.in.delivered);
	report.state = COVEY__PROBE_STATE__PROBE_STATE_DONE;
	report.seen = seen;
	report.n_seen = 2;
	say_report(member, probe->id, &report);
	probe->id = 0;
}

/* --- a run --------------------------------------------------------------------------------- */

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	say_done(arg);
}

static void wake_in(struct scale_probe *probe, unsigned ms)
{
	struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};

	evtimer_add(probe->timer, &wait);
}

static void take(struct scale_member *member, const Covey__ProbeOrder *order)
{
	struct scale_probe *probe = member->probe;
	size_t peer;

	probe->id = order->id;
	probe->role = order->role;
	probe->multicast = order->multicast;
	probe->answered = order->answered || order->role == COVEY__PROBE_ROLE__PROBE_ROLE_ANSWER;
	probe->ending = false;
	probe->length_count = order->n_lengths;
	memcpy(probe->lengths, order->lengths, order->n_lengths * sizeof(probe->lengths[0]));
	probe->peer_count = 0;
	for (size_t i = 0; i < order->n_vteps; i++) {
		if (scale_member_number(&order->vteps[i], &peer) < 0 ||
		    peer >= member->crowd->count) {
			crowd_fail(member->crowd, "member %zu is to probe a host that there is not",
				   member->number + 1);
			return;
		}
		probe->peers[probe->peer_count++] = peer;
	}
}

/* A sender waits for the answers that do not come. */
static unsigned duration_ms(const struct scale_member *member)
{
	const struct scale_probe *probe = member->probe;
	const uint32_t all = (1u << probe->length_count) - 1;
	uint32_t back = pass(member, member->number, probe->peers[0], all);

	back = pass(member, probe->peers[0], member->number, back);
	return GAP_MS * (unsigned)probe->length_count + DRAIN_MS +
	       (probe->answered && back != all ? ANSWER_MS : 0);
}

static void begin(struct scale_member *member, const Covey__ProbeOrder *order)
{
	take(member, order);
	if (member->crowd->failure[0])
		return;
	if (order->role == COVEY__PROBE_ROLE__PROBE_ROLE_SEND) {
		wake_in(member->probe, duration_ms(member));
		return;
	}
	say_ready(member);
	wake_in(member->probe, LISTEN_MS);
}

void scale_probe_order(struct scale_member *member, const Covey__ProbeOrder *order)
{
	struct scale_probe *probe = member->probe;

	if (!probe || order->n_vteps > COVEY_PROBE_RECEIVERS_MAX || order->n_vteps == 0 ||
	    order->n_lengths > COVEY_PROBES_PER_RUN_MAX ||
	    fault_of(member, member->number) == FAULT_OLD) {
		crowd_fail(member->crowd, "member %zu has an order of probes that it cannot have",
			   member->number + 1);
		return;
	}
	probe->orders++;
	if (!probe->timer)
		probe->timer = evtimer_new(member->crowd->base, on_timer, member);
	if (!probe->timer || fault_of(member, member->number) == FAULT_SILENT)
		return;
	if (order->role == COVEY__PROBE_ROLE__PROBE_ROLE_END) {
		if (probe->id == order->id && !probe->ending)
			wake_in(probe, DRAIN_MS);
		probe->ending = true;
	} else if (probe->id != 0) {
		say_failed(member, order->id);
	} else {
		begin(member, order);
	}
}

void scale_probe_free(struct scale_member *member)
{
	if (member->probe && member->probe->timer)
		event_free(member->probe->timer);
	if (member->probe)
		*member->probe = (struct scale_probe){0};
}
