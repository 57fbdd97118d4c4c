/* SPDX-License-Identifier: BSD-3-Clause */
#include "commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backup_answer.h"
#include "clock.h"
#include "eviction_answers.h"
#include "evictions.h"
#include "late_answers.h"
#include "local_json.h"
#include "log.h"
#include "manager.h"
#include "mode_answers.h"
#include "rekey_answers.h"
#include "show.h"
#include "suggest.h"

struct commands {
	struct manager *manager;
	struct local_server *server;
	struct late_answers *late;
};

struct request {
	const struct commands *commands;
	struct manager *manager;
	struct local_client *client;
	json_t *object;
};

/* --- names --------------------------------------------------------------------------------- */

/* A name that the request must have. NULL when it is missing; then the client has been told. */
static const char *need(const struct request *request, const char *key)
{
	const char *value = json_string_value(json_object_get(request->object, key));
	struct covey_error error;

	if (value && value[0] != '\0' && strlen(value) <= COVEY_NAME_MAX)
		return value;
	covey_error_set(&error, 0, "the request needs the name of a %s", key);
	local_answer_error(request->client, error.text);
	return NULL;
}

static void answer_unknown(const struct request *request, const char *what, const char *name,
			   struct suggestion *suggestion)
{
	char nearest[SUGGESTION_SIZE];
	struct covey_error error;

	covey_error_set(&error, 0, "the key manager's inventory has no %s %.63s%s", what, name,
			suggestion_format(suggestion, nearest));
	local_answer_error(request->client, error.text);
}

/* NULL when there is no such group; then the client has been told. */
static struct realm *need_group(const struct request *request)
{
	const struct inventory *inventory = request->manager->inventory;
	const char *name = need(request, "group");
	const struct inventory_group *group = name ? inventory_find_group(inventory, name) : NULL;
	struct suggestion suggestion;

	if (group)
		return &request->manager->realms[group - inventory->groups];
	if (!name)
		return NULL;
	suggestion = suggestion_start(name);
	for (size_t i = 0; i < inventory->group_count; i++)
		if (!inventory->groups[i].gone)
			suggestion_try(&suggestion, inventory->groups[i].name);
	answer_unknown(request, "group", name, &suggestion);
	return NULL;
}

/* --- commands ------------------------------------------------------------------------------ */

static void show(const struct request *request)
{
	local_answer_json(request->client, show_manager(request->manager));
}

static void rekey(const struct request *request)
{
	struct realm *realm = need_group(request);
	struct late_question question;
	bool wanted;

	if (!realm)
		return;
	log_notice("%s: the operator asks for another SA", realm->served.config->name);
	wanted = rekey_want(realm->served.group, REKEY_OPERATOR, clock_ms());
	question = rekey_question(realm, wanted);
	realm_wake(realm);
	late_answers_add(request->commands->late, request->client, &question);
}

/* False when there is no such host; then the client has been told. */
static bool need_host(const struct request *request, size_t *ret_host)
{
	const struct inventory *inventory = request->manager->inventory;
	const char *name = need(request, "host");
	const struct inventory_host *host = name ? inventory_find_host(inventory, name) : NULL;
	struct suggestion suggestion;

	if (host)
		*ret_host = (size_t)(host - inventory->hosts);
	if (host || !name)
		return host != NULL;
	suggestion = suggestion_start(name);
	for (size_t i = 0; i < inventory->host_count; i++)
		if (!inventory->hosts[i].gone)
			suggestion_try(&suggestion, inventory->hosts[i].name);
	answer_unknown(request, "host", name, &suggestion);
	return false;
}

/* Change an eviction, and tell what comes of it. */
static void
change_eviction(const struct request *request,
		int (*change)(struct manager *manager, size_t host, struct realm *realm,
			      uint64_t *ret_change, struct covey_error *error),
		struct late_question (*question_of)(struct manager *manager, size_t host,
						    const struct realm *realm, uint64_t change))
{
	bool all = json_is_null(json_object_get(request->object, "group")) ||
		   !json_object_get(request->object, "group");
	struct late_question question;
	struct realm *realm = NULL;
	struct covey_error error;
	uint64_t number;
	size_t host;

	if (!need_host(request, &host) || (!all && !(realm = need_group(request))))
		return;
	if (change(request->manager, host, realm, &number, &error) < 0) {
		local_answer_error(request->client, error.text);
		return;
	}
	question = question_of(request->manager, host, realm, number);
	late_answers_add(request->commands->late, request->client, &question);
}

static void run_evict(const struct request *request)
{
	change_eviction(request, evict, eviction_question);
}

static void run_readmit(const struct request *request)
{
	change_eviction(request, readmit, readmission_question);
}

static void run_mode(const struct request *request)
{
	struct realm *realm = need_group(request);
	struct late_question question;
	json_t *answer;

	if (!realm)
		return;
	if (mode_request_run(realm, request->object, &answer, &question))
		local_answer_json(request->client, answer);
	else
		late_answers_add(request->commands->late, request->client, &question);
}

static void backup(const struct request *request)
{
	struct covey_error error;
	json_t *answer = backup_answer(request->manager->store, &error);

	if (!answer) {
		local_answer_error(request->client, error.text);
		return;
	}
	log_notice("the operator takes a backup of the state file, %lld bytes",
		   (long long)json_integer_value(json_object_get(answer, "bytes")));
	local_answer_json(request->client, answer);
}

static const struct {
	const char *name;
	void (*run)(const struct request *request);
	bool changes; /* the fabric: only for the one that leads */
} table[] = {
	{"show", show, false},          {"rekey", rekey, true},   {"evict", run_evict, true},
	{"readmit", run_readmit, true}, {"mode", run_mode, true}, {"backup", backup, false},
};

/* False: another one leads, or may; the client has been told. */
static bool leads(const struct request *request)
{
	const struct leadership *leadership = request->manager->sessions.leadership;
	struct covey_error error;

	if (!leadership || leadership->leads)
		return true;
	covey_error_set(&error, -EPERM, "this key manager does not lead: %s; ask there, or again",
			leadership->reason);
	local_answer_error(request->client, error.text);
	return false;
}

static void on_request(struct local_client *client, const char *line, size_t len, void *arg)
{
	const struct commands *commands = arg;
	struct request request = {
		.commands = commands, .manager = commands->manager, .client = client};
	const char *command;
	size_t i = 0;

	request.object = local_request_read(client, line, len, &command);
	if (!request.object)
		return;
	while (i < sizeof(table) / sizeof(*table) && strcmp(table[i].name, command) != 0)
		i++;
	if (i < sizeof(table) / sizeof(*table) && (!table[i].changes || leads(&request)))
		table[i].run(&request);
	else if (i == sizeof(table) / sizeof(*table))
		local_answer_error(client,
				   "unknown command: this covey-gkm knows show, rekey, evict, "
				   "readmit, mode and backup");
	json_decref(request.object);
}

/* --- life ---------------------------------------------------------------------------------- */

int commands_open(struct manager *manager, const char *path, struct commands **ret_commands,
		  struct covey_error *error)
{
	static const struct local_handlers handlers = {.request = on_request};
	struct commands *commands = calloc(1, sizeof(*commands));
	int status;

	if (!commands)
		return covey_error_set(error, -ENOMEM, "out of memory");
	commands->manager = manager;
	commands->late = late_answers_new(manager->base);
	status = commands->late ? local_open(manager->base, path, &handlers, commands,
					     &commands->server, error)
				: covey_error_set(error, -ENOMEM, "out of memory");
	if (status < 0) {
		late_answers_free(commands->late);
		free(commands);
		return status;
	}
	*ret_commands = commands;
	return 0;
}

void commands_close(struct commands *commands)
{
	if (!commands)
		return;
	local_close(commands->server);
	late_answers_free(commands->late);
	free(commands);
}
