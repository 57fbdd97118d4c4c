/* SPDX-License-Identifier: BSD-3-Clause */

/* covey host: hosts added to the inventory, removed from it and renamed in it. */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "host_edit.h"
#include "host_file.h"
#include "host_next.h"
#include "inventory.h"
#include "inventory_json.h"
#include "json_text.h"

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

struct host_arguments {
	struct cli *cli;
	struct host_edit request;
	const char *action;
	bool print;
};

enum { OPTION_IN = 0x100, OPTION_MEMBER, OPTION_PRINT };

static const struct argp_option table[] = {
	{"in", OPTION_IN, "GROUP", 0,
	 "add: the Ansible group to put it in (that of the last host of the fabric)", 0},
	{"member", OPTION_MEMBER, "GROUP", 0,
	 "add: put its name into the members of this group of covey_groups, too; may be given "
	 "again",
	 0},
	{"print", OPTION_PRINT, NULL, 0, "Only print the edit, and what would follow", 0},
	{0},
};

/* --- arguments ------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum host_edit_action action;
	unsigned words_min, words_max;
	const char *usage;
} actions[] = {
	{"add", HOST_EDIT_ADD, 1, 2, "add NAME [ADDRESS]"},
	{"remove", HOST_EDIT_REMOVE, 1, 1, "remove NAME"},
	{"rename", HOST_EDIT_RENAME, 2, 2, "rename OLD NEW"},
};

#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

/* Names that need no thought in YAML, in file names and in certificates. */
static void check_name(const char *name, struct argp_state *state)
{
	if (!strchr(NAME_LETTERS, name[0]) || name[strspn(name, NAME_LETTERS "-_.")] != '\0')
		argp_error(state,
			   "%s is no name for a host here: letters, digits, and - _ . behind the "
			   "first",
			   name[0] ? name : "\"\"");
}

static void check_address(const char *address, struct argp_state *state)
{
	unsigned char bytes[16];

	if (inet_pton(AF_INET, address, bytes) != 1 && inet_pton(AF_INET6, address, bytes) != 1)
		argp_error(state, "%s is no IP address: name the VTEP's", address);
}

static void take_words(struct host_arguments *arguments, struct argp_state *state)
{
	char **words = state->argv + state->next;
	unsigned count = (unsigned)(state->argc - state->next) - 1;
	struct host_edit *request = &arguments->request;
	size_t i = 0;

	arguments->action = words[0];
	while (i < ACTIONS && strcmp(actions[i].name, words[0]) != 0)
		i++;
	if (i == ACTIONS) {
		argp_error(state, "unknown action %s: there are add, remove and rename", words[0]);
		return;
	}
	if (count < actions[i].words_min || count > actions[i].words_max) {
		argp_error(state, "it is %s", actions[i].usage);
		return;
	}
	request->action = actions[i].action;
	request->name = words[1];
	check_name(words[1], state);
	if (request->action == HOST_EDIT_RENAME) {
		request->new_name = words[2];
		check_name(words[2], state);
	} else if (count == 2) {
		request->vtep = words[2];
		check_address(words[2], state);
	}
}

static void check_usage(const struct host_arguments *arguments, struct argp_state *state)
{
	const struct host_edit *request = &arguments->request;

	if (!arguments->action)
		argp_error(state, "what to do is missing: add, remove or rename");
	else if (request->action != HOST_EDIT_ADD &&
		 (request->ansible_group || request->group_count))
		argp_error(state, "--in and --member go with add");
	else if (request->action == HOST_EDIT_ADD && !request->vtep && !request->ansible_group)
		argp_error(state,
			   "the address of its VTEP is missing; for a machine that is not of the "
			   "fabric, name its group with --in");
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct host_arguments *arguments = state->input;
	struct host_edit *request = &arguments->request;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = arguments->cli;
		return 0;
	case OPTION_IN:
		request->ansible_group = value;
		return 0;
	case OPTION_MEMBER:
		request->groups[request->group_count++] = value;
		return 0;
	case OPTION_PRINT:
		arguments->print = true;
		return 0;
	case ARGP_KEY_ARGS:
		take_words(arguments, state);
		return 0;
	case ARGP_KEY_END:
		check_usage(arguments, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- the edit -------------------------------------------------------------------------------- */

/* The edit as text; NULL: out of memory. */
static char *edit_text(const struct text_edit *edit, const char *name)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	text_edit_print(edit, name, stream);
	if (fclose(stream) == 0)
		return text;
	free(text);
	return NULL;
}

static int fail(const struct cli *cli, const struct covey_error *error)
{
	fprintf(stderr, "covey host: %s\n", error->text);
	if (cli->json)
		json_print(json_failure(error->text));
	return CLI_FAILURE;
}

/* edit: what was to be done, which is printed, too; NULL: the file was so before. */
static int refuse(const struct cli *cli, const struct diagnostics *diagnostics, const char *edit)
{
	diagnostics_print(diagnostics, stderr);
	if (edit)
		fprintf(stderr,
			"covey host: this edit would make these mistakes, so the file stays "
			"as it is:\n%s",
			edit);
	if (cli->json)
		inventory_json_print(NULL, diagnostics);
	return CLI_FAILURE;
}

static void tell(const struct host_arguments *arguments, const char *edit, json_t *next)
{
	const struct host_edit *request = &arguments->request;
	const json_t *sentence;
	size_t i;

	if (arguments->cli->json) {
		json_print(json_pack("{s:b, s:s, s:s, s:b, s:o, s:O}", "ok", 1, "action",
				     arguments->action, "name", request->name, "written",
				     !arguments->print, "edit", json_text(edit), "next", next));
		return;
	}
	fputs(edit, stdout);
	printf("%s %s.\n", arguments->cli->inventory,
	       arguments->print ? "stays as it is" : "is changed so");
	printf("%s:\n", arguments->print ? "After this edit" : "Next");
	json_array_foreach(next, i, sentence)
		printf("  - %s\n", json_string_value(sentence));
}

/* The file as it is after the edit: good, then written and told of. */
static int take(struct host_arguments *arguments, const struct host_file *file,
		const struct inventory *before, const char *text, size_t len, const char *edit)
{
	const struct cli *cli = arguments->cli;
	struct diagnostics diagnostics;
	struct inventory *after = NULL;
	struct covey_error error;
	int result = CLI_OK;

	diagnostics_init(&diagnostics);
	if (inventory_parse(cli->inventory, text, len, &diagnostics, &after) < 0) {
		result = refuse(cli, &diagnostics, edit);
	} else if (!arguments->print && host_file_replace(file, text, len, &error) < 0) {
		result = fail(cli, &error);
	} else {
		json_t *next = host_next(&arguments->request, before, after, text);

		tell(arguments, edit, next);
		json_decref(next);
	}
	diagnostics_free(&diagnostics);
	inventory_free(after);
	return result;
}

static int edit_file(struct host_arguments *arguments, const struct host_file *file)
{
	const struct cli *cli = arguments->cli;
	struct diagnostics diagnostics;
	struct inventory *before = NULL;
	struct covey_error error;
	struct text_edit edit;
	char *text = NULL, *shown = NULL;
	size_t len;
	int result;

	diagnostics_init(&diagnostics);
	if (inventory_parse(cli->inventory, file->text, file->len, &diagnostics, &before) < 0) {
		result = refuse(cli, &diagnostics, NULL);
	} else if (host_edit_text(&arguments->request, before, file->text, file->len, &text, &len,
				  &edit, &error) < 0) {
		result = fail(cli, &error);
	} else {
		shown = edit_text(&edit, cli->inventory);
		result = shown ? take(arguments, file, before, text, len, shown) : CLI_FAILURE;
		text_edit_free(&edit);
	}
	free(shown);
	free(text);
	diagnostics_free(&diagnostics);
	inventory_free(before);
	return result;
}

int host_main(struct cli *cli, int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.args_doc = "add NAME [ADDRESS]\nremove HOST\nrename HOST NAME",
		.doc = "Change the inventory: add a host with the address of its VTEP, remove one "
		       "or rename one, also in the members of groups. Comments and layout stay. "
		       "The file is replaced in one step, if the result is a good inventory; else, "
		       "and where it is written in a way that cannot be changed safely, it stays "
		       "as "
		       "it is."
		       "\vIt prints the edit, and what is to be done next.",
		.children = cli_children};
	struct host_arguments arguments = {.cli = cli};
	struct host_file file;
	struct covey_error error;
	int result = CLI_USAGE;

	arguments.request.groups = calloc((size_t)argc + 1, sizeof(*arguments.request.groups));
	if (!arguments.request.groups)
		return CLI_FAILURE;
	if (cli_parse(&argp, argc, argv, 0, &arguments) == 0) {
		if (host_file_open(cli->inventory, &file, &error) < 0) {
			result = fail(cli, &error);
		} else {
			result = edit_file(&arguments, &file);
			host_file_close(&file);
		}
	}
	free(arguments.request.groups);
	return result;
}
