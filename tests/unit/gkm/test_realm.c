/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A realm over a store that fails when it is told to, and members that are only remembered.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <time.h>

#include "inventory.h"
#include "late_store.h"
#include "log.h"
#include "outbox.h"
#include "realm.h"

#define PATIENCE_S 20

static const char text[] = "all:\n"
			   "  vars:\n"
			   "    covey_fabric: test\n"
			   "    covey_gkm: 127.0.0.1\n"
			   "    covey_groups:\n"
			   "      tenants:\n"
			   "        vnis: [100]\n"
			   "        members: [hv1, hv2]\n"
			   "        rekey: {interval: 1s, hard_lifetime: 2s}\n"
			   "      feed: {vnis: [200], members: [hv2]}\n"
			   "  hosts:\n"
			   "    hv1: {covey_vtep: 10.0.0.1, covey_fabric_interface: eth0}\n"
			   "    hv2: {covey_vtep: 10.0.0.2, covey_fabric_interface: eth0}\n";

static char *identities[] = {"spiffe://test/host/hv1", "spiffe://test/host/hv2"};

struct bound {
	const char *identity;
	uint16_t sender_id;
};

/* What stands in for the program around the realm. */
static struct {
	const struct bound *bindings;
	size_t binding_count;
	const struct bound *formers;
	size_t former_count;
	uint32_t lifetime_s;      /* the longest of the group's SAs */
	uint32_t forgotten_until; /* what forget_former() was told */
	int fault;                /* of the store, 0: none */
	uint32_t next_spi;
	size_t refused;     /* SPIs that the store did not give */
	uint32_t installed; /* the last SA that a member was sent */
} around;

struct bench {
	struct inventory *inventory;
	struct realm_tools tools;
	struct realm realm;
};

/* --- the store ----------------------------------------------------------------------------- */

static int take_spi(struct store *store, uint32_t *ret_spi, struct covey_error *error)
{
	if (around.fault) {
		around.refused++;
		return covey_error_set(error, around.fault, "the store is broken");
	}
	*ret_spi = around.next_spi++;
	return 0;
}

static int each_binding(struct store *store, const char *group,
			int (*each)(const char *identity, uint16_t sender_id, void *arg), void *arg,
			struct covey_error *error)
{
	int status = 0;

	if (around.fault)
		return covey_error_set(error, around.fault, "the store is broken");
	for (size_t i = 0; i < around.binding_count && status >= 0; i++)
		status = each(around.bindings[i].identity, around.bindings[i].sender_id, arg);
	return status;
}

static int each_former(struct store *store, const char *group,
		       int (*each)(const char *identity, uint16_t sender_id, uint32_t until_spi,
				   void *arg),
		       void *arg, struct covey_error *error)
{
	int status = 0;

	for (size_t i = 0; i < around.former_count && status >= 0; i++)
		status = each(around.formers[i].identity, around.formers[i].sender_id,
			      300 + (uint32_t)i, arg);
	return status;
}

static int read_lifetime(struct store *store, const char *group, uint32_t *ret_seconds,
			 struct covey_error *error)
{
	*ret_seconds = around.lifetime_s;
	return 0;
}

static void commit(struct store *store, const struct store_change *changes, size_t count,
		   struct store_request *request)
{
	struct covey_error error = {.text = ""};
	int status = 0;

	assert_int_equal(count, 1);
	if (around.fault)
		status = covey_error_set(&error, around.fault, "the store is broken");
	else if (changes[0].kind == STORE_FORGET_FORMER)
		around.forgotten_until = changes[0].spi;
	else
		assert_int_equal(changes[0].kind, STORE_LIFETIME);
	store_end(request, status, &error);
}

static int read_mode(struct store *store, const char *group, struct store_mode *ret_mode,
		     struct covey_error *error)
{
	*ret_mode = (struct store_mode){0};
	return 0;
}

static void close_nothing(struct store *store)
{
}

static const struct store_ops ops = {
	.each_binding = each_binding,
	.each_former = each_former,
	.read_lifetime = read_lifetime,
	.read_mode = read_mode,
	.commit = commit,
	.take_spi = take_spi,
	.close = close_nothing,
};

static struct store store = {.ops = &ops};
static bool is_late; /* the realm's store answers late */

/* --- the sessions -------------------------------------------------------------------------- */

static void take_roster(const struct member *to, const struct roster_part *part, void *arg)
{
}

static void take_install(const struct member *to, const struct sa *sa, uint32_t lifetime_s,
			 void *arg)
{
	around.installed = sa->spi;
}

static void take_activate(const struct member *to, const struct sa *sa, void *arg)
{
}

static void take_drain(const struct member *to, const struct sa *sa, uint32_t drain_s, void *arg)
{
}

static void take_change(const struct sa *sa, void *arg)
{
}

void outbox_settled(struct outbox *outbox)
{
}

void outbox_clear(struct outbox *outbox)
{
}

void outbox_init(struct outbox *outbox, const struct served_group *served, struct peer_log *log)
{
}

struct group_output outbox_output(struct outbox *outbox)
{
	return (struct group_output){.roster = take_roster,
				     .install = take_install,
				     .activate = take_activate,
				     .drain = take_drain,
				     .changed = take_change,
				     .arg = outbox};
}

/* --- the realm ----------------------------------------------------------------------------- */

static void spis_came(void *arg, int status, const struct covey_error *error)
{
	realm_spis_came(arg, status, error);
}

static int begin(void **state)
{
	static struct bench bench;
	struct diagnostics diagnostics;

	memset(&bench, 0, sizeof(bench));
	memset(&around, 0, sizeof(around));
	around.next_spi = 256;
	diagnostics_init(&diagnostics);
	if (inventory_parse("text", text, sizeof(text) - 1, &diagnostics, &bench.inventory) < 0)
		return -1;
	diagnostics_free(&diagnostics);
	bench.tools.base = event_base_new();
	bench.tools.inventory = bench.inventory;
	bench.tools.identities = identities;
	bench.tools.store = &store;
	if (is_late) {
		bench.tools.store = late_store_new(&store, &bench.tools.base);
		bench.tools.store->handlers =
			(struct store_handlers){.spis_came = spis_came, .arg = &bench.realm};
	}
	*state = &bench;
	return 0;
}

static int end(void **state)
{
	struct bench *bench = *state;

	if (bench->realm.served.group)
		realm_free(&bench->realm);
	if (is_late)
		store_close(bench->tools.store);
	event_base_free(bench->tools.base);
	inventory_free(bench->inventory);
	return 0;
}

static int make_realm(struct bench *bench, const char *name, struct covey_error *error)
{
	return realm_init(&bench->realm, &bench->tools,
			  inventory_find_group(bench->inventory, name), error);
}

/* As join.c does it. */
static void join(struct bench *bench, size_t seat, uint16_t sender_id)
{
	struct covey_error error;
	uint16_t epoch;

	assert_int_equal(group_bind(bench->realm.served.group, seat, sender_id), 0);
	assert_int_equal(realm_ensure_sa(&bench->realm, &error), is_late ? -EINPROGRESS : 0);
	assert_int_equal(group_join(bench->realm.served.group, seat, bench, &epoch), 0);
	realm_wake(&bench->realm);
}

static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void turn(const struct bench *bench)
{
	struct timeval soon = {.tv_usec = 50000};

	event_base_loopexit(bench->tools.base, &soon);
	event_base_loop(bench->tools.base, EVLOOP_ONCE);
}

#define WAIT_FOR(bench, condition)                                                                 \
	do {                                                                                       \
		time_t until = now_s() + PATIENCE_S;                                               \
                                                                                                   \
		while (!(condition)) {                                                             \
			if (now_s() > until)                                                       \
				fail_msg("waited in vain for %s", #condition);                     \
			turn(bench);                                                               \
		}                                                                                  \
	} while (0)

/* Members without an SA send nothing, and none of them asks for one. */
static void a_failure_is_tried_again(void **state)
{
	struct bench *bench = *state;
	struct covey_error error;

	assert_int_equal(make_realm(bench, "tenants", &error), 0);
	join(bench, 0, 1);
	WAIT_FOR(bench, around.installed == 256);
	around.fault = -ENOSPC;
	WAIT_FOR(bench, around.refused >= 2);
	assert_int_equal(around.installed, 256);
	around.fault = 0;
	WAIT_FOR(bench, around.installed == 257);
}

static void nobody_there_needs_no_sa(void **state)
{
	struct bench *bench = *state;
	struct covey_error error;

	assert_int_equal(make_realm(bench, "tenants", &error), 0);
	join(bench, 0, 1);
	WAIT_FOR(bench, around.installed == 256);
	group_lost(bench->realm.served.group, 0);
	realm_wake(&bench->realm);
	WAIT_FOR(bench, group_needs_sa(bench->realm.served.group)); /* its lifetime is over */
	turn(bench);
	assert_int_equal(around.next_spi, 257);
	assert_false(event_pending(bench->realm.timer, EV_TIMEOUT, NULL));
	join(bench, 0, 1);
	WAIT_FOR(bench, around.installed == 257);
}

static void who_may_no_longer_join_keeps_its_sender_id(void **state)
{
	static const struct bound bindings[] = {{"spiffe://test/host/hv1", 1}, /* not in feed */
						{"spiffe://test/host/hv2", 2},
						{"spiffe://test/host/gone", 3},
						{"spiffe://other/host/hv2", 4}};
	struct bench *bench = *state;
	struct covey_error error;
	struct group *group;

	around.bindings = bindings;
	around.binding_count = 4;
	assert_int_equal(make_realm(bench, "feed", &error), 0);
	group = bench->realm.served.group;
	assert_int_equal(group->seats, 1);
	assert_int_equal(group->members[0].sender_id, 2);
	assert_true(group->members[0].restored);
	for (size_t i = 0; i < 4; i++) {
		const struct sender_id_holder *holder =
			sender_ids_holder(&group->sender_ids, bindings[i].sender_id);

		assert_non_null(holder);
		assert_string_equal(holder->identity, bindings[i].identity);
	}
}

/* Members may still have an earlier instance's SA, in which it is another's. */
static void a_former_sender_id_is_kept(void **state)
{
	static const struct bound formers[] = {{"spiffe://test/host/hv1", 1},
					       {"spiffe://test/host/gone", 3}};
	static const struct sender_ids reserved, none;
	struct bench *bench = *state;
	struct covey_error error;
	struct group *group;
	uint64_t start_ms;

	around.formers = formers;
	around.former_count = 2;
	around.lifetime_s = 5;
	assert_int_equal(make_realm(bench, "tenants", &error), 0);
	group = bench->realm.served.group;
	start_ms = bench->realm.formers_until_ms - 5000;
	assert_int_equal(
		sender_id_choose(&group->sender_ids, &reserved, &none, "x", 0, 0).sender_id, 2);
	assert_int_equal(sender_id_choose(&group->sender_ids, &reserved, &none, "x", 3, 0).verdict,
			 SENDER_ID_CONFLICT);
	/* Also what is given up in this instance, before it has made an SA. */
	assert_int_equal(group_bind(group, 0, 2), 0);
	assert_int_equal(group_bind(group, 0, 7), 0);
	realm_release_formers(&bench->realm, start_ms + 4999);
	assert_int_equal(
		sender_id_choose(&group->sender_ids, &reserved, &none, "x", 0, 0).sender_id, 4);
	assert_int_equal(around.forgotten_until, 0);
	realm_release_formers(&bench->realm, start_ms + 5000);
	assert_int_equal(
		sender_id_choose(&group->sender_ids, &reserved, &none, "x", 0, 0).sender_id, 1);
	assert_int_equal(sender_id_choose(&group->sender_ids, &reserved, &none, "x", 3, 0).verdict,
			 SENDER_ID_NEW);
	WAIT_FOR(bench, around.forgotten_until == 301);
	assert_int_equal(realm_formers_deadline(&bench->realm), UINT64_MAX);
}

static void a_former_sender_id_that_is_bound(void **state)
{
	static const struct bound both[] = {{"spiffe://test/host/hv1", 1}};
	struct bench *bench = *state;
	struct covey_error error;

	around.bindings = around.formers = both;
	around.binding_count = around.former_count = 1;
	assert_int_equal(make_realm(bench, "tenants", &error), -EEXIST);
	assert_non_null(strstr(error.text, "former SenderIDs of group tenants"));
}

static void bindings_that_cannot_be_read(void **state)
{
	static const struct bound twice[] = {{"spiffe://test/host/hv1", 1},
					     {"spiffe://test/host/hv2", 1}};
	struct bench *bench = *state;
	struct covey_error error;

	around.fault = -EIO;
	assert_int_equal(make_realm(bench, "tenants", &error), -EIO);
	assert_string_equal(error.text, "the store is broken");
	assert_null(bench->realm.served.group);
	around.fault = 0;
	around.bindings = twice;
	around.binding_count = 2;
	assert_int_equal(make_realm(bench, "tenants", &error), -EEXIST);
	assert_non_null(strstr(error.text, "bindings of group tenants cannot be restored"));
	assert_null(bench->realm.served.group);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_failure_is_tried_again),
		TEST(nobody_there_needs_no_sa),
		TEST(who_may_no_longer_join_keeps_its_sender_id),
		TEST(a_former_sender_id_is_kept),
		TEST(a_former_sender_id_that_is_bound),
		TEST(bindings_that_cannot_be_read),
	};

	int failed;

	log_init("test", LOG_LEVEL_DEBUG);
	failed = cmocka_run_group_tests_name("gkm-realm", tests, NULL, NULL);
	is_late = true;
	return failed + cmocka_run_group_tests_name("gkm-realm-late", tests, NULL, NULL);
}
