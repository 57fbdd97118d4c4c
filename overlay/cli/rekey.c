/* SPDX-License-Identifier: BSD-3-Clause */

/* covey rekey GROUP */

#include <stdio.h>

#include "client.h"
#include "group_argument.h"
#include "json_text.h"

/* Warns about members that are cut off from the key manager. Only a person can help them. */
static void tell_absent(const json_t *names)
{
	const json_t *name;
	size_t i;

	if (json_array_size(names) == 0)
		return;
	printf("No connection to the key manager:");
	json_array_foreach(names, i, name)
		printf("%s %s", i ? "," : "", json_string_value(name));
	printf(".\nThe others still receive what they send, but they receive nothing that is sent "
	       "with the new key until they are back.\n");
}

/* Tells which SA it is, and which members keep it from being used. */
static void tell_outcome(const char *group, const json_t *answer)
{
	const json_t *awaited = json_object_get(answer, "awaited"), *name;
	size_t i;

	printf("Rekey of %s: %s", group, field_text(answer, "rekey"));
	if (field_number(answer, "spi"))
		printf(", the new SPI is " FIELD_NUMBER, field_number(answer, "spi"));
	json_array_foreach(awaited, i, name)
		printf("%s %s",
		       i ? ","
			 : "; it is sent on when these have it, or the activation "
			   "delay is over:",
		       json_string_value(name));
	printf(".\n");
}

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
	if (!cli->json)
		tell_outcome(group, answer);
	if (!cli->json)
		tell_absent(json_object_get(answer, "away"));
	json_decref(answer);
	return CLI_OK;
}
