/* SPDX-License-Identifier: BSD-3-Clause */
#include "client.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "json_text.h"
#include "words.h"

#define ANSWER_MAX      (64u << 20) /* bytes; a host of very many windows tells much */
#define PATIENCE_MS     15000       /* for all: covey-host waits 10 s for the GKM itself */
#define QUIET_MS        1000        /* before a person is told that we wait */
#define ANSWER_ROOM_MIN 65536

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

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

/* Wait for the socket. Returns 0, -ETIMEDOUT or another negative errno. */
static int await(int fd, short events, long deadline)
{
	struct pollfd pollfd = {.fd = fd, .events = events};

	for (;;) {
		long left = deadline - now_ms();
		int n = left > 0 ? poll(&pollfd, 1, (int)left) : 0;

		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
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
	case ECONNREFUSED:
		return covey_error_set(error, -code,
				       "%s does not run here (nobody answers at %s): start it with "
				       "`systemctl start %s`, or name its socket with %s",
				       daemon->name, daemon->path, daemon->name, daemon->option);
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
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(daemon->path) >= sizeof(address.sun_path))
		return covey_error_set(error, -ENAMETOOLONG,
				       "the socket's path %.40s... is longer than %zu bytes",
				       daemon->path, sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, daemon->path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return covey_error_set(error, -errno, "cannot make a socket: %s", strerror(errno));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int code = errno;

		close(fd);
		return explain_connect(daemon, code, error);
	}
	*ret_fd = fd;
	return 0;
}

static int send_all(int fd, const char *data, size_t len, long deadline)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
		int r;

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		r = await(fd, POLLOUT, deadline);
		if (r < 0)
			return r;
	}
	return 0;
}

struct answer {
	char *data;
	size_t len;
	size_t room;
};

/* Read once. Returns 1 at the line's or stream's end, 0 to go on, or a negative errno. */
static int receive_some(int fd, struct answer *answer)
{
	ssize_t n;

	if (answer->len == answer->room) {
		size_t room = answer->room ? answer->room * 2 : ANSWER_ROOM_MIN;
		char *data = room <= ANSWER_MAX ? realloc(answer->data, room) : NULL;

		if (!data)
			return room <= ANSWER_MAX ? -ENOMEM : -EMSGSIZE;
		answer->data = data;
		answer->room = room;
	}
	n = recv(fd, answer->data + answer->len, answer->room - answer->len, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return 1;
	answer->len += (size_t)n;
	return memchr(answer->data + answer->len - n, '\n', (size_t)n) != NULL;
}

/* A person who sees nothing for a while thinks that it hangs. */
static void tell_waiting(const char *waiting, long deadline)
{
	long left = deadline - now_ms();

	if (waiting && left > 0)
		fprintf(stderr, "%s (at most %ld s more)\n", waiting, (left + 999) / 1000);
}

static int receive_line(int fd, struct answer *answer, const char *waiting, long deadline)
{
	int r = await(fd, POLLIN, now_ms() + QUIET_MS);

	if (r == -ETIMEDOUT)
		tell_waiting(waiting, deadline);
	r = 0;

	while (r == 0) {
		r = await(fd, POLLIN, deadline);
		if (r == 0)
			r = receive_some(fd, answer);
	}
	return r < 0 ? r : 0;
}

static int exchange(int fd, const json_t *request, const char *waiting, struct answer *answer)
{
	long deadline = now_ms() + PATIENCE_MS;
	char *text = json_dumps(request, JSON_COMPACT);
	char *line;
	int r;

	if (!text)
		return -ENOMEM;
	r = asprintf(&line, "%s\n", text);
	free(text);
	if (r < 0)
		return -ENOMEM;
	r = send_all(fd, line, (size_t)r, deadline);
	free(line);
	/* A busy daemon says so and closes before it has read anything. */
	return r < 0 && r != -EPIPE ? r : receive_line(fd, answer, waiting, deadline);
}

static int explain_exchange(const struct client_daemon *daemon, int r, struct covey_error *error)
{
	if (r == -ETIMEDOUT)
		return covey_error_set(
			error, r,
			"%s at %s did not answer within %d s, and this is withdrawn: "
			"unless it has begun with it already, it will not be done, "
			"also when %s goes on: look at `journalctl -u %s`",
			daemon->name, daemon->path, PATIENCE_MS / 1000, daemon->name, daemon->name);
	return covey_error_set(error, r, "talking to %s at %s failed: %s", daemon->name,
			       daemon->path, strerror(-r));
}

/* Only some answers say whose they are, and an older program's do not. */
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
	struct answer answer = {0};
	json_t *object = NULL;
	int fd = -1;
	int r = open_socket(daemon, &fd, error);

	if (r == 0) {
		r = exchange(fd, request, daemon->waiting, &answer);
		if (r < 0)
			explain_exchange(daemon, r, error);
		close(fd);
	}
	json_decref(request);
	if (r == 0)
		object = json_loadb(answer.data, answer.len, 0, NULL);
	free(answer.data);
	if (r == 0 && !json_is_object(object)) {
		json_decref(object);
		return covey_error_set(error, -EPROTO,
				       "what answers at %s is no %s, or it stopped in the "
				       "middle of its answer: try again",
				       daemon->path, daemon->name);
	}
	if (r == 0)
		r = check_daemon(daemon, object, error);
	if (r == 0)
		*ret_answer = object;
	else
		json_decref(object);
	return r;
}

/* Nothing in an answer may steer the terminal that it is printed to. */
static void disarm(json_t *value)
{
	const char *key;
	json_t *part;
	char *text;
	size_t i;

	if (json_is_object(value))
		json_object_foreach(value, key, part)
			disarm(part);
	json_array_foreach(value, i, part)
		disarm(part);
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
	disarm(answer);
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
