/* SPDX-License-Identifier: BSD-3-Clause */

/* A channel between two ends that trust each other: delivery, order, bounds and ends. */

#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "channel_private.h"
#include "loop.h"

static int send_ack(struct end *end, uint64_t generation)
{
	Covey__RosterAck ack = COVEY__ROSTER_ACK__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	ack.generation = generation;
	message.body_case = COVEY__MESSAGE__BODY_ROSTER_ACK;
	message.roster_ack = &ack;
	return channel_send(end->channel, &message);
}

/* A Refused whose encoding has about this many bytes. */
static int send_long(struct end *end, size_t len)
{
	Covey__Refused refused = COVEY__REFUSED__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;
	int status;

	refused.reason = calloc(1, len + 1);
	memset(refused.reason, 'x', len);
	message.body_case = COVEY__MESSAGE__BODY_REFUSED;
	message.refused = &refused;
	status = channel_send(end->channel, &message);
	free(refused.reason);
	return status;
}

static void each_knows_the_other(void **state)
{
	struct loop *loop = *state;

	loop_open(loop);
	assert_string_equal(loop->server.peer.uri, "spiffe://lab/host/hv1");
	assert_string_equal(loop->client.peer.uri, "spiffe://lab/gkm");
	assert_int_equal(strncmp(channel_peer(loop->server.channel), "127.0.0.1 port ", 15), 0);
	assert_non_null(strstr(channel_peer(loop->client.channel), "127.0.0.1 port "));
	assert_string_equal(tls_identity(loop->gkm)->uri, "spiffe://lab/gkm");
}

static void messages_arrive_both_ways(void **state)
{
	struct loop *loop = *state;

	loop_open(loop);
	send_hello(&loop->client, "from the member");
	send_hello(&loop->server, "from the key manager");
	loop_until(loop, &loop->server.received, 1);
	loop_until(loop, &loop->client.received, 1);
	assert_string_equal(loop->server.text, "from the member");
	assert_string_equal(loop->client.text, "from the key manager");
}

static void order_is_kept(void **state)
{
	struct loop *loop = *state;

	loop_open(loop);
	for (int i = 0; i < 5000; i++) {
		assert_int_equal(send_ack(&loop->client, (uint64_t)i), 0);
		assert_int_equal(send_ack(&loop->server, (uint64_t)i), 0);
	}
	loop_until(loop, &loop->server.received, 5000);
	loop_until(loop, &loop->client.received, 5000);
	assert_false(loop->server.out_of_order);
	assert_false(loop->client.out_of_order);
}

/* The longest that may be, many at once, far more than socket buffers hold. */
static void long_messages_arrive(void **state)
{
	struct loop *loop = *state;

	loop_open(loop);
	for (int i = 0; i < 24; i++) {
		assert_int_equal(send_long(&loop->server, COVEY_MESSAGE_TO_MEMBER_MAX - 8), 0);
		assert_int_equal(send_ack(&loop->server, (uint64_t)i), 0);
		assert_int_equal(send_long(&loop->client, COVEY_MESSAGE_TO_GKM_MAX - 8), 0);
		assert_int_equal(send_ack(&loop->client, (uint64_t)i), 0);
	}
	loop_until(loop, &loop->client.received, 48);
	loop_until(loop, &loop->server.received, 48);
	assert_false(loop->client.out_of_order);
	assert_false(loop->server.out_of_order);
}

static void too_long_a_message_is_not_sent(void **state)
{
	struct loop *loop = *state;

	loop_open(loop);
	assert_int_equal(send_long(&loop->server, COVEY_MESSAGE_TO_MEMBER_MAX), -EMSGSIZE);
	assert_int_equal(send_long(&loop->client, COVEY_MESSAGE_TO_GKM_MAX), -EMSGSIZE);
	send_hello(&loop->client, "still fine");
	loop_until(loop, &loop->server.received, 1);
}

static void end_is_seen_by_the_other(void **state)
{
	struct loop *loop = *state;

	loop_open(loop);
	send_hello(&loop->client, "bye");
	loop_until(loop, &loop->server.received, 1);
	loop->client.freed = true;
	channel_free(loop->client.channel);
	loop_until(loop, &loop->server.closed, 1);
	assert_string_equal(loop->server.reason, "peer closed");
	loop_spin(loop);
	assert_int_equal(loop->client.closed, 0); /* not after channel_free() */
}

static void finish_delivers_what_is_queued(void **state)
{
	struct loop *loop = *state;

	loop_open(loop);
	/* The other end has sent what nobody will read: no reset may eat the last words. */
	for (int i = 0; i < 1000; i++)
		send_ack(&loop->client, (uint64_t)i);
	for (int i = 0; i < 12; i++)
		assert_int_equal(send_long(&loop->server, COVEY_MESSAGE_TO_MEMBER_MAX - 8), 0);
	send_hello(&loop->server, "last words");
	channel_finish(loop->server.channel, "superseded");
	assert_int_equal(send_ack(&loop->server, 0), -ENOTCONN);
	loop_until(loop, &loop->server.closed, 1);
	loop_until(loop, &loop->client.closed, 1);
	assert_int_equal(loop->client.received, 13);
	assert_string_equal(loop->client.text, "last words");
	assert_string_equal(loop->client.reason, "peer closed");
	assert_string_equal(loop->server.reason, "superseded");
	assert_int_equal(loop->server.received, 0);
}

/* libevent's word that the queue was empty comes late; what was queued meanwhile still arrives. */
static void finish_right_after_another_message(void **state)
{
	struct loop *loop = *state;

	loop_open(loop);
	loop->server.refuses = true;
	send_hello(&loop->client, "hello");
	send_hello(&loop->client, "nonsense");
	loop_until(loop, &loop->client.closed, 1);
	assert_int_equal(loop->client.received, 2);
	assert_string_equal(loop->client.text, "refused");
}

static void finish_of_an_empty_queue(void **state)
{
	struct loop *loop = *state;

	loop_open(loop);
	channel_finish(loop->client.channel, "shutting down");
	assert_int_equal(loop->client.closed, 0); /* from the loop, never from the call */
	loop_until(loop, &loop->client.closed, 1);
	loop_until(loop, &loop->server.closed, 1);
	assert_string_equal(loop->client.reason, "shutting down");
}

static void finish_before_it_is_open(void **state)
{
	struct loop *loop = *state;

	loop_connect(loop);
	channel_finish(loop->client.channel, "changed my mind");
	assert_int_equal(loop->client.closed, 0);
	loop_until(loop, &loop->client.closed, 1);
	assert_string_equal(loop->client.reason, "changed my mind");
	assert_int_equal(loop->client.opened, 0);
}

static void nothing_is_sent_on_a_closed_channel(void **state)
{
	struct loop *loop = *state;

	loop->server.keep = true;
	loop_open(loop);
	loop->client.freed = true;
	channel_free(loop->client.channel);
	loop_until(loop, &loop->server.closed, 1);
	assert_int_equal(send_ack(&loop->server, 1), -ENOTCONN);
	channel_finish(loop->server.channel, "again");
	loop_spin(loop);
	assert_int_equal(loop->server.closed, 1);
}

static void nothing_is_sent_before_it_is_open(void **state)
{
	struct loop *loop = *state;

	loop_connect(loop);
	assert_int_equal(send_ack(&loop->client, 1), -ENOTCONN);
}

static void refused_connection_says_so(void **state)
{
	struct loop *loop = *state;

	evconnlistener_disable(loop->listener);
	loop->port = 1; /* tcpmux: nobody has it */
	loop_connect(loop);
	assert_int_equal(loop->client.closed, 0);
	loop_until(loop, &loop->client.closed, 1);
	assert_non_null(strstr(loop->client.reason, "Connection refused"));
	assert_non_null(strstr(loop->client.reason, "127.0.0.1 port 1"));
}

static void free_while_it_connects(void **state)
{
	struct loop *loop = *state;

	loop_connect(loop);
	loop->client.freed = true;
	channel_free(loop->client.channel);
	loop_spin(loop);
	assert_int_equal(loop->client.opened + loop->client.closed, 0);
}

static void freeing(struct loop *loop, struct end *end, enum occasion occasion, struct end *victim)
{
	end->free_on = occasion;
	end->victim = victim;
	loop_connect(loop);
	while (!loop->server.freed || !loop->client.freed) {
		if (loop->client.opened && loop->server.opened && !loop->client.freed &&
		    !loop->client.closed && loop->client.next == 0) {
			for (int i = 0; i < 10; i++)
				send_ack(&loop->client, (uint64_t)i);
			loop->client.next = 1;
		}
		if (occasion == WHEN_CLOSED && loop->server.received == 10 && !loop->client.closed)
			channel_finish(loop->client.channel, "done");
		event_base_loop(loop->base, EVLOOP_ONCE);
	}
	loop_spin(loop);
}

static void free_inside_opened(void **state)
{
	freeing(*state, &((struct loop *)*state)->server, WHEN_OPENED, NULL);
}

static void free_inside_opened_of_the_client(void **state)
{
	freeing(*state, &((struct loop *)*state)->client, WHEN_OPENED, NULL);
}

static void free_inside_received(void **state)
{
	struct loop *loop = *state;

	freeing(loop, &loop->server, WHEN_RECEIVED, NULL);
	assert_int_equal(loop->server.received, 1);
}

static void free_inside_closed(void **state)
{
	struct loop *loop = *state;

	freeing(loop, &loop->server, WHEN_CLOSED, NULL);
	assert_int_equal(loop->server.received, 10);
}

static void free_the_other_inside_received(void **state)
{
	struct loop *loop = *state;

	freeing(loop, &loop->server, WHEN_RECEIVED, &loop->client);
	assert_int_equal(loop->client.closed, 0);
}

static void free_of_nothing(void **state)
{
	channel_free(NULL);
	tls_free(NULL);
}

static void first_end_counts(void **state)
{
	struct loop *loop = *state;

	loop->server.keep = true;
	loop_open(loop);
	channel_end(loop->server.channel, "first");
	channel_end(loop->server.channel, "second");
	loop_until(loop, &loop->server.closed, 1);
	channel_end(loop->server.channel, "third");
	loop_spin(loop);
	assert_string_equal(loop->server.reason, "first");
	assert_int_equal(loop->server.closed, 1);
}

/* libevent's memory comes through here: what it gives back must hold no key. */
static uint8_t tek[32];
static int leaks;

static void watching_free(void *memory)
{
	if (memory && tek[0] && memmem(memory, malloc_usable_size(memory), tek, sizeof(tek)))
		leaks++;
	free(memory);
}

static void keys_do_not_stay_in_buffers(void **state)
{
	struct loop *loop = *state;
	Covey__SaInstall install = COVEY__SA_INSTALL__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	for (size_t i = 0; i < sizeof(tek); i++)
		tek[i] = (uint8_t)(0xa5 ^ i * 7);
	install.tek = (ProtobufCBinaryData){sizeof(tek), tek};
	message.body_case = COVEY__MESSAGE__BODY_SA_INSTALL;
	message.sa_install = &install;
	loop_open(loop);
	assert_int_equal(channel_send(loop->server.channel, &message), 0);
	loop_until(loop, &loop->client.received, 1);
	loop->server.freed = loop->client.freed = true;
	channel_free(loop->server.channel);
	channel_free(loop->client.channel);
	loop_spin(loop);
	assert_int_equal(leaks, 0);
}

static int option_of(const struct end *end, int level, int option)
{
	int value = -1;
	socklen_t len = sizeof(value);
	int fd = bufferevent_getfd(end->channel->bufferevent);

	assert_int_equal(getsockopt(fd, level, option, &value, &len), 0);
	return value;
}

/* A cut wire is noticed after 9 s with data on its way, and by probes after 2 s without, at both
 * ends: long before the silence of a heartbeat. */
static void a_cut_wire_is_noticed_soon(void **state)
{
	struct loop *loop = *state;
	const struct end *ends[] = {&loop->server, &loop->client};

	loop_open(loop);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(option_of(ends[i], IPPROTO_TCP, TCP_USER_TIMEOUT), 9000);
		assert_int_equal(option_of(ends[i], SOL_SOCKET, SO_KEEPALIVE), 1);
		assert_int_equal(option_of(ends[i], IPPROTO_TCP, TCP_KEEPIDLE), 2);
		assert_int_equal(option_of(ends[i], IPPROTO_TCP, TCP_KEEPINTVL), 1);
		assert_int_equal(option_of(ends[i], IPPROTO_TCP, TCP_NODELAY), 1);
	}
}

#define LOOP(test) cmocka_unit_test_setup_teardown(test, loop_setup, loop_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP(a_cut_wire_is_noticed_soon),
		LOOP(each_knows_the_other),
		LOOP(messages_arrive_both_ways),
		LOOP(order_is_kept),
		LOOP(long_messages_arrive),
		LOOP(too_long_a_message_is_not_sent),
		LOOP(end_is_seen_by_the_other),
		LOOP(finish_delivers_what_is_queued),
		LOOP(finish_right_after_another_message),
		LOOP(finish_of_an_empty_queue),
		LOOP(finish_before_it_is_open),
		LOOP(nothing_is_sent_on_a_closed_channel),
		LOOP(nothing_is_sent_before_it_is_open),
		LOOP(refused_connection_says_so),
		LOOP(free_while_it_connects),
		LOOP(free_inside_opened),
		LOOP(free_inside_opened_of_the_client),
		LOOP(free_inside_received),
		LOOP(free_inside_closed),
		LOOP(free_the_other_inside_received),
		LOOP(free_of_nothing),
		LOOP(first_end_counts),
		LOOP(keys_do_not_stay_in_buffers),
	};

	event_set_mem_functions(malloc, realloc, watching_free);
	return cmocka_run_group_tests_name("control-channel", tests, pki_setup, pki_teardown);
}
