/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Many members of one group join a real covey-gkm, over real TLS 1.3, from this one process.
 *
 *     gkm-scale [--members N] [--one-by-one] [--at-once N] [--json] [--quiet] COVEY-GKM
 *
 * Each member has a certificate of its own; they share one key, as they share this process. The
 * figures are of a machine that covey-gkm and this program share.
 */

#include <argp.h>
#include <covey/limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "gkm_scale_crowd.h"
#include "gkm_scale_gkm.h"

#define OWN_DESCRIPTORS 64
#define PATIENCE_S      600.0

struct options {
	const char *gkm;
	size_t members;
	size_t at_once;
	bool one_by_one;
	bool json;
	bool quiet;
};

struct result {
	double certificates_s;
	double joined_s;
	double active_s;
	uint64_t bytes;
	uint64_t roster_bytes;
	uint64_t rosters;
	uint64_t wire_bytes;
	struct scale_cost before;
	struct scale_cost after;
	double own_cpu_s;
};

/* --- options ------------------------------------------------------------------------------- */

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'n':
	case 'a':
		*(key == 'n' ? &options->members : &options->at_once) = strtoul(text, NULL, 10);
		return 0;
	case '1':
		options->one_by_one = true;
		return 0;
	case 'j':
		options->json = true;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		options->gkm = text;
		return state->arg_num == 0 ? 0 : ARGP_ERR_UNKNOWN;
	case ARGP_KEY_END:
		if (!options->gkm)
			argp_error(state, "which covey-gkm?");
		if (options->members < 1 || options->members > COVEY_SENDER_ID_MAX)
			argp_error(state, "--members takes 1 to %u", COVEY_SENDER_ID_MAX);
		if (options->at_once < 1 || options->at_once > COVEY_SESSIONS_UNAUTHENTICATED_MAX)
			argp_error(state, "--at-once takes 1 to %u",
				   COVEY_SESSIONS_UNAUTHENTICATED_MAX);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option argp_options[] = {
	{"members", 'n', "N", 0, "how many (1000)", 0},
	{"at-once", 'a', "N", 0, "so many are on their way into the group at a time (256)", 0},
	{"one-by-one", '1', NULL, 0, "each waits until the one before sends", 0},
	{"json", 'j', NULL, 0, "for programs", 0},
	{"quiet", 'q', NULL, 0, "no progress", 0},
	{0},
};

/* --- measuring ----------------------------------------------------------------------------- */

static int raise_descriptors(size_t members, struct covey_error *error)
{
	struct rlimit limit = {.rlim_cur = members + OWN_DESCRIPTORS,
			       .rlim_max = members + OWN_DESCRIPTORS};
	struct rlimit now;

	if (getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur >= limit.rlim_cur)
		return 0;
	if (now.rlim_max > limit.rlim_max)
		limit.rlim_max = now.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return 0;
	return covey_error_set(error, -1,
			       "%zu members need as many file descriptors: run as root, "
			       "or raise the hard limit of %lu (ulimit -Hn)",
			       members, (unsigned long)now.rlim_max);
}

static double own_cpu(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void add_up(const struct crowd *crowd, struct result *result)
{
	for (size_t i = 0; i < crowd->count; i++) {
		const struct scale_member *member = &crowd->members[i];

		result->bytes += member->bytes;
		result->roster_bytes += member->roster_bytes;
		result->rosters += member->rosters;
		result->wire_bytes += scale_member_wire_bytes(member);
		if (member->joined_at > result->joined_s)
			result->joined_s = member->joined_at;
	}
}

static int measure_crowd(const struct options *options, const struct scale_gkm *gkm,
			 const struct scale_pki *pki, struct result *result,
			 struct covey_error *error)
{
	struct crowd crowd = {.pki = pki,
			      .port = gkm->port,
			      .at_once = options->at_once,
			      .one_by_one = options->one_by_one,
			      .quiet = options->quiet,
			      .count = options->members};
	double own = own_cpu();
	int rc = crowd_new(&crowd, error);

	if (rc < 0)
		return rc;
	result->before = scale_gkm_cost(gkm);
	rc = crowd_run(&crowd, PATIENCE_S, error);
	result->active_s = crowd_now() - crowd.began;
	result->after = scale_gkm_cost(gkm);
	result->own_cpu_s = own_cpu() - own;
	add_up(&crowd, result);
	crowd_free(&crowd);
	return rc;
}

static int measure(const struct options *options, struct result *result, struct covey_error *error)
{
	struct scale_pki pki = {0};
	struct scale_gkm gkm;
	double start = crowd_now();
	int rc = scale_gkm_prepare(&gkm, error);

	if (rc == 0)
		rc = scale_pki_new(&pki, gkm.directory, options->members, error);
	result->certificates_s = crowd_now() - start;
	if (rc == 0)
		rc = scale_gkm_start(&gkm, options->gkm, options->members, error);
	if (rc == 0)
		rc = measure_crowd(options, &gkm, &pki, result, error);
	scale_gkm_stop(&gkm, rc < 0);
	scale_pki_free(&pki);
	return rc;
}

/* --- telling ------------------------------------------------------------------------------- */

static double grown_kib(const struct result *result)
{
	return ((double)result->after.resident_bytes - (double)result->before.resident_bytes) /
	       1024;
}

static void tell_table(const struct options *options, const struct result *result)
{
	double n = (double)options->members;

	printf("members                   %10zu, %s\n", options->members,
	       options->one_by_one ? "one by one" : "as a storm");
	printf("certificates made in      %10.2f s\n", result->certificates_s);
	printf("all joined after          %10.2f s, %.0f a second\n", result->joined_s,
	       n / result->joined_s);
	printf("all send after            %10.2f s\n", result->active_s);
	printf("sent to a member          %10.0f bytes, %.0f with TLS\n", (double)result->bytes / n,
	       (double)result->wire_bytes / n);
	printf("  of which rosters        %10.0f bytes in %.1f messages\n",
	       (double)result->roster_bytes / n, (double)result->rosters / n);
	printf("rosters to all            %10.2f MiB, %.1f bytes x N x N\n",
	       (double)result->roster_bytes / (1 << 20), (double)result->roster_bytes / n / n);
	printf("covey-gkm, resident       %10.1f KiB a member, %.1f MiB before, %.1f MiB after\n",
	       grown_kib(result) / n, (double)result->before.resident_bytes / (1 << 20),
	       (double)result->after.resident_bytes / (1 << 20));
	printf("covey-gkm, CPU            %10.2f ms a member (this program: %.2f ms)\n",
	       (result->after.cpu_s - result->before.cpu_s) * 1000 / n,
	       result->own_cpu_s * 1000 / n);
}

static void tell_json(const struct options *options, const struct result *result)
{
	double n = (double)options->members;

	printf("{\"members\": %zu, \"one_by_one\": %s, \"certificates_s\": %.3f, "
	       "\"joined_s\": %.3f, \"joins_per_s\": %.1f, \"active_s\": %.3f, "
	       "\"bytes_per_member\": %.1f, \"wire_bytes_per_member\": %.1f, "
	       "\"roster_bytes_per_member\": %.1f, \"roster_messages_per_member\": %.2f, "
	       "\"resident_kib_per_member\": %.2f, \"resident_bytes_before\": %llu, "
	       "\"resident_bytes_after\": %llu, \"gkm_cpu_ms_per_member\": %.3f, "
	       "\"own_cpu_ms_per_member\": %.3f}\n",
	       options->members, options->one_by_one ? "true" : "false", result->certificates_s,
	       result->joined_s, n / result->joined_s, result->active_s, (double)result->bytes / n,
	       (double)result->wire_bytes / n, (double)result->roster_bytes / n,
	       (double)result->rosters / n, grown_kib(result) / n,
	       (unsigned long long)result->before.resident_bytes,
	       (unsigned long long)result->after.resident_bytes,
	       (result->after.cpu_s - result->before.cpu_s) * 1000 / n,
	       result->own_cpu_s * 1000 / n);
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = argp_options,
		.parser = parse_option,
		.args_doc = "COVEY-GKM",
		.doc = "Have many members join a covey-gkm that is started for them, and measure.",
	};
	struct options options = {.members = 1000, .at_once = 256};
	struct result result = {0};
	struct covey_error error = {.text = ""};
	int rc;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	signal(SIGPIPE, SIG_IGN);
	rc = raise_descriptors(options.members, &error);
	if (rc == 0)
		rc = measure(&options, &result, &error);
	if (rc < 0) {
		fprintf(stderr, "gkm-scale: %s\n", error.text);
		return EXIT_FAILURE;
	}
	(options.json ? tell_json : tell_table)(&options, &result);
	return EXIT_SUCCESS;
}
