/* SPDX-License-Identifier: BSD-3-Clause */
#include "probe_check.h"

#include <covey/limits.h>
#include <errno.h>
#include <string.h>

/* Up to max characters of ASCII that print. */
static bool is_text(const char *text, size_t max)
{
	size_t len = 0;

	while (text[len] >= 0x20 && text[len] < 0x7f && len <= max)
		len++;
	return text[len] == '\0' && len <= max;
}

static bool are_lengths(const Covey__ProbeRequest *request)
{
	if (request->n_lengths == 0 || request->n_lengths > COVEY_PROBES_PER_RUN_MAX)
		return false;
	for (size_t i = 0; i < request->n_lengths; i++) {
		if (request->lengths[i] == 0 || request->lengths[i] > COVEY_PROBE_LENGTH_MAX)
			return false;
		for (size_t j = 0; j < i; j++)
			if (request->lengths[i] == request->lengths[j])
				return false;
	}
	return true;
}

int probe_check_request(const Covey__ProbeRequest *request, struct covey_error *error)
{
	bool good = request->id != 0 && is_text(request->from, COVEY_NAME_MAX) &&
		    request->n_to > 0 && request->n_to <= COVEY_PROBE_RECEIVERS_MAX &&
		    (request->multicast || request->n_to == 1) && are_lengths(request) &&
		    request->dscp < 64 && request->source_port <= UINT16_MAX;

	for (size_t i = 0; good && i < request->n_to; i++)
		good = is_text(request->to[i], COVEY_NAME_MAX);
	return good ? 0
		    : covey_error_set(error, -EPROTO,
				      "ProbeRequest with hosts, lengths, a class or a port that "
				      "cannot be");
}

static bool is_seen(const Covey__ProbeSeen *seen)
{
	const uint32_t all = (1u << COVEY_PROBES_PER_RUN_MAX) - 1;

	return (seen->vtep.len == 4 || seen->vtep.len == 16) &&
	       (seen->sent | seen->encrypted | seen->clear | seen->delivered | seen->crowded) <=
		       all &&
	       seen->sender_id <= UINT16_MAX && seen->window_id <= UINT16_MAX &&
	       seen->n_round_trip_us <= COVEY_PROBES_PER_RUN_MAX;
}

static bool is_heard(const Covey__ProbeHeard *heard)
{
	return (heard->from.len == 4 || heard->from.len == 16) && heard->vni <= COVEY_VNI_MAX &&
	       heard->packets > 0;
}

int probe_check_report(const Covey__ProbeReport *report, struct covey_error *error)
{
	bool good = report->state >= COVEY__PROBE_STATE__PROBE_STATE_READY &&
		    report->state <= COVEY__PROBE_STATE__PROBE_STATE_FAILED &&
		    report->host[0] == '\0' && is_text(report->reason, COVEY_REASON_MAX) &&
		    is_text(report->blind, COVEY_REASON_MAX) && report->n_seen <= 2 &&
		    report->n_drops <= COVEY_PROBE_DROPS_MAX &&
		    report->n_heard <= COVEY_PROBE_HEARD_MAX;

	for (size_t i = 0; good && i < report->n_seen; i++)
		good = is_seen(report->seen[i]);
	for (size_t i = 0; good && i < report->n_drops; i++)
		good = is_text(report->drops[i]->name, COVEY_PROBE_DROP_NAME_MAX);
	for (size_t i = 0; good && i < report->n_heard; i++)
		good = is_heard(report->heard[i]);
	return good ? 0
		    : covey_error_set(error, -EPROTO, "ProbeReport with what no run could give");
}
