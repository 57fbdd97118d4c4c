/* SPDX-License-Identifier: BSD-3-Clause */

/* covey join GROUP */

#include <stdio.h>

#include "client.h"
#include "group_argument.h"

int join_main(struct cli *cli, int argc, char **argv)
{
	const char *group = group_argument(
		cli, argc, argv,
		"Have this host join a group that the inventory lets it into, and wait until the "
		"key manager has agreed. Groups whose member it is are joined at every start of "
		"covey-host anyway.");
	struct client_daemon daemon = client_host(cli);
	json_t *answer;

	if (!group)
		return CLI_USAGE;
	answer = client_command(&daemon, cli->json, "join", client_group_request("join", group));
	if (!answer)
		return CLI_FAILURE;
	if (!cli->json)
		printf("Joined %s as SenderID %" JSON_INTEGER_FORMAT ".\n", group,
		       json_integer_value(json_object_get(answer, "sender_id")));
	json_decref(answer);
	return CLI_OK;
}
