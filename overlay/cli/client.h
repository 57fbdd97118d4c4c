/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Asks a local daemon over its Unix socket. Question and answer are a JSON object each, in one
 * line.
 */

#include <covey/error.h>
#include <jansson.h>
#include <stdbool.h>

#include "cli.h"

struct client_daemon {
	const char *name;   /* of the program and its systemd unit */
	const char *option; /* the option for its socket */
	const char *path;
	const char *waiting; /* what to print when the answer takes long; NULL: nothing */
};

struct client_daemon client_host(const struct cli *cli);
struct client_daemon client_gkm(const struct cli *cli);
/* The one to ask where a command is about either: the key manager if gkm, if its socket alone was
 * given as an option, or if none was and there is no covey-host here, but a key manager. */
struct client_daemon client_either(const struct cli *cli, bool gkm);
bool client_is_gkm(const struct client_daemon *daemon);

/*
 * Send request (its reference is taken over, even if this fails) and wait for the answer. Returns 0
 * and sets *ret_answer, an object, whatever its "ok" says. Or returns a negative errno; then error
 * says what to do. -EPROTO also when another program than the daemon answers.
 */
int client_ask(const struct client_daemon *daemon, json_t *request, json_t **ret_answer,
	       struct covey_error *error);

/* Nothing in an answer of client_ask() may control the terminal on which it is printed. */
void client_disarm(json_t *answer);

/*
 * Ask, and print the reason if it fails: to standard error, and with json also as an object to
 * standard output. Returns NULL unless the answer's "ok" is true. command: for messages.
 */
json_t *client_command(const struct client_daemon *daemon, bool json, const char *command,
		       json_t *request);

/*
 * The same. But if "ok" is true, with json only the result of narrow() is printed. narrow() may
 * return NULL when there is no memory.
 */
json_t *client_command_part(const struct client_daemon *daemon, bool json, const char *command,
			    json_t *request, json_t *(*narrow)(const json_t *answer, void *arg),
			    void *arg);

/* Returns {"command": command, "group": group}. */
json_t *client_group_request(const char *command, const char *group);
