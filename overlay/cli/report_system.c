/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_system.h"

#include <errno.h>
#include <libgen.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json_text.h"
#include "report_command.h"
#include "report_inventory.h"
#include "report_redact.h"

#define WORDS_MAX     16
#define UPLINKS_MAX   8
#define LOG_BYTES_MAX (1 << 20)

/* --- a program ------------------------------------------------------------------------------- */

static void add_heading(struct bundle *bundle, const char *file, const char *const *argv)
{
	bundle_add(bundle, file, "$");
	for (; *argv; argv++)
		bundle_addf(bundle, file, " %s", *argv);
	bundle_add(bundle, file, "\n");
}

static void add_end(struct bundle *bundle, const char *file, const struct report_output *output)
{
	if (output->missing)
		bundle_add(bundle, file, "[this program is not here]\n");
	else if (output->late)
		bundle_addf(bundle, file, "[ended: it took longer than %d s]\n",
			    REPORT_COMMAND_MS / 1000);
	else if (output->cut)
		bundle_add(bundle, file, "[cut here: it printed more than a report takes]\n");
	else if (output->status)
		bundle_addf(bundle, file, "[exit status %d]\n", output->status);
	bundle_add(bundle, file, "\n");
}

/* redact: NULL: as it is, but for what bundle_add() takes out. */
static void run(struct bundle *bundle, const char *file, char *(*redact)(const char *text),
		const char *const *argv)
{
	struct report_output output;
	char *clean = NULL;
	int status = report_command_run(argv, BUNDLE_FILE_MAX, &output);

	add_heading(bundle, file, argv);
	if (status < 0) {
		bundle_addf(bundle, file, "[cannot run it: %s]\n\n", strerror(-status));
		return;
	}
	if (redact)
		clean = redact(output.text);
	if (!redact || clean)
		bundle_add(bundle, file, clean ? clean : output.text);
	add_end(bundle, file, &output);
	free(clean);
	free(output.text);
}

struct question {
	const char *step; /* NULL: the same as before */
	const char *file;
	char *(*redact)(const char *text);
	const char *argv[WORDS_MAX];
};

/* Secrets are in some other settings, so these are named. */
#define SETTINGS                                                                                   \
	"^net\\.(ipv[46]\\.conf\\..*\\.(rp_filter|forwarding|accept_local|arp_filter|arp_ignore|"  \
	"disable_ipv6|disable_policy|mtu|src_valid_mark)|ipv4\\.(ip_forward|ip_no_pmtu_disc|"      \
	"igmp_max_memberships|icmp_.*)|core\\.([rw]mem_.*|netdev_.*|optmem_max|bpf_jit_enable)|"   \
	"bridge\\..*)"

static const struct question questions[] = {
	{"versions", "versions.txt", NULL, {"uname", "-a"}},
	{NULL, "versions.txt", NULL, {"cat", "/etc/os-release"}},
	{NULL, "versions.txt", NULL, {"covey-host", "--version"}},
	{NULL, "versions.txt", NULL, {"covey-gkm", "--version"}},
	{NULL, "versions.txt", NULL, {"nft", "--version"}},
	{NULL,
	 "versions.txt",
	 NULL,
	 {"dpkg-query", "--show", "covey*", "dpdk*", "librte-*", "libipsec-mb*", "libnftables1",
	  "nftables", "iproute2", "libbpf*", "libssl3*", "linux-image-*"}},
	{"the machine", "machine.txt", NULL, {"lscpu"}},
	{NULL, "machine.txt", NULL, {"uptime"}},
	{NULL, "machine.txt", NULL, {"cat", "/proc/meminfo"}},
	{NULL, "machine.txt", NULL, {"df", "--human-readable", "/", "/run", "/var", "/tmp"}},
	{NULL, "machine.txt", NULL, {"timedatectl", "show"}},
	{NULL, "machine.txt", NULL, {"date", "--utc", "--iso-8601=seconds"}},
	{"interfaces and MTUs",
	 "devices.txt",
	 NULL,
	 {"ip", "-details", "-statistics", "link", "show"}},
	{NULL, "devices.txt", NULL, {"ip", "address", "show"}},
	{NULL, "devices.txt", NULL, {"ip", "maddress", "show"}},
	{NULL, "devices.txt", NULL, {"bridge", "-details", "link", "show"}},
	{NULL, "devices.txt", NULL, {"bridge", "vlan", "show"}},
	{NULL, "devices.txt", report_redact_fdb, {"bridge", "fdb", "show"}},
	{"routes", "routes.txt", NULL, {"ip", "rule", "show"}},
	{NULL, "routes.txt", NULL, {"ip", "route", "show", "table", "all"}},
	{NULL, "routes.txt", NULL, {"ip", "-6", "rule", "show"}},
	{NULL, "routes.txt", NULL, {"ip", "-6", "route", "show", "table", "all"}},
	{NULL, "settings.txt", NULL, {"sysctl", "--all", "--pattern", SETTINGS}},
	{"rules", "rules.txt", report_redact_rules, {"nft", "list", "ruleset"}},
	{NULL, "queues.txt", NULL, {"tc", "-statistics", "qdisc", "show"}},
	{"sockets and services", "sockets.txt", NULL, {"ss", "-lunp"}},
	{NULL, "sockets.txt", NULL, {"ss", "-ltnp"}},
	{NULL,
	 "services.txt",
	 NULL,
	 {"systemctl", "--no-pager", "--full", "--lines=0", "status", "covey-host", "covey-gkm",
	  "covey-guard", "nftables"}},
	{NULL,
	 "services.txt",
	 NULL,
	 {"systemctl", "--no-pager", "cat", "covey-host", "covey-gkm", "covey-guard"}},
	{NULL,
	 "services.txt",
	 NULL,
	 {"ps", "-o", "pid,ppid,lstart,etime,rss,nlwp,psr,stat,args", "-C",
	  "covey-host,covey-gkm"}},
};

static void report_uplink(struct bundle *bundle, const char *interface)
{
	static const char *const asked[] = {"--driver",    "--show-features", "--show-channels",
					    "--show-ring", "--show-coalesce", "--statistics"};

	/* A name that could be an option is none of an interface here. */
	if (interface[0] == '-' || strlen(interface) >= IF_NAMESIZE)
		return;
	run(bundle, "uplinks.txt", NULL, (const char *const[]){"ethtool", interface, NULL});
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		run(bundle, "uplinks.txt", NULL,
		    (const char *const[]){"ethtool", asked[i], interface, NULL});
}

void report_system(struct bundle *bundle, const json_t *host, void (*progress)(const char *step))
{
	const json_t *uplinks = json_object_get(json_object_get(host, "guard"), "uplinks"), *uplink;
	size_t i;

	for (i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		if (questions[i].step)
			progress(questions[i].step);
		run(bundle, questions[i].file, questions[i].redact, questions[i].argv);
	}
	json_array_foreach(uplinks, i, uplink)
		if (i < UPLINKS_MAX)
			report_uplink(bundle, field_text(uplink, "interface"));
}

/* --- covey's own view ------------------------------------------------------------------------ */

void report_covey(struct bundle *bundle, const struct cli *cli, bool gkm, bool answers)
{
	/* These of a daemon that does not answer would wait for it. */
	static const char *const asked[][2] = {
		{"pki", "list"},   {"show", "--all"}, {"show", "peers"}, {"show", "mtu"},
		{"show", "paths"}, {"check", NULL},   {"diff", NULL}};
	char self[4096];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len < 0)
		return;
	self[len] = '\0';
	for (size_t i = 0; i < (answers ? sizeof(asked) / sizeof(asked[0]) : 1); i++)
		run(bundle, "covey.txt", NULL,
		    (const char *const[]){self, "--inventory", cli->inventory, "--pki", cli->pki,
					  gkm ? "--gkm-socket" : "--socket",
					  gkm ? cli->gkm_socket : cli->socket, asked[i][0],
					  asked[i][1], NULL});
}

void report_files(struct bundle *bundle, const struct cli *cli)
{
	char socket[4096];

	snprintf(socket, sizeof(socket), "%s", cli->socket);
	run(bundle, "files.txt", NULL,
	    (const char *const[]){"ls", "-la", "/etc/covey", cli->pki, dirname(socket),
				  "/var/lib/covey", "/var/lib/covey-host", NULL});
}

/* --- files ----------------------------------------------------------------------------------- */

static void add_text(struct bundle *bundle, const char *file, char *(*redact)(const char *text),
		     const char *text)
{
	char *clean = redact ? redact(text) : NULL;

	if (!redact || clean)
		bundle_add(bundle, file, clean ? clean : text);
	free(clean);
}

/* Its last bytes, up to max. redact: as in run(). */
static void add_end_of_file(struct bundle *bundle, const char *file,
			    char *(*redact)(const char *text), const char *path, long max)
{
	FILE *stream = fopen(path, "re");
	char *text = malloc((size_t)max + 1);
	size_t len = 0;

	bundle_addf(bundle, file, "# %s\n", path);
	if (stream && text) {
		if (fseek(stream, -max, SEEK_END) == 0)
			bundle_addf(bundle, file, "[only its last %ld bytes]\n", max);
		else
			rewind(stream); /* it is shorter */
		errno = 0;
		len = fread(text, 1, (size_t)max, stream);
	}
	if (!stream || !text || ferror(stream))
		bundle_addf(bundle, file, "[cannot read it: %s]\n", strerror(errno));
	if (text) {
		for (size_t i = 0; i < len; i++)
			if (text[i] == '\0')
				text[i] = '?';
		text[len] = '\0';
		add_text(bundle, file, redact, text);
	}
	if (stream)
		fclose(stream);
	free(text);
}

void report_inventory_file(struct bundle *bundle, const char *path)
{
	add_end_of_file(bundle, "inventory.yaml", report_inventory, path, BUNDLE_FILE_MAX);
}

void report_log(struct bundle *bundle, const char *log)
{
	static const char *const journal[] = {
		"journalctl",        "--no-pager",       "--lines=5000",       "--output=short-iso",
		"--unit=covey-host", "--unit=covey-gkm", "--unit=covey-guard", NULL};

	if (log)
		add_end_of_file(bundle, "log.txt", NULL, log, LOG_BYTES_MAX);
	else
		run(bundle, "log.txt", NULL, journal);
}

void report_kernel_counters(struct bundle *bundle, const char *file)
{
	static const char *const paths[] = {
		"/proc/net/dev",          "/proc/net/snmp", "/proc/net/snmp6", "/proc/net/netstat",
		"/proc/net/softnet_stat", "/proc/net/udp",  "/proc/net/udp6",  "/proc/softirqs"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		run(bundle, file, NULL, (const char *const[]){"cat", paths[i], NULL});
}
