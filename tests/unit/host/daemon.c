/* SPDX-License-Identifier: BSD-3-Clause */

#include "daemon.h"

#include <clock.h>
#include <dataplane.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* --- a dataplane of nothing ------------------------------------------------------------------- */

void dataplane_read_counters(const struct dataplane *dataplane,
			     struct dataplane_counters *ret_counters)
{
	memset(ret_counters, 0, sizeof(*ret_counters));
	ret_counters->drops[COVEY_DROP_IN_ICV] = 3;
	ret_counters->clear_out = 7;
	ret_counters->clear_in = 9;
	ret_counters->unheard = 1;
	ret_counters->would_drop[COVEY_DROP_IN_CLEAR_VXLAN] = 9;
}

size_t dataplane_read_heard(const struct dataplane *dataplane, struct dataplane_heard *list,
			    size_t max)
{
	list[0] = (struct dataplane_heard){.vni = 300,
					   .packets = 8,
					   .would_drop = 8,
					   .reason = COVEY_DROP_IN_CLEAR_VXLAN,
					   .seen_ms = 61999};
	list[1] = (struct dataplane_heard){
		.vni = 300, .outbound = true, .packets = 7, .reason = COVEY_DROP_COUNT};
	covey_addr_parse("10.0.0.9", &list[0].peer);
	covey_addr_parse("fd00::9", &list[1].peer);
	return 2;
}

size_t dataplane_read_unknown_vnis(const struct dataplane *dataplane, uint32_t *vnis, size_t max)
{
	vnis[0] = 300;
	vnis[1] = 4711;
	return 2;
}

size_t dataplane_read_sas(const struct dataplane *dataplane, struct dataplane_sa_status *sas,
			  size_t max)
{
	return 0;
}

size_t dataplane_read_sent(const struct dataplane *dataplane, uint32_t spi,
			   struct dataplane_window_status *windows, size_t max)
{
	return 0;
}

void dataplane_read_group(const struct dataplane *dataplane, uint32_t group,
			  struct dataplane_group_counters *ret_counters)
{
	*ret_counters = (struct dataplane_group_counters){
		.sent = {{10, 1000}, [5] = {2 + group, 200}}, .received = {7, 700}};
}

size_t dataplane_read_senders(const struct dataplane *dataplane, uint32_t group,
			      struct dataplane_sender_counters *senders, size_t max)
{
	const struct dataplane_sender_counters counters = {
		.sender_id = 2, .received = {7, 700}, .heard_ms = 1500};

	if (max > 0)
		senders[0] = counters;
	return 1;
}

size_t dataplane_read_windows(const struct dataplane *dataplane,
			      struct dataplane_window_status *windows, size_t max)
{
	windows[0] = (struct dataplane_window_status){
		.spi = 256, .sender_id = 1, .window_id = 0x3001, .esn = 0x0001000000000005};
	/* More than were asked for: the reader must not believe it blindly. */
	return max + 5;
}

void dataplane_read_ports(const struct dataplane *dataplane, struct dataplane_port_status ports[2])
{
	memset(ports, 0, 2 * sizeof(ports[0]));
}

void dataplane_read_buffers(const struct dataplane *dataplane,
			    struct dataplane_buffers *ret_buffers)
{
	*ret_buffers = (struct dataplane_buffers){.total = 8191, .free = 8000};
}

unsigned dataplane_workers(const struct dataplane *dataplane)
{
	return 2;
}

int dataplane_capture_begin(struct dataplane *dataplane)
{
	return 0;
}

size_t dataplane_capture_take(struct dataplane *dataplane, struct dataplane_captured *list,
			      size_t max, uint64_t *ret_missed)
{
	list[0] = (struct dataplane_captured){
		.reason = COVEY_DROP_IN_ICV, .full_len = 100, .len = 2, .bytes = {0x12, 0xef}};
	*ret_missed = 4;
	return 1;
}

void dataplane_capture_end(struct dataplane *dataplane)
{
}

static int group_set(struct dataplane *dataplane, uint32_t group, const uint32_t *vnis,
		     size_t vni_count, struct covey_error *error)
{
	return 0;
}

/* --- life ------------------------------------------------------------------------------------- */

static const char inventory_text[] =
	"all:\n"
	"  vars:\n"
	"    covey_fabric: test.example\n"
	"    covey_gkm: 127.0.0.1\n"
	"    covey_groups:\n"
	"      tenants: {vnis: [100], members: [hv1]}\n"
	"      storage: {vnis: [200], members: [hv1]}\n"
	"  hosts:\n"
	"    hv1: {covey_vtep: 10.0.0.1, covey_fabric_interface: eth0}\n";

static void changed(void *arg)
{
	struct daemon *daemon = arg;

	commands_changed(daemon->commands);
}

static void load_inventory(struct daemon *daemon)
{
	struct diagnostics diagnostics;
	int status;

	diagnostics_init(&diagnostics);
	status = inventory_parse("test", inventory_text, strlen(inventory_text), &diagnostics,
				 &daemon->inventory);
	diagnostics_print(&diagnostics, stderr);
	diagnostics_free(&diagnostics);
	assert_int_equal(status, 0);
}

static void start_member(struct daemon *daemon)
{
	static const struct dataplane_ops ops = {.group_set = group_set};
	struct covey_error error;
	const struct member_config config = {
		.base = daemon->base,
		.gkms = &daemon->inventory->gkms,
		.gkm_port = daemon->inventory->gkm_port,
		.vtep = daemon->inventory->hosts[0].vtep,
		.ops = &ops,
		.changed = changed,
		.arg = daemon,
	};

	assert_int_equal(member_new(&config, &daemon->member, &error), 0);
	daemon->host = (struct host){.inventory = daemon->inventory,
				     .self = &daemon->inventory->hosts[0],
				     .identity = &daemon->identity,
				     .member = daemon->member,
				     .ready = true};
}

struct daemon *daemon_new(void)
{
	struct daemon *daemon = calloc(1, sizeof(*daemon));
	struct covey_error error = {.text = ""};

	assert_non_null(daemon);
	strcpy(daemon->directory, "/tmp/covey-host-test-XXXXXX");
	assert_non_null(mkdtemp(daemon->directory));
	snprintf(daemon->socket, sizeof(daemon->socket), "%s/run/host.sock", daemon->directory);
	daemon->base = event_base_new();
	assert_non_null(daemon->base);
	load_inventory(daemon);
	assert_int_equal(
		identity_parse("spiffe://test.example/host/hv1", &daemon->identity, &error), 0);
	start_member(daemon);
	assert_int_equal(commands_open(daemon->base, daemon->socket, &daemon->host,
				       &daemon->commands, &error),
			 0);
	return daemon;
}

void daemon_free(struct daemon *daemon)
{
	char run[80];

	commands_close(daemon->commands);
	/* The socket is gone, or its folder could not be removed. */
	snprintf(run, sizeof(run), "%s/run", daemon->directory);
	assert_int_equal(rmdir(run), 0);
	assert_int_equal(rmdir(daemon->directory), 0);
	member_free(daemon->member);
	inventory_free(daemon->inventory);
	event_base_free(daemon->base);
	free(daemon);
}

/* --- clients ---------------------------------------------------------------------------------- */

int daemon_connect(const struct daemon *daemon)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", daemon->socket);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

void daemon_run(struct daemon *daemon)
{
	/* Accepting, reading and answering take one turn each. */
	for (int turn = 0; turn < 8; turn++)
		event_base_loop(daemon->base, EVLOOP_NONBLOCK);
}

const char *daemon_read(struct daemon *daemon, int client)
{
	static char line[8u << 20];
	size_t len = 0;
	uint64_t deadline = clock_ms() + 10000;

	for (;;) {
		ssize_t got = read(client, line + len, sizeof(line) - 1 - len);

		if (got > 0)
			len += (size_t)got;
		line[len] = '\0';
		if (got == 0 || (got < 0 && errno == ECONNRESET) || strchr(line, '\n'))
			return line;
		assert_true(got > 0 || errno == EAGAIN);
		assert_true(clock_ms() < deadline);
		event_base_loop(daemon->base, EVLOOP_NONBLOCK);
	}
}

json_t *daemon_ask(struct daemon *daemon, const char *request)
{
	int client = daemon_connect(daemon);
	json_t *answer;

	assert_int_equal(write(client, request, strlen(request)), strlen(request));
	answer = json_loads(daemon_read(daemon, client), 0, NULL);
	assert_non_null(answer);
	close(client);
	daemon_run(daemon);
	return answer;
}
