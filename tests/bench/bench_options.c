/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_options.h"
#include "bench_plot.h"
#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_MAX 3600.0

enum {
	KEY_JSON = 0x100,
	KEY_PLOT,
	KEY_PROGRESS,
	KEY_CIPHER,
	KEY_PATHS,
	KEY_BURST,
	KEY_SCOPE,
	KEY_WINDOW,
	KEY_SECGW,
};

static const struct argp_option options[] = {
	{"dataplane", 'd', "NAME,...", 0, "measure these alone (all)", 1},
	{"direction", 'D', "DIRECTION", 0, "encrypt, decrypt or both (as the figure thinks fit)",
	 1},
	{"size", 's', "BYTES,...", 0, "of the inner IP packet, 64 to 9000; A-B: all between", 1},
	{"seconds", 't', "S", 0,
	 "for each point, all dataplanes together (as the figure thinks fit)", 1},
	{"cores", 'c', "N", 0, "at most so many (all)", 1},
	{"cipher", KEY_CIPHER, "NAME", 0, "aes-256-gcm or aes-128-gcm (aes-256-gcm)", 1},
	{"paths", KEY_PATHS, "N", 0, "VPE's windows of each core (16)", 1},
	{"burst", KEY_BURST, "N", 0, "throughput: packets handed over at once, 1 to 32 (32)", 1},
	{"key-scope", KEY_SCOPE, "SCOPE", 0,
	 "senders: sender, a key for each, or group, one for all (sender)", 1},
	{"replay-window", KEY_WINDOW, "N", 0,
	 "packets, 64 to 65536, a power of two (1024; reorder: several)", 1},
	{"secgw", KEY_SECGW, "PATH", 0, "an ipsec-secgw, for the figure gateway", 1},
	{"json", KEY_JSON, NULL, 0, "one JSON object a line instead of a table", 2},
	{"plot", KEY_PLOT, "FILE", 0, "draw it, too: FILE.png or FILE.svg, by gnuplot", 2},
	{"progress", KEY_PROGRESS, NULL, 0, "say what is measured, terminal or not", 2},
	{0},
};

/* --- values -------------------------------------------------------------------------------- */

static unsigned long number(const char *text, unsigned long min, unsigned long max,
			    const char *option, struct argp_state *state)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || value < min || value > max)
		argp_error(state, "--%s takes %lu to %lu, not '%s'", option, min, max, text);
	return value;
}

static void parse_sizes(char *text, struct bench_options *ret, struct argp_state *state)
{
	char *rest = text, *item;

	ret->size_count = 0;
	while ((item = strsep(&rest, ","))) {
		char *to = strchr(item, '-');
		unsigned long low, high;

		if (to)
			*to++ = '\0';
		low = number(item, BENCH_SIZE_MIN, BENCH_SIZE_MAX, "size", state);
		high = to ? number(to, low, BENCH_SIZE_MAX, "size", state) : low;
		for (; low <= high; low++) {
			if (ret->size_count == BENCH_SIZES_MAX)
				argp_error(state, "--size takes at most %u sizes", BENCH_SIZES_MAX);
			ret->sizes[ret->size_count++] = (uint16_t)low;
		}
	}
}

static void parse_dataplanes(char *text, struct bench_options *ret, struct argp_state *state)
{
	char *rest = text, *name;

	ret->set = 0;
	while ((name = strsep(&rest, ","))) {
		unsigned i = 0;

		while (bench_dataplanes[i] && strcmp(bench_dataplanes[i]->name, name) != 0)
			i++;
		if (!bench_dataplanes[i])
			argp_error(state, "no dataplane is called '%s'", name);
		ret->set |= 1u << i;
	}
}

static void parse_direction(const char *text, struct bench_options *ret, struct argp_state *state)
{
	ret->directions = strcmp(text, "both") == 0 ? BENCH_BOTH : 0;
	for (unsigned direction = BENCH_ENCRYPT; direction <= BENCH_DECRYPT; direction++)
		if (strcmp(text, bench_direction_name(direction)) == 0)
			ret->directions = BENCH_DIRECTION(direction);
	if (ret->directions == 0)
		argp_error(state, "--direction takes encrypt, decrypt or both, not '%s'", text);
}

static void parse_seconds(const char *text, struct bench_options *ret, struct argp_state *state)
{
	char *end;

	ret->seconds = strtod(text, &end);
	if (*end || !(ret->seconds > 0 && ret->seconds <= SECONDS_MAX))
		argp_error(state, "--seconds takes more than 0 and at most %.0f, not '%s'",
			   SECONDS_MAX, text);
}

static void parse_cipher(const char *text, struct bench_options *ret, struct argp_state *state)
{
	static const enum covey_cipher ciphers[] = {COVEY_AES_256_GCM, COVEY_AES_128_GCM};

	for (unsigned i = 0; i < RTE_DIM(ciphers); i++)
		if (strcmp(text, covey_cipher_name(ciphers[i])) == 0) {
			ret->cipher = ciphers[i];
			return;
		}
	argp_error(state, "--cipher takes aes-256-gcm or aes-128-gcm, not '%s'", text);
}

static void parse_key_scope(const char *text, struct bench_options *ret, struct argp_state *state)
{
	static const enum covey_key_scope scopes[] = {COVEY_KEY_SCOPE_SENDER,
						      COVEY_KEY_SCOPE_GROUP};

	for (unsigned i = 0; i < RTE_DIM(scopes); i++)
		if (strcmp(text, covey_key_scope_name(scopes[i])) == 0) {
			ret->key_scope = scopes[i];
			return;
		}
	argp_error(state, "--key-scope takes sender or group, not '%s'", text);
}

static void parse_window(const char *text, struct bench_options *ret, struct argp_state *state)
{
	ret->replay_window = (uint32_t)number(text, 64, 65536, "replay-window", state);
	if (ret->replay_window & (ret->replay_window - 1))
		argp_error(state, "--replay-window takes a power of two, not '%s'", text);
}

static void parse_plot(char *text, struct bench_report *ret, struct argp_state *state)
{
	if (!bench_plot_knows(text))
		argp_error(state, "--plot takes FILE.png or FILE.svg, not '%s'", text);
	ret->plot = text;
}

static void parse_figure(const char *text, struct bench_command *command, struct argp_state *state)
{
	if (state->quoted) {
		/* All that follows "--". */
		command->options.eal = state->argv + state->quoted;
		command->options.eal_count = state->argc - state->quoted;
		state->next = state->argc;
		return;
	}
	if (command->figure)
		argp_error(state, "one figure at a time");
	for (const struct bench_figure *figure = bench_figures; figure->name; figure++)
		if (strcmp(figure->name, text) == 0)
			command->figure = figure;
	if (!command->figure)
		argp_error(state, "no figure is called '%s'", text);
}

/* --- the command line ---------------------------------------------------------------------- */

/* What was not said, and what the figure does not have. */
static void complete(struct bench_command *command, struct argp_state *state)
{
	const struct bench_figure *figure = command->figure;

	if (!figure)
		argp_error(state, "which figure?");
	if (command->options.eal_count && !(figure->traits & BENCH_STARTS_EAL))
		argp_error(state, "%s takes no arguments for EAL", figure->name);
	if (command->options.burst && !(figure->traits & BENCH_TAKES_BURST))
		argp_error(state, "%s takes no --burst", figure->name);
	if (command->options.key_scope && !(figure->traits & BENCH_TAKES_KEY_SCOPE))
		argp_error(state, "%s takes no --key-scope", figure->name);
	if (command->options.directions == 0)
		command->options.directions = figure->usual;
	if (command->options.directions & ~figure->directions)
		argp_error(state, "%s has one direction: %s", figure->name,
			   bench_direction_name(figure->directions == BENCH_DIRECTION(BENCH_DECRYPT)
							? BENCH_DECRYPT
							: BENCH_ENCRYPT));
}

/* What is told, and how. */
static error_t parse_report(int key, char *text, struct bench_report *ret, struct argp_state *state)
{
	switch (key) {
	case KEY_JSON:
		ret->json = true;
		return 0;
	case KEY_PLOT:
		parse_plot(text, ret, state);
		return 0;
	case KEY_PROGRESS:
		ret->progress = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* What is measured. */
static error_t parse_measure(int key, char *text, struct bench_options *ret,
			     struct argp_state *state)
{
	switch (key) {
	case 'd':
		parse_dataplanes(text, ret, state);
		return 0;
	case 'D':
		parse_direction(text, ret, state);
		return 0;
	case 's':
		parse_sizes(text, ret, state);
		return 0;
	case 't':
		parse_seconds(text, ret, state);
		return 0;
	case 'c':
		ret->cores = (unsigned)number(text, 1, BENCH_CORES_MAX, "cores", state);
		return 0;
	case KEY_CIPHER:
		parse_cipher(text, ret, state);
		return 0;
	case KEY_PATHS:
		ret->paths = (unsigned)number(text, 1, 256, "paths", state);
		return 0;
	case KEY_BURST:
		ret->burst = (unsigned)number(text, 1, BENCH_BURST, "burst", state);
		return 0;
	case KEY_SCOPE:
		parse_key_scope(text, ret, state);
		return 0;
	case KEY_WINDOW:
		parse_window(text, ret, state);
		return 0;
	case KEY_SECGW:
		ret->secgw = text;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct bench_command *command = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		parse_figure(text, command, state);
		return 0;
	case ARGP_KEY_END:
		complete(command, state);
		return 0;
	default:
		if (parse_report(key, text, &command->report, state) == 0)
			return 0;
		return parse_measure(key, text, &command->options, state);
	}
}

/* What stands behind the options: the figures and the dataplanes, by their tables. */
static char *help(int key, const char *text, void *input)
{
	char *list = NULL;
	size_t len;
	FILE *out;

	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	out = open_memstream(&list, &len);
	if (!out)
		return NULL;
	fprintf(out, "Figures:\n");
	for (const struct bench_figure *figure = bench_figures; figure->name; figure++)
		fprintf(out, "  %-14s %s\n", figure->name, figure->text);
	fprintf(out, "\nDataplanes:\n");
	for (unsigned i = 0; bench_dataplanes[i]; i++)
		fprintf(out, "  %-14s %s\n", bench_dataplanes[i]->name, bench_dataplanes[i]->text);
	fprintf(out, "%s", text);
	fclose(out);
	return list;
}

static const char doc[] =
	"Measure covey's dataplane on one machine, in one process, without a network, beside the "
	"raw cipher and beside ESP.\v"
	"\nTimes are medians over slices in which the dataplanes take turns on the same packets. "
	"Gbit/s count the bytes of the inner IP packets. Pin it with taskset(1); it runs with "
	"hugepages or without. See docs/performance/notebook.md.";

void bench_options_parse(int argc, char **argv, struct bench_command *command)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "FIGURE [-- EAL-ARGUMENT...]",
		.doc = doc,
		.help_filter = help,
	};

	command->options = (struct bench_options){
		.set = ~0u,
		.cipher = COVEY_AES_256_GCM,
		.paths = 16,
	};
	/* In order: what follows "--" is not ours. */
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, command);
}
