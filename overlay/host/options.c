/* SPDX-License-Identifier: BSD-3-Clause */

#include "options.h"

#include <argp.h>
#include <stddef.h>
#include <string.h>

const char *argp_program_version = "covey-host " COVEY_VERSION;

/* These have no short form: -g means covey-gkm's socket in all programs. */
enum { OPTION_CARRIER = 256, OPTION_GUARD, OPTION_STATE };

static const struct argp_option table[] = {
	{"name", 'n', "NAME", 0,
	 "This host's name in the inventory (what /etc/covey/name says, else the host name or its "
	 "part before the first dot)",
	 0},
	{"socket", 's', "PATH", 0, "Local control socket, for `covey` (/run/covey/host.sock)", 0},
	{"state", OPTION_STATE, "PATH", 0,
	 "What outlasts a reboot of groups' modes (/var/lib/covey-host/modes)", 0},
	{"guard", OPTION_GUARD, "on|off|keep", 0,
	 "Only install or remove the kernel's rules that keep clear VXLAN off the fabric "
	 "interface, and exit; or keep them there until a signal",
	 0},
	{"carrier", OPTION_CARRIER, "off", 0,
	 "Only take the carrier of the host interface away, as after a crash, and exit", 0},
	{0},
};

static void parse_guard(const char *value, struct options *options, struct argp_state *state)
{
	if (strcmp(value, "on") == 0)
		options->guard = GUARD_COMMAND_ON;
	else if (strcmp(value, "off") == 0)
		options->guard = GUARD_COMMAND_OFF;
	else if (strcmp(value, "keep") == 0)
		options->guard = GUARD_COMMAND_KEEP;
	else
		argp_error(state, "--guard is on, off or keep, not \"%s\"", value);
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->daemon;
		return 0;
	case 'n':
		options->name = value;
		return 0;
	case 's':
		options->socket = value;
		return 0;
	case OPTION_STATE:
		options->state = value;
		return 0;
	case OPTION_GUARD:
		parse_guard(value, options, state);
		return 0;
	case OPTION_CARRIER:
		if (strcmp(value, "off") != 0)
			argp_error(state, "--carrier can only be off, not \"%s\"", value);
		options->carrier_off = true;
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
		.doc = "One per hypervisor: joins groups at the key manager and encrypts this "
		       "host's VXLAN traffic.",
		.children = daemon_options_child,
	};
	struct options options = {
		.daemon = daemon_options_default,
		.socket = "/run/covey/host.sock",
		.state = "/var/lib/covey-host/modes",
		.guard = GUARD_COMMAND_NONE,
	};
	error_t error;

	error = argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (error)
		return -error;
	*ret_options = options;
	return 0;
}
