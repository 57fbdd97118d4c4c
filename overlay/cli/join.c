/* SPDX-License-Identifier: BSD-3-Clause */

/* covey join GROUP */

#include <stdio.h>

#include "client.h"
#include "group_argument.h"

int join_main(struct cli *cli, int argc, char **argv)
{
	const char *group =
		group_argument(cli, argc, argv,
			       "Make this host join a group, if the inventory allows it, and wait "
			       "until it can send there. At its start, covey-host joins all groups "
			       "that this host is a member of.");
	struct client_daemon daemon = client_host(cli);
	json_t *answer;

	if (!group)
		return CLI_USAGE;
	if (!cli->json)
		daemon.waiting = "covey join: waiting until a packet can be sent in the group";
	answer = client_command(&daemon, cli->json, "join", client_group_request("join", group));
	if (!answer)
		return CLI_FAILURE;
	if (!cli->json)
		printf("Joined %s as SenderID %" JSON_INTEGER_FORMAT
		       ": its traffic passes from now on.\n",
		       group, json_integer_value(json_object_get(answer, "sender_id")));
	json_decref(answer);
	return CLI_OK;
}
