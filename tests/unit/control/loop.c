/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_SECONDS 30 /* then a test is stuck */

static bool stuck;
static int descriptors;

static int count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

/* --- our ends ----------------------------------------------------------------------------- */

static void maybe_free(struct end *end, enum occasion occasion)
{
	struct end *victim = end->victim ? end->victim : end;

	if (end->free_on != occasion || victim->freed)
		return;
	victim->freed = true;
	channel_free(victim->channel);
}

static void opened(struct channel *channel, const struct identity *peer, void *arg)
{
	struct end *end = arg;

	end->calls_after_free += end->freed;
	end->opened++;
	end->peer = *peer;
	if (end->greets)
		send_hello(end, "hello");
	maybe_free(end, WHEN_OPENED);
}

static void note(struct end *end, const Covey__Message *message)
{
	if (message->body_case == COVEY__MESSAGE__BODY_HELLO)
		snprintf(end->text, sizeof(end->text), "%s", message->hello->software);
	if (message->body_case == COVEY__MESSAGE__BODY_REFUSED)
		snprintf(end->text, sizeof(end->text), "%s", message->refused->reason);
	if (message->body_case == COVEY__MESSAGE__BODY_ROSTER_ACK)
		end->out_of_order |= message->roster_ack->generation != end->next++;
}

static void received(struct channel *channel, const Covey__Message *message, void *arg)
{
	struct end *end = arg;

	end->calls_after_free += end->freed;
	end->received++;
	note(end, message);
	if (end->refuses) {
		send_hello(end, end->received == 1 ? "welcome" : "refused");
		if (end->received == 2)
			channel_finish(channel, "refused");
	}
	maybe_free(end, WHEN_RECEIVED);
	if (end->freed)
		note(end, message); /* the message outlives the channel until we return */
}

static void closed(struct channel *channel, const char *reason, void *arg)
{
	struct end *end = arg;

	end->calls_after_free += end->freed;
	end->closed++;
	snprintf(end->reason, sizeof(end->reason), "%s", reason);
	maybe_free(end, WHEN_CLOSED);
	if (end->freed || end->keep)
		return;
	end->freed = true;
	channel_free(channel);
}

static const struct channel_handlers handlers = {opened, received, closed};

/* --- strangers ---------------------------------------------------------------------------- */

static void stranger_event(struct bufferevent *bufferevent, short events, void *arg)
{
	struct stranger *stranger = arg;

	if (events & BEV_EVENT_CONNECTED)
		stranger->connected = true;
	else
		stranger->ended = true;
}

static void stranger_read(struct bufferevent *bufferevent, void *arg)
{
	struct stranger *stranger = arg;
	struct evbuffer *input = bufferevent_get_input(bufferevent);

	stranger->received += evbuffer_get_length(input);
	evbuffer_drain(input, evbuffer_get_length(input));
}

static void stranger_start(struct loop *loop, SSL_CTX *context, int fd, bool server)
{
	const int options = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;
	struct stranger *stranger = &loop->stranger;

	evutil_make_socket_nonblocking(fd);
	if (context)
		stranger->bufferevent = bufferevent_openssl_socket_new(
			loop->base, fd, SSL_new(context),
			server ? BUFFEREVENT_SSL_ACCEPTING : BUFFEREVENT_SSL_CONNECTING, options);
	else
		stranger->bufferevent = bufferevent_socket_new(loop->base, fd, options);
	stranger->connected = !context;
	bufferevent_setcb(stranger->bufferevent, stranger_read, NULL, stranger_event, stranger);
	bufferevent_enable(stranger->bufferevent, EV_READ | EV_WRITE);
}

SSL_CTX *strange_context(bool server, const char *stem)
{
	SSL_CTX *context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	char name[PATH_MAX];

	assert_non_null(context);
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	if (!stem)
		return context;
	snprintf(name, sizeof(name), "%s.crt", stem);
	assert_int_equal(SSL_CTX_use_certificate_chain_file(context, pki_file(name)), 1);
	snprintf(name, sizeof(name), "%s.key", stem);
	assert_int_equal(SSL_CTX_use_PrivateKey_file(context, pki_file(name), SSL_FILETYPE_PEM), 1);
	return context;
}

static int connect_to(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

void loop_connect_stranger(struct loop *loop, SSL_CTX *context)
{
	stranger_start(loop, context, connect_to(loop->port), false);
}

/* --- the loop ----------------------------------------------------------------------------- */

static void accepted(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
		     int len, void *arg)
{
	struct loop *loop = arg;
	struct covey_error error;

	if (loop->strange_server)
		stranger_start(loop, loop->strange_context, fd, true);
	else
		assert_int_equal(channel_accept(loop->base, loop->gkm, fd, &handlers, &loop->server,
						&loop->server.channel, &error),
				 0);
}

int loop_setup(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct loop *loop = calloc(1, sizeof(*loop));
	socklen_t len = sizeof(address);

	descriptors = count_descriptors();
	stuck = false;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	loop->base = event_base_new();
	loop->listener = evconnlistener_new_bind(loop->base, accepted, loop,
						 LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 128,
						 (struct sockaddr *)&address, sizeof(address));
	assert_non_null(loop->listener);
	getsockname(evconnlistener_get_fd(loop->listener), (struct sockaddr *)&address, &len);
	loop->port = ntohs(address.sin_port);
	loop->gkm = tls_load(TLS_GKM, "gkm");
	loop->member = tls_load(TLS_MEMBER, "hv1");
	*state = loop;
	return 0;
}

static void end_free(struct end *end)
{
	assert_int_equal(end->calls_after_free, 0);
	assert_true(end->closed <= 1);
	if (end->channel && !end->freed)
		channel_free(end->channel);
}

int loop_teardown(void **state)
{
	struct loop *loop = *state;

	end_free(&loop->server);
	end_free(&loop->client);
	if (loop->stranger.bufferevent)
		bufferevent_free(loop->stranger.bufferevent);
	evconnlistener_free(loop->listener);
	loop_spin(loop);
	tls_free(loop->gkm);
	tls_free(loop->member);
	SSL_CTX_free(loop->strange_context);
	event_base_free(loop->base);
	free(loop);
	assert_int_equal(ERR_peek_error(), 0);
	return count_descriptors() != descriptors;
}

void loop_connect(struct loop *loop)
{
	struct covey_addr address;
	struct covey_error error;

	assert_true(covey_addr_parse("127.0.0.1", &address));
	assert_int_equal(channel_connect(loop->base, loop->member, &address, loop->port, &handlers,
					 &loop->client, &loop->client.channel, &error),
			 0);
}

static void give_up(int fd, short events, void *arg)
{
	stuck = true;
}

static void run_once(struct loop *loop)
{
	const struct timeval patience = {PATIENCE_SECONDS, 0};
	struct event *timer = evtimer_new(loop->base, give_up, NULL);

	event_add(timer, &patience);
	event_base_loop(loop->base, EVLOOP_ONCE);
	event_free(timer);
	if (stuck)
		fail_msg("nothing happens: server \"%s\" client \"%s\"", loop->server.reason,
			 loop->client.reason);
}

void loop_until(struct loop *loop, const int *what, int n)
{
	while (*what < n)
		run_once(loop);
}

void loop_until_true(struct loop *loop, const bool *what)
{
	while (!*what)
		run_once(loop);
}

void loop_open(struct loop *loop)
{
	loop_connect(loop);
	loop_until(loop, &loop->server.opened, 1);
	loop_until(loop, &loop->client.opened, 1);
}

void loop_spin(struct loop *loop)
{
	for (int i = 0; i < 20; i++)
		event_base_loop(loop->base, EVLOOP_NONBLOCK);
}

void send_hello(struct end *end, const char *text)
{
	Covey__Hello hello = COVEY__HELLO__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	hello.software = (char *)text;
	message.body_case = COVEY__MESSAGE__BODY_HELLO;
	message.hello = &hello;
	assert_int_equal(channel_send(end->channel, &message), 0);
}
