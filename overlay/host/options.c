/* SPDX-License-Identifier: BSD-3-Clause */

#include "options.h"

#include <argp.h>
#include <stddef.h>
#include <string.h>

const char *argp_program_version = "covey-host " COVEY_VERSION;

/* These have no short form: -g is covey-gkm's socket, in all programs. */
enum { OPTION_CARRIER = 256, OPTION_GUARD };

static const struct argp_option table[] = {
	{"inventory", 'i', "FILE", 0, "The fabric's inventory (/etc/covey/inventory.yaml)", 0},
	{"pki", 'p', "DIR", 0,
	 "Where ca.crt, NAME.crt and NAME.key are, as `covey pki` makes them (/etc/covey/pki)", 0},
	{"crl", 'c', "PATH", 0,
	 "Revocation lists, a file or a directory of files (crl.pem in --pki, if it is there)", 0},
	{"name", 'n', "NAME", 0,
	 "This host's name in the inventory (the host name, else its part before the first dot)",
	 0},
	{"socket", 's', "PATH", 0, "Local control socket, for `covey` (/run/covey/host.sock)", 0},
	{"guard", OPTION_GUARD, "on|off|keep", 0,
	 "Only install or remove the kernel's rules that keep clear VXLAN off the fabric "
	 "interface, and exit; or keep them there until a signal",
	 0},
	{"carrier", OPTION_CARRIER, "off", 0,
	 "Only take the carrier of the host interface away, as after a crash, and exit", 0},
	{"log-level", 'l', "LEVEL", 0, "error, warning, notice, info or debug (info)", 0},
	{0},
};

static const struct {
	const char *name;
	enum log_level level;
} levels[] = {
	{"error", LOG_LEVEL_ERROR}, {"warning", LOG_LEVEL_WARNING}, {"notice", LOG_LEVEL_NOTICE},
	{"info", LOG_LEVEL_INFO},   {"debug", LOG_LEVEL_DEBUG},
};

static void parse_level(const char *name, struct options *options, struct argp_state *state)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(name, levels[i].name) == 0) {
			options->log_level = levels[i].level;
			return;
		}
	}
	argp_error(state, "log level \"%s\" is unknown: use error, warning, notice, info or debug",
		   name);
}

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
	case 'i':
		options->inventory = value;
		return 0;
	case 'p':
		options->pki = value;
		return 0;
	case 'c':
		options->crl = value;
		return 0;
	case 'n':
		options->name = value;
		return 0;
	case 's':
		options->socket = value;
		return 0;
	case OPTION_GUARD:
		parse_guard(value, options, state);
		return 0;
	case OPTION_CARRIER:
		if (strcmp(value, "off") != 0)
			argp_error(state, "--carrier can only be off, not \"%s\"", value);
		options->carrier_off = true;
		return 0;
	case 'l':
		parse_level(value, options, state);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument \"%s\"", value);
		return EINVAL;
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
	};
	struct options options = {
		.inventory = "/etc/covey/inventory.yaml",
		.pki = "/etc/covey/pki",
		.socket = "/run/covey/host.sock",
		.guard = GUARD_COMMAND_NONE,
		.log_level = LOG_LEVEL_INFO,
	};
	error_t error;

	error = argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (error)
		return -error;
	*ret_options = options;
	return 0;
}
