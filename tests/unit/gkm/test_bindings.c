/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * SenderIDs that are committed together, over a store that fails when it is told to, and sessions
 * that are only remembered.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "bindings.h"
#include "late_store.h"
#include "served_group.h"
#include "store.h"

#define SEATS 4

/* Which SA is said to be held by who asks for this SenderID. */
#define SPI_OF(sender_id) (1000u + (sender_id))

static char *identities[SEATS] = {"spiffe://f/host/a", "spiffe://f/host/b", "spiffe://f/host/c",
				  "spiffe://f/host/d"};

/* What stands in for the program around them. Sessions are addresses of their seats' names. */
static struct {
	int fault; /* of the store, 0: none */
	size_t commits;
	size_t committed;
	const struct session *bound[SEATS];
	size_t bound_count;
	const struct session *unbound[SEATS];
	size_t unbound_count;
	char why[64];
	/* When the first is answered: */
	const struct session *vanishes;
	struct session *asks_next;
} around;

struct fixture {
	struct event_base *base;
	struct store *store;
	struct bindings bindings;
	struct inventory_group config;
	struct served_group served;
};

static struct fixture *fixture_of(const struct served_group *served)
{
	return served->arg;
}

static struct session *session_of(size_t seat)
{
	return (struct session *)(void *)identities[seat];
}

/* --- around it ----------------------------------------------------------------------------- */

static void commit(struct store *store, const struct store_change *changes, size_t count,
		   struct store_request *request)
{
	struct covey_error error = {.text = ""};
	int status = 0;

	around.commits++;
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(changes[i].kind, STORE_BIND);
		assert_string_equal(changes[i].group, "tenants");
	}
	if (around.fault)
		status = covey_error_set(&error, around.fault, "the store is broken");
	else
		around.committed += count;
	store_end(request, status, &error);
}

static void close_nothing(struct store *store)
{
}

static const struct store_ops ops = {.close = close_nothing, .commit = commit};
static struct store store = {.ops = &ops};
static bool is_late; /* theirs answers late */

static int ask(struct fixture *fixture, size_t seat, uint16_t sender_id, struct session *session)
{
	const struct binding_request request = {
		.seat = seat,
		.sender_id = sender_id,
		.session = session,
		.join = {.served = &fixture->served,
			 .held_spis = {SPI_OF(sender_id)},
			 .held_count = 1},
	};

	return bindings_request(&fixture->bindings, &request);
}

static void on_bound(const struct binding_request *request)
{
	struct fixture *fixture = fixture_of(request->join.served);

	/* The whole of it, from whichever seat: its SenderID, as SPIs. */
	assert_int_equal(request->join.held_count, 1);
	assert_int_equal(request->join.held_spis[0],
			 SPI_OF(sender_ids_find(&fixture->served.group->sender_ids,
						(const char *)request->session)));
	/* Durable first. */
	assert_true(around.committed > around.bound_count);
	around.bound[around.bound_count++] = request->session;
	if (around.vanishes)
		bindings_forget(&fixture->bindings, around.vanishes, NULL);
	if (around.asks_next)
		assert_int_equal(ask(fixture, 3, 40, around.asks_next), 0);
	around.vanishes = around.asks_next = NULL;
}

static void on_failed(const struct binding_request *request, const struct covey_error *error)
{
	around.unbound[around.unbound_count++] = request->session;
	snprintf(around.why, sizeof(around.why), "%.63s", error->text);
}

static const struct binding_handlers handlers = {.bound = on_bound, .failed = on_failed};

/* --- fixture ------------------------------------------------------------------------------- */

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	const struct group_output nothing = {0};

	memset(&around, 0, sizeof(around));
	assert_non_null(fixture);
	fixture->base = event_base_new();
	fixture->config.name = "tenants";
	fixture->served.config = &fixture->config;
	fixture->served.arg = fixture;
	assert_int_equal(group_new(SEATS, 0, &nothing, &fixture->served.group), 0);
	for (size_t i = 0; i < SEATS; i++)
		fixture->served.group->members[i].identity = identities[i];
	fixture->store = is_late ? late_store_new(&store, &fixture->base) : &store;
	assert_int_equal(
		bindings_init(&fixture->bindings, fixture->base, fixture->store, &handlers), 0);
	*state = fixture;
	return 0;
}

static int end(void **state)
{
	struct fixture *fixture = *state;

	bindings_free(&fixture->bindings);
	store_close(fixture->store);
	sender_ids_free(&fixture->served.requested);
	group_free(fixture->served.group);
	event_base_free(fixture->base);
	free(fixture);
	return 0;
}

static void request(struct fixture *fixture, size_t seat, uint16_t sender_id)
{
	assert_int_equal(ask(fixture, seat, sender_id, session_of(seat)), 0);
}

/* Until nothing is left to do. */
static void run(struct fixture *fixture)
{
	event_base_dispatch(fixture->base);
}

static uint16_t bound_to(const struct fixture *fixture, size_t seat)
{
	return fixture->served.group->members[seat].sender_id;
}

/* --- tests --------------------------------------------------------------------------------- */

static void those_that_ask_together_share_a_commit(void **state)
{
	struct fixture *fixture = *state;

	request(fixture, 0, 10);
	request(fixture, 1, 20);
	/* Nothing takes effect before it. */
	assert_int_equal(around.commits, 0);
	assert_int_equal(bound_to(fixture, 0), 0);
	assert_int_equal(sender_ids_find(&fixture->served.requested, identities[1]), 20);
	assert_true(bindings_has(&fixture->bindings, session_of(0), &fixture->served));
	assert_false(bindings_has(&fixture->bindings, session_of(2), &fixture->served));
	run(fixture);
	assert_int_equal(around.commits, 1);
	assert_int_equal(around.committed, 2);
	assert_int_equal(around.bound_count, 2);
	assert_ptr_equal(around.bound[0], session_of(0));
	assert_int_equal(bound_to(fixture, 0), 10);
	assert_int_equal(bound_to(fixture, 1), 20);
	assert_int_equal(fixture->served.requested.count, 0);
	assert_false(bindings_has(&fixture->bindings, session_of(0), &fixture->served));
}

static void a_failed_commit_binds_nobody(void **state)
{
	struct fixture *fixture = *state;

	around.fault = -ENOSPC;
	request(fixture, 0, 10);
	request(fixture, 1, 20);
	run(fixture);
	assert_int_equal(around.commits, 1);
	assert_int_equal(around.bound_count, 0);
	assert_int_equal(around.unbound_count, 2);
	assert_string_equal(around.why, "the store is broken");
	assert_int_equal(bound_to(fixture, 0), 0);
	assert_int_equal(sender_ids_find(&fixture->served.group->sender_ids, identities[0]), 0);
	assert_int_equal(fixture->served.requested.count, 0);
	/* And it goes on when the store does. */
	around.fault = 0;
	request(fixture, 1, 10);
	run(fixture);
	assert_int_equal(bound_to(fixture, 1), 10);
	assert_int_equal(around.bound_count, 1);
}

static void who_vanishes_is_neither_bound_nor_answered(void **state)
{
	struct fixture *fixture = *state;

	request(fixture, 0, 10);
	request(fixture, 1, 20);
	bindings_forget(&fixture->bindings, session_of(0), NULL);
	assert_false(bindings_has(&fixture->bindings, session_of(0), &fixture->served));
	run(fixture);
	assert_int_equal(around.committed, 1);
	assert_int_equal(around.bound_count, 1);
	assert_ptr_equal(around.bound[0], session_of(1));
	assert_int_equal(bound_to(fixture, 0), 0);
	/* All of them: then there is nothing to commit. */
	request(fixture, 0, 10);
	bindings_forget(&fixture->bindings, session_of(0), &fixture->served);
	run(fixture);
	assert_int_equal(around.commits, 1);
}

static void while_answers_are_given(void **state)
{
	struct fixture *fixture = *state;

	around.vanishes = session_of(1);
	around.asks_next = session_of(3);
	request(fixture, 0, 10);
	request(fixture, 1, 20);
	request(fixture, 2, 30);
	run(fixture);
	/* Bound for good it is, but there is nobody to tell. */
	assert_int_equal(bound_to(fixture, 1), 20);
	assert_int_equal(around.bound_count, 3);
	assert_ptr_equal(around.bound[1], session_of(2));
	assert_ptr_equal(around.bound[2], session_of(3));
	assert_int_equal(around.commits, 2);
	assert_int_equal(bound_to(fixture, 3), 40);
}

static void one_that_another_holds_is_refused_alone(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(group_bind(fixture->served.group, 2, 10), 0);
	request(fixture, 0, 10);
	request(fixture, 1, 20);
	run(fixture);
	assert_int_equal(around.unbound_count, 1);
	assert_ptr_equal(around.unbound[0], session_of(0));
	assert_int_equal(bound_to(fixture, 0), 0);
	assert_int_equal(bound_to(fixture, 1), 20);
}

static void the_end_with_requests_left(void **state)
{
	request(*state, 0, 10);
	request(*state, 1, 20);
}

/* --- while a commit is under way ------------------------------------------------------------ */

/* Until the commit has begun, which ends later. */
static void run_until_sent(struct fixture *fixture)
{
	while (!store_is_under_way(&fixture->bindings.request))
		event_base_loop(fixture->base, EVLOOP_ONCE);
}

static void nothing_takes_effect_before_it_is_done(void **state)
{
	struct fixture *fixture = *state;

	request(fixture, 0, 10);
	run_until_sent(fixture);
	assert_int_equal(bound_to(fixture, 0), 0);
	assert_int_equal(around.bound_count, 0);
	assert_int_equal(sender_ids_find(&fixture->served.requested, identities[0]), 10);
	assert_true(bindings_has(&fixture->bindings, session_of(0), &fixture->served));
	run(fixture);
	assert_int_equal(bound_to(fixture, 0), 10);
	assert_int_equal(around.bound_count, 1);
	assert_int_equal(fixture->served.requested.count, 0);
}

/* In the store it is bound, so nobody else may get it. */
static void who_vanishes_meanwhile_is_bound_for_good(void **state)
{
	struct fixture *fixture = *state;

	request(fixture, 0, 10);
	run_until_sent(fixture);
	bindings_forget(&fixture->bindings, session_of(0), NULL);
	run(fixture);
	assert_int_equal(around.bound_count, 0);
	assert_int_equal(bound_to(fixture, 0), 10);
}

static const struct join_request *join_of(const struct fixture *fixture)
{
	static struct join_request join;

	join = (struct join_request){.served = (struct served_group *)&fixture->served,
				     .held_spis = {SPI_OF(10)},
				     .held_count = 1};
	return &join;
}

/* Another session of the member whose first is gone. */
static void who_is_back_meanwhile_is_answered(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask(fixture, 0, 10, session_of(3)), 0);
	run_until_sent(fixture);
	assert_false(bindings_adopt(&fixture->bindings, session_of(0), 0, join_of(fixture)));
	bindings_forget(&fixture->bindings, session_of(3), NULL);
	assert_true(bindings_adopt(&fixture->bindings, session_of(0), 0, join_of(fixture)));
	assert_true(bindings_has(&fixture->bindings, session_of(0), &fixture->served));
	run(fixture);
	assert_int_equal(around.bound_count, 1);
	assert_ptr_equal(around.bound[0], session_of(0));
	assert_int_equal(bound_to(fixture, 0), 10);
	assert_int_equal(around.commits, 1);
}

/* It was gone when the commit began. */
static void who_is_back_for_the_next_commit(void **state)
{
	struct fixture *fixture = *state;

	request(fixture, 1, 20);
	assert_int_equal(ask(fixture, 0, 10, session_of(3)), 0);
	bindings_forget(&fixture->bindings, session_of(3), NULL);
	run_until_sent(fixture);
	assert_true(bindings_adopt(&fixture->bindings, session_of(0), 0, join_of(fixture)));
	run(fixture);
	assert_int_equal(around.commits, 2);
	assert_int_equal(around.bound_count, 2);
	assert_int_equal(bound_to(fixture, 0), 10);
	assert_int_equal(fixture->served.requested.count, 0);
}

static void what_comes_meanwhile_is_the_next_commit(void **state)
{
	struct fixture *fixture = *state;

	request(fixture, 0, 10);
	run_until_sent(fixture);
	request(fixture, 1, 20);
	request(fixture, 2, 30);
	while (around.bound_count == 0)
		event_base_loop(fixture->base, EVLOOP_ONCE);
	/* The end of the first takes away no more than its own. */
	assert_int_equal(sender_ids_find(&fixture->served.requested, identities[0]), 0);
	assert_int_equal(sender_ids_find(&fixture->served.requested, identities[1]), 20);
	run(fixture);
	assert_int_equal(around.commits, 2);
	assert_int_equal(around.committed, 3);
	assert_int_equal(around.bound_count, 3);
}

static void the_end_while_a_commit_is_under_way(void **state)
{
	request(*state, 0, 10);
	run_until_sent(*state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(those_that_ask_together_share_a_commit),
		TEST(a_failed_commit_binds_nobody),
		TEST(who_vanishes_is_neither_bound_nor_answered),
		TEST(while_answers_are_given),
		TEST(one_that_another_holds_is_refused_alone),
		TEST(the_end_with_requests_left),
	};
	const struct CMUnitTest late[] = {
		TEST(nothing_takes_effect_before_it_is_done),
		TEST(who_vanishes_meanwhile_is_bound_for_good),
		TEST(who_is_back_meanwhile_is_answered),
		TEST(who_is_back_for_the_next_commit),
		TEST(what_comes_meanwhile_is_the_next_commit),
		TEST(the_end_while_a_commit_is_under_way),
	};

	int failed = cmocka_run_group_tests_name("gkm-bindings", tests, NULL, NULL);

	is_late = true;
	return failed + cmocka_run_group_tests_name("gkm-bindings-late", tests, NULL, NULL) +
	       cmocka_run_group_tests_name("gkm-bindings-late", late, NULL, NULL);
}
