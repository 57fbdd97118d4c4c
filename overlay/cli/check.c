/* SPDX-License-Identifier: BSD-3-Clause */

/* covey check: read the inventory, and report every mistake; if there is none, print a summary. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_host.h"
#include "check_wire.h"
#include "cli.h"
#include "inventory.h"
#include "inventory_json.h"
#include "table.h"
#include "words.h"

struct check {
	struct cli *cli;
	const char *host; /* NULL: the one of the machine's name */
	bool wire;
	char *argument; /* a file or, with wire, a group */
};

enum { OPTION_HOST = 0x100, OPTION_WIRE };

static const struct argp_option options[] = {
	{"host", OPTION_HOST, "NAME", 0, "This machine's name in the inventory (its host name)", 0},
	{"wire", OPTION_WIRE, NULL, 0,
	 "Have the members of GROUP, or of all groups of this host, send probes to each other", 0},
	{0},
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct check *check = state->input;
	struct cli *cli = check->cli;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = cli;
		return 0;
	case OPTION_HOST:
		check->host = value;
		return 0;
	case OPTION_WIRE:
		check->wire = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 0)
			argp_error(state, "one at a time: %s is too much", value);
		check->argument = value;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static size_t count_rights(const struct inventory_group *group, bool sending)
{
	size_t count = 0;

	for (size_t i = 0; i < group->member_count; i++)
		count += sending ? group->members[i].may_send : group->members[i].may_receive;
	return count;
}

static void print_groups(const struct inventory *inventory)
{
	static const char *const columns[] = {"GROUP",    "VNIS",   ">MEMBERS", ">SEND",
					      ">RECEIVE", "CIPHER", "KEY",      "KEY ENDS AFTER",
					      "MODE",     NULL};
	struct table *table = table_new(columns);
	char time[WORDS_TIME_SIZE];

	for (size_t i = 0; i < inventory->group_count; i++) {
		const struct inventory_group *group = &inventory->groups[i];
		char *vnis = words_ranges(group->vnis, group->vni_count);

		table_cell(table, "%s", group->name);
		table_cell(table, "%s", vnis ? vnis : "?");
		table_cell(table, "%zu", group->member_count);
		table_cell(table, "%zu", count_rights(group, true));
		table_cell(table, "%zu", count_rights(group, false));
		table_cell(table, "%s", covey_cipher_name(group->cipher));
		table_cell(table, "per %s", covey_key_scope_name(group->key_scope));
		table_cell(table, "%s", words_time(group->rekey.hard_lifetime_s, time));
		table_cell(table, "%s", covey_mode_name(group->mode));
		free(vnis);
	}
	table_print(table, "No groups.", stdout);
}

/* Room for the names of all uplinks. */
#define FABRIC_TEXT_SIZE (COVEY_UPLINKS_MAX * 130)

static const char *fabric_of(const struct inventory_host *host, char buf[FABRIC_TEXT_SIZE])
{
	size_t len = 0;

	if (host->fabric_port == FABRIC_PORT_DEVICE)
		return host->fabric_device;
	if (host->fabric_port != FABRIC_PORT_KERNEL)
		return host->fabric_interface;
	snprintf(buf, FABRIC_TEXT_SIZE, "%s", host->uplink_count ? "" : "by the routes");
	for (size_t i = 0; i < host->uplink_count; i++)
		len += (size_t)snprintf(buf + len, FABRIC_TEXT_SIZE - len, "%s%s", i ? " " : "",
					host->uplinks[i]);
	return buf;
}

static void print_hosts(const struct inventory *inventory)
{
	static const char *const columns[] = {"HOST",           "VTEP",     "FABRIC INTERFACE",
					      "HOST INTERFACE", "SENDERID", NULL};
	struct table *table = table_new(columns);
	char vtep[COVEY_ADDR_STRLEN], fabric[FABRIC_TEXT_SIZE];

	for (size_t i = 0; i < inventory->host_count; i++) {
		const struct inventory_host *host = &inventory->hosts[i];

		table_cell(table, "%s", host->name);
		table_cell(table, "%s", covey_addr_format(&host->vtep, vtep));
		table_cell(table, "%s", fabric_of(host, fabric));
		table_cell(table, "%s",
			   host->host_port == HOST_PORT_DEVICE ? host->host_device
							       : host->host_interface);
		if (host->sender_id)
			table_cell(table, "%u", host->sender_id);
		else
			table_cell(table, "by the GKM");
	}
	table_print(table, "No host has a covey_vtep: the fabric is empty.", stdout);
}

static void print_summary(const struct cli *cli, const struct inventory *inventory)
{
	char gkms[COVEY_GKMS_STRLEN];

	printf("%s is good.\n\n", cli->inventory);
	printf("Fabric %s: key manager%s at %s port %u, ", inventory->fabric,
	       inventory->gkms.count > 1 ? "s" : "", covey_gkms_format(&inventory->gkms, gkms),
	       inventory->gkm_port);
	if (inventory->encapsulation == COVEY_ENCAPSULATION_UDP)
		printf("VPE in UDP port %u", inventory->vpe_port);
	else
		printf("VPE in IP protocol %u", inventory->vpe_protocol);
	printf(", VXLAN port %u\n\n", inventory->vxlan_port);
	print_groups(inventory);
	printf("\n");
	print_hosts(inventory);
}

int check_main(struct cli *cli, int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[FILE]\n--wire [GROUP]",
		.doc = "Read the inventory and report every mistake with its place. Without FILE, "
		       "the one of --inventory. On a host of the fabric, report VXLAN devices "
		       "whose MTU leaves no room for encryption, paths to other hosts whose MTU is "
		       "too small for it, and what a bump in the wire has "
		       "left, too; exit status 1 if there is a line with PROBLEM. With --wire, ask "
		       "the local covey-host to have the members of "
		       "a group send probes to each other, and say how each direction was seen on "
		       "the "
		       "wire; exit status 1 unless all were encrypted.",
		.children = cli_children};
	struct check check = {.cli = cli};
	struct diagnostics diagnostics;
	struct inventory *inventory = NULL;
	bool good;

	if (cli_parse(&argp, argc, argv, 0, &check))
		return CLI_USAGE;
	if (check.argument && !check.wire)
		cli->inventory = check.argument;
	diagnostics_init(&diagnostics);
	good = inventory_load(cli->inventory, &diagnostics, &inventory) == 0;
	if (good && check.wire) {
		good = check_wire(cli, inventory, check.argument) == CLI_OK;
	} else {
		if (cli->json)
			good &= inventory_json_print(inventory, &diagnostics) == 0;
		else if (good)
			print_summary(cli, inventory);
		else
			diagnostics_print(&diagnostics, stderr);
		if (good && !cli->json)
			good = check_host_print(cli, inventory, check.host);
	}
	diagnostics_free(&diagnostics);
	inventory_free(inventory);
	return good ? CLI_OK : CLI_FAILURE;
}
