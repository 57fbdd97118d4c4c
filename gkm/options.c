/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <argp.h>
#include <stddef.h>
#include <string.h>

const char *argp_program_version = "covey-gkm " COVEY_VERSION;

/* In all three programs, -s is the socket of covey-host and -g that of covey-gkm. So this option
 * has no letter. */
#define OPTION_STATE   256
#define OPTION_ADDRESS 257

static const struct argp_option table[] = {
	{"state", OPTION_STATE, "FILE", 0,
	 "Durable state: SenderIDs and the SPI serial, no keys (/var/lib/covey/gkm.db)", 0},
	{"address", OPTION_ADDRESS, "ADDRESS", 0,
	 "Which one of covey_gkm is ours (the one that this machine has)", 0},
	{"socket", 'g', "PATH", 0, "Where `covey rekey` and the like ask (/run/covey/gkm.sock)", 0},
	{0},
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->daemon;
		return 0;
	case OPTION_STATE:
		options->state = value;
		return 0;
	case OPTION_ADDRESS:
		options->address = value;
		return 0;
	case 'g':
		options->socket = value;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int options_parse(int argc, char **argv, struct options *ret_options)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.doc = "The fabric's group key manager: authenticates hosts, assigns SenderIDs, "
		       "makes and distributes group SAs.",
		.children = daemon_options_child,
	};
	struct options options = {
		.daemon = daemon_options_default,
		.state = "/var/lib/covey/gkm.db",
		.socket = "/run/covey/gkm.sock",
	};
	error_t error;

	error = argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (error)
		return -error;
	*ret_options = options;
	return 0;
}
