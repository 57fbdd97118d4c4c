/* SPDX-License-Identifier: BSD-3-Clause */

/* covey rekey GROUP */

#include "client.h"
#include "group_argument.h"
#include "rekey_text.h"

int rekey_main(struct cli *cli, int argc, char **argv)
{
	const char *group =
		group_argument(cli, argc, argv,
			       "Have the key manager on this machine give a group a new key. "
			       "Traffic goes on: members switch when all have it. A request that "
			       "comes during a rekey is served by that rekey.");
	struct client_daemon daemon = client_gkm(cli);
	json_t *answer;

	if (!group)
		return CLI_USAGE;
	answer = client_command(&daemon, cli->json, "rekey", client_group_request("rekey", group));
	if (!answer)
		return CLI_FAILURE;
	if (!cli->json) {
		rekey_text(group, answer);
		rekey_text_away(json_object_get(answer, "away"),
				"The others still receive what they send, but they receive nothing "
				"that is sent with the new key until they are back.");
	}
	json_decref(answer);
	return CLI_OK;
}
