/* SPDX-License-Identifier: BSD-3-Clause */

/* Lines on the host's local socket. No key manager answers, and the dataplane holds nothing. */

#include "answer.h"
#include "commands.h"
#include "count.h"
#include "host.h"
#include "local_server.h"
#include "member.h"
#include "pool.h"
#include "pool_json.h"
#include "requests.h"
#include <event2/event.h>
#include <identity.h>
#include <inventory.h>
#include <log.h>
#include <stdarg.h>

#define LINES_MAX 8

static const char text[] = "all:\n"
			   "  vars:\n"
			   "    covey_fabric: f\n"
			   "    covey_gkm: 127.0.0.1\n"
			   "    covey_groups:\n"
			   "      tenants: {vnis: [100], members: [hv1]}\n"
			   "      storage: {vnis: [200], members: [hv1]}\n"
			   "  hosts:\n"
			   "    hv1: {covey_vtep: 10.0.0.1, covey_fabric_interface: eth0}\n";

/* Who asked, and whether it has its answer. */
struct local_client {
	bool answered;
};

static struct {
	struct inventory *inventory;
	struct identity identity;
	struct host host;
	struct commands *commands;
	struct local_handlers handlers;
	void *arg;
	struct local_client clients[LINES_MAX];
	unsigned asked;
} world;

/* --- below ---------------------------------------------------------------------------------- */

void dataplane_read_counters(const struct dataplane *dataplane,
			     struct dataplane_counters *ret_counters)
{
	*ret_counters = (struct dataplane_counters){.bypassed_in = UINT64_MAX};
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
	must(group < COVEY_GROUPS_PER_HOST_MAX);
	*ret_counters = (struct dataplane_group_counters){.received = {UINT64_MAX, UINT64_MAX}};
}

size_t dataplane_read_senders(const struct dataplane *dataplane, uint32_t group,
			      struct dataplane_sender_counters *senders, size_t max)
{
	must(group < COVEY_GROUPS_PER_HOST_MAX);
	return 0;
}

size_t dataplane_read_windows(const struct dataplane *dataplane,
			      struct dataplane_window_status *windows, size_t max)
{
	windows[0] =
		(struct dataplane_window_status){.spi = 256, .sender_id = 1, .esn = UINT64_MAX};
	return 1;
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

size_t dataplane_read_heard(const struct dataplane *dataplane, struct dataplane_heard *list,
			    size_t max)
{
	must(max > 0);
	*list = (struct dataplane_heard){
		.vni = 100, .packets = UINT64_MAX, .reason = COVEY_DROP_COUNT};
	return 1;
}

size_t dataplane_read_unknown_vnis(const struct dataplane *dataplane, uint32_t *vnis, size_t max)
{
	return 0;
}

unsigned dataplane_workers(const struct dataplane *dataplane)
{
	return 1;
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
		     size_t count, struct covey_error *error)
{
	return 0;
}

int local_open(struct event_base *base, const char *path, const struct local_handlers *handlers,
	       void *arg, struct local_server **ret_server, struct covey_error *error)
{
	world.handlers = *handlers;
	world.arg = arg;
	return 0;
}

void local_close(struct local_server *server)
{
}

int local_client_peer(const struct local_client *client, struct ucred *ret_peer)
{
	*ret_peer = (struct ucred){.pid = 1};
	return 0;
}

void local_answer(struct local_client *client, const char *line)
{
	must(!client->answered);
	client->answered = true;
	answer_check(line);
}

/* --- the log -------------------------------------------------------------------------------- */

bool log_takes(enum log_level level)
{
	return true;
}

/* No client writes lines of its own into the log. */
void log_line(enum log_level level, const char *format, ...)
{
	char line[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	for (const char *at = line; *at; at++)
		must((unsigned char)*at >= ' ' && *at != 0x7f);
}

/* --- life ----------------------------------------------------------------------------------- */

static void changed(void *arg)
{
	(void)arg;
	commands_changed(world.commands);
}

static void read_inventory(void)
{
	struct diagnostics diagnostics;

	diagnostics_init(&diagnostics);
	must(inventory_parse("fuzz", text, sizeof(text) - 1, &diagnostics, &world.inventory) == 0);
	diagnostics_free(&diagnostics);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const struct dataplane_ops ops = {.group_set = group_set};
	struct event_base *base = event_base_new();
	struct covey_error error;
	struct member_config config = {.base = base, .ops = &ops, .changed = changed};

	(void)argc, (void)argv;
	pool_json_start();
	read_inventory();
	must(identity_parse("spiffe://f/host/hv1", &world.identity, &error) == 0);
	config.gkms = &world.inventory->gkms;
	config.vtep = world.inventory->hosts[0].vtep;
	must(member_new(&config, &world.host.member, &error) == 0);
	world.host.inventory = world.inventory;
	world.host.self = &world.inventory->hosts[0];
	world.host.identity = &world.identity;
	must(commands_open(base, "", &world.host, &world.commands, &error) == 0);
	return 0;
}

static void ask(const char *line, size_t len)
{
	struct local_client *client = &world.clients[world.asked++];

	client->answered = false;
	world.handlers.request(client, line, len, world.arg);
}

/* Who waits for a group that is left has its answer, too. */
static void leave_all(void)
{
	struct covey_error error;

	(void)member_leave(world.host.member, "tenants", &error);
	(void)member_leave(world.host.member, "storage", &error);
	commands_changed(world.commands);
}

static void end(void)
{
	leave_all();
	while (world.asked)
		must(world.clients[--world.asked].answered);
	pool_check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct requests requests = {.at_once = LINES_MAX, .ask = ask, .end = end};

	count(requests_try(&requests, data, size));
	return 0;
}
