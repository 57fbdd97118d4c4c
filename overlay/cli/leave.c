/* SPDX-License-Identifier: BSD-3-Clause */

/* covey leave GROUP */

#include <stdio.h>

#include "client.h"
#include "group_argument.h"

int leave_main(struct cli *cli, int argc, char **argv)
{
	const char *group = group_argument(
		cli, argc, argv,
		"Have this host leave a group and wipe its keys. Traffic of its VNIs stops here; "
		"none leaves in clear. `covey join` or a restart of covey-host undoes this, but "
		"only while the key manager can be reached.");
	struct client_daemon daemon = client_host(cli);
	json_t *answer;

	if (!group)
		return CLI_USAGE;
	answer = client_command(&daemon, cli->json, "leave", client_group_request("leave", group));
	if (!answer)
		return CLI_FAILURE;
	if (!cli->json)
		printf("Left %s. Its keys are wiped here; traffic of its VNIs is dropped.\n",
		       group);
	if (!cli->json && json_is_true(json_object_get(answer, "gkm_away")))
		printf("The key manager cannot be reached: until it is back, this host cannot join "
		       "%s again, and the others still list it as a member. Then `covey join %s` "
		       "undoes this.\n",
		       group, group);
	json_decref(answer);
	return CLI_OK;
}
