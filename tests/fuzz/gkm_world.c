/* SPDX-License-Identifier: BSD-3-Clause */
#include "gkm_world.h"
#include "answer.h"
#include "commands.h"
#include "evictions.h"
#include "fake_events.h"
#include "gkm_sent.h"
#include "local_json.h"
#include "log.h"
#include "must.h"
#include "pool.h"
#include "pool_json.h"
#include "random.h"
#include "revoked_hosts.h"
#include "session.h"
#include "wrapped.h"
#include <errno.h>
#include <string.h>

/* Who asked on the local socket. */
struct local_client {
	bool answered;
};

struct channel {
	const struct channel_handlers *handlers;
	void *arg;
	bool finished;
	struct gkm_peer peer;
};

static struct {
	struct manager manager;
	struct commands *commands;
	struct local_handlers local;
	void *local_arg;
	struct channel *channels[GKM_CHANNELS]; /* the last made comes first */
	int store_error;
	int send_error;
	struct store store;
	struct local_client clients[GKM_CLIENTS];
	unsigned asked;
	struct random random;
} world;

static struct inventory *inventory;

static const char text[] = "all:\n"
			   "  vars:\n"
			   "    covey_fabric: f\n"
			   "    covey_fabric_interface: eth0\n"
			   "    covey_gkm: 10.0.0.100\n"
			   "    covey_groups:\n"
			   "      tenants: {vnis: [100], members: [hv1, hv2, hv3, hv4]}\n"
			   "      g:\n"
			   "        vnis: [200]\n"
			   "        members: [hv1, hv2, hv3]\n"
			   "        send: [hv1, hv2]\n"
			   "        receive: [hv1, hv3]\n"
			   "        key_scope: group\n"
			   "        cipher: aes-128-gcm\n"
			   "  hosts:\n"
			   "    hv1: {covey_vtep: 10.0.0.1}\n"
			   "    hv2: {covey_vtep: 10.0.0.2, covey_sender_id: 2}\n"
			   "    hv3: {covey_vtep: 10.0.0.3}\n"
			   "    hv4: {covey_vtep: 10.0.0.4}\n";

/* --- the store ------------------------------------------------------------------------------- */

static int store_answer(struct covey_error *error)
{
	int status = world.store_error;

	world.store_error = 0;
	return covey_error_set(error, status, "the store fails");
}

static int each_binding(struct store *store, const char *group,
			int (*each)(const char *identity, uint16_t sender_id, void *arg), void *arg,
			struct covey_error *error)
{
	return strcmp(group, "g") == 0 ? each("spiffe://f/host/hv1", 9, arg) : 0;
}

static int each_former(struct store *store, const char *group,
		       int (*each)(const char *identity, uint16_t sender_id, uint32_t until_spi,
				   void *arg),
		       void *arg, struct covey_error *error)
{
	return strcmp(group, "g") == 0 ? each("spiffe://f/host/hv2", 1, 300, arg) : 0;
}

static int read_lifetime(struct store *store, const char *group, uint32_t *ret_seconds,
			 struct covey_error *error)
{
	*ret_seconds = 86400;
	return 0;
}

static int each_eviction(struct store *store,
			 int (*each)(const char *identity, const char *group, void *arg), void *arg,
			 struct covey_error *error)
{
	return 0;
}

/* One group is between two steps back, with a deadline. */
static int read_mode(struct store *store, const char *group, struct store_mode *ret_mode,
		     struct covey_error *error)
{
	*ret_mode =
		strcmp(group, "g") == 0 ? (struct store_mode){5, 2, 1, 3} : (struct store_mode){0};
	return 0;
}

static int take_spi(struct store *store, uint32_t *ret_spi, struct covey_error *error)
{
	int status = store_answer(error);

	if (status)
		return status;
	if (world.store.next_spi > UINT32_MAX)
		return covey_error_set(error, -EOVERFLOW, "no SPI is left");
	*ret_spi = (uint32_t)world.store.next_spi++;
	return 0;
}

static void commit(struct store *store, const struct store_change *changes, size_t count,
		   struct store_request *request)
{
	struct covey_error error = {.text = ""};
	int status = changes[0].kind == STORE_LIFETIME ? 0 : store_answer(&error);

	for (size_t i = 0; i < count && status == 0; i++)
		if (changes[i].kind == STORE_RAISE_SPI && changes[i].spi >= world.store.next_spi)
			world.store.next_spi = (uint64_t)changes[i].spi + 1;
	store_end(request, status, &error);
}

static int copy(struct store *store, size_t max, unsigned char **ret_bytes, size_t *ret_len,
		struct covey_error *error)
{
	int status = store_answer(error);

	if (status)
		return status;
	*ret_len = 64;
	*ret_bytes = calloc(1, *ret_len);
	return *ret_bytes ? 0 : covey_error_set(error, -ENOMEM, "out of memory");
}

static const struct store_ops ops = {
	.each_binding = each_binding,
	.each_former = each_former,
	.read_lifetime = read_lifetime,
	.each_eviction = each_eviction,
	.read_mode = read_mode,
	.commit = commit,
	.take_spi = take_spi,
	.copy = copy,
};

/* --- keys and numbers: for one input always the same ------------------------------------------ */

int __wrap_RAND_bytes(unsigned char *bytes, int count);
int __wrap_RAND_priv_bytes(unsigned char *bytes, int count);

int __wrap_RAND_bytes(unsigned char *bytes, int count)
{
	for (int i = 0; i < count; i++)
		bytes[i] = (unsigned char)random_draw(&world.random, 256);
	return 1;
}

int __wrap_RAND_priv_bytes(unsigned char *bytes, int count)
{
	return __wrap_RAND_bytes(bytes, count);
}

/* --- certificates, log ----------------------------------------------------------------------- */

static int on_shown(size_t host, const struct certificate_chain *certificate, void *arg)
{
	return 0;
}

json_t *revoked_hosts_show(const struct revoked_hosts *revoked)
{
	return json_null();
}

const struct crl_watch *revoked_hosts_lists(const struct revoked_hosts *revoked)
{
	return NULL;
}

bool log_takes(enum log_level level)
{
	return true;
}

/* No peer writes lines of its own into the log. */
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

/* --- channels -------------------------------------------------------------------------------- */

int channel_accept(struct event_base *base, struct tls *tls, int fd,
		   const struct channel_handlers *handlers, void *arg, struct channel **ret_channel,
		   struct covey_error *error)
{
	struct channel *channel = calloc(1, sizeof(*channel));

	must(channel);
	channel->handlers = handlers;
	channel->arg = arg;
	*ret_channel = world.channels[0] = channel;
	return 0;
}

static int send_status(struct channel *channel)
{
	int status = channel->finished ? -ENOTCONN : world.send_error;

	if (status == -ENOBUFS)
		channel->finished = true;
	if (!channel->finished)
		world.send_error = 0;
	return status;
}

/* There is no other key manager to ask. */
int channel_connect(struct event_base *base, struct tls *tls, const struct covey_addr *address,
		    uint16_t port, const struct channel_handlers *handlers, void *arg,
		    struct channel **ret_channel, struct covey_error *error)
{
	return covey_error_set(error, -ECONNREFUSED, "nobody is there");
}

int channel_send(struct channel *channel, const Covey__Message *message)
{
	int status = send_status(channel);

	must(covey__message__get_packed_size(message) <= COVEY_MESSAGE_TO_MEMBER_MAX);
	if (status == 0)
		gkm_sent(&channel->peer, message);
	return status;
}

int channel_send_encoded(struct channel *channel, struct encoded *encoded)
{
	int status = send_status(channel);
	Covey__Message *message;

	must(encoded_len(encoded) <= COVEY_MESSAGE_TO_MEMBER_MAX + MESSAGE_FRAME_HEADER_LEN);
	if (status != 0)
		return status;
	message = message_decode(encoded_data(encoded) + MESSAGE_FRAME_HEADER_LEN,
				 encoded_len(encoded) - MESSAGE_FRAME_HEADER_LEN);
	must(message);
	gkm_sent(&channel->peer, message);
	message_free(message);
	return 0;
}

void channel_finish(struct channel *channel, const char *reason)
{
	channel->finished = true;
}

void channel_free(struct channel *channel)
{
	for (unsigned i = 0; i < GKM_CHANNELS; i++)
		if (world.channels[i] == channel)
			world.channels[i] = NULL;
	free(channel);
}

bool channel_is_flushed(const struct channel *channel)
{
	return true;
}

const char *channel_peer(const struct channel *channel)
{
	return "192.0.2.1 port 4711";
}

const struct certificate_chain *channel_certificate(const struct channel *channel)
{
	return NULL;
}

static void close_channel(struct channel *channel)
{
	channel->handlers->closed(channel, "closed", channel->arg);
}

/* As the event loop does it, later. */
static void close_finished(void)
{
	for (unsigned i = 0; i < GKM_CHANNELS; i++)
		if (world.channels[i] && world.channels[i]->finished)
			close_channel(world.channels[i]);
}

static void make_room(void)
{
	if (!world.channels[0])
		return;
	if (world.channels[GKM_CHANNELS - 1])
		close_channel(world.channels[GKM_CHANNELS - 1]);
	memmove(world.channels + 1, world.channels, (GKM_CHANNELS - 1) * sizeof(world.channels[0]));
	world.channels[0] = NULL;
}

void gkm_world_connect(unsigned number)
{
	struct identity peer = {.role = number % 8 == 7 ? IDENTITY_GKM : IDENTITY_HOST};
	struct covey_error error;
	struct channel *channel;

	make_room();
	must(session_accept(&world.manager.sessions, -1, &error) == 0);
	channel = world.channels[0];
	strcpy(peer.fabric, "f");
	snprintf(peer.host, sizeof(peer.host), "hv%u", number % 7 + 1);
	must(identity_format(peer.role, "f", peer.host, peer.uri, &error) == 0);
	channel->peer = (struct gkm_peer){.host = number % 7};
	channel->handlers->opened(channel, &peer, channel->arg);
	close_finished();
}

bool gkm_world_is_connected(void)
{
	return world.channels[0] != NULL;
}

void gkm_world_receive(const Covey__Message *message)
{
	struct channel *channel = world.channels[0];

	if (!channel)
		return;
	if (message)
		channel->handlers->received(channel, message, channel->arg);
	else
		channel->finished = true; /* as channel.c does */
	close_finished();
	gkm_world_pass(0);
}

void gkm_world_disconnect(void)
{
	if (world.channels[0])
		close_channel(world.channels[0]);
}

void gkm_world_turn(void)
{
	struct channel *first = world.channels[0];

	memmove(world.channels, world.channels + 1, (GKM_CHANNELS - 1) * sizeof(first));
	world.channels[GKM_CHANNELS - 1] = first;
}

/* --- the local socket ------------------------------------------------------------------------ */

int local_open(struct event_base *base, const char *path, const struct local_handlers *handlers,
	       void *arg, struct local_server **ret_server, struct covey_error *error)
{
	world.local = *handlers;
	world.local_arg = arg;
	return 0;
}

void local_close(struct local_server *server)
{
}

void local_answer(struct local_client *client, const char *line)
{
	must(client && !client->answered);
	client->answered = true;
	answer_check(line);
}

void gkm_world_ask(const char *line, size_t len)
{
	must(world.asked < GKM_CLIENTS);
	world.local.request(&world.clients[world.asked++], line, len, world.local_arg);
	close_finished();
	gkm_world_pass(0);
}

void gkm_world_be_patient(void)
{
	gkm_world_pass(GKM_PATIENCE_MS);
	for (unsigned i = 0; i < world.asked; i++) {
		must(world.clients[i].answered);
		world.clients[i].answered = false;
	}
	world.asked = 0;
}

/* --- life ------------------------------------------------------------------------------------ */

void gkm_world_store_fails(int error)
{
	world.store_error = error;
}

void gkm_world_send_fails(int error)
{
	world.send_error = error;
}

void gkm_world_pass(uint64_t ms)
{
	fake_events_pass(ms, close_finished);
}

struct manager *gkm_world_manager(void)
{
	return &world.manager;
}

void gkm_world_start(void)
{
	struct diagnostics diagnostics;

	pool_json_start();
	diagnostics_init(&diagnostics);
	if (inventory_parse("fuzz.yaml", text, sizeof(text) - 1, &diagnostics, &inventory) != 0)
		diagnostics_print(&diagnostics, stderr);
	must(inventory);
	diagnostics_free(&diagnostics);
}

void gkm_world_begin(void)
{
	struct covey_error error;

	memset(&world, 0, sizeof(world));
	fake_events_begin();
	gkm_sent_begin(&world.manager);
	world.store = (struct store){.ops = &ops, .next_spi = COVEY_SPI_MIN};
	world.manager = (struct manager){
		.inventory = inventory, .store = &world.store, .session_max = GKM_CHANNELS};
	must(manager_init(&world.manager, &error) == 0);
	must(evictions_load(&world.manager, &error) == 0);
	world.manager.sessions.handlers.shown = on_shown;
	must(commands_open(&world.manager, "", &world.commands, &error) == 0);
}

void gkm_world_end(void)
{
	commands_close(world.commands);
	manager_free(&world.manager);
	must(fake_events_count() == 0);
	pool_check();
}
