/* SPDX-License-Identifier: BSD-3-Clause */

#include "commands.h"

#include <errno.h>
#include <inventory.h>
#include <jansson.h>
#include <local_json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suggest.h>

#include "captures.h"
#include "host.h"
#include "member.h"
#include "probe_ask.h"
#include "refusal.h"
#include "show.h"

/* How long `covey join` waits, at most, until a packet can be sent. */
#define JOIN_SECONDS 10

/* A client that waits until packets can be sent in its group, or the group is refused. */
struct wait {
	struct commands *commands;
	struct local_client *client; /* NULL: free */
	struct event *timer;
	char group[COVEY_NAME_MAX + 1];
};

struct commands {
	const struct host *host;
	struct local_server *server;
	struct captures *captures;
	struct wait waits[LOCAL_CLIENTS_MAX];
};

/* --- join ------------------------------------------------------------------------------------ */

static void answer_joined(struct local_client *client, const struct membership *group)
{
	local_answer_json(client, json_pack("{s:b, s:s, s:i, s:i}", "ok", 1, "group", group->name,
					    "sender_id", (int)group->sender_id, "epoch",
					    (int)group->epoch));
}

static void answer_refused(struct local_client *client, const struct membership *group)
{
	struct covey_error error;

	covey_error_set(&error, 0,
			"group %s: the GKM refuses: %s (%.200s); compare covey_groups in its "
			"inventory with this host's",
			group->name, refusal_name(group->refusal), group->refusal_reason);
	local_answer_error(client, error.text);
}

/* True when the state of the group answers the question; then the client got that answer. */
static bool answer_if_settled(const struct host *host, struct local_client *client,
			      const char *name)
{
	const struct membership *group = member_state_find(member_read_state(host->member), name);

	if (!group || (group->state == MEMBERSHIP_LEAVING && !group->rejoin)) {
		local_answer_error(client, "the group was left meanwhile");
		return true;
	}
	if (group->state == MEMBERSHIP_JOINED && membership_active_sa(group))
		answer_joined(client, group);
	else if (group->state == MEMBERSHIP_REFUSED)
		answer_refused(client, group);
	else
		return false;
	return true;
}

static void stop_waiting(struct wait *wait)
{
	evtimer_del(wait->timer);
	wait->client = NULL;
}

/* How far the session with the GKM has come. */
static const char *how_far(const struct wait *wait, const struct member_status *status)
{
	const struct membership *group =
		member_state_find(member_read_state(wait->commands->host->member), wait->group);

	if (status->last_error)
		return status->last_error;
	if (status->link != MEMBER_CONNECTED)
		return "not connected yet";
	return group && group->state == MEMBERSHIP_JOINED
		       ? "it has let this host in, but there is no key to send with yet"
		       : "connected, but it says nothing";
}

static void waited_long(evutil_socket_t fd, short what, void *arg)
{
	struct wait *wait = arg;
	struct member_status status;
	struct covey_error error;
	char address[COVEY_ADDR_STRLEN];

	member_read_status(wait->commands->host->member, &status);
	covey_error_set(&error, 0,
			"cannot send in group %s: not done by the GKM at %s port %u within %d s "
			"(%.250s); this host goes on trying: look at `covey show` here and at "
			"covey-gkm's log there",
			wait->group, covey_addr_format(&status.gkm_address, address),
			status.gkm_port, JOIN_SECONDS, how_far(wait, &status));
	local_answer_error(wait->client, error.text);
	stop_waiting(wait);
}

static void start_waiting(struct commands *commands, struct local_client *client, const char *group)
{
	static const struct timeval deadline = {.tv_sec = JOIN_SECONDS};

	for (size_t i = 0; i < LOCAL_CLIENTS_MAX; i++) {
		struct wait *wait = &commands->waits[i];

		if (wait->client)
			continue;
		wait->client = client;
		snprintf(wait->group, sizeof(wait->group), "%s", group);
		evtimer_add(wait->timer, &deadline);
		return;
	}
	local_answer_error(client, "too many clients at once, try again");
}

void commands_changed(struct commands *commands)
{
	if (!commands)
		return;
	for (size_t i = 0; i < LOCAL_CLIENTS_MAX; i++) {
		struct wait *wait = &commands->waits[i];

		if (wait->client && answer_if_settled(commands->host, wait->client, wait->group))
			stop_waiting(wait);
	}
}

/* There are no groups but the inventory's: another name is a mistake. */
static int check_known(const struct host *host, const char *group, struct covey_error *error)
{
	struct suggestion suggestion = suggestion_start(group);
	char nearest[SUGGESTION_SIZE];

	if (inventory_find_group(host->inventory, group))
		return 0;
	for (size_t i = 0; i < host->inventory->group_count; i++)
		suggestion_try(&suggestion, host->inventory->groups[i].name);
	return covey_error_set(error, -ENOENT,
			       "the inventory has no group %.63s%s: add it to covey_groups and "
			       "restart covey-host",
			       group, suggestion_format(&suggestion, nearest));
}

static void join(struct commands *commands, struct local_client *client, const char *group)
{
	struct covey_error error;

	if (check_known(commands->host, group, &error) < 0 ||
	    member_join(commands->host->member, group, &error) < 0) {
		local_answer_error(client, error.text);
		return;
	}
	if (!answer_if_settled(commands->host, client, group))
		start_waiting(commands, client, group);
}

/* --- the others ------------------------------------------------------------------------------ */

static void leave(struct commands *commands, struct local_client *client, const char *group)
{
	const struct member_state *state = member_read_state(commands->host->member);
	struct covey_error error;

	if (member_leave(commands->host->member, group, &error) < 0)
		local_answer_error(client, error.text);
	else
		local_answer_json(client, json_pack("{s:b, s:s, s:b}", "ok", 1, "group", group,
						    "gkm_away", state->session != SESSION_OPEN));
}

static void run(struct commands *commands, struct local_client *client, const char *command,
		const json_t *request)
{
	const char *group = json_string_value(json_object_get(request, "group"));

	if (strcmp(command, "show") == 0)
		local_answer_json(client, show_host(commands->host));
	else if (strcmp(command, "probe") == 0 && commands->host->probes)
		probe_ask_request(commands->host->probes, commands->host->member, client, request);
	else if (strcmp(command, "capture") == 0)
		captures_request(commands->captures, client, request);
	else if (strcmp(command, "join") != 0 && strcmp(command, "leave") != 0)
		local_answer_error(
			client, "unknown command: this covey-host knows show, join, leave, probe "
				"and capture");
	else if (!group || group[0] == '\0' || strlen(group) > COVEY_NAME_MAX)
		local_answer_error(client, "join and leave need the name of a group");
	else if (command[0] == 'j')
		join(commands, client, group);
	else
		leave(commands, client, group);
}

static void request(struct local_client *client, const char *line, size_t len, void *arg)
{
	const char *command;
	json_t *object = local_request_read(client, line, len, &command);

	if (object)
		run(arg, client, command, object);
	json_decref(object);
}

/* --- life ------------------------------------------------------------------------------------ */

int commands_open(struct event_base *base, const char *path, const struct host *host,
		  struct commands **ret_commands, struct covey_error *error)
{
	static const struct local_handlers handlers = {.request = request};
	struct commands *commands = calloc(1, sizeof(*commands));
	int status = 0;

	if (!commands)
		return covey_error_set(error, -ENOMEM, "out of memory");
	commands->host = host;
	for (size_t i = 0; i < LOCAL_CLIENTS_MAX && status == 0; i++) {
		commands->waits[i].commands = commands;
		commands->waits[i].timer = evtimer_new(base, waited_long, &commands->waits[i]);
		if (!commands->waits[i].timer)
			status = covey_error_set(error, -ENOMEM, "out of memory");
	}
	if (status == 0)
		status = captures_new(base, host, &commands->captures, error);
	if (status == 0)
		status = local_open(base, path, &handlers, commands, &commands->server, error);
	if (status) {
		commands_close(commands);
		return status;
	}
	*ret_commands = commands;
	return 0;
}

void commands_quiet(struct commands *commands)
{
	captures_end(commands->captures);
}

void commands_close(struct commands *commands)
{
	if (!commands)
		return;
	local_close(commands->server);
	captures_free(commands->captures);
	for (size_t i = 0; i < LOCAL_CLIENTS_MAX; i++) {
		if (commands->waits[i].timer)
			event_free(commands->waits[i].timer);
	}
	free(commands);
}
