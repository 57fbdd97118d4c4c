/* SPDX-License-Identifier: BSD-3-Clause */

/* What a peer can do to us once, or before, it is let in: every bound and every deadline. */

#include <errno.h>
#include <event2/buffer.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "channel_private.h"
#include "loop.h"

static const uint8_t join[] = {0, 0, 0, 2, 0x1a, 0};

static void expect_reason(const struct end *end, const char *reason)
{
	if (!strstr(end->reason, reason))
		fail_msg("\"%s\" is not in \"%s\"", reason, end->reason);
}

static void set_deadlines(struct tls *tls, int begin_ms, int silence_ms)
{
	tls->deadlines.begin = (struct timeval){begin_ms / 1000, begin_ms % 1000 * 1000};
	tls->deadlines.silence = (struct timeval){silence_ms / 1000, silence_ms % 1000 * 1000};
}

/* A host whose certificate is good, but whose bytes are up to us. */
static void let_in(struct loop *loop)
{
	loop->strange_context = strange_context(false, "hv1");
	loop_connect_stranger(loop, loop->strange_context);
	loop_until(loop, &loop->server.opened, 1);
}

static void say(struct loop *loop, const void *data, size_t len)
{
	bufferevent_write(loop->stranger.bufferevent, data, len);
}

static void closed_for(struct loop *loop, const char *reason)
{
	loop_until(loop, &loop->server.closed, 1);
	expect_reason(&loop->server, reason);
}

static void silent_connection_is_cut(void **state)
{
	struct loop *loop = *state;

	set_deadlines(loop->gkm, 100, 60000);
	loop_connect_stranger(loop, NULL);
	closed_for(loop, "handshake not over within");
	assert_int_equal(loop->server.opened, 0);
}

static void handshake_byte_by_byte_is_cut(void **state)
{
	struct loop *loop = *state;
	static const uint8_t record[] = {0x16, 3, 1, 2, 0};

	set_deadlines(loop->gkm, 150, 60000);
	loop_connect_stranger(loop, NULL);
	while (!loop->server.closed) {
		static size_t next;

		if (next < sizeof(record))
			say(loop, &record[next++], 1);
		else
			say(loop, "\0", 1);
		event_base_loop(loop->base, EVLOOP_NONBLOCK);
	}
	closed_for(loop, "handshake ");
}

static void silence_after_the_handshake_is_cut(void **state)
{
	struct loop *loop = *state;

	set_deadlines(loop->gkm, 1000, 60000);
	let_in(loop);
	closed_for(loop, "no first message within");
}

static struct timeval deadline_of(const struct end *end)
{
	struct timeval at = {0};

	assert_true(event_pending(end->channel->deadline, EV_TIMEOUT, &at));
	return at;
}

/* The first message has no time of its own: it shares the handshake's. */
static void opening_does_not_prolong_the_deadline(void **state)
{
	struct loop *loop = *state;
	struct timeval begun, opened, greeted;

	set_deadlines(loop->gkm, 90000, 90000);
	loop->strange_context = strange_context(false, "hv1");
	loop_connect_stranger(loop, loop->strange_context);
	while (!loop->server.channel)
		event_base_loop(loop->base, EVLOOP_ONCE);
	begun = deadline_of(&loop->server);
	/* Whatever arms it again now shows. */
	set_deadlines(loop->gkm, 30000, 30000);
	loop_until(loop, &loop->server.opened, 1);
	opened = deadline_of(&loop->server);
	assert_true(evutil_timercmp(&begun, &opened, ==));
	say(loop, join, sizeof(join));
	loop_until(loop, &loop->server.received, 1);
	greeted = deadline_of(&loop->server);
	assert_true(evutil_timercmp(&opened, &greeted, !=));
}

static void half_a_first_message_is_cut(void **state)
{
	struct loop *loop = *state;

	set_deadlines(loop->gkm, 1000, 60000);
	let_in(loop);
	say(loop, join, sizeof(join) - 1);
	closed_for(loop, "no first message within");
	assert_int_equal(loop->server.received, 0);
}

static void later_silence_is_cut(void **state)
{
	struct loop *loop = *state;

	set_deadlines(loop->gkm, 20000, 100);
	let_in(loop);
	say(loop, join, sizeof(join));
	closed_for(loop, "silent for");
	assert_int_equal(loop->server.received, 1);
}

/* Bytes without end are not messages: dribbling does not keep a channel. */
static void dribbling_is_cut(void **state)
{
	struct loop *loop = *state;
	static const uint8_t header[] = {0, 0, 0x40, 0};

	set_deadlines(loop->gkm, 20000, 200);
	let_in(loop);
	say(loop, join, sizeof(join));
	say(loop, header, sizeof(header));
	loop_until(loop, &loop->server.received, 1);
	while (!loop->server.closed) {
		if (evbuffer_get_length(bufferevent_get_output(loop->stranger.bufferevent)) == 0)
			say(loop, "x", 1);
		event_base_loop(loop->base, EVLOOP_NONBLOCK);
		if (loop->server.closed == 0)
			event_base_loop(loop->base, EVLOOP_ONCE);
	}
	closed_for(loop, "silent for");
}

static void messages_keep_it_alive(void **state)
{
	struct loop *loop = *state;
	const struct timeval begun_at = {0, 0};
	struct timeval begun, now, passed = begun_at;

	set_deadlines(loop->gkm, 20000, 300);
	let_in(loop);
	event_base_gettimeofday_cached(loop->base, &begun);
	for (int i = 1; passed.tv_sec < 1; i++) {
		say(loop, join, sizeof(join));
		loop_until(loop, &loop->server.received, i);
		event_base_gettimeofday_cached(loop->base, &now);
		evutil_timersub(&now, &begun, &passed);
	}
	assert_int_equal(loop->server.closed, 0);
}

static void frame_above_the_limit(void **state)
{
	struct loop *loop = *state;
	static const uint8_t header[] = {0, 0, 0x40, 1};

	let_in(loop);
	say(loop, header, sizeof(header));
	closed_for(loop, "message of 16385 bytes, 1 to 16384 are allowed");
}

static void frame_of_4_gigabytes(void **state)
{
	struct loop *loop = *state;
	static const uint8_t header[] = {0xff, 0xff, 0xff, 0xff};

	let_in(loop);
	say(loop, join, sizeof(join));
	say(loop, header, sizeof(header));
	closed_for(loop, "message of 4294967295 bytes");
	assert_int_equal(loop->server.received, 1); /* the one before it counted */
}

static void frame_of_nothing(void **state)
{
	struct loop *loop = *state;
	static const uint8_t header[4];

	let_in(loop);
	say(loop, header, sizeof(header));
	closed_for(loop, "message of 0 bytes");
}

static void bytes_that_are_no_message(void **state)
{
	struct loop *loop = *state;
	static const uint8_t frame[] = {0, 0, 0, 5, 'h', 'e', 'l', 'l', 'o'};

	let_in(loop);
	say(loop, frame, sizeof(frame));
	closed_for(loop, "5 bytes that are not a valid message");
}

static void body_from_the_future(void **state)
{
	struct loop *loop = *state;
	static const uint8_t frame[] = {0, 0, 0, 3, 0xfa, 0x01, 0x00};

	let_in(loop);
	say(loop, frame, sizeof(frame));
	closed_for(loop, "not a valid message");
}

static void end_in_the_middle_of_a_message(void **state)
{
	struct loop *loop = *state;

	let_in(loop);
	say(loop, join, sizeof(join) - 1);
	loop_spin(loop);
	bufferevent_free(loop->stranger.bufferevent);
	loop->stranger.bufferevent = NULL;
	closed_for(loop, "peer closed without a goodbye");
	assert_int_equal(loop->server.received, 0);
}

static void frames_in_any_pieces(void **state)
{
	struct loop *loop = *state;

	let_in(loop);
	for (int i = 0; i < 20; i++)
		for (size_t j = 0; j < sizeof(join); j++) {
			say(loop, &join[j], 1);
			if ((i + (int)j) % 3 == 0)
				loop_spin(loop);
		}
	loop_until(loop, &loop->server.received, 20);
}

static int send_long(struct end *end)
{
	Covey__Refused refused = COVEY__REFUSED__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;
	int status;

	refused.reason = calloc(1, 200001);
	memset(refused.reason, 'x', 200000);
	message.body_case = COVEY__MESSAGE__BODY_REFUSED;
	message.refused = &refused;
	status = channel_send(end->channel, &message);
	free(refused.reason);
	return status;
}

static void peer_that_does_not_read(void **state)
{
	struct loop *loop = *state;
	size_t sent = 0;
	int status;

	let_in(loop);
	bufferevent_disable(loop->stranger.bufferevent, EV_READ);
	while ((status = send_long(&loop->server)) == 0) {
		sent += 200000;
		assert_true(sent < 4 * COVEY_SEND_QUEUE_BYTES_MAX);
		loop_spin(loop);
	}
	assert_int_equal(status, -ENOBUFS);
	assert_true(sent > COVEY_SEND_QUEUE_BYTES_MAX - 300000);
	assert_int_equal(loop->server.closed, 0); /* never from within channel_send() */
	assert_int_equal(send_long(&loop->server), -ENOTCONN);
	closed_for(loop, "send queue full");
}

static void what_is_sent_does_not_count(void **state)
{
	struct loop *loop = *state;

	loop_open(loop);
	send_hello(&loop->server, "short");
	assert_true(queue_account_bytes(loop->gkm->queued) > 0);
	assert_int_equal(send_long(&loop->server), 0);
	assert_true(queue_account_bytes(loop->gkm->queued) > 200000);
	loop_until(loop, &loop->client.received, 2);
	/* Its callback is one more turn away. */
	loop_spin(loop);
	assert_int_equal(queue_account_bytes(loop->gkm->queued), 0);
}

/* The memory is full with what others do not read: who reads is served, who lags is cut. */
static void peers_that_do_not_read_together(void **state)
{
	struct loop *loop = *state;

	let_in(loop);
	bufferevent_disable(loop->stranger.bufferevent, EV_READ);
	queue_account_add(loop->gkm->queued, loop->gkm->queued_max);
	assert_int_equal(send_long(&loop->server), 0);
	assert_int_equal(send_long(&loop->server), -ENOBUFS);
	closed_for(loop, "send queues of all peers full");
	/* What was queued does not count any more. */
	queue_account_subtract(loop->gkm->queued, loop->gkm->queued_max);
	loop_spin(loop);
	assert_int_equal(queue_account_bytes(loop->gkm->queued), 0);
}

/* Stalls until the socket is full, then reads on: nothing may be lost. */
static void peer_that_reads_late(void **state)
{
	struct loop *loop = *state;

	let_in(loop);
	bufferevent_disable(loop->stranger.bufferevent, EV_READ);
	for (int i = 0; i < 36; i++) {
		assert_int_equal(send_long(&loop->server), 0);
		loop_spin(loop);
	}
	bufferevent_enable(loop->stranger.bufferevent, EV_READ);
	while (loop->stranger.received < 36 * (200000 + 4 + 8))
		event_base_loop(loop->base, EVLOOP_ONCE);
	assert_int_equal(loop->stranger.received, 36 * (200000 + 4 + 8));
	assert_int_equal(loop->server.closed, 0);
}

static void finish_does_not_wait_for_ever(void **state)
{
	struct loop *loop = *state;

	set_deadlines(loop->gkm, 90000, 90000);
	loop->gkm->deadlines.finish = (struct timeval){0, 100000};
	let_in(loop);
	bufferevent_disable(loop->stranger.bufferevent, EV_READ);
	for (int i = 0; i < 36; i++)
		assert_int_equal(send_long(&loop->server), 0);
	channel_finish(loop->server.channel, "going");
	closed_for(loop, "going");
}

/* It never sees our goodbye and keeps sending: the wait is bounded as well. */
static void finish_with_a_peer_that_talks_on(void **state)
{
	struct loop *loop = *state;
	static const uint8_t waste[16000];

	set_deadlines(loop->gkm, 90000, 90000);
	loop->gkm->deadlines.finish = (struct timeval){0, 200000};
	let_in(loop);
	bufferevent_disable(loop->stranger.bufferevent, EV_READ);
	channel_finish(loop->server.channel, "going");
	while (!loop->server.closed) {
		struct evbuffer *output = bufferevent_get_output(loop->stranger.bufferevent);

		if (evbuffer_get_length(output) < 1000)
			say(loop, waste, sizeof(waste));
		event_base_loop(loop->base, EVLOOP_ONCE);
		if (loop->server.closed)
			break;
		/* Read away, not hoarded. */
		assert_true(evbuffer_get_length(bufferevent_get_input(
				    loop->server.channel->bufferevent)) < 50000);
	}
	expect_reason(&loop->server, "going");
	assert_int_equal(loop->server.received, 0);
}

static size_t heap_in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* Much in a short time: taken message by message, never hoarded. */
static void flood_does_not_pile_up(void **state)
{
	enum { COUNT = 500, BODY = 16000 };
	struct loop *loop = *state;
	size_t before, most = 0;
	uint8_t *frame = calloc(1, 4 + BODY);
	int sent = 0;

	/* Leave {group: 15,994 bytes} */
	memcpy(frame, (uint8_t[]){0, 0, BODY >> 8, BODY & 0xff}, 4);
	memcpy(frame + 4, (uint8_t[]){0x32, 0xfd, 0x7c, 0x0a, 0xfa, 0x7c}, 6);
	memset(frame + 10, 'g', BODY - 6);
	let_in(loop);
	before = heap_in_use();
	while (loop->server.received < COUNT) {
		struct evbuffer *output = bufferevent_get_output(loop->stranger.bufferevent);

		if (sent < COUNT && evbuffer_get_length(output) < 4 * BODY) {
			say(loop, frame, 4 + BODY);
			sent++;
		}
		event_base_loop(loop->base, sent < COUNT ? EVLOOP_NONBLOCK : EVLOOP_ONCE);
		most = heap_in_use() > most ? heap_in_use() : most;
		assert_int_equal(loop->server.closed, 0);
	}
	assert_true(most < before + (1u << 20));
	free(frame);
}

static void connection_that_is_never_answered(void **state)
{
	struct loop *loop = *state;

	loop->strange_server = true; /* TCP accepts, then silence */
	set_deadlines(loop->member, 100, 60000);
	loop_connect(loop);
	loop_until(loop, &loop->client.closed, 1);
	expect_reason(&loop->client, "handshake not over within");
}

static void key_manager_that_says_nothing(void **state)
{
	struct loop *loop = *state;

	set_deadlines(loop->member, 1000, 60000);
	loop_open(loop);
	loop_until(loop, &loop->client.closed, 1);
	expect_reason(&loop->client, "no first message within");
}

#define LOOP(test) cmocka_unit_test_setup_teardown(test, loop_setup, loop_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP(silent_connection_is_cut),
		LOOP(handshake_byte_by_byte_is_cut),
		LOOP(silence_after_the_handshake_is_cut),
		LOOP(opening_does_not_prolong_the_deadline),
		LOOP(half_a_first_message_is_cut),
		LOOP(later_silence_is_cut),
		LOOP(dribbling_is_cut),
		LOOP(messages_keep_it_alive),
		LOOP(frame_above_the_limit),
		LOOP(frame_of_4_gigabytes),
		LOOP(frame_of_nothing),
		LOOP(bytes_that_are_no_message),
		LOOP(body_from_the_future),
		LOOP(end_in_the_middle_of_a_message),
		LOOP(frames_in_any_pieces),
		LOOP(peer_that_does_not_read),
		LOOP(what_is_sent_does_not_count),
		LOOP(peers_that_do_not_read_together),
		LOOP(peer_that_reads_late),
		LOOP(finish_does_not_wait_for_ever),
		LOOP(finish_with_a_peer_that_talks_on),
		LOOP(flood_does_not_pile_up),
		LOOP(connection_that_is_never_answered),
		LOOP(key_manager_that_says_nothing),
	};

	return cmocka_run_group_tests_name("control-channel-abuse", tests, pki_setup, pki_teardown);
}
