/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* In a group of its own, so that what it has started ends with it. */
static int start(const char *const *argv, int output, pid_t *ret_pid)
{
	static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
						  "LC_ALL=C.UTF-8",
						  "TERM=dumb",
						  "SYSTEMD_PAGER=",
						  "SYSTEMD_COLORS=0",
						  NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int code;

	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setpgroup(&attributes, 0);
	code = posix_spawnp(ret_pid, argv[0], &files, &attributes, (char *const *)argv,
			    (char *const *)environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return -code;
}

/* Until its end, its time or max. NUL would end a text early. */
static void take(int fd, size_t max, long deadline, struct report_output *output)
{
	struct pollfd pipe_end = {.fd = fd, .events = POLLIN};
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0) {
		long left = deadline - now_ms();

		output->late = left <= 0 || poll(&pipe_end, 1, (int)left) == 0;
		output->cut = len == max;
		if (output->late || output->cut)
			break;
		n = read(fd, output->text + len, max - len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			len += (size_t)n;
	}
	output->text[len] = '\0';
	for (char *nul = output->text;
	     (nul = memchr(nul, '\0', len - (size_t)(nul - output->text)));)
		*nul = '?';
}

/* It may have closed its output and go on. */
static int status_of(pid_t pid, long deadline, struct report_output *output)
{
	struct pollfd process = {.fd = pidfd_open(pid, 0), .events = POLLIN};
	long left = deadline - now_ms();
	int status = 0;

	if (!output->cut && !output->late && process.fd >= 0)
		output->late = poll(&process, 1, left > 0 ? (int)left : 0) == 0;
	if (process.fd >= 0)
		close(process.fd);
	if (output->cut || output->late)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int report_command_run(const char *const *argv, size_t max, struct report_output *ret_output)
{
	const long deadline = now_ms() + REPORT_COMMAND_MS;
	struct report_output output = {.text = malloc(max + 1)};
	int ends[2] = {-1, -1}, status;
	pid_t pid;

	if (!output.text)
		return -ENOMEM;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		free(output.text);
		return -errno;
	}
	status = start(argv, ends[1], &pid);
	close(ends[1]);
	output.text[0] = '\0';
	if (status == 0) {
		take(ends[0], max, deadline, &output);
		output.status = status_of(pid, deadline, &output);
	}
	close(ends[0]);
	output.missing = status == -ENOENT;
	if (status < 0 && !output.missing) {
		free(output.text);
		return status;
	}
	*ret_output = output;
	return 0;
}
