/* SPDX-License-Identifier: BSD-3-Clause */
#include "client.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "exchange.h"
#include "json_text.h"
#include "words.h"

struct client_daemon client_host(const struct cli *cli)
{
	return (struct client_daemon){
		.name = "covey-host", .option = "--socket", .path = cli->socket};
}

struct client_daemon client_gkm(const struct cli *cli)
{
	return (struct client_daemon){
		.name = "covey-gkm", .option = "--gkm-socket", .path = cli->gkm_socket};
}

struct client_daemon client_either(const struct cli *cli, bool gkm)
{
	const bool only_gkm_given = cli->gkm_socket_given && !cli->socket_given;

	if (gkm || only_gkm_given)
		return client_gkm(cli);
	if (!cli->socket_given && access(cli->socket, F_OK) < 0 && errno == ENOENT &&
	    access(cli->gkm_socket, F_OK) == 0)
		return client_gkm(cli);
	return client_host(cli);
}

bool client_is_gkm(const struct client_daemon *daemon)
{
	return strcmp(daemon->name, "covey-gkm") == 0;
}

static int explain_permission(const struct client_daemon *daemon, struct covey_error *error)
{
	const struct passwd *user = NULL;
	const struct group *group = NULL;
	struct stat status;

	if (stat(daemon->path, &status) == 0) {
		user = getpwuid(status.st_uid);
		group = getgrgid(status.st_gid);
	}
	if (!user || !group)
		return covey_error_set(error, -EACCES,
				       "you may not talk to %s at %s: run this as root",
				       daemon->name, daemon->path);
	return covey_error_set(error, -EACCES,
			       "you may not talk to %s at %s: user %s and members of group "
			       "%s may",
			       daemon->name, daemon->path, user->pw_name, group->gr_name);
}

static int explain_connect(const struct client_daemon *daemon, int code, struct covey_error *error)
{
	switch (code) {
	case ENOENT:
		return covey_error_set(error, -code,
				       "%s does not run here (nobody answers at %s): start it with "
				       "`systemctl start %s`, or name its socket with %s",
				       daemon->name, daemon->path, daemon->name, daemon->option);
	case ECONNREFUSED:
		return covey_error_set(
			error, -code,
			"%s is dead (it has left %s behind): `systemctl status %s` "
			"and `journalctl -e -u %s` say why; start it with `systemctl "
			"start %s`",
			daemon->name, daemon->path, daemon->name, daemon->name, daemon->name);
	case EACCES:
	case EPERM:
		return explain_permission(daemon, error);
	case EAGAIN:
		return covey_error_set(error, -code,
				       "%s at %s is busy with other clients: try again",
				       daemon->name, daemon->path);
	default:
		return covey_error_set(error, -code, "cannot connect to %s at %s: %s", daemon->name,
				       daemon->path, strerror(code));
	}
}

static int open_socket(const struct client_daemon *daemon, int *ret_fd, struct covey_error *error)
{
	/* A request is short, so a daemon that does not take it is busy. */
	const struct timeval patience = {.tv_sec = 1};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(daemon->path) >= sizeof(address.sun_path))
		return covey_error_set(error, -ENAMETOOLONG,
				       "the socket's path %.40s... is longer than %zu bytes",
				       daemon->path, sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, daemon->path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return covey_error_set(error, -errno, "cannot make a socket: %s", strerror(errno));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int code = errno;

		close(fd);
		return explain_connect(daemon, code, error);
	}
	*ret_fd = fd;
	return 0;
}

/* --- one question, one answer ------------------------------------------------------------- */

static int explain_exchange(const struct client_daemon *daemon, int status,
			    struct covey_error *error)
{
	if (status == -ETIMEDOUT)
		return covey_error_set(
			error, status,
			"%s at %s did not answer within %d s, and the request is withdrawn: unless "
			"%s has already begun, it will not do it later: look at `journalctl -u %s`",
			daemon->name, daemon->path, EXCHANGE_MS / 1000, daemon->name, daemon->name);
	return covey_error_set(error, status, "talking to %s at %s failed: %s", daemon->name,
			       daemon->path, strerror(-status));
}

/* Only some answers say which daemon they come from. Those of older programs do not. */
static int check_daemon(const struct client_daemon *daemon, const json_t *answer,
			struct covey_error *error)
{
	const char *name = json_string_value(json_object_get(answer, "daemon"));

	if (!name || strcmp(name, daemon->name) == 0)
		return 0;
	return covey_error_set(error, -EPROTO,
			       "%s answers at %.200s, and not %s: name %s's socket with %s",
			       strcmp(name, "covey-gkm") == 0    ? "covey-gkm"
			       : strcmp(name, "covey-host") == 0 ? "covey-host"
								 : "another program",
			       daemon->path, daemon->name, daemon->name, daemon->option);
}

int client_ask(const struct client_daemon *daemon, json_t *request, json_t **ret_answer,
	       struct covey_error *error)
{
	json_t *object = NULL;
	int fd = -1;
	int status = open_socket(daemon, &fd, error);

	if (status == 0) {
		status = exchange(fd, request, daemon->waiting, &object);
		if (status < 0)
			explain_exchange(daemon, status, error);
		close(fd);
	}
	json_decref(request);
	if (status == 0 && !json_is_object(object)) {
		json_decref(object);
		return covey_error_set(error, -EPROTO,
				       "what answers at %s is no %s, or it stopped in the "
				       "middle of its answer: try again",
				       daemon->path, daemon->name);
	}
	if (status == 0)
		status = check_daemon(daemon, object, error);
	if (status == 0)
		*ret_answer = object;
	else
		json_decref(object);
	return status;
}

void client_disarm(json_t *value)
{
	const char *key;
	json_t *part;
	char *text;
	size_t i;

	if (json_is_object(value))
		json_object_foreach(value, key, part)
			client_disarm(part);
	json_array_foreach(value, i, part)
		client_disarm(part);
	text = json_is_string(value) ? strdup(json_string_value(value)) : NULL;
	if (!text)
		return;
	words_disarm(text);
	json_string_set(value, text);
	free(text);
}

static json_t *whole(const json_t *answer, void *arg)
{
	return json_incref((json_t *)answer);
}

json_t *client_command(const struct client_daemon *daemon, bool json, const char *command,
		       json_t *request)
{
	return client_command_part(daemon, json, command, request, whole, NULL);
}

json_t *client_command_part(const struct client_daemon *daemon, bool json, const char *command,
			    json_t *request, json_t *(*narrow)(const json_t *answer, void *arg),
			    void *arg)
{
	struct covey_error error;
	json_t *answer = NULL;
	const char *reason;
	bool ok;

	if (client_ask(daemon, request, &answer, &error) < 0) {
		fprintf(stderr, "covey %s: %s\n", command, error.text);
		if (json)
			json_print(json_failure(error.text));
		return NULL;
	}
	ok = json_is_true(json_object_get(answer, "ok"));
	if (json)
		json_print(ok ? narrow(answer, arg) : json_incref(answer));
	client_disarm(answer);
	if (ok)
		return answer;
	reason = json_string_value(json_object_get(answer, "error"));
	if (reason)
		fprintf(stderr, "covey %s: %s\n", command, reason);
	else
		fprintf(stderr, "covey %s: %s refused and did not say why\n", command,
			daemon->name);
	json_decref(answer);
	return NULL;
}

json_t *client_group_request(const char *command, const char *group)
{
	return json_pack("{s:s, s:s}", "command", command, "group", group);
}
