/* SPDX-License-Identifier: BSD-3-Clause */

/* covey why HOST [HOST] */

#include <stdio.h>
#include <string.h>

#include <vxlan_devices.h>

#include "client.h"
#include "json_text.h"
#include "probe_question.h"
#include "why_steps.h"
#include "wire_verdict.h"

struct why_arguments {
	struct cli *cli;
	const char *hosts[2];
	const char *group; /* NULL: the first one of both */
};

enum { OPTION_GROUP = 0x100 };

static const struct argp_option table[] = {
	{"group", OPTION_GROUP, "GROUP", 0, "In this group, not in the first that both are in", 0},
	{0}};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct why_arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = arguments->cli;
		return 0;
	case OPTION_GROUP:
		arguments->group = value;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 1)
			argp_error(state, "two hosts at a time: %s is too much", value);
		arguments->hosts[state->arg_num] = value;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "the host's name is missing");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- the VXLAN devices of this machine ---------------------------------------------------------
 */

static bool has_vni(const json_t *vnis, uint32_t vni)
{
	const json_t *item;
	size_t i;

	json_array_foreach(vnis, i, item)
		if (json_integer_value(item) == (json_int_t)vni)
			return true;
	return false;
}

/* Is there a device of the group that is up? Those whose VNIs are in a table say nothing. */
static void add_devices(struct steps *steps, const json_t *group)
{
	const json_t *vnis = json_object_get(group, "vnis");
	const struct vxlan_device *down = NULL, *up = NULL;
	struct vxlan_devices devices;
	struct covey_error error;

	if (vxlan_devices_list(&devices, &error) < 0) {
		steps_add(steps, "device", STEP_UNKNOWN, "%s", error.text);
		return;
	}
	for (size_t i = 0; i < devices.count; i++) {
		const struct vxlan_device *device = &devices.list[i];

		if (device->holder || !(device->filters || has_vni(vnis, device->vni)))
			continue;
		*(device->up ? &up : &down) = device;
	}
	if (up)
		steps_add(steps, "device", STEP_GOOD, "%s is up, VNI %u, MTU %u", up->name, up->vni,
			  up->mtu);
	else if (down)
		steps_add(steps, "device", STEP_BAD, "%s is down: `ip link set %s up`", down->name,
			  down->name);
	else
		steps_add(steps, "device", STEP_UNKNOWN,
			  "no VXLAN device with a VNI of the group is in this network namespace");
	vxlan_devices_free(&devices);
}

/* --- the wire ----------------------------------------------------------------------------------
 */

static enum step_state state_of(const struct wire_verdict *verdict)
{
	return verdict->kind == WIRE_ENCRYPTED ? STEP_GOOD
	       : verdict->kind == WIRE_BLIND   ? STEP_UNKNOWN
					       : STEP_BAD;
}

static void add_direction(struct steps *steps, const json_t *answer, const char *from,
			  const char *to)
{
	struct wire_verdict verdict;
	char text[1024], step[160];

	wire_verdict(answer, from, to, &verdict);
	snprintf(step, sizeof(step), "%.63s to %.63s", from, to);
	steps_add(steps, step, state_of(&verdict), "%s",
		  wire_verdict_text(&verdict, text, sizeof(text)));
}

/* Both ends look at their uplinks, and say what they dropped meanwhile. The other one is asked
 * through the key manager. */
static void add_probes(struct steps *steps, const struct why_arguments *arguments, const char *from,
		       const char *to, const char *group)
{
	json_t *request = json_pack("{s:s, s:[s], s:b, s:s*, s:s*}", "command", "probe", "to", to,
				    "full", 1, "group", group, "from", from);
	struct covey_error error;
	json_t *answer = NULL;

	if (probe_question(arguments->cli, request, &answer, &error) < 0)
		steps_add(steps, "probes", STEP_UNKNOWN, "%s", error.text);
	else if (!field_true(answer, "ok"))
		steps_add(steps, "probes", STEP_BAD, "%s", field_text(answer, "error"));
	else {
		from = field_text(answer, "from");
		add_direction(steps, answer, from, to);
		add_direction(steps, answer, to, from);
	}
	json_decref(answer);
}

/* --- what is said ------------------------------------------------------------------------------
 */

static const json_t *first_bad(const json_t *list)
{
	const json_t *step;
	size_t i;

	json_array_foreach(list, i, step)
		if (strcmp(field_text(step, "state"), "bad") == 0)
			return step;
	return NULL;
}

static void print(const struct steps *steps, const char *from, const char *to)
{
	const json_t *bad = first_bad(steps->list), *step;
	size_t i;

	printf("From %s to %s:\n", from, to);
	json_array_foreach(steps->list, i, step) {
		const char *state = field_text(step, "state");

		printf("  %-4s %-10s %s\n",
		       strcmp(state, "good") == 0  ? "ok"
		       : strcmp(state, "bad") == 0 ? "FAIL"
						   : "-",
		       field_text(step, "step"), field_text(step, "text"));
	}
	if (bad)
		printf("The first that fails: %s.\n", field_text(bad, "step"));
	else
		printf("Nothing fails.\n");
}

static int finish(const struct why_arguments *arguments, struct steps *steps, const char *from,
		  const char *to)
{
	const json_t *bad = first_bad(steps->list);

	if (arguments->cli->json)
		json_print(json_pack("{s:b, s:s, s:s, s:O, s:s?}", "ok", !steps->bad, "from", from,
				     "to", to, "steps", steps->list, "first",
				     bad ? field_text(bad, "step") : NULL));
	else
		print(steps, from, to);
	json_decref(steps->list);
	return steps->bad ? CLI_FAILURE : CLI_OK;
}

/* This host's own steps, unless the question is about two others. */
static int run(const struct why_arguments *arguments, const json_t *answer)
{
	const char *self = field_text(answer, "host");
	const char *from = arguments->hosts[1] ? arguments->hosts[0] : self;
	const char *to = arguments->hosts[1] ? arguments->hosts[1] : arguments->hosts[0];
	bool here = strcmp(from, self) == 0 || strcmp(to, self) == 0;
	const char *other = strcmp(from, self) == 0 ? to : from;
	struct steps steps = steps_begin();
	const json_t *group = here ? why_group(answer, other, arguments->group) : NULL;

	if (group)
		add_devices(&steps, group);
	if (here)
		why_steps(answer, other, arguments->group, group, &steps);
	if (group || !here)
		add_probes(&steps, arguments, from, to,
			   group ? field_text(group, "name") : arguments->group);
	return finish(arguments, &steps, from, to);
}

int why_main(struct cli *cli, int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.args_doc = "HOST [HOST]",
		.doc = "Go from this host's VXLAN device to another host, or between two others, "
		       "step by step, and say which is the first that fails: addresses, MTU, "
		       "guard, session, group, key, path, and last probes on the wire, with what "
		       "both ends saw and dropped. Exit status 1 if a step fails.",
		.children = cli_children};
	struct why_arguments arguments = {.cli = cli};
	struct client_daemon daemon = client_host(cli);
	struct covey_error error;
	json_t *answer = NULL;
	int status;

	if (cli_parse(&argp, argc, argv, 0, &arguments))
		return CLI_USAGE;
	if (client_ask(&daemon, json_pack("{s:s}", "command", "show"), &answer, &error) < 0) {
		fprintf(stderr, "covey why: %s\n", error.text);
		if (cli->json)
			json_print(json_failure(error.text));
		return CLI_FAILURE;
	}
	client_disarm(answer);
	status = run(&arguments, answer);
	json_decref(answer);
	return status;
}
