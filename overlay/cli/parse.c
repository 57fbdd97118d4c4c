/* SPDX-License-Identifier: BSD-3-Clause */

/* Options that do not exist: getopt says so, but not what was meant. */

#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "suggest.h"

/* Those that argp adds by itself. */
static const struct argp_option added[] = {{"help", '?', NULL, 0, NULL, 0},
					   {"usage", 0x100, NULL, 0, NULL, 0},
					   {"version", 'V', NULL, 0, NULL, 0},
					   {0}};

static bool is_end(const struct argp_option *option)
{
	return !option->name && !option->key && !option->doc && !option->group;
}

/* Walks through all options of an argp and its children. Ends at the first for which is() is true,
 * and returns it. */
static const struct argp_option *
search(const struct argp *argp, bool (*is)(const struct argp_option *option, void *arg), void *arg)
{
	const struct argp_option *found = NULL;

	for (const struct argp_option *o = argp->options; o && !is_end(o); o++)
		if (is(o, arg))
			return o;
	for (const struct argp_child *c = argp->children; c && c->argp && !found; c++)
		found = search(c->argp, is, arg);
	return found;
}

static const struct argp_option *search_all(const struct argp *argp,
					    bool (*is)(const struct argp_option *option, void *arg),
					    void *arg)
{
	static const struct argp builtin = {.options = added};
	const struct argp_option *found = search(argp, is, arg);

	return found ? found : search(&builtin, is, arg);
}

/* What was typed behind "--". Its beginning is enough for getopt. */
struct word {
	char text[64];
	struct suggestion suggestion;
};

static bool is_named(const struct argp_option *option, void *arg)
{
	struct word *word = arg;

	if (!option->name)
		return false;
	suggestion_try(&word->suggestion, option->name);
	return strncmp(option->name, word->text, strlen(word->text)) == 0;
}

static bool has_letter(const struct argp_option *option, void *arg)
{
	return option->key == *(const char *)arg;
}

static bool takes_next(const struct argp_option *option)
{
	return option && option->arg && !(option->flags & OPTION_ARG_OPTIONAL);
}

/* Letters behind one "-". Does the next word belong to the last one? */
static bool letters_take_next(const struct argp *argp, const char *letters)
{
	for (; *letters; letters++) {
		char letter = *letters;
		const struct argp_option *option = search_all(argp, has_letter, &letter);

		if (!option || option->arg)
			return takes_next(option) && letters[1] == '\0';
	}
	return false;
}

static int refuse(const char *program, struct word *word)
{
	const char *slash = strrchr(program, '/');
	const char *name = slash ? slash + 1 : program;
	char hint[SUGGESTION_SIZE] = "";

	if (word->suggestion.best)
		snprintf(hint, sizeof(hint), " (did you mean --%.60s?)", word->suggestion.best);
	fprintf(stderr, "%s: there is no option --%s%s\nTry `%s --help`.\n", name, word->text, hint,
		name);
	return CLI_USAGE;
}

/* 0, or CLI_USAGE when there is no such option. */
static int check_name(const struct argp *argp, const char *program, const char *text,
		      bool *ret_takes_next)
{
	size_t len = strcspn(text, "=");
	const struct argp_option *option;
	struct word word;

	if (len >= sizeof(word.text))
		return 0; /* getopt refuses it */
	snprintf(word.text, sizeof(word.text), "%.*s", (int)len, text);
	word.suggestion = suggestion_start(word.text);
	option = search_all(argp, is_named, &word);
	if (!option)
		return refuse(program, &word);
	*ret_takes_next = text[len] == '\0' && takes_next(option);
	return 0;
}

int cli_parse(const struct argp *argp, int argc, char **argv, unsigned flags, void *input)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		bool skip = false;

		if (argv[i][0] != '-' && (flags & ARGP_IN_ORDER))
			break;
		if (strncmp(argv[i], "--", 2) == 0) {
			if (check_name(argp, argv[0], argv[i] + 2, &skip))
				return CLI_USAGE;
		} else if (argv[i][0] == '-') {
			skip = letters_take_next(argp, argv[i] + 1);
		}
		i += skip;
	}
	return argp_parse(argp, argc, argv, flags, NULL, input);
}
