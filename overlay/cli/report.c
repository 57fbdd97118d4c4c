/* SPDX-License-Identifier: BSD-3-Clause */

/* covey report [FILE] */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "client.h"
#include "json_text.h"
#include "report_bundle.h"
#include "report_counters.h"
#include "report_system.h"

#define SECONDS_DEFAULT 10
#define SECONDS_MAX     60

struct report_arguments {
	struct cli *cli;
	const char *file; /* NULL: named after host and time; "-": standard output */
	const char *log;
	long seconds;
};

enum { OPTION_LOG = 0x100, OPTION_SECONDS };

static const struct argp_option table[] = {
	{"log", OPTION_LOG, "FILE", 0, "Where the daemons log to, if it is not the journal", 0},
	{"seconds", OPTION_SECONDS, "N", 0, "How long to count, 10 by default", 0},
	{0}};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct report_arguments *arguments = state->input;
	char *end;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = arguments->cli;
		return 0;
	case OPTION_LOG:
		arguments->log = value;
		return 0;
	case OPTION_SECONDS:
		arguments->seconds = strtol(value, &end, 10);
		if (end == value || *end != '\0' || arguments->seconds < 1 ||
		    arguments->seconds > SECONDS_MAX)
			argp_error(state, "--seconds is a number from 1 to %d, not %s", SECONDS_MAX,
				   value);
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->file)
			argp_error(state, "one file: %s is too much", value);
		arguments->file = value;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void progress(const char *step)
{
	fprintf(stderr, "covey report: %s\n", step);
}

/* --- the daemons ----------------------------------------------------------------------------- */

/* What it says, or {"ok": false, "error": why it does not}. NULL when there is no memory. */
static json_t *ask(const struct client_daemon *daemon)
{
	struct covey_error error;
	json_t *answer = NULL;

	if (client_ask(daemon, json_pack("{s:s}", "command", "show"), &answer, &error) < 0)
		return json_failure(error.text);
	return answer;
}

/* Windows are many, and may be more than a file takes. */
static void add_answer(struct bundle *bundle, const char *file, json_t *answer)
{
	char *text = json_dumps(answer, JSON_INDENT(2));

	if (text && strlen(text) > BUNDLE_FILE_MAX) {
		json_object_set_new(answer, "windows", json_array());
		free(text);
		text = json_dumps(answer, JSON_INDENT(2));
	}
	bundle_add(bundle, file, text ? text : "[no memory]");
	bundle_add(bundle, file, "\n");
	free(text);
}

struct state {
	json_t *host, *gkm;
	struct timespec at;
};

/* before: who did not answer then is not asked. */
static void ask_both(const struct cli *cli, struct state *state, const struct state *before)
{
	struct client_daemon host = client_host(cli), gkm = client_gkm(cli);

	clock_gettime(CLOCK_MONOTONIC, &state->at);
	state->host = !before || field_true(before->host, "ok") ? ask(&host) : NULL;
	state->gkm = !before || field_true(before->gkm, "ok") ? ask(&gkm) : NULL;
}

static void forget(struct state *state)
{
	json_decref(state->host);
	json_decref(state->gkm);
}

static double seconds_since(const struct timespec *at)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - at->tv_sec) + (double)(now.tv_nsec - at->tv_nsec) / 1e9;
}

/* --- what is in it --------------------------------------------------------------------------- */

static void add_daemon(struct bundle *bundle, const char *name, const json_t *answer)
{
	const json_t *problems = json_object_get(answer, "problems"), *problem;
	size_t i;

	if (!field_true(answer, "ok")) {
		bundle_addf(bundle, "summary.txt", "%s does not answer: %s\n", name,
			    field_text(answer, "error"));
		return;
	}
	bundle_addf(bundle, "summary.txt", "%s answers, and knows of %zu problems.\n", name,
		    json_array_size(problems));
	json_array_foreach(problems, i, problem)
		if (json_is_string(problem))
			bundle_addf(bundle, "summary.txt", "PROBLEM: %s\n",
				    json_string_value(problem));
}

/* The first file. */
static void add_summary(struct bundle *bundle, const char *name, const struct state *state)
{
	bundle_addf(
		bundle, "summary.txt",
		"%s, by covey %s, run by %s.\n"
		"Without keys, the guard's secrets, what the inventory has for others than covey\n"
		"(HIDDEN), and anything that tenants send.\n"
		"It has addresses, names of hosts and groups, and the rules of this machine.\n\n",
		name, COVEY_VERSION,
		geteuid() == 0 ? "root" : "a user who may not see all: run it as root");
	add_daemon(bundle, "covey-host", state->host);
	add_daemon(bundle, "covey-gkm", state->gkm);
}

static void wait_for(const struct timespec *start, long seconds)
{
	double left = (double)seconds - seconds_since(start);
	struct timespec pause;

	if (left <= 0)
		return;
	if (left >= 1)
		fprintf(stderr, "covey report: counting for %.0f s more\n", left);
	pause.tv_sec = (time_t)left;
	pause.tv_nsec = (long)((left - (double)pause.tv_sec) * 1e9);
	nanosleep(&pause, NULL);
}

static void add_counters(struct bundle *bundle, const struct state *first,
			 const struct state *second)
{
	double seconds = (double)(second->at.tv_sec - first->at.tv_sec) +
			 (double)(second->at.tv_nsec - first->at.tv_nsec) / 1e9;
	char *host = report_counters(first->host, second->host, seconds);
	char *gkm = report_counters(first->gkm, second->gkm, seconds);

	bundle_addf(bundle, "counters.txt", "covey-host. %s\ncovey-gkm. %s", host ? host : "",
		    gkm ? gkm : "");
	free(host);
	free(gkm);
}

static void collect(struct bundle *bundle, const char *name,
		    const struct report_arguments *arguments)
{
	const struct cli *cli = arguments->cli;
	struct state first, second;
	bool host, gkm;

	progress("covey-host and covey-gkm");
	ask_both(cli, &first, NULL);
	add_summary(bundle, name, &first);
	report_kernel_counters(bundle, "kernel-first.txt");
	add_answer(bundle, "host.json", first.host);
	add_answer(bundle, "gkm.json", first.gkm);
	host = field_true(first.host, "ok");
	gkm = field_true(first.gkm, "ok");
	report_covey(bundle, cli, !host && gkm, host || gkm);
	report_system(bundle, first.host, progress);
	progress("inventory, files and log");
	report_inventory_file(bundle, cli->inventory);
	report_files(bundle, cli);
	report_log(bundle, arguments->log);
	wait_for(&first.at, arguments->seconds);
	ask_both(cli, &second, &first);
	add_counters(bundle, &first, &second);
	report_kernel_counters(bundle, "kernel-second.txt");
	forget(&first);
	forget(&second);
}

/* --- the file -------------------------------------------------------------------------------- */

/* "covey-report-hv1-20260102T030405Z" */
static void name_report(char *name, size_t size)
{
	char host[65] = "", at[32] = "";
	time_t now = time(NULL);
	struct tm utc;

	if (gethostname(host, sizeof(host) - 1) < 0)
		host[0] = '\0';
	host[strcspn(host, "./")] = '\0';
	if (gmtime_r(&now, &utc))
		strftime(at, sizeof(at), "%Y%m%dT%H%M%SZ", &utc);
	snprintf(name, size, "covey-report-%s-%s", host, at);
}

/* Before time is spent on it. */
static int check_file(const char *path, struct covey_error *error)
{
	char folder[4096];

	if (strcmp(path, "-") == 0)
		return 0;
	snprintf(folder, sizeof(folder), "%s", path);
	if (access(path, F_OK) == 0)
		errno = EEXIST;
	else if (access(dirname(folder), W_OK) == 0)
		return 0;
	return covey_error_set(error, -errno, "cannot make %s: %s", path, strerror(errno));
}

/* A file that is there is not replaced: it may be the report of another. */
static int open_file(const char *path, struct covey_error *error)
{
	int fd;

	if (strcmp(path, "-") == 0)
		return STDOUT_FILENO;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return covey_error_set(error, -errno, "cannot make %s: %s", path, strerror(errno));
	return fd;
}

static int close_file(int fd, const char *path, int status, struct covey_error *error)
{
	if (fd == STDOUT_FILENO)
		return status;
	if (status == 0 && fsync(fd) < 0 && errno != EINVAL)
		status = covey_error_set(error, -errno, "cannot write it: %s", strerror(errno));
	close(fd);
	if (status < 0)
		unlink(path);
	return status;
}

static json_t *written(const struct bundle *bundle, const char *path)
{
	json_t *files = json_array();

	for (size_t i = 0; i < bundle_count(bundle); i++)
		json_array_append_new(files, json_string(bundle_name(bundle, i)));
	return json_pack("{s:b, s:o, s:o}", "ok", 1, "file", json_text(path), "files", files);
}

/* With "-", standard output has the archive, and nothing else. */
static void tell(const struct cli *cli, const struct bundle *bundle, const char *path)
{
	if (bundle_left_out(bundle))
		fprintf(stderr, "covey report: not all found room in it\n");
	if (cli->json && strcmp(path, "-") != 0)
		json_print(written(bundle, path));
	else
		fprintf(stderr,
			"covey report: %zu files are in %s, without keys and tenants' data; look "
			"at "
			"summary.txt first\n",
			bundle_count(bundle), strcmp(path, "-") == 0 ? "it" : path);
}

static int write_report(const struct bundle *bundle, const char *path, struct covey_error *error)
{
	int fd = open_file(path, error);

	if (fd < 0)
		return fd;
	return close_file(fd, path, bundle_write(bundle, fd, error), error);
}

static int report(const struct report_arguments *arguments, struct covey_error *error)
{
	char name[128], own_path[160];
	const char *path = arguments->file ? arguments->file : own_path;
	struct bundle *bundle;
	int status;

	name_report(name, sizeof(name));
	snprintf(own_path, sizeof(own_path), "%s.tar.gz", name);
	status = check_file(path, error);
	if (status < 0)
		return status;
	bundle = bundle_new(name);
	if (!bundle)
		return covey_error_set(error, -ENOMEM, "no memory");
	collect(bundle, name, arguments);
	status = write_report(bundle, path, error);
	if (status == 0)
		tell(arguments->cli, bundle, path);
	bundle_free(bundle);
	return status;
}

int report_main(struct cli *cli, int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.args_doc = "[FILE]",
		.doc = "Gather in one file (tar.gz) what somebody needs who is to find out what is "
		       "wrong here: versions, interfaces, routes, rules, the state of covey-host "
		       "and "
		       "covey-gkm, their logs, and what was counted within ten seconds. It has no "
		       "keys, and nothing that tenants send. FILE is named after this host and the "
		       "time unless it is given; - is standard output.",
		.children = cli_children};
	struct report_arguments arguments = {.cli = cli, .seconds = SECONDS_DEFAULT};
	struct covey_error error;

	if (cli_parse(&argp, argc, argv, 0, &arguments))
		return CLI_USAGE;
	/* A user's own path may lack what is looked for. */
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	umask(0077);
	if (report(&arguments, &error) == 0)
		return CLI_OK;
	fprintf(stderr, "covey report: %s\n", error.text);
	if (cli->json && !(arguments.file && strcmp(arguments.file, "-") == 0))
		json_print(json_failure(error.text));
	return CLI_FAILURE;
}
