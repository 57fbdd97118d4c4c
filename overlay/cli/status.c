/* SPDX-License-Identifier: BSD-3-Clause */

/* covey status, and covey alone: for scripts and for a first look. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "client.h"
#include "inventory.h"
#include "json_text.h"
#include "own_name.h"
#include "status_page.h"

struct status_arguments {
	struct cli *cli;
	bool gkm;
};

enum { OPTION_GKM = 0x100 };

static const struct argp_option table[] = {
	{"gkm", OPTION_GKM, NULL, 0, "Only of the key manager on this machine", 0}, {0}};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct status_arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = arguments->cli;
		return 0;
	case OPTION_GKM:
		arguments->gkm = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- who is asked ---------------------------------------------------------------------------- */

/* Is this machine a host of the inventory, by its name? What cannot be read says nothing. */
static bool is_host_here(const struct cli *cli)
{
	struct inventory *inventory = NULL;
	struct diagnostics diagnostics;
	char name[OWN_NAME_SIZE];
	bool is_host = false;

	diagnostics_init(&diagnostics);
	own_name_read(OWN_NAME_FILE, name);
	if (inventory_load(cli->inventory, &diagnostics, &inventory) == 0) {
		is_host = inventory_find_host(inventory, name) != NULL;
		name[strcspn(name, ".")] = '\0';
		is_host |= inventory_find_host(inventory, name) != NULL;
	}
	inventory_free(inventory);
	diagnostics_free(&diagnostics);
	return is_host;
}

/* Both daemons may be on one machine. If sockets are named, those are asked, and no others. */
static bool wants_host(const struct status_arguments *arguments)
{
	const struct cli *cli = arguments->cli;
	struct client_daemon daemon = client_either(cli, arguments->gkm);

	return !client_is_gkm(&daemon) ||
	       (!arguments->gkm && !cli->gkm_socket_given && is_host_here(cli));
}

static bool wants_gkm(const struct status_arguments *arguments)
{
	const struct cli *cli = arguments->cli;

	return arguments->gkm || cli->gkm_socket_given ||
	       (!cli->socket_given && access(cli->gkm_socket, F_OK) == 0);
}

/* --- what is said ---------------------------------------------------------------------------- */

/* {"well": false, "problems": [error]}, or what the daemon says. */
static json_t *ask(const struct client_daemon *daemon)
{
	struct covey_error error;
	json_t *answer = NULL;
	const char *text;

	if (client_ask(daemon, json_pack("{s:s}", "command", "show"), &answer, &error) == 0 &&
	    field_true(answer, "ok"))
		return answer;
	text = answer ? field_text(answer, "error") : error.text;
	json_decref(answer);
	answer = json_failure(text);
	json_object_set_new(answer, "daemon", json_string(daemon->name));
	return answer;
}

static json_t *summary(const json_t *answer, const char *name)
{
	if (!field_true(answer, "ok"))
		return json_pack("{s:b, s:s, s:O}", "ok", 0, "error", field_text(answer, "error"),
				 "daemon", json_object_get(answer, "daemon"));
	return json_pack("{s:b, s:O?, s:b, s:O?}", "ok", 1, name, json_object_get(answer, name),
			 "well", status_page_is_well(answer), "problems",
			 json_object_get(answer, "problems"));
}

/* One daemon's summary, or that of the host with the key manager's inside. */
static json_t *both(const json_t *host, const json_t *gkm)
{
	json_t *object = host ? summary(host, "host") : summary(gkm, "fabric");

	if (host && gkm) {
		json_t *manager = summary(gkm, "fabric");

		if (!field_true(manager, "well") && json_object_get(object, "well"))
			json_object_set_new(object, "well", json_false());
		json_object_set_new(object, "key_manager", manager);
	}
	return object;
}

/* A failure is told in either form, as other commands do. */
static void print(const struct cli *cli, json_t *answer)
{
	client_disarm(answer);
	if (!field_true(answer, "ok"))
		fprintf(stderr, "covey status: %s\n", field_text(answer, "error"));
	else if (!cli->json)
		status_page_print(answer);
}

static bool is_well(const json_t *answer)
{
	return !answer || (field_true(answer, "ok") && status_page_is_well(answer));
}

int status_main(struct cli *cli, int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.doc = "Say whether all is well with covey-host and the key manager on this "
		       "machine, whichever are here, and if not, what is wrong and what to do. "
		       "Exit status: 0 all is well, 1 something is not, or nobody answers.",
		.children = cli_children};
	struct status_arguments arguments = {.cli = cli};
	struct client_daemon host = client_host(cli), gkm = client_gkm(cli);
	json_t *of_host, *of_gkm;
	bool well;

	if (cli_parse(&argp, argc, argv, 0, &arguments))
		return CLI_USAGE;
	of_host = wants_host(&arguments) ? ask(&host) : NULL;
	of_gkm = wants_gkm(&arguments) ? ask(&gkm) : NULL;
	well = is_well(of_host) && is_well(of_gkm);
	if (cli->json && json_print(both(of_host, of_gkm)) < 0)
		well = false;
	if (of_host)
		print(cli, of_host);
	if (!cli->json && of_host && of_gkm)
		printf("\n");
	if (of_gkm)
		print(cli, of_gkm);
	json_decref(of_host);
	json_decref(of_gkm);
	return well ? CLI_OK : CLI_FAILURE;
}
