/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon_options.h"

#include <stddef.h>
#include <string.h>

const struct daemon_options daemon_options_default = {
	.inventory = "/etc/covey/inventory.yaml",
	.pki = "/etc/covey/pki",
	.log_level = LOG_LEVEL_INFO,
};

static const struct argp_option table[] = {
	{"inventory", 'i', "FILE", 0, "The fabric's inventory (/etc/covey/inventory.yaml)", 0},
	{"pki", 'p', "DIR", 0,
	 "Where ca.crt and this program's certificate and key are, as `covey pki` makes them "
	 "(/etc/covey/pki)",
	 0},
	{"crl", 'c', "PATH", 0,
	 "Revocation lists, a file or a directory of files (crl.pem in --pki, if it is there)", 0},
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

static void parse_level(const char *name, struct daemon_options *options, struct argp_state *state)
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

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct daemon_options *options = state->input;

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

static const struct argp argp = {.options = table, .parser = parse};

const struct argp_child daemon_options_child[] = {{&argp, 0, NULL, 0}, {0}};
