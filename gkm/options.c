/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <argp.h>
#include <stddef.h>
#include <string.h>

const char *argp_program_version = "covey-gkm " COVEY_VERSION;

/* -s is covey-host's socket and -g is covey-gkm's in all three programs. */
#define OPTION_STATE 256

static const struct argp_option table[] = {
	{"inventory", 'i', "FILE", 0, "The fabric's inventory (/etc/covey/inventory.yaml)", 0},
	{"pki", 'p', "DIR", 0,
	 "Where ca.crt, gkm.crt and gkm.key are, as `covey pki` makes them (/etc/covey/pki)", 0},
	{"crl", 'c', "PATH", 0,
	 "Revocation lists, a file or a directory of files (crl.pem in --pki, if it is there)", 0},
	{"state", OPTION_STATE, "FILE", 0,
	 "Durable state: SenderIDs and the SPI serial, no keys (/var/lib/covey/gkm.db)", 0},
	{"socket", 'g', "PATH", 0, "Where `covey rekey` and the like ask (/run/covey/gkm.sock)", 0},
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
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		if (strcmp(name, levels[i].name) == 0) {
			options->log_level = levels[i].level;
			return;
		}
	}
	argp_error(state, "log level \"%s\" is unknown: use error, warning, notice, info or debug",
		   name);
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
	case OPTION_STATE:
		options->state = value;
		return 0;
	case 'g':
		options->socket = value;
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
		.doc = "The fabric's group key manager: authenticates hosts, assigns SenderIDs, "
		       "makes and distributes group SAs.",
	};
	struct options options = {
		.inventory = "/etc/covey/inventory.yaml",
		.pki = "/etc/covey/pki",
		.state = "/var/lib/covey/gkm.db",
		.socket = "/run/covey/gkm.sock",
		.log_level = LOG_LEVEL_INFO,
	};
	error_t error;

	error = argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (error)
		return -error;
	*ret_options = options;
	return 0;
}
