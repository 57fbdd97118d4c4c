/* SPDX-License-Identifier: BSD-3-Clause */
#include "operator.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

const char *covey_program;

static void run_covey(const struct fabric *fabric, const char *const *arguments)
{
	char socket_path[512], out[512];
	char *argv[ARGUMENTS_MAX + 5] = {(char *)covey_program, "--json", "--gkm-socket",
					 socket_path};
	int fd;

	path_of(fabric, "gkm.sock", socket_path);
	path_of(fabric, "out", out);
	for (size_t i = 0; arguments[i]; i++)
		argv[4 + i] = (char *)arguments[i];
	fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(fd, STDOUT_FILENO);
	execv(covey_program, argv);
	_exit(127);
}

static pid_t start(const struct fabric *fabric, const char *const *arguments)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		run_covey(fabric, arguments);
	return child;
}

static json_t *read_answer(const struct fabric *fabric)
{
	char out[512];

	path_of(fabric, "out", out);
	return json_load_file(out, 0, NULL);
}

int type(struct fabric *fabric, json_t **ret_answer, const char *const *arguments)
{
	int status = wait_for_exit(start(fabric, arguments));

	*ret_answer = read_answer(fabric);
	return status;
}

int type_meanwhile(struct fabric *fabric, json_t **ret_answer, const char *const *arguments)
{
	pid_t child = start(fabric, arguments);
	siginfo_t info = {.si_pid = 0};

	while (info.si_pid == 0) {
		turn(fabric);
		assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT), 0);
	}
	*ret_answer = read_answer(fabric);
	return wait_for_exit(child);
}

json_t *ask_raw(struct fabric *fabric, const char *request)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int client = socket(AF_UNIX, SOCK_STREAM, 0);
	json_t *answer;
	char path[512];

	path_of(fabric, "gkm.sock", path);
	assert_true(strlen(path) < sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(dprintf(client, "%s\n", request), strlen(request) + 1);
	answer = json_loadfd(client, JSON_DISABLE_EOF_CHECK, NULL);
	close(client);
	return answer;
}

const char *text_in(const json_t *answer, const char *key)
{
	const char *text = json_string_value(json_object_get(answer, key));

	return text ? text : "";
}

void assert_refused(struct fabric *fabric, json_t *answer, int status, const char *why)
{
	assert_int_equal(status, 1);
	if (!strstr(text_in(answer, "error"), why))
		fail_msg("\"%s\" does not say \"%s\"", text_in(answer, "error"), why);
	json_decref(answer);
}
