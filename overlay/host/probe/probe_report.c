/* SPDX-License-Identifier: BSD-3-Clause */

#include "probe_report.h"

#include <printable.h>

static void send_report(const struct probe_run *run, Covey__ProbeReport *report)
{
	Covey__Message message = COVEY__MESSAGE__INIT;

	message.body_case = COVEY__MESSAGE__BODY_PROBE_REPORT;
	message.probe_report = report;
	run->config.send(run->config.arg, &message);
}

void probe_report_failed(const struct probe_run *run, const Covey__ProbeOrder *order,
			 const char *reason)
{
	char text[COVEY_REASON_MAX + 1];
	Covey__ProbeReport report = COVEY__PROBE_REPORT__INIT;

	printable_copy(text, sizeof(text), reason);
	report.group = order->group;
	report.id = order->id;
	report.state = COVEY__PROBE_STATE__PROBE_STATE_FAILED;
	report.reason = text;
	send_report(run, &report);
}

void probe_report_ready(const struct probe_run *run)
{
	Covey__ProbeReport report = COVEY__PROBE_REPORT__INIT;

	report.group = (char *)run->group;
	report.id = run->id;
	report.state = COVEY__PROBE_STATE__PROBE_STATE_READY;
	send_report(run, &report);
}

static void fill_side(const struct probe_side *side, bool out, Covey__ProbeSeen *seen)
{
	covey__probe_seen__init(seen);
	message_addr_set(&seen->vtep, &side->peer);
	seen->out = out;
	seen->sent = side->sent;
	seen->encrypted = side->encrypted;
	seen->clear = side->clear;
	seen->delivered = side->delivered;
	seen->spi = side->spi;
	seen->sender_id = side->sender_id;
	seen->window_id = side->window_id;
	seen->crowded = side->crowded;
}

/* Why a direction cannot be seen; NULL: both can. */
static const char *find_blind(const struct probe_run *run, bool *ret_in)
{
	const char *blind = run->config.blind;

	if (!blind && run->unseen.text[0])
		blind = run->unseen.text;
	*ret_in = !blind;
	return blind ? blind : run->config.blind_out;
}

/* Other packets that were dropped meanwhile are counted, too. */
static size_t fill_drops(const struct probe_run *run, Covey__ProbeDrop *drops)
{
	struct dataplane_counters now;
	size_t count = 0;

	dataplane_read_counters(run->config.dataplane, &now);
	for (size_t i = 0; i < COVEY_DROP_COUNT && count < COVEY_PROBE_DROPS_MAX; i++) {
		if (now.drops[i] == run->before.drops[i])
			continue;
		covey__probe_drop__init(&drops[count]);
		drops[count].name = (char *)covey_drop_names[i];
		drops[count++].packets = now.drops[i] - run->before.drops[i];
	}
	return count;
}

static void fill_heard(const struct probe_run *run, Covey__ProbeHeard *list,
		       Covey__ProbeReport *report)
{
	for (size_t i = 0; i < run->heard.count; i++) {
		const struct probe_heard_one *one = &run->heard.list[i];

		covey__probe_heard__init(&list[i]);
		message_addr_set(&list[i].from, &one->from);
		list[i].vni = one->vni;
		list[i].packets = one->packets;
		list[i].out = one->out;
		report->heard[i] = &list[i];
	}
	report->n_heard = run->heard.count;
	report->heard_more = run->heard.more;
	report->looked = run->looked;
}

void probe_report_done(const struct probe_run *run)
{
	Covey__ProbeSeen sides[2], *seen[2] = {&sides[0], &sides[1]};
	Covey__ProbeDrop drops[COVEY_PROBE_DROPS_MAX], *rose[COVEY_PROBE_DROPS_MAX];
	Covey__ProbeHeard list[COVEY_PROBE_HEARD_MAX], *heard[COVEY_PROBE_HEARD_MAX];
	Covey__ProbeReport report = COVEY__PROBE_REPORT__INIT;
	char reason[COVEY_REASON_MAX + 1], blind[COVEY_REASON_MAX + 1];
	bool in;
	const char *why = find_blind(run, &in);

	fill_side(&run->out, true, &sides[0]);
	fill_side(&run->in, false, &sides[1]);
	sides[0].round_trip_us = (uint32_t *)run->round_trip_us;
	sides[0].n_round_trip_us = run->length_count;
	for (size_t i = 0; i < COVEY_PROBE_DROPS_MAX; i++)
		rose[i] = &drops[i];
	printable_copy(reason, sizeof(reason), run->trouble.text);
	report.group = (char *)run->group;
	report.id = run->id;
	report.state = COVEY__PROBE_STATE__PROBE_STATE_DONE;
	report.reason = reason;
	if (!why && run->flooded)
		printable_copy(
			blind, sizeof(blind),
			"the group has more ranges of VNIs than one filter, and VXLAN of other "
			"VNIs between them took all the room");
	else
		printable_copy(blind, sizeof(blind), why ? why : "");
	report.blind = blind;
	sides[0].watched = !why;
	sides[1].watched = in;
	report.seen = seen;
	report.n_seen = 2;
	report.drops = rose;
	report.n_drops = fill_drops(run, drops);
	report.heard = heard;
	fill_heard(run, list, &report);
	send_report(run, &report);
}
