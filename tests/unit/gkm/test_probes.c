/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Runs of probes at the real covey-gkm: who is told what, whose report goes where, and what is
 * refused.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fabric.h"

#define PROTOCOL COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL
#define LISTEN   COVEY__PROBE_ROLE__PROBE_ROLE_LISTEN
#define ANSWER   COVEY__PROBE_ROLE__PROBE_ROLE_ANSWER
#define SEND     COVEY__PROBE_ROLE__PROBE_ROLE_SEND
#define END      COVEY__PROBE_ROLE__PROBE_ROLE_END
#define READY    COVEY__PROBE_STATE__PROBE_STATE_READY
#define DONE     COVEY__PROBE_STATE__PROBE_STATE_DONE
#define FAILED   COVEY__PROBE_STATE__PROBE_STATE_FAILED

/* Comes in, and understands probes. */
static struct guest *bring_one(struct fabric *fabric, size_t who)
{
	struct guest *guest = connect_from(fabric, who, "pki", true);

	guest->probes = true;
	WAIT_FOR(fabric, guest->active_spi || guest->refusal || guest->closed);
	return guest;
}

/* From hv1 to hv2. */
static Covey__ProbeRequest request(void)
{
	static char *to[] = {(char *)"hv2", (char *)"hv3"};
	static uint32_t lengths[COVEY_PROBES_PER_RUN_MAX + 1];
	Covey__ProbeRequest request = COVEY__PROBE_REQUEST__INIT;

	for (uint32_t i = 0; i <= COVEY_PROBES_PER_RUN_MAX; i++)
		lengths[i] = 100 + i;
	request.group = (char *)GUEST_GROUP;
	request.id = 77;
	request.from = (char *)"hv1";
	request.to = to;
	request.n_to = 1;
	request.vni = 100;
	request.lengths = lengths;
	request.n_lengths = 3;
	return request;
}

static void report(struct guest *guest, Covey__ProbeState state)
{
	Covey__ProbeReport report = COVEY__PROBE_REPORT__INIT;

	report.group = (char *)GUEST_GROUP;
	report.id = guest->order_id;
	report.state = state;
	guest_send_report(guest, &report);
}

static void await_order(struct fabric *fabric, struct guest *guest, size_t count,
			Covey__ProbeRole role)
{
	WAIT_FOR(fabric, guest->orders == count || guest->closed);
	assert_int_equal(guest->orders, count);
	assert_int_equal(guest->role, role);
}

static void await_failed(struct fabric *fabric, struct guest *guest, size_t count, const char *host,
			 const char *reason)
{
	WAIT_FOR(fabric, guest->reports == count || guest->closed);
	assert_int_equal(guest->reports, count);
	assert_int_equal(guest->probe_state, FAILED);
	assert_string_equal(guest->report_host, host);
	if (!strstr(guest->report_reason, reason))
		fail_msg("\"%s\" does not say \"%s\"", guest->report_reason, reason);
}

/* The one that asks takes no part; the others get one nonce, and each report goes to it. */
static void a_run_from_request_to_reports(void **state)
{
	struct fabric *fabric = *state;
	struct guest *one = bring_one(fabric, HV1), *two = bring_one(fabric, HV2);
	struct guest *three = bring_one(fabric, HV3);
	Covey__ProbeRequest asked = request();

	guest_send_request(three, &asked);
	await_order(fabric, two, 1, ANSWER);
	assert_int_equal(two->order_vteps, 1);
	assert_int_equal(one->orders, 0);
	report(two, READY);
	await_order(fabric, one, 1, SEND);
	assert_int_equal(one->order_id, two->order_id);
	assert_memory_equal(one->nonce, two->nonce, sizeof(one->nonce));
	assert_int_equal(three->reports, 0);
	report(one, DONE);
	await_order(fabric, two, 2, END);
	WAIT_FOR(fabric, three->reports == 1);
	assert_string_equal(three->report_host, "hv1");
	assert_int_equal(three->report_id, 77);
	report(two, DONE);
	WAIT_FOR(fabric, three->reports == 2);
	assert_string_equal(three->report_host, "hv2");
	assert_int_equal(three->probe_state, DONE);
	assert_int_equal(one->reports + two->reports + three->orders, 0);
	/* Once more, and after that it is of no use. */
	report(two, DONE);
	guest_heartbeat(two);
	WAIT_FOR(fabric, two->heartbeats == 1);
	assert_int_equal(three->reports, 2);
}

/* All that take part are told to look for VXLAN in clear, and what they have heard gets to who
 * asks. */
static void who_sends_in_clear(void **state)
{
	struct fabric *fabric = *state;
	struct guest *one = bring_one(fabric, HV1), *two = bring_one(fabric, HV2);
	Covey__ProbeRequest asked = request();
	Covey__ProbeReport said = COVEY__PROBE_REPORT__INIT;
	Covey__ProbeHeard one_heard = COVEY__PROBE_HEARD__INIT, *heard[COVEY_PROBE_HEARD_MAX];
	uint8_t from[4] = {10, 77, 0, 99};

	for (size_t i = 0; i < COVEY_PROBE_HEARD_MAX; i++)
		heard[i] = &one_heard;
	one_heard.from = (ProtobufCBinaryData){4, from};
	one_heard.vni = 100;
	one_heard.packets = 1;
	asked.clear = true;
	guest_send_request(one, &asked);
	await_order(fabric, two, 1, ANSWER);
	assert_true(two->order_clear);
	report(two, READY);
	await_order(fabric, one, 1, SEND);
	assert_true(one->order_clear);
	said.group = (char *)GUEST_GROUP;
	said.id = one->order_id;
	said.state = DONE;
	said.looked = true;
	said.heard = heard;
	said.n_heard = COVEY_PROBE_HEARD_MAX;
	guest_send_report(one, &said);
	WAIT_FOR(fabric, one->reports == 1);
	assert_true(one->report_looked);
	assert_int_equal(one->report_heard, COVEY_PROBE_HEARD_MAX);
	report(two, DONE);
	WAIT_FOR(fabric, one->reports == 2);
	assert_false(one->report_looked);
	asked.clear = false;
	guest_send_request(one, &asked);
	await_order(fabric, two, 3, ANSWER);
	assert_false(two->order_clear);
}

/* Nobody answers if it is not wanted. */
static void one_way(void **state)
{
	struct fabric *fabric = *state;
	struct guest *one = bring_one(fabric, HV1), *two = bring_one(fabric, HV2);
	Covey__ProbeRequest asked = request();

	asked.one_way = true;
	guest_send_request(one, &asked);
	await_order(fabric, two, 1, LISTEN);
}

static void by_multicast(void **state)
{
	struct fabric *fabric = *state;
	struct guest *one = bring_one(fabric, HV1), *two = bring_one(fabric, HV2);
	struct guest *three = bring_one(fabric, HV3);
	Covey__ProbeRequest asked = request();

	asked.multicast = true;
	asked.n_to = 2;
	guest_send_request(one, &asked);
	await_order(fabric, two, 1, LISTEN);
	await_order(fabric, three, 1, LISTEN);
	report(two, READY);
	report(three, FAILED);
	await_order(fabric, one, 1, SEND);
	assert_int_equal(one->order_vteps, 1);
	await_failed(fabric, one, 1, "hv3", "");
}

/* Those that are silent, or go away, are reported as that. */
static void who_does_not_answer(void **state)
{
	struct fabric *fabric = *state;
	struct guest *one = bring_one(fabric, HV1), *two = bring_one(fabric, HV2);
	struct guest *three = bring_one(fabric, HV3);
	Covey__ProbeRequest asked = request();

	guest_send_request(three, &asked);
	await_order(fabric, two, 1, ANSWER);
	await_failed(fabric, three, 2, "hv1", "nobody listens");
	guest_send_request(three, &asked);
	await_order(fabric, two, 2, ANSWER);
	report(two, READY);
	await_order(fabric, one, 1, SEND);
	guest_vanish(one);
	await_failed(fabric, three, 3, "hv1", "its session with the key manager ended");
	await_failed(fabric, three, 4, "hv2", "it has not answered in time");
}

/* Requests that come all the time do not put off the end of a run. */
static void who_is_silent_among_many(void **state)
{
	struct fabric *fabric = *state;
	struct guest *two = bring_one(fabric, HV2), *three = bring_one(fabric, HV3);
	Covey__ProbeRequest asked = request(), other = request();
	char *to_one[] = {(char *)"hv1"};

	bring_one(fabric, HV1);
	guest_send_request(three, &asked);
	await_order(fabric, two, 1, ANSWER);
	/* Each begins, and ends at once, as hv1 is busy. */
	other.from = (char *)"hv3";
	other.to = to_one;
	for (size_t i = 0; i < 60 && three->reports == 0; i++) {
		usleep(50000);
		guest_send_request(two, &other);
		WAIT_FOR(fabric, two->reports >= 2 * (i + 1));
	}
	await_failed(fabric, three, 2, "hv1", "nobody listens");
	assert_true(two->reports < 2 * 50);
}

static void who_cannot_take_part(void **state)
{
	struct fabric *fabric = *state;
	struct guest *one = bring_one(fabric, HV1), *two = bring_one(fabric, HV2);
	struct guest *three = bring(fabric, HV3);
	Covey__ProbeRequest asked = request();
	size_t count = 0;

	asked.vni = 200;
	guest_send_request(one, &asked);
	await_failed(fabric, one, ++count, "", "is not one of the group's");
	asked = request();
	asked.from = (char *)"hv4";
	guest_send_request(one, &asked);
	/* Each host that was named is reported, so that nobody waits for the others. */
	await_failed(fabric, one, count += 2, "hv4", "no member");
	asked.from = (char *)"hv3";
	guest_send_request(one, &asked);
	await_failed(fabric, one, count += 2, "hv3", "too old");
	guest_vanish(three);
	WAIT_FOR(fabric, log_says(fabric, "hv3") && log_says(fabric, "departs"));
	guest_send_request(one, &asked);
	await_failed(fabric, one, count += 2, "hv3", "not connected");
	asked = request();
	asked.from = (char *)"hv2";
	guest_send_request(one, &asked);
	await_failed(fabric, one, count + 2, "hv2", "nobody listens");
	count += 2;
	assert_int_equal(two->orders, 0);
	asked = request();
	guest_send_request(one, &asked);
	await_order(fabric, two, 1, ANSWER);
	guest_send_request(one, &asked);
	await_failed(fabric, one, count += 2, "hv1",
		     "try again: it is busy with probes that hv1 asked for");
	guest_send_request(two, &asked);
	await_failed(fabric, two, 2, "hv1", "probes that hv1 asked for");
	assert_false(log_says(fabric, "asks for more probes"));
}

static void not_too_many(void **state)
{
	struct fabric *fabric = *state;
	struct guest *one = bring_one(fabric, HV1);
	Covey__ProbeRequest asked = request();

	asked.vni = 200;
	for (size_t i = 0; i < 2 * COVEY_PROBE_REQUESTS_EACH; i++)
		guest_send_request(one, &asked);
	WAIT_FOR(fabric, one->reports == 2 * COVEY_PROBE_REQUESTS_EACH || one->closed);
	assert_non_null(strstr(one->report_reason, "too many probes in a second"));
	assert_true(log_says(fabric, "hv1 asks for more probes than one host may"));
}

static void assert_no_such_request(struct fabric *fabric, const Covey__ProbeRequest *asked)
{
	struct guest *guest = bring_one(fabric, HV1);

	guest_send_request(guest, asked);
	assert_cut(fabric, guest, PROTOCOL, "ProbeRequest");
}

static void requests_that_nobody_makes(void **state)
{
	struct fabric *fabric = *state;
	Covey__ProbeRequest bad = request();

	bad.id = 0;
	assert_no_such_request(fabric, &bad);
	bad = request();
	bad.n_to = 0;
	assert_no_such_request(fabric, &bad);
	bad = request();
	bad.n_to = 2;
	assert_no_such_request(fabric, &bad);
	bad = request();
	bad.n_lengths = 0;
	assert_no_such_request(fabric, &bad);
	bad = request();
	bad.n_lengths = COVEY_PROBES_PER_RUN_MAX + 1;
	assert_no_such_request(fabric, &bad);
	bad = request();
	bad.lengths[1] = bad.lengths[0];
	assert_no_such_request(fabric, &bad);
	bad = request();
	bad.lengths[1] = COVEY_PROBE_LENGTH_MAX + 1;
	assert_no_such_request(fabric, &bad);
	bad = request();
	bad.dscp = 64;
	assert_no_such_request(fabric, &bad);
	bad = request();
	bad.source_port = 65536;
	assert_no_such_request(fabric, &bad);
	bad = request();
	bad.from = (char *)"hv\n1";
	assert_no_such_request(fabric, &bad);
}

static void assert_no_such_report(struct fabric *fabric, const Covey__ProbeReport *bad)
{
	struct guest *guest = bring_one(fabric, HV1);

	guest_send_report(guest, bad);
	assert_cut(fabric, guest, PROTOCOL, "ProbeReport");
}

static void reports_that_nobody_makes(void **state)
{
	struct fabric *fabric = *state;
	uint8_t vtep[5] = {0};
	Covey__ProbeSeen one = COVEY__PROBE_SEEN__INIT, *seen[] = {&one, &one, &one};
	Covey__ProbeDrop drop = COVEY__PROBE_DROP__INIT, *drops[COVEY_PROBE_DROPS_MAX + 1];
	Covey__ProbeHeard source = COVEY__PROBE_HEARD__INIT, *heard[COVEY_PROBE_HEARD_MAX + 1];
	Covey__ProbeReport good = COVEY__PROBE_REPORT__INIT, bad;
	char text[COVEY_REASON_MAX + 2];

	memset(text, 'a', sizeof(text));
	text[COVEY_REASON_MAX + 1] = '\0';
	for (size_t i = 0; i <= COVEY_PROBE_DROPS_MAX; i++)
		drops[i] = &drop;
	one.vtep = (ProtobufCBinaryData){4, vtep};
	good.group = (char *)GUEST_GROUP;
	good.state = DONE;
	good.seen = seen;
	good.n_seen = 2;
	good.drops = drops;
	bad = good;
	bad.n_seen = 3;
	assert_no_such_report(fabric, &bad);
	bad = good;
	bad.n_drops = COVEY_PROBE_DROPS_MAX + 1;
	assert_no_such_report(fabric, &bad);
	bad = good;
	bad.reason = text;
	assert_no_such_report(fabric, &bad);
	bad = good;
	bad.blind = (char *)"\x1b[2J";
	assert_no_such_report(fabric, &bad);
	bad = good;
	bad.host = (char *)"hv1";
	assert_no_such_report(fabric, &bad);
	bad = good;
	bad.state = 4;
	assert_no_such_report(fabric, &bad);
	for (size_t i = 0; i <= COVEY_PROBE_HEARD_MAX; i++)
		heard[i] = &source;
	source.from = (ProtobufCBinaryData){4, vtep};
	source.packets = 1;
	bad = good;
	bad.heard = heard;
	bad.n_heard = COVEY_PROBE_HEARD_MAX + 1;
	assert_no_such_report(fabric, &bad);
	bad.n_heard = 1;
	source.from.len = 5;
	assert_no_such_report(fabric, &bad);
	source.from.len = 4;
	source.vni = COVEY_VNI_MAX + 1;
	assert_no_such_report(fabric, &bad);
	source.vni = 1;
	source.packets = 0;
	assert_no_such_report(fabric, &bad);
	one.vtep.len = 5;
	assert_no_such_report(fabric, &good);
	one.vtep.len = 4;
	one.clear = 1u << COVEY_PROBES_PER_RUN_MAX;
	assert_no_such_report(fabric, &good);
	one.clear = 0;
	one.crowded = 1u << COVEY_PROBES_PER_RUN_MAX;
	assert_no_such_report(fabric, &good);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_run_from_request_to_reports),
		TEST(who_sends_in_clear),
		TEST(one_way),
		TEST(by_multicast),
		TEST(who_does_not_answer),
		TEST(who_is_silent_among_many),
		TEST(who_cannot_take_part),
		TEST(not_too_many),
		TEST(requests_that_nobody_makes),
		TEST(reports_that_nobody_makes),
	};

	if (fabric_arguments(argc, argv, "GKM") < 0)
		return 2;
	return cmocka_run_group_tests_name("gkm: probes", tests, NULL, NULL);
}
