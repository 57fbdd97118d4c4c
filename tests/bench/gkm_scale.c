/*
 * Many members at a real covey-gkm, over real TLS 1.3, from this one process: they join as a storm,
 * or one by one, and are rekeyed. All of them are in one group, or in each of many. After a power
 * cut they come back, first to a key manager that still runs, then to one that begins with them.
 *
 *     gkm-scale [--members N] [--one-by-one K] [--rekeys R] [--at-once N]
 *               [--groups G] [--vnis V] [--rest S] [--power-cut] [--check-wire COVEY [--faults]]
 *               [--json] [--aims] COVEY-GKM
 *
 * Each member has a certificate of its own; they share one key, as they share this process. The
 * figures are of a machine that covey-gkm and this program share.
 */

#include <argp.h>
#include <covey/limits.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "gkm_scale_crowd.h"
#include "gkm_scale_gkm.h"
#include "gkm_scale_report.h"
#include "gkm_scale_wire.h"

#define OWN_DESCRIPTORS 128
#define PATIENCE_S      600.0
/* Of both processes and the kernel together, roughly. */
#define MACHINE_KIB_PER_MEMBER 200
#define MACHINE_KIB_PER_SEAT   2 /* a member in a group */
/* After a rekey, until there is room for the next: the drain, and what a member's rounding adds. */
#define BETWEEN_REKEYS_S (SCALE_DRAIN_S + 0.5)

struct options {
	const char *gkm;
	const char *covey; /* NULL: the wire is not checked */
	size_t members;
	size_t one_by_one;
	size_t rekeys;
	size_t at_once;
	size_t groups;
	size_t vnis;
	size_t rest_s;
	bool power_cut;
	bool faults;
	bool json;
	bool aims;
	bool quiet;
};

/* --- options ------------------------------------------------------------------------------- */

static size_t read_number(const char *text, const char *name, size_t max, struct argp_state *state)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*end || end == text || number > max)
		argp_error(state, "--%s takes a number up to %zu", name, max);
	return number;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'n':
		options->members = read_number(text, "members", COVEY_SENDER_ID_MAX, state);
		return 0;
	case '1':
		options->one_by_one = read_number(text, "one-by-one", COVEY_SENDER_ID_MAX, state);
		return 0;
	case 'r':
		options->rekeys = read_number(text, "rekeys", 10000, state);
		return 0;
	case 'a':
		options->at_once =
			read_number(text, "at-once", COVEY_SESSIONS_UNAUTHENTICATED_MAX, state);
		return 0;
	case 'g':
		options->groups = read_number(text, "groups", COVEY_GROUPS_PER_HOST_MAX, state);
		return 0;
	case 'v':
		options->vnis = read_number(text, "vnis", COVEY_VNIS_PER_GROUP_MAX, state);
		return 0;
	case 's':
		options->rest_s = read_number(text, "rest", 3600, state);
		return 0;
	case 'p':
		options->power_cut = true;
		return 0;
	case 'w':
		options->covey = text;
		return 0;
	case 'f':
		options->faults = true;
		return 0;
	case 'j':
		options->json = true;
		return 0;
	case 'A':
		options->aims = true;
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
		if (options->members < 1 || options->at_once < 1 || options->groups < 1 ||
		    options->vnis < 1)
			argp_error(state, "none are too few");
		if (options->one_by_one > options->members)
			argp_error(state, "--one-by-one is of --members");
		if (options->one_by_one && options->groups > 1)
			argp_error(state, "--one-by-one is of one group");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option argp_options[] = {
	{"members", 'n', "N", 0, "how many (1000)", 0},
	{"one-by-one", '1', "K", 0, "the last K come when the one before sends (0)", 0},
	{"rekeys", 'r', "R", 0, "rekey so often when all are there (0)", 0},
	{"at-once", 'a', "N", 0, "so many are on their way into the group at a time (256)", 0},
	{"groups", 'g', "G", 0, "each of which has all members (1)", 0},
	{"vnis", 'v', "V", 0, "of each group (1)", 0},
	{"rest", 's', "S", 0, "then tell what heartbeats alone cost, for S seconds (0)", 0},
	{"power-cut", 'p', NULL, 0,
	 "at the end all members lose their power and come back at once, then the key manager with "
	 "them",
	 0},
	{"check-wire", 'w', "COVEY", 0,
	 "have this covey check the wire: all members answer as if there were probes", 0},
	{"faults", 'f', NULL, 0, "some members have one, and covey must find them all", 0},
	{"json", 'j', NULL, 0, "for programs, a line for each phase", 0},
	{"aims", 'A', NULL, 0,
	 "fail when 10,000 members would not join in 12 s, a rekey takes "
	 "over 1 s, or a member over 40 KiB",
	 0},
	{"quiet", 'q', NULL, 0, "no progress", 0},
	{0},
};

/* --- the machine --------------------------------------------------------------------------- */

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
	return covey_error_set(error, -EMFILE,
			       "%zu members need as many file descriptors: run as root, "
			       "or raise the hard limit of %lu (ulimit -Hn)",
			       members, (unsigned long)now.rlim_max);
}

/* Better to say so now than to be killed half-way. */
static int check_memory(size_t members, size_t groups, struct covey_error *error)
{
	size_t needed_kib = members * (MACHINE_KIB_PER_MEMBER + groups * MACHINE_KIB_PER_SEAT);
	unsigned long long available_kib = 0;
	char line[128];
	FILE *file = fopen("/proc/meminfo", "r");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %llu kB", &available_kib) == 1)
			break;
	if (file)
		fclose(file);
	if (available_kib == 0 || available_kib >= needed_kib)
		return 0;
	return covey_error_set(error, -ENOMEM,
			       "%zu members take some %zu MiB of memory, %llu MiB are available",
			       members, needed_kib / 1024, available_kib / 1024);
}

static double own_cpu(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* --- measuring ----------------------------------------------------------------------------- */

static struct scale_traffic add_up(const struct crowd *crowd)
{
	struct scale_traffic traffic = {0};

	for (size_t i = 0; i < crowd->connected; i++) {
		const struct scale_member *member = &crowd->members[i];

		traffic.bytes += member->bytes;
		traffic.roster_bytes += member->roster_bytes;
		traffic.rosters += member->rosters;
		traffic.wire_bytes += scale_member_wire_bytes(member);
	}
	return traffic;
}

static int measure_storm(struct crowd *crowd, const struct scale_gkm *gkm,
			 struct scale_storm *storm, struct covey_error *error)
{
	double own = own_cpu();
	int status;

	storm->before = scale_gkm_cost(gkm);
	status = crowd_gather(crowd, storm->members, false, PATIENCE_S, error);
	storm->active_s = crowd_now() - crowd->began;
	storm->after = scale_gkm_cost(gkm);
	storm->own_cpu_s = own_cpu() - own;
	storm->traffic = add_up(crowd);
	for (size_t i = 0; i < crowd->connected; i++)
		if (crowd->members[i].joined_at > storm->joined_s)
			storm->joined_s = crowd->members[i].joined_at;
	return status;
}

/* Each alone, to tell what it is sent from what it costs the others. */
static int measure_one_by_one(const struct options *options, struct crowd *crowd,
			      struct scale_one_by_one *one, struct covey_error *error)
{
	uint64_t before = add_up(crowd).roster_bytes;
	size_t first = crowd->target;
	int status = 0;

	one->members = options->one_by_one;
	one->already = first;
	if (one->members == 0)
		return 0;
	status = crowd_gather(crowd, options->members, true, PATIENCE_S, error);
	one->seconds = crowd_now() - crowd->began;
	for (size_t i = first; i < crowd->connected; i++)
		one->own_roster_bytes += crowd->members[i].first_roster_bytes;
	one->other_roster_bytes = add_up(crowd).roster_bytes - before - one->own_roster_bytes;
	return status;
}

static int measure_rekeys(const struct options *options, struct crowd *crowd,
			  const struct scale_gkm *gkm, struct scale_rekeys *rekeys,
			  struct covey_error *error)
{
	char socket[512];
	int status = scale_rekeys_new(rekeys, options->rekeys, crowd->count);

	scale_gkm_socket(gkm, socket);
	rekeys->before = scale_gkm_cost(gkm);
	if (status < 0)
		return covey_error_set(error, status, "out of memory");
	while (status == 0 && rekeys->count < options->rekeys) {
		struct crowd_rekey *rekey = &rekeys->list[rekeys->count];

		status = crowd_idle(crowd, BETWEEN_REKEYS_S, error);
		if (status == 0)
			status = crowd_rekey(crowd, socket, PATIENCE_S, rekey, error);
		rekeys->count += status == 0;
	}
	return status;
}

static int measure_rest(const struct options *options, struct crowd *crowd,
			const struct scale_gkm *gkm, struct scale_rest *rest,
			struct covey_error *error)
{
	double began = crowd_now(), cpu_s;
	int status;

	if (options->rest_s == 0)
		return 0;
	/* What comes of the joins is over then. */
	status = crowd_idle(crowd, BETWEEN_REKEYS_S, error);
	began = crowd_now();
	cpu_s = scale_gkm_cost(gkm).cpu_s;
	if (status == 0)
		status = crowd_idle(crowd, (double)options->rest_s, error);
	rest->seconds = crowd_now() - began;
	rest->cpu_s = scale_gkm_cost(gkm).cpu_s - cpu_s;
	return status;
}

static struct scale_fabric fabric_of(const struct options *options)
{
	return (struct scale_fabric){
		.hosts = options->members, .groups = options->groups, .vnis = options->vnis};
}

/* with_gkm: it dies, too, and begins again with its state file. */
static int measure_return(const struct options *options, struct crowd *crowd, struct scale_gkm *gkm,
			  bool with_gkm, struct scale_return *back, struct covey_error *error)
{
	struct scale_fabric fabric = fabric_of(options);
	double began = crowd_now();
	int status = 0;

	back->with_gkm = with_gkm;
	back->storm.members = options->members;
	if (with_gkm)
		scale_gkm_kill(gkm);
	crowd_cut(crowd);
	if (with_gkm)
		status = scale_gkm_start(gkm, options->gkm, &fabric, error);
	back->started_s = crowd_now() - began;
	if (status == 0)
		status = measure_storm(crowd, gkm, &back->storm, error);
	back->measured = status == 0;
	return status;
}

static int measure_power_cut(const struct options *options, struct crowd *crowd,
			     struct scale_gkm *gkm, struct scale_report *report,
			     struct covey_error *error)
{
	int status = 0;

	if (!options->power_cut)
		return 0;
	status = crowd_idle(crowd, BETWEEN_REKEYS_S, error);
	if (status == 0)
		status = measure_return(options, crowd, gkm, false, &report->returns[0], error);
	if (status == 0)
		status = crowd_idle(crowd, BETWEEN_REKEYS_S, error);
	if (status == 0)
		status = measure_return(options, crowd, gkm, true, &report->returns[1], error);
	return status;
}

static int measure_phases(const struct options *options, struct scale_gkm *gkm,
			  const struct scale_pki *pki, struct scale_report *report,
			  struct covey_error *error)
{
	struct crowd crowd = {.pki = pki,
			      .port = gkm->port,
			      .at_once = options->at_once,
			      .quiet = options->quiet,
			      .faults = options->faults,
			      .count = options->members,
			      .group_count = options->groups};
	int status = crowd_new(&crowd, error);

	if (status == 0 && options->covey)
		status = scale_wire_prepare(&crowd, error);
	if (status < 0)
		goto out;
	report->groups = options->groups;
	report->storm.members = options->members - options->one_by_one;
	status = measure_storm(&crowd, gkm, &report->storm, error);
	if (status == 0)
		status = measure_one_by_one(options, &crowd, &report->one_by_one, error);
	if (status == 0)
		status = measure_rest(options, &crowd, gkm, &report->rest, error);
	if (status == 0)
		status = measure_rekeys(options, &crowd, gkm, &report->rekeys, error);
	report->last = scale_gkm_cost(gkm);
	if (status == 0 && options->covey)
		status = scale_wire_measure(&crowd, gkm, options->covey, PATIENCE_S, &report->wire,
					    error);
	if (status == 0)
		status = measure_power_cut(options, &crowd, gkm, report, error);
out:
	crowd_free(&crowd);
	return status;
}

static int measure(const struct options *options, struct scale_report *report,
		   struct covey_error *error)
{
	struct scale_pki pki = {0};
	struct scale_fabric fabric = fabric_of(options);
	struct scale_gkm gkm;
	double start = crowd_now();
	int status = scale_gkm_prepare(&gkm, error);

	if (status == 0)
		status = scale_pki_new(&pki, gkm.directory, options->members, error);
	report->certificates_s = crowd_now() - start;
	if (status == 0)
		status = scale_gkm_start(&gkm, options->gkm, &fabric, error);
	if (status == 0)
		status = measure_phases(options, &gkm, &pki, report, error);
	scale_gkm_stop(&gkm, status < 0);
	scale_pki_free(&pki);
	return status;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = argp_options,
		.parser = parse_option,
		.args_doc = "COVEY-GKM",
		.doc = "Have many members join a covey-gkm that is started for them, and measure.",
	};
	struct options options = {.members = 1000, .at_once = 256, .groups = 1, .vnis = 1};
	struct scale_report report = {0};
	struct covey_error error = {.text = ""};
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	signal(SIGPIPE, SIG_IGN);
	status = raise_descriptors(options.members, &error);
	if (status == 0)
		status = check_memory(options.members, options.groups, &error);
	if (status == 0)
		status = measure(&options, &report, &error);
	if (status == 0)
		(options.json ? scale_report_json : scale_report_table)(&report);
	if (status == 0 && options.aims)
		status = scale_report_check(&report, &error);
	scale_report_free(&report);
	if (status < 0)
		fprintf(stderr, "gkm-scale: %s\n", error.text);
	return status < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
