/* SPDX-License-Identifier: BSD-3-Clause */
#include "gkm_scale_wire.h"

#include <arpa/inet.h>
#include <diagnostics.h>
#include <errno.h>
#include <fcntl.h>
#include <inventory.h>
#include <local_json.h>
#include <member.h>
#include <probe_ask.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vxlan_devices.h>

#include "gkm_scale_crowd.h"
#include "gkm_scale_probe.h"

/* What a VXLAN packet of the first member may have. */
#define FULL 1480

/* The first member, as covey-host. */
struct asking {
	struct crowd *crowd;
	struct inventory *inventory;
	struct probe_ask *ask;
	struct local_server *server;
	struct event *child;
	uint16_t full;
	pid_t pid;
	int status; /* of the program */
};

/* --- instead of the rest of covey-host ------------------------------------------------------ */

int member_send(struct member *member, const Covey__Message *message)
{
	struct scale_member *simulated = (struct scale_member *)member;

	simulated->probe->reports++;
	scale_member_say(simulated, message);
	return 0;
}

/* One that sends by multicast. */
int vxlan_devices_list(struct vxlan_devices *ret_devices, struct covey_error *error)
{
	struct vxlan_device *device = calloc(1, sizeof(*device));
	uint32_t remote = htonl(0xef010101);

	if (!device)
		return covey_error_set(error, -ENOMEM, "out of memory");
	device->vni = SCALE_FIRST_VNI;
	device->port = 4789;
	device->remote.family = AF_INET;
	memcpy(device->remote.bytes, &remote, sizeof(remote));
	*ret_devices = (struct vxlan_devices){.list = device, .count = 1};
	return 0;
}

void vxlan_devices_free(struct vxlan_devices *devices)
{
	free(devices->list);
	*devices = (struct vxlan_devices){0};
}

static void on_request(struct local_client *client, const char *line, size_t len, void *arg)
{
	struct asking *asking = arg;
	const char *command;
	json_t *request = local_request_read(client, line, len, &command);

	if (!request)
		return;
	if (strcmp(command, "probe") == 0)
		probe_ask_request(asking->ask, (struct member *)&asking->crowd->members[0], client,
				  request);
	else
		local_answer_error(client, "this is gkm-scale, which knows probes only");
	json_decref(request);
}

static void on_report(void *arg, const Covey__ProbeReport *report)
{
	struct asking *asking = arg;

	probe_ask_reported(asking->ask, report);
}

/* --- the program --------------------------------------------------------------------------- */

static void path_of(const struct scale_gkm *gkm, const char *name, char path[512])
{
	snprintf(path, 512, "%s/%s", gkm->directory, name);
}

static void on_child(evutil_socket_t number, short what, void *arg)
{
	struct asking *asking = arg;

	if (asking->pid <= 0 || waitpid(asking->pid, &asking->status, WNOHANG) != asking->pid)
		return;
	asking->pid = 0;
	event_base_loopbreak(asking->crowd->base);
}

static void become_covey(const struct scale_gkm *gkm, const char *program)
{
	char inventory[512], socket[512], answer[512];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	path_of(gkm, "inventory.yaml", inventory);
	path_of(gkm, "host.sock", socket);
	path_of(gkm, "answer", answer);
	dup2(open(answer, O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
	execl(program, program, "--inventory", inventory, "--socket", socket, "--json", "check",
	      "--wire", "g1", NULL);
	_exit(127);
}

static void stop(struct asking *asking)
{
	if (asking->pid > 0) {
		kill(asking->pid, SIGKILL);
		waitpid(asking->pid, NULL, 0);
	}
	if (asking->child)
		event_free(asking->child);
	local_close(asking->server);
	probe_ask_free(asking->ask);
	inventory_free(asking->inventory);
	asking->crowd->reported = NULL;
}

static int prepare(struct asking *asking, const struct scale_gkm *gkm, struct covey_error *error)
{
	static const struct local_handlers handlers = {.request = on_request};
	struct event_base *base = asking->crowd->base;
	struct diagnostics diagnostics = {0};
	char path[512];
	int status;

	path_of(gkm, "inventory.yaml", path);
	status = inventory_load(path, &diagnostics, &asking->inventory);
	diagnostics_free(&diagnostics);
	if (status < 0)
		return covey_error_set(error, status, "cannot read %s", path);
	asking->ask = probe_ask_new(base, asking->inventory,
				    inventory_find_host(asking->inventory, "h1"), &asking->full);
	asking->child = evsignal_new(base, SIGCHLD, on_child, asking);
	if (!asking->ask || !asking->child || event_add(asking->child, NULL) < 0)
		return covey_error_set(error, -ENOMEM, "out of memory");
	asking->crowd->reported = on_report;
	asking->crowd->reported_arg = asking;
	path_of(gkm, "host.sock", path);
	return local_open(base, path, &handlers, asking, &asking->server, error);
}

/* --- what came out ------------------------------------------------------------------------- */

static int judge_direction(const struct crowd *crowd, const json_t *direction,
			   struct covey_error *error)
{
	const char *from = json_string_value(json_object_get(direction, "from"));
	const char *to = json_string_value(json_object_get(direction, "to"));
	const char *verdict = json_string_value(json_object_get(direction, "verdict"));
	const char *wanted = "encrypted", * or = NULL;

	if (!from || !to || !verdict)
		return covey_error_set(error, -EPROTO, "covey names no direction");
	if (crowd->faults)
		wanted = scale_fault_verdict((size_t)atol(from + 1) - 1, (size_t)atol(to + 1) - 1,
					     & or);
	if (strcmp(verdict, wanted) == 0 || (or &&strcmp(verdict, or) == 0))
		return 0;
	return covey_error_set(error, -EPROTO, "covey says \"%s\" of %s to %s, not \"%s\": %s",
			       verdict, from, to, wanted,
			       json_string_value(json_object_get(direction, "detail")));
}

static size_t number_of(const json_t *object, const char *name)
{
	return (size_t)json_integer_value(json_object_get(object, name));
}

static int judge(const struct crowd *crowd, const json_t *answer, int program_status,
		 struct scale_wire_result *result, struct covey_error *error)
{
	const json_t *directions = json_object_get(answer, "directions"), *direction;
	const json_t *group = json_array_get(json_object_get(answer, "groups"), 0);
	int status = 0;
	size_t i;

	result->directions = json_array_size(directions);
	result->encrypted = number_of(answer, "good");
	result->runs = number_of(group, "runs");
	result->pairs = number_of(group, "pairs_planned");
	result->of_pairs = number_of(group, "pairs");
	json_array_foreach(directions, i, direction)
		if (status == 0)
			status = judge_direction(crowd, direction, error);
	if (status < 0)
		return status;
	if (result->directions == 0 || result->encrypted > result->directions)
		return covey_error_set(error, -EPROTO, "covey has no answer");
	if (!WIFEXITED(program_status) ||
	    (WEXITSTATUS(program_status) == 0) != (result->encrypted == result->directions))
		return covey_error_set(error, -EPROTO,
				       "covey's exit status does not go with its answer");
	return 0;
}

static int read_answer(const struct asking *asking, const struct scale_gkm *gkm,
		       struct scale_wire_result *result, struct covey_error *error)
{
	json_error_t reason;
	json_t *answer;
	char path[512];
	int status;

	path_of(gkm, "answer", path);
	answer = json_load_file(path, 0, &reason);
	if (!answer)
		return covey_error_set(error, -EPROTO, "covey's answer cannot be read: %s",
				       reason.text);
	status = judge(asking->crowd, answer, asking->status, result, error);
	json_decref(answer);
	return status;
}

/* So that a difference of two is what the program caused. */
static void add_up(const struct crowd *crowd, struct scale_wire_result *ret_sum)
{
	*ret_sum = (struct scale_wire_result){0};
	for (size_t i = 0; i < crowd->connected; i++) {
		const struct scale_probe *probe = crowd->members[i].probe;

		ret_sum->messages_to += probe->reports;
		ret_sum->messages_from += probe->orders;
		ret_sum->bytes_from += scale_member_wire_bytes(&crowd->members[i]);
		ret_sum->bytes_to += scale_member_said_bytes(&crowd->members[i]);
		ret_sum->frames += probe->sent;
		if (probe->sent > ret_sum->frames_most)
			ret_sum->frames_most = probe->sent;
		if (probe->received > ret_sum->received_most)
			ret_sum->received_most = probe->received;
	}
	ret_sum->messages_from += crowd->reports;
}

static void subtract(const struct scale_wire_result *before, struct scale_wire_result *result)
{
	result->messages_to -= before->messages_to;
	result->messages_from -= before->messages_from;
	result->bytes_to -= before->bytes_to;
	result->bytes_from -= before->bytes_from;
	result->frames -= before->frames;
}

static int run(struct asking *asking, const struct scale_gkm *gkm, const char *program,
	       double seconds, struct covey_error *error)
{
	asking->pid = fork();
	if (asking->pid == 0)
		become_covey(gkm, program);
	if (asking->pid < 0)
		return covey_error_set(error, -errno, "cannot start %s: %m", program);
	if (crowd_idle(asking->crowd, seconds, error) < 0)
		return -EPROTO;
	return asking->pid == 0
		       ? 0
		       : covey_error_set(error, -ETIMEDOUT, "%s has not ended after %.0f s",
					 program, seconds);
}

int scale_wire_measure(struct crowd *crowd, const struct scale_gkm *gkm, const char *program,
		       double seconds, struct scale_wire_result *ret_result,
		       struct covey_error *error)
{
	struct asking asking = {.crowd = crowd, .full = FULL};
	struct scale_wire_result before, result;
	double began, cpu_s = scale_gkm_cost(gkm).cpu_s;
	int status = prepare(&asking, gkm, error);

	add_up(crowd, &before);
	began = crowd_now();
	if (status == 0)
		status = run(&asking, gkm, program, seconds, error);
	add_up(crowd, &result);
	subtract(&before, &result);
	result.seconds = crowd_now() - began;
	result.gkm_cpu_s = scale_gkm_cost(gkm).cpu_s - cpu_s;
	if (status == 0)
		status = read_answer(&asking, gkm, &result, error);
	stop(&asking);
	result.measured = status == 0;
	if (status == 0)
		*ret_result = result;
	return status;
}

int scale_wire_prepare(struct crowd *crowd, struct covey_error *error)
{
	crowd->probes = calloc(crowd->count, sizeof(*crowd->probes));
	if (!crowd->probes)
		return covey_error_set(error, -ENOMEM, "out of memory");
	for (size_t i = 0; i < crowd->count; i++)
		crowd->members[i].probe = &crowd->probes[i];
	return 0;
}

void scale_wire_free(struct crowd *crowd)
{
	for (size_t i = 0; crowd->probes && i < crowd->count; i++)
		scale_probe_free(&crowd->members[i]);
	free(crowd->probes);
	crowd->probes = NULL;
}
