/* SPDX-License-Identifier: BSD-3-Clause */
#include "why_steps.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "json_text.h"
#include "peers_part.h"
#include "words.h"

struct steps steps_begin(void)
{
	return (struct steps){.list = json_array()};
}

void steps_add(struct steps *steps, const char *name, enum step_state state, const char *format,
	       ...)
{
	static const char *const names[] = {"good", "bad", "unknown"};
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	steps->bad |= state == STEP_BAD;
	json_array_append_new(steps->list, json_pack("{s:s, s:s, s:o}", "step", name, "state",
						     names[state], "text", json_text(text)));
}

static const char *words_of(const json_t *object, const char *key, char *buf)
{
	json_int_t seconds = field_number(object, key);

	return words_time(seconds > 0 ? (uint64_t)seconds : 0, buf);
}

/* --- this host ------------------------------------------------------------------------------- */

/* A problem of this host that has these words; NULL: none. */
static const char *find_problem(const json_t *answer, const char *words)
{
	const json_t *problem;
	size_t i;

	json_array_foreach(json_object_get(answer, "problems"), i, problem)
		if (json_is_string(problem) && strstr(json_string_value(problem), words))
			return json_string_value(problem);
	return NULL;
}

static void add_vtep(struct steps *steps, const json_t *answer)
{
	const char *problem = find_problem(answer, "VTEP address");

	if (problem)
		steps_add(steps, "vtep", STEP_BAD, "%s", problem);
	else
		steps_add(steps, "vtep", STEP_GOOD, "its VTEP address is on an interface");
}

static void add_mtu(struct steps *steps, const json_t *answer)
{
	const json_t *device = json_array_get(json_object_get(answer, "vxlan_too_large"), 0);

	if (device)
		steps_add(steps, "mtu", STEP_UNKNOWN,
			  "VXLAN device %s has MTU " FIELD_NUMBER ", and " FIELD_NUMBER
			  " fits, so large packets are fragmented or lost: `ip link set %s "
			  "mtu " FIELD_NUMBER "`",
			  field_text(device, "device"), field_number(device, "mtu"),
			  field_number(device, "fits"), field_text(device, "device"),
			  field_number(device, "fits"));
	else
		steps_add(steps, "mtu", STEP_GOOD, "what VXLAN devices send fits when encrypted");
}

static void add_guard(struct steps *steps, const json_t *answer)
{
	const json_t *guard = json_object_get(answer, "guard");
	const char *state = field_text(guard, "state");
	bool weaker = strcmp(state, "weaker") == 0;

	if (strcmp(state, "verified") == 0 || strcmp(state, "none") == 0 || weaker)
		steps_add(steps, "guard", STEP_GOOD, "%s%s%s", state, weaker ? ": " : "",
			  weaker ? field_text(guard, "weaker") : "");
	else
		steps_add(steps, "guard", guard ? STEP_BAD : STEP_UNKNOWN,
			  "%s: `covey show guard` says more", state);
}

static void add_uplinks(struct steps *steps, const json_t *answer)
{
	const json_t *uplinks = json_object_get(json_object_get(answer, "guard"), "uplinks");
	const json_t *uplink;
	char names[256] = "";
	size_t i, len = 0;

	if (!json_is_array(uplinks))
		return;
	json_array_foreach(uplinks, i, uplink)
		if (strcmp(field_text(uplink, "state"), "guarded") == 0 && len < sizeof(names))
			len += (size_t)snprintf(names + len, sizeof(names) - len, " %s",
						field_text(uplink, "interface"));
	if (len > 0)
		steps_add(steps, "uplinks", STEP_GOOD, "VXLAN leaves by%s", names);
	else
		steps_add(steps, "uplinks", STEP_BAD,
			  "no interface leads to the other hosts, or it is down: `ip route get` to "
			  "the VTEP, `covey show guard`");
}

static void add_session(struct steps *steps, const json_t *answer)
{
	const json_t *gkm = json_object_get(answer, "gkm");
	const json_t *others = json_object_get(gkm, "others");
	const char *state = field_text(gkm, "state");
	char time[WORDS_TIME_SIZE], more[512] = "";
	const json_t *other;
	size_t i, len = 0;

	if (strcmp(state, "connected") == 0) {
		steps_add(steps, "session", STEP_GOOD, "connected to the key manager%s%s for %s",
			  json_array_size(others) ? " at " : "",
			  json_array_size(others) ? field_text(gkm, "address") : "",
			  words_of(gkm, "since_s", time));
		return;
	}
	json_array_foreach(others, i, other)
		if (len < sizeof(more))
			len += (size_t)snprintf(more + len, sizeof(more) - len, ", nor at %s (%s)",
						field_text(other, "address"),
						json_is_string(json_object_get(other, "why"))
							? field_text(other, "why")
							: "not tried");
	steps_add(steps, "session", STEP_UNKNOWN,
		  "no connection to the key manager at %s port " FIELD_NUMBER
		  " (%s)%s: traffic goes on with the keys that there are",
		  field_text(gkm, "address"), field_number(gkm, "port"),
		  field_text(gkm, "last_error"), more);
}

/* --- the group that both are in --------------------------------------------------------------- */

static const json_t *find_sender(const json_t *group, const char *peer)
{
	const json_t *sender;
	size_t i;

	json_array_foreach(json_object_get(group, "members"), i, sender) {
		const char *slash = strrchr(field_text(sender, "identity"), '/');

		if (slash && strcmp(slash + 1, peer) == 0)
			return sender;
	}
	return NULL;
}

const json_t *why_group(const json_t *answer, const char *peer, const char *name)
{
	const json_t *group;
	size_t i;

	json_array_foreach(json_object_get(answer, "groups"), i, group)
		if (name ? strcmp(field_text(group, "name"), name) == 0
			 : find_sender(group, peer) != NULL)
			return group;
	return NULL;
}

static void add_membership(struct steps *steps, const json_t *group, const char *peer)
{
	const char *name = field_text(group, "name"), *state = field_text(group, "state");
	const json_t *sender = find_sender(group, peer);
	bool in = strcmp(state, "joined") == 0 || strcmp(state, "cut off") == 0;

	steps_add(steps, "group", in ? STEP_GOOD : STEP_BAD, "%s: %s%s%s", name, state,
		  json_is_string(json_object_get(group, "refusal")) ? ": " : "",
		  json_is_string(json_object_get(group, "refusal")) ? field_text(group, "refusal")
								    : "");
	if (sender)
		steps_add(steps, "peer", STEP_GOOD,
			  "%s is known in %s as SenderID " FIELD_NUMBER " at %s", peer, name,
			  field_number(sender, "sender_id"), field_text(sender, "vtep"));
	else
		steps_add(steps, "peer", STEP_UNKNOWN,
			  "%s does not send in %s: it has not joined, or has no right to", peer,
			  name);
}

static void add_mode(struct steps *steps, const json_t *group)
{
	const json_t *mode = json_object_get(group, "mode");
	const char *name = field_text(mode, "name");

	if (strcmp(name, "enforce") == 0)
		steps_add(steps, "mode", STEP_GOOD, "enforce");
	else
		steps_add(steps, "mode", STEP_UNKNOWN, "%s: VXLAN may be in clear", name);
}

static void add_key(struct steps *steps, const json_t *answer, const json_t *group)
{
	const json_t *sa;
	char time[WORDS_TIME_SIZE];
	size_t i;

	if (!field_true(group, "may_send"))
		steps_add(steps, "right", STEP_BAD,
			  "this host has no right to send in %s: `send` of the group in the "
			  "inventory",
			  field_text(group, "name"));
	json_array_foreach(json_object_get(answer, "sas"), i, sa)
		if (strcmp(field_text(sa, "group"), field_text(group, "name")) == 0 &&
		    strcmp(field_text(sa, "state"), "active") == 0) {
			steps_add(steps, "sa", STEP_GOOD,
				  "SA " FIELD_NUMBER " is active for %s more, " FIELD_NUMBER
				  " packets sent, " FIELD_NUMBER " received",
				  field_number(sa, "spi"), words_of(sa, "expires_s", time),
				  field_number(sa, "packets_sent"),
				  field_number(sa, "packets_received"));
			return;
		}
	steps_add(steps, "sa", STEP_BAD, "there is no key to send with in %s: see `covey status`",
		  field_text(group, "name"));
}

static void add_hearing(struct steps *steps, const json_t *answer, const json_t *group,
			const char *peer)
{
	json_t *peers = peers_part(answer);
	const json_t *item;
	size_t i;

	if (field_true(group, "deaf"))
		steps_add(steps, "heard", STEP_BAD,
			  "deaf: others send in %s, and nothing arrives here: a packet filter, a "
			  "cable, or the switch",
			  field_text(group, "name"));
	json_array_foreach(peers, i, item)
		if (strcmp(field_text(item, "host"), peer) == 0)
			steps_add(steps, "heard",
				  field_number(item, "packets") > 0 ? STEP_GOOD : STEP_UNKNOWN,
				  FIELD_NUMBER " packets of %s were heard",
				  field_number(item, "packets"), peer);
	json_decref(peers);
}

static void add_path(struct steps *steps, const json_t *answer, const char *peer)
{
	const json_t *path;
	size_t i;

	json_array_foreach(json_object_get(answer, "paths"), i, path) {
		const char *state = field_text(path, "state");

		if (strcmp(field_text(path, "host"), peer) != 0)
			continue;
		if (json_is_string(json_object_get(path, "problem")))
			steps_add(steps, "path", STEP_BAD, "%s", field_text(path, "problem"));
		else
			steps_add(steps, "path",
				  strcmp(state, "fits") == 0 ? STEP_GOOD : STEP_UNKNOWN, "%s",
				  state);
	}
}

void why_steps(const json_t *answer, const char *peer, const char *name, const json_t *group,
	       struct steps *steps)
{
	add_vtep(steps, answer);
	add_mtu(steps, answer);
	add_guard(steps, answer);
	add_uplinks(steps, answer);
	add_session(steps, answer);
	if (!group) {
		steps_add(steps, "group", STEP_BAD,
			  "this host is in no group %s%s: compare covey_groups in the inventory, "
			  "and look at `covey status` on %s",
			  name ? name : "in which it hears of ", name ? "" : peer, peer);
		return;
	}
	add_membership(steps, group, peer);
	add_mode(steps, group);
	add_key(steps, answer, group);
	add_path(steps, answer, peer);
	add_hearing(steps, answer, group, peer);
}
