/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What members report to a real covey-gkm of their windows and of impostors, and what comes of it.
 */

#include <covey/wire.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "fabric.h"

#define PROTOCOL COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL

/* One window of the SA that it sends on. Returns when the answer is there, or it is cut. */
static void report_window(struct fabric *fabric, struct guest *guest, uint32_t window_id,
			  uint64_t esn)
{
	Covey__SaUse use = COVEY__SA_USE__INIT;
	size_t heartbeats = guest->heartbeats;

	use.spi = guest->active_spi;
	use.window_ids = &window_id;
	use.esns = &esn;
	use.n_window_ids = use.n_esns = 1;
	guest_report_use(guest, &use);
	WAIT_FOR(fabric, guest->closed || guest->heartbeats > heartbeats);
}

static void report_impostors(struct fabric *fabric, struct guest *guest, uint64_t packets)
{
	Covey__SaUse use = COVEY__SA_USE__INIT;
	size_t heartbeats = guest->heartbeats;

	use.spi = guest->active_spi;
	use.own_sender = packets;
	guest_report_use(guest, &use);
	WAIT_FOR(fabric, guest->closed || guest->heartbeats > heartbeats);
}

static void a_newcomer_hears_of_windows(void **state)
{
	struct fabric *fabric = *state;
	struct guest *first = bring(fabric, HV1);
	struct guest *second;

	report_window(fabric, first, 7, covey_esn(1, 100));
	report_window(fabric, first, 9, covey_esn(1, 200));
	second = bring(fabric, HV2);
	assert_int_equal(second->spi, first->spi);
	assert_int_equal(second->floor_count, 2);
	assert_int_equal(second->floor.sender_id, first->sender_id);
	assert_int_equal(second->floor.window_id, 9);
	assert_int_equal(second->floor.esn, covey_esn(1, 200));
}

/* Whoever restarts is told, whoever still has the SA is not. */
static void who_comes_back(void **state)
{
	struct fabric *fabric = *state;
	struct guest *first = bring(fabric, HV1);
	struct guest *second = bring(fabric, HV2);
	uint32_t spi = second->spi;

	assert_int_equal(second->floor_count, 0);
	report_window(fabric, first, 7, covey_esn(1, 100));
	guest_vanish(second);
	second = bring(fabric, HV2);
	assert_int_equal(second->spi, spi);
	assert_int_equal(second->floor_count, 1);
	guest_vanish(second);
	second = connect_from(fabric, HV2, "pki", true);
	second->held_spis[0] = spi;
	second->held_count = 1;
	WAIT_FOR(fabric, second->active_spi || second->closed);
	assert_int_equal(second->spi, spi);
	assert_int_equal(second->floor_count, 0);
}

/* A Join says what it holds also when it has to wait for another SenderID to be on disk. */
static void who_comes_back_as_another_sender(void **state)
{
	struct fabric *fabric = *state;
	struct guest *first = bring(fabric, HV1);
	struct guest *second = bring(fabric, HV2);
	uint32_t spi = second->spi;
	char pki[512];

	report_window(fabric, first, 7, covey_esn(1, 100));
	/* A new connection of the same program, which has the SA. */
	guest_vanish(second);
	second = connect_from(fabric, HV2, "pki", true);
	second->held_spis[0] = spi;
	second->held_count = 1;
	WAIT_FOR(fabric, second->active_spi || second->closed);
	assert_int_equal(second->floor_count, 0);
	/* Restarted, with nothing. */
	path_of(fabric, "pki", pki);
	issue(pki, IDENTITY_HOST, "hv2", 7, true);
	guest_vanish(second);
	second = bring(fabric, HV2);
	assert_int_equal(second->sender_id, 7);
	assert_int_equal(second->spi, spi);
	assert_int_equal(second->floor_count, 1);
	/* And the other way round: what it holds it is not told of. */
	issue(pki, IDENTITY_HOST, "hv2", 8, true);
	guest_vanish(second);
	second = connect_from(fabric, HV2, "pki", true);
	second->held_spis[0] = spi;
	second->held_count = 1;
	WAIT_FOR(fabric, second->active_spi || second->closed);
	assert_int_equal(second->sender_id, 8);
	assert_int_equal(second->floor_count, 0);
}

static void nobody_holds_more_than_there_can_be(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest = connect_from(fabric, HV1, "pki", true);

	guest->held_count = COVEY_SAS_PER_GROUP_MAX + 1;
	assert_cut(fabric, guest, PROTOCOL, "Join of group tenants with 9 SAs");
	guest = connect_from(fabric, HV1, "pki", true);
	guest->held_count = COVEY_SAS_PER_GROUP_MAX;
	WAIT_FOR(fabric, guest->active_spi || guest->closed);
	assert_false(guest->closed);
}

static void no_impossible_windows(void **state)
{
	struct fabric *fabric = *state;
	struct guest *other = bring(fabric, HV2);
	struct guest *guest = bring(fabric, HV1);

	report_window(fabric, guest, 7, covey_esn(2, 1));
	assert_cut(fabric, guest, PROTOCOL, "impossible counters: an ESN of epoch 2");
	guest = bring(fabric, HV1);
	report_window(fabric, guest, 7, covey_esn(1, 5));
	report_window(fabric, guest, 7, covey_esn(1, 4));
	assert_cut(fabric, guest, PROTOCOL, "fell from");
	guest = bring(fabric, HV1);
	report_window(fabric, guest, 7, covey_esn(1, COVEY_ESN_COUNTER_MAX));
	assert_cut(fabric, guest, PROTOCOL, "which no sender has come to");
	guest = bring(fabric, HV1);
	report_window(fabric, guest, 65536, covey_esn(1, 5));
	assert_cut(fabric, guest, PROTOCOL, "out of order or range");
	guest_heartbeat(other);
	WAIT_FOR(fabric, other->heartbeats == 1);
	assert_false(other->closed);
}

/* Also of an SA that is not in use, or that nobody knows. */
static void as_many_windows_as_esns(void **state)
{
	static const struct {
		size_t windows, esns;
	} lists[] = {{0, 1}, {1, 0}, {1, 2}};
	struct fabric *fabric = *state;
	uint32_t window_ids[] = {7, 8};
	uint64_t esns[] = {covey_esn(1, 1), covey_esn(1, 1)};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct guest *guest = bring(fabric, HV1);
		Covey__SaUse use = COVEY__SA_USE__INIT;

		use.spi = guest->active_spi + 1;
		use.window_ids = window_ids;
		use.n_window_ids = lists[i].windows;
		use.esns = esns;
		use.n_esns = lists[i].esns;
		guest_report_use(guest, &use);
		assert_cut(fabric, guest, PROTOCOL, "ESNs on SA");
	}
}

/* The same report, count times. */
static void assert_no_such_clear(struct fabric *fabric, const Covey__ClearHeard *heard,
				 size_t count, const char *reason)
{
	struct guest *guest = bring(fabric, HV1);

	guest_report_clear(guest, heard, count);
	assert_cut(fabric, guest, PROTOCOL, reason);
}

static void reports_of_clear_packets_that_nobody_makes(void **state)
{
	struct fabric *fabric = *state;
	uint8_t address[17] = {192, 0, 2, 9};
	Covey__ClearHeard good = COVEY__CLEAR_HEARD__INIT, bad;
	struct guest *guest = bring(fabric, HV1);

	good.group = (char *)GUEST_GROUP;
	good.vtep = (ProtobufCBinaryData){4, address};
	good.vni = 0xffffff;
	good.packets = 1;
	guest_report_clear(guest, &good, COVEY_CLEAR_HEARD_MAX);
	WAIT_FOR(fabric, guest->closed || guest->heartbeats == 1);
	assert_false(guest->closed);
	guest_vanish(guest);
	assert_no_such_clear(fabric, &good, COVEY_CLEAR_HEARD_MAX + 1, "65 senders in clear");
	bad = good;
	bad.vni = 0x1000000;
	assert_no_such_clear(fabric, &bad, 1, "1 clear packets of VNI 16777216");
	bad = good;
	bad.packets = 0;
	assert_no_such_clear(fabric, &bad, 1, "0 clear packets of VNI");
	for (size_t len = 0; len <= sizeof(address); len++) {
		bad = good;
		bad.vtep.len = len;
		if (len != 4 && len != 16)
			assert_no_such_clear(fabric, &bad, 1, "in clear whose address has");
	}
	bad = good;
	bad.group = (char *)"a b";
	assert_no_such_clear(fabric, &bad, 1, "without the name of a group");
}

static void assert_no_such_more(struct fabric *fabric, const char *group, size_t count,
				const char *reason)
{
	struct guest *guest = bring(fabric, HV1);

	guest_report_clear_more(guest, group, count);
	assert_cut(fabric, guest, PROTOCOL, reason);
}

static void reports_of_more_clear_packets_that_nobody_makes(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest = bring(fabric, HV1);

	guest_report_clear_more(guest, GUEST_GROUP, COVEY_CLEAR_MORE_MAX);
	guest_report_clear_more(guest, "another", 1);
	WAIT_FOR(fabric, guest->closed || guest->heartbeats == 2);
	assert_false(guest->closed);
	guest_vanish(guest);
	assert_no_such_more(fabric, GUEST_GROUP, COVEY_CLEAR_MORE_MAX + 1,
			    "129 groups with more senders in clear");
	assert_no_such_more(fabric, "a b", 1, "without the name of a group");
}

static void impostors_raise_an_alarm(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest = bring(fabric, HV1);

	report_impostors(fabric, guest, 0);
	assert_int_equal(log_count(fabric, "ALARM"), 0);
	report_impostors(fabric, guest, 3);
	report_impostors(fabric, guest, 3);
	WAIT_FOR(fabric, log_says(fabric, "ALARM: tenants: somebody sends, or forges, with the "
					  "SenderID 1 of hv1: it dropped 3 such packets"));
	assert_int_equal(log_count(fabric, "ALARM"), 1);
	/* A flood of them fills no log. */
	for (unsigned i = 4; i < 30; i++)
		report_impostors(fabric, guest, i);
	assert_in_range(log_count(fabric, "ALARM"), 2, 8);
	report_impostors(fabric, guest, UINT64_MAX);
	assert_cut(fabric, guest, PROTOCOL, "more than there was time for");
}

/* A host in two groups reports both at once, in any order: each report is of its own group. */
static void each_report_is_of_its_group(void **state)
{
	struct fabric *fabric = *state;
	struct guest *first = bring(fabric, HV1);
	struct guest *feed = knock(fabric, HV2);
	struct guest *newcomer;
	uint32_t spi;

	feed->group = "feed";
	feed->joins = true;
	guest_hello(feed);
	WAIT_FOR(fabric, feed->active_spi || feed->closed);
	spi = feed->active_spi;
	assert_int_not_equal(spi, first->active_spi);
	feed->group = GUEST_GROUP;
	guest_join(feed, GUEST_GROUP);
	WAIT_FOR(fabric, feed->active_spi != spi);
	report_window(fabric, feed, 7, covey_esn(1, 100));
	feed->active_spi = spi;
	report_window(fabric, feed, 8, covey_esn(1, 200));
	feed->active_spi = first->active_spi;
	report_window(fabric, feed, 9, covey_esn(1, 300));
	assert_false(feed->closed);
	newcomer = bring(fabric, HV3);
	assert_int_equal(newcomer->spi, first->spi);
	assert_int_equal(newcomer->floor_count, 2);
	assert_int_equal(newcomer->floor.window_id, 9);
	guest_vanish(feed);
	newcomer = knock(fabric, HV3);
	newcomer->group = "feed";
	newcomer->joins = true;
	guest_hello(newcomer);
	WAIT_FOR(fabric, newcomer->active_spi || newcomer->closed);
	assert_int_equal(newcomer->spi, spi);
	assert_int_equal(newcomer->floor_count, 1);
	assert_int_equal(newcomer->floor.window_id, 8);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_newcomer_hears_of_windows),
		TEST(who_comes_back),
		TEST(who_comes_back_as_another_sender),
		TEST(nobody_holds_more_than_there_can_be),
		TEST(no_impossible_windows),
		TEST(as_many_windows_as_esns),
		TEST(reports_of_clear_packets_that_nobody_makes),
		TEST(reports_of_more_clear_packets_that_nobody_makes),
		TEST(impostors_raise_an_alarm),
		TEST(each_report_is_of_its_group),
	};

	if (fabric_arguments(argc, argv, "COVEY-GKM") < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
