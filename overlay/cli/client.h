/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Asks a local daemon over its Unix socket: one JSON object each way, a line each.
 */

#include <covey/error.h>
#include <jansson.h>
#include <stdbool.h>

#include "cli.h"

struct client_daemon {
	const char *name;   /* the program's and its unit's */
	const char *option; /* the one that names its socket */
	const char *path;
	const char *waiting; /* what to say when the answer takes its time; NULL: nothing */
};

struct client_daemon client_host(const struct cli *cli);
struct client_daemon client_gkm(const struct cli *cli);

/*
 * Send request (stolen, also on failure) and wait for the answer. Returns 0 and sets *ret_answer,
 * an object, whatever its "ok" says; or a negative errno with error saying what to do: -EPROTO also
 * when another program than the daemon answers.
 */
int client_ask(const struct client_daemon *daemon, json_t *request, json_t **ret_answer,
	       struct covey_error *error);

/*
 * Ask, and print why when it fails: to standard error, with json as an object to standard output,
 * too. NULL unless the answer's "ok" is true. command: for messages.
 */
json_t *client_command(const struct client_daemon *daemon, bool json, const char *command,
		       json_t *request);

/*
 * The same, but with json only what narrow() makes of an answer whose "ok" is true is printed. It
 * may return NULL: no memory.
 */
json_t *client_command_part(const struct client_daemon *daemon, bool json, const char *command,
			    json_t *request, json_t *(*narrow)(const json_t *answer, void *arg),
			    void *arg);

/* {"command": command, "group": group}. */
json_t *client_group_request(const char *command, const char *group);
