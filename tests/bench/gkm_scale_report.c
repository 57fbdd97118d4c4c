/* SPDX-License-Identifier: BSD-3-Clause */
#include "gkm_scale_report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AIM_JOINS_PER_S  (10000.0 / 12)
#define AIM_REKEY_S      1.0
#define AIM_RESIDENT_KIB 40.0
/* With fewer, what the process takes anyway would be most of it. */
#define AIM_RESIDENT_FROM 1000

int scale_rekeys_new(struct scale_rekeys *rekeys, size_t count, size_t members)
{
	rekeys->list = calloc(count + 1, sizeof(*rekeys->list));
	rekeys->acked = calloc(count * members + 1, sizeof(*rekeys->acked));
	rekeys->members = members;
	if (!rekeys->list || !rekeys->acked)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		rekeys->list[i].acked = rekeys->acked + i * members;
	return 0;
}

void scale_report_free(struct scale_report *report)
{
	free(report->rekeys.list);
	free(report->rekeys.acked);
	*report = (struct scale_report){0};
}

/* --- statistics ---------------------------------------------------------------------------- */

struct spread {
	double p50;
	double p99;
	double max;
};

static int compare(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static struct spread spread_of(const double *values, size_t count)
{
	double *sorted = calloc(count + 1, sizeof(*sorted));
	struct spread spread = {0};

	if (!sorted || count == 0) {
		free(sorted);
		return spread;
	}
	memcpy(sorted, values, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare);
	spread = (struct spread){.p50 = sorted[(count - 1) / 2],
				 .p99 = sorted[(count - 1) * 99 / 100],
				 .max = sorted[count - 1]};
	free(sorted);
	return spread;
}

static struct spread acked_by_members(const struct scale_rekeys *rekeys)
{
	return spread_of(rekeys->acked, rekeys->count * rekeys->members);
}

enum moment { LAST_ACKED, TOLD, SWITCHED };

static struct spread of_rekeys(const struct scale_rekeys *rekeys, enum moment moment)
{
	double *values = calloc(rekeys->count + 1, sizeof(*values));
	struct spread spread = {0};

	for (size_t i = 0; values && i < rekeys->count; i++) {
		const struct crowd_rekey *rekey = &rekeys->list[i];

		values[i] = moment == LAST_ACKED ? rekey->last_acked
			    : moment == TOLD     ? rekey->told
						 : rekey->switched;
	}
	if (values)
		spread = spread_of(values, rekeys->count);
	free(values);
	return spread;
}

static double kib_per_member(const struct scale_storm *storm)
{
	double grown = (double)storm->after.resident_bytes - (double)storm->before.resident_bytes;

	return grown / 1024 / (double)storm->members;
}

/* --- for people ---------------------------------------------------------------------------- */

static void table_storm(const struct scale_storm *storm, size_t groups)
{
	const struct scale_traffic *traffic = &storm->traffic;
	double n = (double)storm->members;

	printf("all joined after          %10.2f s, %.0f a second\n", storm->joined_s,
	       n * (double)groups / storm->joined_s);
	printf("all send after            %10.2f s\n", storm->active_s);
	printf("sent to a member          %10.0f bytes, %.0f with TLS\n",
	       (double)traffic->bytes / n, (double)traffic->wire_bytes / n);
	printf("  of which rosters        %10.0f bytes in %.1f messages: %.1f x N\n",
	       (double)traffic->roster_bytes / n, (double)traffic->rosters / n,
	       (double)traffic->roster_bytes / n / n);
	printf("rosters to all            %10.2f MiB\n", (double)traffic->roster_bytes / (1 << 20));
	printf("covey-gkm, resident       %10.1f KiB a member, %.1f MiB before, %.1f MiB after\n",
	       kib_per_member(storm), (double)storm->before.resident_bytes / (1 << 20),
	       (double)storm->after.resident_bytes / (1 << 20));
	printf("covey-gkm, CPU            %10.2f ms a member (this program: %.2f ms)\n",
	       (storm->after.cpu_s - storm->before.cpu_s) * 1000 / n, storm->own_cpu_s * 1000 / n);
}

static void table_returns(const struct scale_report *report)
{
	for (size_t i = 0; i < SCALE_RETURNS; i++) {
		const struct scale_return *back = &report->returns[i];

		if (!back->measured)
			continue;
		if (back->with_gkm)
			printf("power cut of all: covey-gkm listens after %.2f s, then\n",
			       back->started_s);
		else
			printf("power cut of all members, not of covey-gkm\n");
		table_storm(&back->storm, report->groups);
	}
}

static void table_rest(const struct scale_rest *rest)
{
	if (rest->seconds > 0)
		printf("heartbeats alone          %10.2f %% of a processor\n",
		       rest->cpu_s * 100 / rest->seconds);
}

static void table_one_by_one(const struct scale_one_by_one *one)
{
	double k = (double)one->members;

	if (one->members == 0)
		return;
	printf("one by one                %10zu more, %.3f s each\n", one->members,
	       one->seconds / k);
	printf("  the whole roster to it  %10.0f bytes\n", (double)one->own_roster_bytes / k);
	printf("  changes to the others   %10.0f bytes each\n",
	       (double)one->other_roster_bytes / k / ((double)one->already + (k - 1) / 2));
}

static void table_spread(const char *name, struct spread spread)
{
	printf("  %-23s %10.0f ms, p99 %.0f ms, max %.0f ms\n", name, spread.p50 * 1000,
	       spread.p99 * 1000, spread.max * 1000);
}

static void table_rekeys(const struct scale_report *report)
{
	const struct scale_rekeys *rekeys = &report->rekeys;

	if (rekeys->count == 0)
		return;
	printf("rekeys                    %10zu; from the command, p50 of all\n", rekeys->count);
	table_spread("a member acknowledges", acked_by_members(rekeys));
	table_spread("the last acknowledges", of_rekeys(rekeys, LAST_ACKED));
	table_spread("covey-gkm has them all", of_rekeys(rekeys, TOLD));
	table_spread("all send on the new SA", of_rekeys(rekeys, SWITCHED));
	printf("covey-gkm, resident       %10.1f MiB at the end, CPU %.3f s a rekey\n",
	       (double)report->last.resident_bytes / (1 << 20),
	       (report->last.cpu_s - rekeys->before.cpu_s) / (double)rekeys->count);
}

static void table_wire(const struct scale_wire_result *wire)
{
	double runs = (double)wire->runs;

	if (!wire->measured)
		return;
	printf("covey check --wire        %10.2f s, %zu runs, %zu of %zu pairs\n", wire->seconds,
	       wire->runs, wire->pairs, wire->of_pairs);
	printf("  directions              %10zu, %zu are encrypted\n", wire->directions,
	       wire->encrypted);
	printf("  probes and answers      %10" PRIu64 ", of one host at most %" PRIu64
	       " sent and %" PRIu64 " received\n",
	       wire->frames, wire->frames_most, wire->received_most);
	printf("  to covey-gkm            %10" PRIu64 " messages, %.1f a run; %" PRIu64 " bytes\n",
	       wire->messages_to, (double)wire->messages_to / runs, wire->bytes_to);
	printf("  from covey-gkm          %10" PRIu64 " messages, %.1f a run; %" PRIu64 " bytes\n",
	       wire->messages_from, (double)wire->messages_from / runs, wire->bytes_from);
	printf("  covey-gkm, CPU          %10.2f s, %.1f %% of a processor\n", wire->gkm_cpu_s,
	       wire->gkm_cpu_s * 100 / wire->seconds);
}

void scale_report_table(const struct scale_report *report)
{
	printf("members                   %10zu as a storm, of %zu group%s each\n",
	       report->storm.members, report->groups, report->groups == 1 ? "" : "s");
	printf("certificates made in      %10.2f s\n", report->certificates_s);
	table_storm(&report->storm, report->groups);
	table_one_by_one(&report->one_by_one);
	table_rest(&report->rest);
	table_rekeys(report);
	table_wire(&report->wire);
	table_returns(report);
}

/* --- for programs -------------------------------------------------------------------------- */

static void json_spread(const char *name, struct spread spread)
{
	printf(", \"%s\": {\"p50\": %.6f, \"p99\": %.6f, \"max\": %.6f}", name, spread.p50,
	       spread.p99, spread.max);
}

static void json_storm(const struct scale_storm *storm, size_t groups)
{
	const struct scale_traffic *traffic = &storm->traffic;
	double n = (double)storm->members;

	printf("\"members\": %zu, \"groups\": %zu, \"joined_s\": %.3f, \"joins_per_s\": %.1f, "
	       "\"active_s\": %.3f, ",
	       storm->members, groups, storm->joined_s, n * (double)groups / storm->joined_s,
	       storm->active_s);
	printf("\"bytes\": %" PRIu64 ", \"wire_bytes\": %" PRIu64 ", \"roster_bytes\": %" PRIu64
	       ", \"roster_messages\": %" PRIu64 ", ",
	       traffic->bytes, traffic->wire_bytes, traffic->roster_bytes, traffic->rosters);
	printf("\"resident_kib_per_member\": %.2f, \"resident_bytes_before\": %" PRIu64
	       ", \"resident_bytes_after\": %" PRIu64 ", \"gkm_cpu_ms_per_member\": %.3f, "
	       "\"own_cpu_ms_per_member\": %.3f}\n",
	       kib_per_member(storm), storm->before.resident_bytes, storm->after.resident_bytes,
	       (storm->after.cpu_s - storm->before.cpu_s) * 1000 / n, storm->own_cpu_s * 1000 / n);
}

static void json_returns(const struct scale_report *report)
{
	for (size_t i = 0; i < SCALE_RETURNS; i++) {
		const struct scale_return *back = &report->returns[i];

		if (!back->measured)
			continue;
		printf("{\"phase\": \"power-cut-of-%s\", \"started_s\": %.3f, ",
		       back->with_gkm ? "all" : "members", back->started_s);
		json_storm(&back->storm, report->groups);
	}
}

static void json_rekeys(const struct scale_report *report)
{
	const struct scale_rekeys *rekeys = &report->rekeys;

	if (rekeys->count == 0)
		return;
	printf("{\"phase\": \"rekeys\", \"rekeys\": %zu, \"members\": %zu", rekeys->count,
	       rekeys->members);
	json_spread("member_acked_s", acked_by_members(rekeys));
	json_spread("last_acked_s", of_rekeys(rekeys, LAST_ACKED));
	json_spread("gkm_has_all_s", of_rekeys(rekeys, TOLD));
	json_spread("switched_s", of_rekeys(rekeys, SWITCHED));
	printf(", \"gkm_cpu_s\": %.4f, \"resident_bytes\": %" PRIu64 "}\n",
	       (report->last.cpu_s - rekeys->before.cpu_s) / (double)rekeys->count,
	       report->last.resident_bytes);
}

static void json_wire(const struct scale_wire_result *wire)
{
	if (!wire->measured)
		return;
	printf("{\"phase\": \"check-wire\", \"seconds\": %.3f, \"runs\": %zu, \"pairs\": %zu, "
	       "\"of_pairs\": %zu, \"directions\": %zu, \"encrypted\": %zu, ",
	       wire->seconds, wire->runs, wire->pairs, wire->of_pairs, wire->directions,
	       wire->encrypted);
	printf("\"frames\": %" PRIu64 ", \"frames_most\": %" PRIu64 ", \"received_most\": %" PRIu64
	       ", \"messages_to\": %" PRIu64 ", \"messages_from\": %" PRIu64
	       ", \"bytes_to\": %" PRIu64 ", \"bytes_from\": %" PRIu64 ", \"gkm_cpu_s\": %.3f}\n",
	       wire->frames, wire->frames_most, wire->received_most, wire->messages_to,
	       wire->messages_from, wire->bytes_to, wire->bytes_from, wire->gkm_cpu_s);
}

void scale_report_json(const struct scale_report *report)
{
	const struct scale_one_by_one *one = &report->one_by_one;

	printf("{\"phase\": \"storm\", \"certificates_s\": %.3f, ", report->certificates_s);
	json_storm(&report->storm, report->groups);
	if (one->members)
		printf("{\"phase\": \"one-by-one\", \"members\": %zu, \"already\": %zu, "
		       "\"seconds\": %.3f, \"own_roster_bytes\": %" PRIu64
		       ", \"other_roster_bytes\": %" PRIu64 "}\n",
		       one->members, one->already, one->seconds, one->own_roster_bytes,
		       one->other_roster_bytes);
	if (report->rest.seconds > 0)
		printf("{\"phase\": \"rest\", \"seconds\": %.3f, \"gkm_cpu_s\": %.3f}\n",
		       report->rest.seconds, report->rest.cpu_s);
	json_rekeys(report);
	json_wire(&report->wire);
	json_returns(report);
}

/* --- aims ---------------------------------------------------------------------------------- */

int scale_report_check(const struct scale_report *report, struct covey_error *error)
{
	const struct scale_storm *storm = &report->storm;
	double rate = (double)storm->members / storm->joined_s;
	double rekey_s = of_rekeys(&report->rekeys, TOLD).max;
	double kib = kib_per_member(storm);

	if (rate < AIM_JOINS_PER_S)
		return covey_error_set(error, -ERANGE, "%.0f joins a second, the aim is %.0f", rate,
				       AIM_JOINS_PER_S);
	if (rekey_s > AIM_REKEY_S)
		return covey_error_set(error, -ERANGE,
				       "a rekey took %.2f s to the last acknowledgement, the aim "
				       "is %.0f s",
				       rekey_s, AIM_REKEY_S);
	if (storm->members >= AIM_RESIDENT_FROM && kib > AIM_RESIDENT_KIB)
		return covey_error_set(error, -ERANGE,
				       "%.1f KiB resident a member, the aim is %.0f", kib,
				       AIM_RESIDENT_KIB);
	return 0;
}
