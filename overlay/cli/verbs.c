/* SPDX-License-Identifier: BSD-3-Clause */
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suggest.h"

static const struct verb verbs[] = {
	{"status", status_main, "whether all is well here, and what to do if not; as covey alone"},
	{"show", show_main, "what the daemon here does, all in short or a part: covey show peers"},
	{"monitor", monitor_main,
	 "what passes in a second, by group, peer and class, and what is dropped"},
	{"check", check_main, "find each mistake in the inventory; --wire: how packets are seen"},
	{"diff", diff_main, "where the inventory differs from what runs here"},
	{"ping", ping_main, "send probes to a host, and say how they were seen on the wire"},
	{"why", why_main, "each step to another host, and the first that fails"},
	{"report", report_main, "gather in a file what is needed to find out what is wrong"},
	{"capture", capture_main, "packets inside, outside or dropped, for Wireshark"},
	{"join", join_main, "have this host join a group"},
	{"leave", leave_main, "have this host leave a group"},
	{"mode", mode_main, "whether a group's members send in clear or encrypted"},
	{"rekey", rekey_main, "have the key manager here replace a group's key"},
	{"evict", evict_main, "have it throw a host out of a group, or of all"},
	{"readmit", readmit_main, "undo that"},
	{"backup", backup_main, "copy the state of the key manager here into a file"},
	{"pki", pki_main, "make the certificate authority and the hosts' certificates"},
	{"plan", plan_main,
	 "what deploy would change on which machine, and which traffic it would touch"},
	{"deploy", deploy_main, "bring all machines of the inventory to what it says, by Ansible"},
	{"host", host_main, "add, remove or rename a host in the inventory"},
	{"help", help_main, "tell more of a command: covey help show"},
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

/* "a, b and c" */
static void list(char *text, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < VERBS && len < size; i++)
		len += (size_t)snprintf(text + len, size - len, "%s%s",
					i == 0           ? ""
					: i == VERBS - 1 ? " and "
							 : ", ",
					verbs[i].name);
}

const struct verb *verbs_find(const char *name, char *text)
{
	struct suggestion suggestion = suggestion_start(name);
	char hint[SUGGESTION_SIZE], names[256];

	for (size_t i = 0; i < VERBS; i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
		suggestion_try(&suggestion, verbs[i].name);
	}
	list(names, sizeof(names));
	snprintf(text, VERBS_TEXT_SIZE, "unknown command %.64s%s: there are %s", name,
		 suggestion_format(&suggestion, hint), names);
	return NULL;
}

int verbs_run(const struct verb *verb, struct cli *cli, int argc, char **argv)
{
	char name[32];

	snprintf(name, sizeof(name), "covey %s", verb->name);
	argv[0] = name;
	return verb->run(cli, argc, argv);
}

char *verbs_doc(void)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	fprintf(stream, "One group key for a fabric of VXLAN hosts.\n\nCommands:\n");
	for (size_t i = 0; i < VERBS; i++)
		fprintf(stream, "  %-8s %s\n", verbs[i].name, verbs[i].summary);
	fprintf(stream,
		"\v`covey COMMAND --help` or `covey help COMMAND` tells more. Without a command: "
		"covey status. Exit status: 0 done, 1 failed, 2 wrong usage.");
	if (fclose(stream) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
