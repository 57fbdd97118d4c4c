/* SPDX-License-Identifier: BSD-3-Clause */
/* Paths to other hosts, measured by themselves: what is asked of the key manager, and what is made
 * of the reports, also of those that nobody has asked for. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <clock.h>
#include <cmocka.h>
#include <errno.h>
#include <inventory.h>
#include <member.h>
#include <state.h>
#include <string.h>
#include <unistd.h>

#include "path_mtu.h"

#define OVERHEAD 60 /* VPE in UDP over IPv4 */

static const char inventory_text[] =
	"all:\n"
	"  vars:\n"
	"    covey_fabric: test.example\n"
	"    covey_gkm: 127.0.0.1\n"
	"    covey_groups:\n"
	"      tenants: {vnis: [100], members: [hv1, hv2]}\n"
	"      others: {vnis: [200], members: [hv3]}\n"
	"  hosts:\n"
	"    hv1: {covey_vtep: 10.0.0.1, covey_fabric_interface: eth0}\n"
	"    hv2: {covey_vtep: 10.0.0.2, covey_fabric_interface: eth0}\n"
	"    hv3: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0}\n";

/* --- what is played --------------------------------------------------------------------------- */

static struct {
	enum member_link link;
	struct membership group;
	struct member_state state;
	uint32_t carries; /* the longest packet on the fabric */
	const char *trouble;
	bool silent; /* reports are given by the test */
	uint16_t host_mtu, needed;

	struct path_mtu *paths;
	unsigned requests;
	uint64_t id;
	uint32_t lengths[COVEY_PROBES_PER_RUN_MAX];
	size_t count;
	bool one_way;
} played;

int __wrap_member_send(struct member *member, const Covey__Message *message);
void __wrap_member_read_status(const struct member *member, struct member_status *ret_status);
const struct member_state *__wrap_member_read_state(const struct member *member);

int __wrap_member_send(struct member *member, const Covey__Message *message)
{
	const Covey__ProbeRequest *request = message->probe_request;

	if (played.link != MEMBER_CONNECTED)
		return -ENOTCONN;
	assert_int_equal(message->body_case, COVEY__MESSAGE__BODY_PROBE_REQUEST);
	assert_string_equal(request->group, "tenants");
	assert_string_equal(request->from, "hv1");
	assert_int_equal(request->n_to, 1);
	assert_string_equal(request->to[0], "hv2");
	assert_int_equal(request->vni, 100);
	played.requests++;
	played.id = request->id;
	played.count = request->n_lengths;
	played.one_way = request->one_way;
	memcpy(played.lengths, request->lengths, request->n_lengths * sizeof(uint32_t));
	return 0;
}

void __wrap_member_read_status(const struct member *member, struct member_status *ret_status)
{
	*ret_status = (struct member_status){.link = played.link};
}

const struct member_state *__wrap_member_read_state(const struct member *member)
{
	return &played.state;
}

static bool give(const char *host, bool out, bool clear, uint32_t set)
{
	Covey__ProbeSeen seen = COVEY__PROBE_SEEN__INIT, *list[] = {&seen};
	Covey__ProbeReport report = COVEY__PROBE_REPORT__INIT;

	seen.out = out;
	*(out ? &seen.sent : clear ? &seen.clear : &seen.delivered) = set;
	report.id = played.id;
	report.host = (char *)host;
	report.state = COVEY__PROBE_STATE__PROBE_STATE_DONE;
	report.seen = list;
	report.n_seen = 1;
	if (played.trouble) {
		report.state = COVEY__PROBE_STATE__PROBE_STATE_FAILED;
		report.reason = (char *)played.trouble;
		report.n_seen = 0;
	}
	return path_mtu_reported(played.paths, &report);
}

/* Both hosts report what came of the run. */
static void answer(void)
{
	const bool clear = played.group.mode.mode == COVEY_MODE_OBSERVE;
	uint32_t arrived = 0;

	for (size_t i = 0; i < played.count; i++)
		if (played.lengths[i] + (clear ? 0 : OVERHEAD) <= played.carries)
			arrived |= 1u << i;
	assert_true(give("hv1", true, clear, (1u << played.count) - 1));
	assert_true(give("hv2", false, clear, arrived));
}

/* --- the paths -------------------------------------------------------------------------------- */

static struct event_base *base;
static struct inventory *inventory;
static struct member *const member = (struct member *)played.lengths; /* never followed */

static uint16_t needed(void *arg)
{
	return played.needed;
}

static int start(void **state)
{
	struct diagnostics diagnostics;
	struct path_mtu_config config = {
		.member = &member, .host_mtu = &played.host_mtu, .needed = needed};

	memset(&played, 0, sizeof(played));
	played.link = MEMBER_CONNECTED;
	played.carries = 1500;
	played.host_mtu = played.needed = 1500 - OVERHEAD;
	played.state.groups[3] = &played.group;
	played.group = (struct membership){
		.name = "tenants", .state = MEMBERSHIP_JOINED, .may_send = true, .sa_count = 1};
	played.group.mode.mode = COVEY_MODE_ENFORCE;
	played.group.sas[0] = (struct held_sa){.spi = 256, .state = COVEY_SA_ACTIVE};
	diagnostics_init(&diagnostics);
	assert_int_equal(inventory_parse("test", inventory_text, strlen(inventory_text),
					 &diagnostics, &inventory),
			 0);
	diagnostics_free(&diagnostics);
	base = event_base_new();
	config.base = base;
	config.inventory = inventory;
	config.self = inventory_find_host(inventory, "hv1");
	played.paths = path_mtu_new(&config);
	assert_non_null(played.paths);
	return 0;
}

static int stop(void **state)
{
	path_mtu_free(played.paths);
	event_base_free(base);
	inventory_free(inventory);
	return 0;
}

static const struct path_peer *peer(void)
{
	size_t count;
	const struct path_peer *list = path_mtu_list(played.paths, &count);

	assert_int_equal(count, 1); /* hv3 is in no group of ours */
	assert_string_equal(list->host->name, "hv2");
	return list;
}

/* Until there is a request that was not there before; false when none comes. */
static bool await_request(void)
{
	const unsigned before = played.requests;
	const uint64_t until = clock_ms() + 30000;

	path_mtu_wake(played.paths);
	while (played.requests == before && clock_ms() < until)
		event_base_loop(base, EVLOOP_ONCE);
	return played.requests > before;
}

static void await_answers(enum path_state wanted)
{
	unsigned runs = 0;

	while (peer()->state != wanted && runs++ < 20) {
		assert_true(await_request());
		answer();
	}
	assert_int_equal(peer()->state, wanted);
}

/* --- what is found ---------------------------------------------------------------------------- */

static void test_fits(void **state)
{
	assert_true(await_request());
	assert_true(played.one_way);
	assert_int_equal(played.lengths[played.count - 1], 1500 - OVERHEAD);
	answer();
	assert_int_equal(peer()->state, PATH_FITS);
	assert_int_equal(peer()->mtu, 1500);
	assert_int_equal(played.requests, 1);
	assert_true(peer()->due_ms > clock_ms() + 1700000);
}

static void test_small(void **state)
{
	struct covey_error text;

	played.carries = 1400;
	await_answers(PATH_SMALL);
	assert_int_equal(peer()->mtu, 1400);
	assert_int_equal(path_mtu_needed(played.paths), 1500);
	assert_true(path_mtu_explain(played.paths, peer(), &text));
	assert_string_equal(
		text.text,
		"the path to hv2 carries IP packets of 1400 bytes, and covey sends up to 1500: "
		"tenants' packets of more than 1290 bytes are lost on it, and nobody is told. "
		"Raise "
		"the MTU of what is between by 100; or set covey_fabric_mtu to 1400 for this host, "
		"so that covey cuts or answers what is longer; or give VXLAN devices and tenants "
		"an "
		"MTU of 1290");
	/* VXLAN devices send no longer ones. */
	played.needed = 1400 - OVERHEAD;
	assert_false(path_mtu_explain(played.paths, peer(), &text));
	played.needed = 1401 - OVERHEAD;
	assert_true(path_mtu_explain(played.paths, peer(), &text));
	/* It is looked at again, soon. */
	assert_true(peer()->due_ms < clock_ms() + 8000);
	assert_int_equal(peer()->said, PATH_SMALL);
}

/* What is not too small for what is sent can wait, until longer packets are. */
static void test_small_enough(void **state)
{
	unsigned requests;

	played.carries = 1400;
	played.needed = 1390 - OVERHEAD;
	await_answers(PATH_SMALL);
	assert_int_equal(peer()->mtu, 1400);
	assert_int_equal(peer()->said, PATH_UNKNOWN);
	assert_true(peer()->due_ms > clock_ms() + 1700000);
	played.needed = 1450 - OVERHEAD;
	requests = played.requests;
	while (peer()->said != PATH_SMALL && played.requests < requests + 20) {
		assert_true(await_request());
		answer();
	}
	assert_int_equal(peer()->said_mtu, 1400);
	assert_true(peer()->due_ms < clock_ms() + 8000);
}

/* Nobody calls path_mtu_wake() when VXLAN devices send longer packets. */
static void test_small_enough_unasked(void **state)
{
	const uint64_t until = clock_ms() + 30000;
	unsigned requests;

	played.carries = 1400;
	played.needed = 1390 - OVERHEAD;
	await_answers(PATH_SMALL);
	/* Its timer is set for the next measurement. */
	event_base_loop(base, EVLOOP_ONCE);
	requests = played.requests;
	played.needed = 1450 - OVERHEAD;
	while (played.requests == requests && clock_ms() < until) {
		usleep(1000);
		event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	}
	assert_true(played.requests > requests);
}

static void test_silent(void **state)
{
	struct covey_error text;

	played.carries = 0;
	await_answers(PATH_SILENT);
	/* Once is chance. */
	assert_false(path_mtu_explain(played.paths, peer(), &text));
	assert_int_equal(peer()->said, PATH_UNKNOWN);
	assert_true(await_request());
	answer();
	assert_true(path_mtu_explain(played.paths, peer(), &text));
	assert_int_equal(strncmp(text.text, "hv2 listens, and no probe arrives there", 39), 0);
	assert_non_null(strstr(text.text, "`covey ping hv2`"));
	assert_int_equal(peer()->said, PATH_SILENT);
	assert_true(peer()->due_ms < clock_ms() + 8000);
	played.carries = 1500;
	await_answers(PATH_FITS);
	assert_false(path_mtu_explain(played.paths, peer(), &text));
	assert_int_equal(peer()->said, PATH_UNKNOWN);
}

/* It was a problem before, and is none the less when nothing arrives any more. */
static void test_small_and_silent(void **state)
{
	struct covey_error text;

	played.carries = 1400;
	await_answers(PATH_SMALL);
	played.carries = 0;
	while (peer()->state == PATH_SMALL && played.requests < 30) {
		assert_true(await_request());
		answer();
	}
	assert_int_equal(peer()->state, PATH_SILENT);
	assert_true(path_mtu_explain(played.paths, peer(), &text));
	assert_int_equal(peer()->said, PATH_SILENT);
}

/* In observe, a probe on the fabric is as long as it was made. */
static void test_clear(void **state)
{
	played.group.mode.mode = COVEY_MODE_OBSERVE;
	played.carries = 1450;
	await_answers(PATH_SMALL);
	assert_int_equal(peer()->mtu, 1450);
}

static void test_other_mtu(void **state)
{
	await_answers(PATH_FITS);
	played.host_mtu = 9000 - OVERHEAD;
	assert_true(await_request());
	assert_int_equal(played.lengths[played.count - 1], 9000 - OVERHEAD);
	answer();
	while (peer()->state == PATH_FITS && played.requests < 20) {
		assert_true(await_request());
		answer();
	}
	assert_int_equal(peer()->state, PATH_SMALL);
	assert_int_equal(peer()->mtu, 1500);
}

/* --- what goes wrong -------------------------------------------------------------------------- */

/* The same run again, and nothing of the search is lost. */
static void test_busy(void **state)
{
	uint32_t lengths[COVEY_PROBES_PER_RUN_MAX];

	assert_true(await_request());
	memcpy(lengths, played.lengths, sizeof(lengths));
	played.trouble = "try again: it is busy with probes that hv3 asked for";
	give("hv2", false, false, 0);
	give("hv1", true, false, 0);
	played.trouble = NULL;
	assert_int_equal(peer()->state, PATH_UNKNOWN);
	assert_string_equal(peer()->trouble, "");
	assert_true(await_request());
	assert_memory_equal(played.lengths, lengths, sizeof(lengths));
	answer();
	assert_int_equal(peer()->state, PATH_FITS);
}

static void test_failed(void **state)
{
	assert_true(await_request());
	played.trouble = "it is not connected to the key manager\x1b[2J";
	give("hv2", false, false, 0);
	played.trouble = "nobody listens";
	give("hv1", true, false, 0);
	assert_string_equal(peer()->trouble, "it is not connected to the key manager?[2J");
	assert_int_equal(peer()->state, PATH_UNKNOWN);
	/* The whole run is refused. */
	assert_true(await_request());
	played.trouble = "the VNI is not one of the group's";
	give("", true, false, 0);
	assert_string_equal(peer()->trouble, played.trouble);
	played.trouble = NULL;
	await_answers(PATH_FITS);
	assert_string_equal(peer()->trouble, "");
}

/* Reports of other runs, and more of them than there are hosts, say nothing. */
static void test_not_asked(void **state)
{
	uint64_t id;

	played.id = 7;
	assert_false(give("hv2", false, false, 0xffff));
	played.id = UINT64_C(1) << 63 | 7;
	assert_true(give("hv2", false, false, 0xffff));
	assert_int_equal(peer()->state, PATH_UNKNOWN);
	assert_true(await_request());
	id = played.id;
	played.id++;
	assert_true(give("hv2", false, false, 0xffff));
	assert_true(give("hv1", true, false, 0xffff));
	assert_int_equal(peer()->state, PATH_UNKNOWN);
	played.id = id;
	answer();
	assert_int_equal(peer()->state, PATH_FITS);
	played.trouble = "late";
	assert_true(give("hv2", false, false, 0));
	assert_int_equal(peer()->state, PATH_FITS);
	assert_string_equal(peer()->trouble, "");
}

/* Without a session, or a key, nothing is asked. */
static void test_nobody_to_ask(void **state)
{
	const uint64_t until = clock_ms() + 400;

	played.link = MEMBER_WAITING;
	path_mtu_wake(played.paths);
	while (clock_ms() < until)
		event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	assert_string_equal(peer()->trouble, "");
	played.link = MEMBER_CONNECTED;
	played.group.sa_count = 0;
	path_mtu_wake(played.paths);
	while (peer()->trouble[0] == '\0')
		event_base_loop(base, EVLOOP_ONCE);
	assert_string_equal(peer()->trouble,
			    "this host has joined no group in which it could send to it");
	assert_int_equal(played.requests, 0);
	played.group.sa_count = 1;
	await_answers(PATH_FITS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fits, start, stop),
		cmocka_unit_test_setup_teardown(test_small, start, stop),
		cmocka_unit_test_setup_teardown(test_small_enough, start, stop),
		cmocka_unit_test_setup_teardown(test_small_enough_unasked, start, stop),
		cmocka_unit_test_setup_teardown(test_silent, start, stop),
		cmocka_unit_test_setup_teardown(test_small_and_silent, start, stop),
		cmocka_unit_test_setup_teardown(test_clear, start, stop),
		cmocka_unit_test_setup_teardown(test_other_mtu, start, stop),
		cmocka_unit_test_setup_teardown(test_busy, start, stop),
		cmocka_unit_test_setup_teardown(test_failed, start, stop),
		cmocka_unit_test_setup_teardown(test_not_asked, start, stop),
		cmocka_unit_test_setup_teardown(test_nobody_to_ask, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
