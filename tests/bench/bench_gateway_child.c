/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_gateway_child.h"
#include "bench_gateway_arguments.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <rte_eal.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PACKETS        8192u
#define SLOTS          1024u
#define SLOTS_ONE_CORE (2 * PACKETS)
#define START_MS       30000
/* Longer than the generator's own patience. */
#define ANSWER_MS 90000
#define LOOK_MS   200
#define PRELOAD   "bench-nic.so"

/* --- starting ------------------------------------------------------------------------------ */

static void write_preload(char *path, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", path, size - 1);
	char *slash;

	path[len < 0 ? 0 : len] = '\0';
	slash = strrchr(path, '/');
	if (slash)
		snprintf(slash + 1, size - (size_t)(slash + 1 - path), PRELOAD);
}

/* In the child: a session that dies with us, and says what it says into a file. */
static void leave_parent(const struct gateway_child *child, const struct gateway_place *place)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(child->output, STDOUT_FILENO);
	dup2(child->output, STDERR_FILENO);
	setenv("RUNTIME_DIRECTORY", place->directory, 1);
}

/* Does not return. */
static void become_program(const struct gateway_child *child, int socket, const char *secgw,
			   const struct gateway_place *place, const struct bench_shape *shape,
			   enum bench_direction direction)
{
	bool one_core = place->generator_cpu == place->program_cpu;
	struct bench_nic_order order = {
		.fd = socket,
		.count = PACKETS,
		.room = place->room,
		.slots = one_core ? SLOTS_ONE_CORE : SLOTS,
		.cpu = place->hugepages ? -1 : place->generator_cpu,
	};
	struct arguments arguments = {.count = 0};
	char text[PATH_MAX];

	leave_parent(child, place);
	bench_nic_write_order(&order, text, sizeof(text));
	setenv(BENCH_NIC_VARIABLE, text, 1);
	if (secgw) {
		secgw_arguments(&arguments, secgw, place, shape);
		write_preload(text, sizeof(text));
		setenv("LD_PRELOAD", text, 1);
		execv(secgw, arguments.text);
	} else {
		covey_arguments(&arguments, place, shape, direction);
		execv("/proc/self/exe", arguments.text);
	}
	fprintf(stderr, "%s: %s\n", arguments.text[0], strerror(errno));
	_exit(EXIT_FAILURE);
}

/* Does not return. */
static void become_generator(const struct gateway_child *child, int socket, const char *secgw,
			     const struct gateway_place *place)
{
	struct arguments arguments = {.count = 0};
	struct bench_nic *nic;

	leave_parent(child, place);
	generator_arguments(&arguments, place, secgw != NULL);
	if (rte_eal_init((int)arguments.count, arguments.text) < 0)
		_exit(EXIT_FAILURE);
	nic = bench_nic_find();
	if (!nic) {
		fprintf(stderr, "the program has no NIC in memory\n");
		_exit(EXIT_FAILURE);
	}
	bench_generator_serve(socket, nic, secgw ? &bench_esp_simple : &bench_vpe);
	_exit(EXIT_SUCCESS);
}

/* --- waiting ------------------------------------------------------------------------------- */

/* Let a program that is told to end say why. */
static void let_end(pid_t *pid)
{
	if (*pid <= 0)
		return;
	kill(*pid, SIGTERM);
	kill(*pid, SIGCONT);
	for (int ms = 0; ms < 2000; ms += LOOK_MS) {
		if (waitpid(*pid, NULL, WNOHANG) == *pid) {
			*pid = 0;
			return;
		}
		poll(NULL, 0, LOOK_MS);
	}
}

/* What happened, and the last thing that the program said. */
static int failed(struct gateway_child *child, int code, const char *what,
		  struct covey_error *error)
{
	char text[400] = "";
	ssize_t len;
	off_t size;

	let_end(&child->program);
	size = lseek(child->output, 0, SEEK_END);
	len = pread(child->output, text, sizeof(text) - 1,
		    size > (off_t)sizeof(text) ? size - (off_t)sizeof(text) + 1 : 0);
	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	return covey_error_set(error, code, "%s %s%s%s", child->name, what, len > 0 ? ":\n" : "",
			       text);
}

static bool has_ended(pid_t *pid)
{
	if (*pid <= 0 || waitpid(*pid, NULL, WNOHANG) != *pid)
		return false;
	*pid = 0;
	return true;
}

static int receive(struct gateway_child *child, void *message, size_t size, int patience_ms,
		   struct covey_error *error)
{
	struct pollfd fd = {.fd = child->socket, .events = POLLIN};

	for (int ms = 0; ms < patience_ms; ms += LOOK_MS) {
		int ready = poll(&fd, 1, LOOK_MS);

		if (ready < 0 && errno == EINTR)
			return covey_error_set(error, -EINTR, "interrupted");
		if (ready > 0 && recv(child->socket, message, size, 0) == (ssize_t)size)
			return 0;
		if (has_ended(&child->program) || has_ended(&child->generator) || ready > 0)
			return failed(child, -EIO, "ended", error);
	}
	return failed(child, -ETIMEDOUT, "does not answer", error);
}

/* --- life ---------------------------------------------------------------------------------- */

static int start_program(struct gateway_child *child, int socket, const char *secgw,
			 const struct gateway_place *place, const struct bench_shape *shape,
			 enum bench_direction direction, struct covey_error *error)
{
	char made;

	child->program = fork();
	if (child->program == 0)
		become_program(child, socket, secgw, place, shape, direction);
	if (child->program < 0)
		return covey_error_set(error, -errno, "%s cannot be started", child->name);
	return receive(child, &made, sizeof(made), START_MS, error);
}

static int start_generator(struct gateway_child *child, int socket, const char *secgw,
			   const struct gateway_place *place, struct covey_error *error)
{
	if (!place->hugepages)
		return 0;
	child->generator = fork();
	if (child->generator == 0)
		become_generator(child, socket, secgw, place);
	if (child->generator < 0)
		return covey_error_set(error, -errno, "no process for the generator");
	return 0;
}

int gateway_child_start(struct gateway_child *child, const char *secgw,
			const struct gateway_place *place, const struct bench_options *options,
			enum bench_direction direction, struct covey_error *error)
{
	struct bench_shape shape = bench_shape_of(options, 1);
	int sockets[2], status;

	*child = (struct gateway_child){
		.name = secgw ? "ipsec-secgw" : bench_vpe.name,
		.socket = -1,
		.output = memfd_create("output", MFD_CLOEXEC),
	};
	if (child->output < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets) < 0) {
		status = covey_error_set(error, -errno, "%s cannot be started: %s", child->name,
					 strerror(errno));
		gateway_child_end(child);
		return status;
	}
	child->socket = sockets[0];
	fcntl(child->socket, F_SETFD, FD_CLOEXEC);
	status = start_program(child, sockets[1], secgw, place, &shape, direction, error);
	if (status == 0)
		status = start_generator(child, sockets[1], secgw, place, error);
	close(sockets[1]);
	if (status < 0)
		gateway_child_end(child);
	else
		kill(child->program, SIGSTOP);
	return status;
}

int gateway_child_ask(struct gateway_child *child, const struct generator_request *request,
		      struct generator_reply *ret_reply, struct covey_error *error)
{
	int status;

	if (send(child->socket, request, sizeof(*request), MSG_NOSIGNAL) < 0)
		return failed(child, -EIO, "ended", error);
	kill(child->program, SIGCONT);
	status = receive(child, ret_reply, sizeof(*ret_reply), ANSWER_MS, error);
	if (status == 0 && ret_reply->status < 0)
		status = failed(child, ret_reply->status, ret_reply->text, error);
	if (child->program > 0)
		kill(child->program, SIGSTOP);
	return status;
}

static void end(pid_t *pid)
{
	if (*pid > 0) {
		kill(*pid, SIGKILL);
		waitpid(*pid, NULL, 0);
	}
	*pid = 0;
}

void gateway_child_end(struct gateway_child *child)
{
	end(&child->generator);
	end(&child->program);
	if (child->socket >= 0)
		close(child->socket);
	if (child->output >= 0)
		close(child->output);
	child->socket = child->output = -1;
}
