/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli.h"

#include <stdlib.h>

static const struct argp_option table[] = {
	{"inventory", 'i', "FILE", 0, "The fabric's inventory (/etc/covey/inventory.yaml)", 0},
	{"pki", 'p', "DIR", 0, "Certificates and keys (/etc/covey/pki)", 0},
	{"socket", 's', "PATH", 0, "The local covey-host's socket (/run/covey/host.sock)", 0},
	{"gkm-socket", 'g', "PATH", 0, "The local covey-gkm's socket (/run/covey/gkm.sock)", 0},
	{"json", 'j', NULL, 0, "Answer in JSON, for programs", 0},
	{0},
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct cli *cli = state->input;

	switch (key) {
	case 'i':
		cli->inventory = value;
		return 0;
	case 'p':
		cli->pki = value;
		return 0;
	case 's':
		cli->socket = value;
		cli->socket_given = true;
		return 0;
	case 'g':
		cli->gkm_socket = value;
		cli->gkm_socket_given = true;
		return 0;
	case 'j':
		cli->json = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp options = {.options = table, .parser = parse};

const struct argp_child cli_children[] = {{&options, 0, "Options of every command:", 1}, {0}};
