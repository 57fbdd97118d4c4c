/* SPDX-License-Identifier: BSD-3-Clause */
#include "probes.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "peer_log.h"
#include "probe_check.h"
#include "served_group.h"
#include "session.h"
#include "sessions.h"

#define PROTOCOL COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL

/* --- to the one that asked ------------------------------------------------------------------- */

static const char *host_name(const struct probes *probes, size_t host)
{
	return probes->sessions->inventory->hosts[host].name;
}

static void send_report(struct session *session, Covey__ProbeReport *report)
{
	Covey__Message message = COVEY__MESSAGE__INIT;

	message.body_case = COVEY__MESSAGE__BODY_PROBE_REPORT;
	message.probe_report = report;
	session_send(session, &message);
}

static void send_failed(struct session *session, const char *group, uint64_t id, const char *host,
			const char *reason)
{
	Covey__ProbeReport report = COVEY__PROBE_REPORT__INIT;

	report.group = (char *)group;
	report.id = id;
	report.host = (char *)host;
	report.state = COVEY__PROBE_STATE__PROBE_STATE_FAILED;
	report.reason = (char *)reason;
	send_report(session, &report);
}

static void part_failed(const struct probes *probes, const struct probe_run *run,
			struct probe_part *part, const char *reason)
{
	part->state = PROBE_PART_OVER;
	send_failed(run->asked_by, run->served->config->name, run->theirs,
		    host_name(probes, part->host), reason);
}

/* --- to those that take part ----------------------------------------------------------------- */

static void add_vtep(const struct probes *probes, const struct probe_part *part,
		     Covey__ProbeOrder *order)
{
	const struct covey_addr *vtep = &probes->sessions->inventory->hosts[part->host].vtep;

	message_addr_set(&order->vteps[order->n_vteps++], vtep);
}

static void send_order(const struct probes *probes, const struct probe_run *run,
		       const struct probe_part *part, Covey__ProbeRole role)
{
	ProtobufCBinaryData vteps[COVEY_PROBE_RECEIVERS_MAX];
	Covey__ProbeOrder order = COVEY__PROBE_ORDER__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	order.group = run->served->config->name;
	order.id = run->id;
	order.role = role;
	order.nonce.data = (uint8_t *)run->nonce;
	order.nonce.len = sizeof(run->nonce);
	order.vteps = vteps;
	if (part != &run->from)
		add_vtep(probes, &run->from, &order);
	for (size_t i = 0; part == &run->from && i < run->to_count; i++)
		if (run->to[i].state == PROBE_PART_READY)
			add_vtep(probes, &run->to[i], &order);
	order.multicast = run->multicast;
	order.answered = run->answered;
	order.clear = run->clear;
	order.vni = run->vni;
	order.lengths = (uint32_t *)run->lengths;
	order.n_lengths = run->length_count;
	order.dscp = run->dscp;
	order.source_port = run->source_port;
	message.body_case = COVEY__MESSAGE__BODY_PROBE_ORDER;
	message.probe_order = &order;
	session_send(part->session, &message);
}

/* --- a run ----------------------------------------------------------------------------------- */

static size_t count(const struct probe_run *run, enum probe_part_state state)
{
	size_t parts = 0;

	for (size_t i = 0; i < run->to_count; i++)
		parts += run->to[i].state == state;
	return parts;
}

/* Something happened to the run: do what follows. */
static void go_on(const struct probes *probes, struct probe_run *run)
{
	if (count(run, PROBE_PART_TOLD) > 0)
		return;
	if (run->from.state == PROBE_PART_IDLE && count(run, PROBE_PART_READY) > 0) {
		run->from.state = PROBE_PART_READY;
		send_order(probes, run, &run->from, COVEY__PROBE_ROLE__PROBE_ROLE_SEND);
	} else if (run->from.state == PROBE_PART_IDLE) {
		part_failed(probes, run, &run->from, "nobody listens");
	}
	if (run->from.state == PROBE_PART_OVER && count(run, PROBE_PART_READY) == 0)
		run->id = 0;
}

static void expire(const struct probes *probes, struct probe_run *run)
{
	static const char reason[] = "it has not answered in time";

	for (size_t i = 0; i < run->to_count; i++)
		if (run->to[i].state != PROBE_PART_OVER)
			part_failed(probes, run, &run->to[i], reason);
	if (run->from.state != PROBE_PART_OVER)
		part_failed(probes, run, &run->from, reason);
	run->id = 0;
}

/* The others begin without those that do not say that they listen. */
static void go_without(const struct probes *probes, struct probe_run *run)
{
	for (size_t i = 0; i < run->to_count; i++)
		if (run->to[i].state == PROBE_PART_TOLD)
			part_failed(probes, run, &run->to[i], "it has not begun to listen in time");
	go_on(probes, run);
}

/* Not later than before: many requests would put it off for ever. */
static void look_soon(const struct probes *probes)
{
	struct timeval tick = clock_timeval(500);

	if (!evtimer_pending(probes->timer, NULL))
		evtimer_add(probes->timer, &tick);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct probes *probes = arg;
	const uint64_t now = clock_ms();
	bool more = false;

	for (size_t i = 0; i < COVEY_PROBE_RUNS_MAX; i++) {
		struct probe_run *run = &probes->runs[i];

		if (run->id && run->until_ms <= now)
			expire(probes, run);
		else if (run->id && run->ready_ms <= now)
			go_without(probes, run);
		more |= run->id != 0;
	}
	if (more)
		look_soon(probes);
}

/* --- may it be? ------------------------------------------------------------------------------ */

/* True when this one is too many. */
static bool is_too_fast(struct probe_pace *pace, unsigned max, uint64_t now)
{
	if (now - pace->since_ms >= 1000)
		*pace = (struct probe_pace){.since_ms = now};
	return ++pace->count > max;
}

/* Who keeps others from being measured can be found by it. */
static void log_limit_reached(const struct session *session)
{
	peer_log_line(session->sessions->log, LOG_LEVEL_NOTICE, session->peer.host,
		      "%s asks for more probes than one host may: %u requests in a second, and %u "
		      "runs at once. What is above that is refused",
		      session->peer.host, COVEY_PROBE_REQUESTS_EACH, COVEY_PROBE_RUNS_PER_HOST);
}

/* NULL when the host may ask for one more run; *ret_run is where. */
static const char *find_room(struct probes *probes, const struct session *session,
			     struct probe_run **ret_run)
{
	static const char too_fast[] =
		"the key manager is asked for too many probes in a second: try again";
	struct probe_pace *own_pace = &probes->pace_by_host[session->host];
	const uint64_t now = clock_ms();
	struct probe_run *room = NULL;
	size_t own = 0;

	if (is_too_fast(own_pace, COVEY_PROBE_REQUESTS_EACH, now)) {
		if (own_pace->count == COVEY_PROBE_REQUESTS_EACH + 1)
			log_limit_reached(session);
		return too_fast;
	}
	if (is_too_fast(&probes->pace, COVEY_PROBE_REQUESTS_MAX, now))
		return too_fast;
	for (size_t i = 0; i < COVEY_PROBE_RUNS_MAX; i++) {
		if (!probes->runs[i].id)
			room = &probes->runs[i];
		else
			own += probes->runs[i].asked_by->host == session->host;
	}
	if (own >= COVEY_PROBE_RUNS_PER_HOST)
		log_limit_reached(session);
	if (!room || own >= COVEY_PROBE_RUNS_PER_HOST)
		return "too many probes are under way at once: try again";
	*ret_run = room;
	return NULL;
}

static struct probe_part *find_part(struct probe_run *run, const struct session *session)
{
	if (run->from.session == session)
		return &run->from;
	for (size_t i = 0; i < run->to_count; i++)
		if (run->to[i].session == session)
			return &run->to[i];
	return NULL;
}

/* NULL when the host takes part in no run. "try again" comes first, so that no host that keeps
 * only the beginning of a reason loses it. */
static const char *find_busy(struct probes *probes, const struct session *session)
{
	for (size_t i = 0; i < COVEY_PROBE_RUNS_MAX; i++) {
		struct probe_run *run = &probes->runs[i];
		const struct probe_part *part = run->id ? find_part(run, session) : NULL;

		if (!part || part->state == PROBE_PART_OVER)
			continue;
		snprintf(probes->reason, sizeof(probes->reason),
			 "try again: it is busy with probes that %s asked for",
			 host_name(probes, run->asked_by->host));
		return probes->reason;
	}
	return NULL;
}

/* NULL when the host can take part; *ret_part is filled in. A reason is valid until the next call.
 */
static const char *find_host(struct probes *probes, const struct served_group *served,
			     const char *name, bool sends, struct probe_part *ret_part)
{
	const struct sessions *sessions = probes->sessions;
	const struct inventory *inventory = sessions->inventory;
	const struct inventory_host *host = inventory_find_host(inventory, name);
	const struct inventory_member *member =
		host ? inventory_find_member(inventory, served->config, host) : NULL;
	const struct registration *registration;
	struct session *session;
	const char *busy;

	if (!member)
		return "it is no member of the group";
	ret_part->host = (size_t)(host - inventory->hosts);
	session = sessions->by_host[ret_part->host];
	if (sends ? !member->may_send : !member->may_receive)
		return sends ? "it may not send in the group" : "it may not receive in the group";
	if (!session)
		return "it is not connected to the key manager";
	registration = session_registration(session, served);
	if (!registration || !registration->joined)
		return "it has not joined the group";
	if (!session->probes)
		return "its covey-host is too old to know probes: update it";
	busy = find_busy(probes, session);
	if (!busy)
		ret_part->session = session;
	return busy;
}

static bool may_answer(const struct probes *probes, const struct probe_run *run)
{
	const struct inventory *inventory = probes->sessions->inventory;
	const struct inventory_group *group = run->served->config;

	return !run->multicast &&
	       inventory_find_member(inventory, group, &inventory->hosts[run->to[0].host])
		       ->may_send &&
	       inventory_find_member(inventory, group, &inventory->hosts[run->from.host])
		       ->may_receive;
}

static bool has_vni(const struct served_group *served, uint32_t vni)
{
	for (size_t i = 0; i < served->config->vni_count; i++)
		if (served->config->vnis[i] == vni)
			return true;
	return false;
}

/* --- messages -------------------------------------------------------------------------------- */

/* Those that cannot take part are reported at once. */
static void add_receivers(struct probes *probes, struct probe_run *run,
			  const Covey__ProbeRequest *request)
{
	for (size_t i = 0; i < request->n_to; i++) {
		struct probe_part *part = &run->to[run->to_count];
		const char *reason = find_host(probes, run->served, request->to[i], false, part);

		part->state = PROBE_PART_TOLD;
		if (!reason &&
		    (part->host == run->from.host || find_part(run, part->session) != NULL))
			reason = "it is named twice";
		if (reason)
			send_failed(run->asked_by, request->group, request->id, request->to[i],
				    reason);
		else
			run->to_count++;
	}
}

static void fill_in(struct probe_run *run, const Covey__ProbeRequest *request)
{
	run->theirs = request->id;
	run->multicast = request->multicast;
	run->clear = request->clear;
	run->vni = request->vni;
	run->dscp = request->dscp;
	run->source_port = request->source_port;
	run->length_count = request->n_lengths;
	memcpy(run->lengths, request->lengths, request->n_lengths * sizeof(run->lengths[0]));
	run->ready_ms = clock_ms() + PROBES_READY_MS;
	run->until_ms = clock_ms() + PROBES_RUN_MS;
}

/* A report for each host, so that the one that asked waits for none. */
static void fail_all(struct session *session, const Covey__ProbeRequest *said, const char *reason)
{
	for (size_t i = 0; i < said->n_to; i++)
		send_failed(session, said->group, said->id, said->to[i], "nobody sends to it");
	send_failed(session, said->group, said->id, said->from, reason);
}

static void begin(struct probes *probes, struct session *session, const Covey__ProbeRequest *said,
		  struct served_group *served, struct probe_run *run)
{
	const char *reason;

	*run = (struct probe_run){.asked_by = session, .served = served};
	fill_in(run, said);
	reason = find_host(probes, served, said->from, true, &run->from);
	if (!reason && RAND_bytes(run->nonce, sizeof(run->nonce)) != 1)
		reason = "the key manager's system gives no random numbers";
	if (reason) {
		fail_all(session, said, reason);
		return;
	}
	add_receivers(probes, run, said);
	run->id = ++probes->last_id;
	run->answered = run->to_count > 0 && !said->one_way && may_answer(probes, run);
	for (size_t i = 0; i < run->to_count; i++)
		send_order(probes, run, &run->to[i],
			   run->answered ? COVEY__PROBE_ROLE__PROBE_ROLE_ANSWER
					 : COVEY__PROBE_ROLE__PROBE_ROLE_LISTEN);
	look_soon(probes);
	go_on(probes, run);
}

void probes_request(struct session *session, const Covey__ProbeRequest *request)
{
	struct served_group *served = sessions_find_group(session->sessions, request->group);
	const struct registration *registration =
		served ? session_registration(session, served) : NULL;
	struct probes *probes = session->sessions->probes;
	struct probe_run *run = NULL;
	struct covey_error error;
	const char *reason;

	if (probe_check_request(request, &error) < 0) {
		session_end(session, PROTOCOL, "%s", error.text);
		return;
	}
	reason = find_room(probes, session, &run);
	if (!reason && (!registration || !registration->joined))
		reason = "the host that asks has not joined the group";
	if (!reason && !has_vni(served, request->vni))
		reason = "the VNI is not one of the group's";
	if (reason)
		send_failed(session, request->group, request->id, "", reason);
	else
		begin(probes, session, request, served, run);
}

/* An order is over after some time, so a report may come too late: then it is of no use. */
void probes_report(struct session *session, const Covey__ProbeReport *report)
{
	struct probes *probes = session->sessions->probes;
	struct covey_error error;

	if (probe_check_report(report, &error) < 0) {
		session_end(session, PROTOCOL, "%s", error.text);
		return;
	}
	for (size_t i = 0; i < COVEY_PROBE_RUNS_MAX; i++) {
		struct probe_run *run = &probes->runs[i];
		struct probe_part *part;

		if (report->id == 0 || run->id != report->id)
			continue;
		part = find_part(run, session);
		if (!part || part->state == PROBE_PART_OVER || part->state == PROBE_PART_IDLE)
			return;
		if (report->state == COVEY__PROBE_STATE__PROBE_STATE_READY) {
			part->state = PROBE_PART_READY;
		} else {
			Covey__ProbeReport forwarded = *report;

			forwarded.group = run->served->config->name;
			forwarded.id = run->theirs;
			forwarded.host = (char *)host_name(probes, part->host);
			part->state = PROBE_PART_OVER;
			send_report(run->asked_by, &forwarded);
			for (size_t j = 0; part == &run->from && j < run->to_count; j++)
				if (run->to[j].state == PROBE_PART_READY)
					send_order(probes, run, &run->to[j],
						   COVEY__PROBE_ROLE__PROBE_ROLE_END);
		}
		go_on(probes, run);
		return;
	}
}

/* --- life ------------------------------------------------------------------------------------ */

void probes_forget(struct probes *probes, struct session *session)
{
	for (size_t i = 0; i < COVEY_PROBE_RUNS_MAX; i++) {
		struct probe_run *run = &probes->runs[i];
		struct probe_part *part = run->id ? find_part(run, session) : NULL;

		if (run->id && run->asked_by == session) {
			run->id = 0;
			continue;
		}
		if (!part)
			continue;
		if (part->state != PROBE_PART_OVER)
			part_failed(probes, run, part, "its session with the key manager ended");
		part->session = NULL;
		go_on(probes, run);
	}
}

struct probes *probes_new(struct sessions *sessions)
{
	struct probes *probes = calloc(1, sizeof(*probes));

	if (!probes)
		return NULL;
	probes->sessions = sessions;
	probes->pace_by_host =
		calloc(sessions->inventory->host_room + 1, sizeof(*probes->pace_by_host));
	probes->timer = evtimer_new(sessions->base, on_timer, probes);
	if (probes->pace_by_host && probes->timer)
		return probes;
	probes_free(probes);
	return NULL;
}

void probes_free(struct probes *probes)
{
	if (!probes)
		return;
	if (probes->timer)
		event_free(probes->timer);
	free(probes->pace_by_host);
	free(probes);
}
