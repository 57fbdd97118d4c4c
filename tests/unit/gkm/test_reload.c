/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The inventory changes while the real covey-gkm runs: members, hosts, groups, VNIs and the rekey
 * policy are taken over, without the end of a session that is not concerned.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "operator.h"

/* What may be another one. NULL: as at the start. */
struct text {
	const char *vnis, *members, *rekey, *feed, *readers, *more, *hv2, *hv3, *port;
};

/* In one step, as a deployment would. */
static void write_as(const struct fabric *fabric, const struct text *text)
{
	char path[512], new[512], port[8];
	FILE *file;

	path_of(fabric, "inventory.yaml", path);
	path_of(fabric, "inventory.new", new);
	snprintf(port, sizeof(port), "%u", fabric->port);
	file = fopen(new, "w");
	assert_non_null(file);
	fprintf(file,
		"all:\n  vars:\n    covey_fabric: test\n    covey_gkm: 127.0.0.1\n"
		"    covey_gkm_port: %s\n    covey_groups:\n"
		"      tenants: {vnis: [%s], members: [%s], rekey: {%s}}\n"
		"      feed: {vnis: [%s], members: [%s], rekey: {on_join: false}}\n%s"
		"  hosts:\n"
		"    hv1: {covey_vtep: 10.0.0.1, covey_fabric_interface: eth0}\n%s%s"
		"    hv4: {covey_vtep: 10.0.0.4, covey_fabric_interface: eth0}\n",
		text->port ? text->port : port, text->vnis ? text->vnis : "100, 101",
		text->members ? text->members : "hv1, hv2, hv3",
		text->rekey ? text->rekey : fabric->rekey, text->feed ? text->feed : "200, 201",
		text->readers ? text->readers : "hv1, hv2, hv3", text->more ? text->more : "",
		text->hv2 ? text->hv2
			  : "    hv2: {covey_vtep: 10.0.0.2, covey_fabric_interface: eth0}\n",
		text->hv3 ? text->hv3
			  : "    hv3: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, "
			    "covey_sender_id: 3}\n");
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(new, path), 0);
}

static void change(struct fabric *fabric, const struct text *text)
{
	size_t before = log_count(fabric, "the inventory is read again");

	write_as(fabric, text);
	WAIT_FOR(fabric, log_count(fabric, "the inventory is read again") > before);
}

static void a_member_is_added(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;

	bring(fabric, HV1);
	bring(fabric, HV4);
	assert_int_equal(guests[HV4].refusal, COVEY__REFUSAL_CODE__REFUSAL_NOT_AUTHORISED);
	change(fabric, &(struct text){.members = "hv1, hv2, hv3, hv4"});
	WAIT_FOR(fabric, guests[HV4].changes > 0);
	assert_string_equal(guests[HV4].changed_group, "tenants");
	guests[HV4].refusal = 0;
	guest_join(&guests[HV4], "tenants");
	WAIT_FOR(fabric, guests[HV4].active_spi);
	WAIT_FOR(fabric, guests[HV1].floors[guests[HV4].sender_id]);
	assert_memory_equal(guests[HV4].tek, guests[HV1].tek, 32);
	assert_int_equal(guests[HV1].epoch, 1);
	assert_false(guests[HV1].closed);
	assert_true(log_says(fabric, "inventory: members of group tenants"));
}

static void a_member_is_removed_and_comes_back(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	uint8_t tek[32];
	uint32_t spi;

	bring(fabric, HV1);
	bring(fabric, HV2);
	WAIT_FOR(fabric, guests[HV1].floors[2]);
	spi = guests[HV1].active_spi;
	memcpy(tek, guests[HV1].tek, sizeof(tek));
	change(fabric, &(struct text){.members = "hv1, hv3"});
	WAIT_FOR(fabric, guests[HV2].refusal == COVEY__REFUSAL_CODE__REFUSAL_NOT_AUTHORISED);
	WAIT_FOR(fabric, guests[HV1].active_spi > spi);
	assert_memory_not_equal(guests[HV1].tek, tek, sizeof(tek));
	assert_memory_equal(guests[HV2].tek, tek, sizeof(tek));
	assert_false(guests[HV2].closed);
	guests[HV2].refusal = 0;
	guest_join(&guests[HV2], "tenants");
	WAIT_FOR(fabric, guests[HV2].refusal == COVEY__REFUSAL_CODE__REFUSAL_NOT_AUTHORISED);
	change(fabric, &(struct text){0});
	guests[HV2].refusal = 0;
	guests[HV2].active_spi = 0;
	guest_join(&guests[HV2], "tenants");
	WAIT_FOR(fabric, guests[HV2].active_spi > spi);
	assert_int_equal(guests[HV2].epoch, 2);
	assert_int_equal(guests[HV2].sender_id, 2);
	assert_int_equal(guests[HV1].epoch, 1);
}

static void a_host_is_removed(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	uint32_t spi;

	bring(fabric, HV1);
	bring(fabric, HV2);
	spi = guests[HV1].active_spi;
	write_as(fabric, &(struct text){.members = "hv1, hv3", .hv2 = ""});
	/* Group feed names it still. */
	WAIT_FOR(fabric, log_says(fabric, "the inventory is not taken over"));
	assert_false(guests[HV2].closed);
	change(fabric, &(struct text){.members = "hv1, hv3", .readers = "hv1, hv3", .hv2 = ""});
	assert_cut(fabric, &guests[HV2], COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_HOST, "any more");
	WAIT_FOR(fabric, guests[HV1].active_spi > spi);
	bring(fabric, HV2);
	assert_int_equal(guests[HV2].refusal, COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_HOST);
	change(fabric, &(struct text){0});
	bring(fabric, HV2);
	assert_int_equal(guests[HV2].refusal, 0);
	assert_int_equal(guests[HV2].sender_id, 2);
	assert_false(guests[HV1].closed);
}

/* Where the old name has used it, the new one is refused; all else is as in any other change. */
static void a_host_gets_another_name(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	uint32_t spi;

	bring(fabric, HV1);
	bring(fabric, HV3);
	WAIT_FOR(fabric, guests[HV1].floors[3]);
	spi = guests[HV1].active_spi;
	change(fabric, &(struct text){.members = "hv1, hv2, stranger, hv4",
				      .readers = "hv1, hv2, stranger",
				      .hv3 = "    stranger: {covey_vtep: 10.0.0.9, "
					     "covey_fabric_interface: eth0, covey_sender_id: "
					     "3}\n"});
	assert_cut(fabric, &guests[HV3], COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_HOST, "any more");
	WAIT_FOR(fabric, guests[HV1].active_spi > spi);
	bring(fabric, HV4);
	assert_int_equal(guests[HV4].refusal, 0);
	WAIT_FOR(fabric, guests[HV1].floors[guests[HV4].sender_id]);
	bring(fabric, STRANGER);
	assert_int_equal(guests[STRANGER].refusal, COVEY__REFUSAL_CODE__REFUSAL_SENDER_ID);
	guests[STRANGER].group = "feed";
	guest_join(&guests[STRANGER], "feed");
	WAIT_FOR(fabric, guests[STRANGER].active_spi);
	assert_int_equal(guests[STRANGER].sender_id, 3);
	assert_false(guests[HV1].closed);
	assert_false(log_says(fabric, "not all that the inventory"));
}

/* The first that hears of it finds the VNI free. */
static void a_vni_moves_to_another_group(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;

	bring(fabric, HV1);
	change(fabric, &(struct text){.vnis = "100, 102",
				      .feed = "101, 200",
				      .more = "      late: {vnis: [7, 8], members: [hv2]}\n"});
	WAIT_FOR(fabric, guests[HV1].changes == 4);
	assert_string_equal(guests[HV1].changed_group, "feed");
	assert_int_equal(guests[HV1].vni_count, 2);
	assert_int_equal(guests[HV1].vnis[0], 101);
	assert_int_equal(guests[HV1].vnis[1], 200);
	assert_int_equal(guests[HV1].epoch, 1);
	assert_false(guests[HV1].closed);
}

static struct guest *greet(struct fabric *fabric, size_t who)
{
	struct guest *guest = connect_from(fabric, who, "pki", false);

	WAIT_FOR(fabric, guest->opened);
	guest_hello(guest);
	WAIT_FOR(fabric, guest->welcome);
	return guest;
}

static void a_group_is_added_and_removed(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest = greet(fabric, HV1);

	change(fabric, &(struct text){.more = "      late: {vnis: [7, 8], members: [hv1, hv2]}\n"});
	guest->group = "late";
	guest_join(guest, "late");
	WAIT_FOR(fabric, guest->active_spi);
	change(fabric, &(struct text){0});
	WAIT_FOR(fabric, guest->refusal == COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_GROUP);
	guest->refusal = 0;
	guest_join(guest, "late");
	WAIT_FOR(fabric, guest->refusal == COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_GROUP);
	change(fabric, &(struct text){.more = "      late: {vnis: [8, 9], members: [hv1, hv2]}\n"});
	guest->refusal = 0;
	guest->active_spi = 0;
	guest_join(guest, "late");
	WAIT_FOR(fabric, guest->active_spi);
	assert_int_equal(guest->epoch, 2);
	assert_false(guest->closed);
}

static void a_group_comes_back_with_another_policy(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	uint32_t spi;

	change(fabric,
	       &(struct text){.more = "      late: {vnis: [7, 8], members: [hv1, hv2], rekey: "
				      "{on_join: false}}\n"});
	change(fabric, &(struct text){0});
	change(fabric,
	       &(struct text){.more = "      late: {vnis: [7, 8], members: [hv1, hv2], rekey: "
				      "{on_join: true}}\n"});
	greet(fabric, HV1)->group = "late";
	guest_join(&guests[HV1], "late");
	WAIT_FOR(fabric, guests[HV1].active_spi);
	spi = guests[HV1].active_spi;
	greet(fabric, HV2)->group = "late";
	guest_join(&guests[HV2], "late");
	WAIT_FOR(fabric, guests[HV2].active_spi);
	assert_true(guests[HV2].active_spi > spi);
}

static void a_member_moves_while_it_is_none(void **state)
{
	static const char elsewhere[] =
		"    hv2: {covey_vtep: 10.0.0.22, covey_fabric_interface: eth0}\n";
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;

	bring(fabric, HV1);
	change(fabric, &(struct text){.hv2 = elsewhere});
	change(fabric, &(struct text){.hv2 = elsewhere, .members = "hv1, hv3"});
	change(fabric, &(struct text){.members = "hv1, hv3"});
	change(fabric, &(struct text){0});
	bring(fabric, HV2);
	WAIT_FOR(fabric, guests[HV1].floors[guests[HV2].sender_id]);
	assert_true(
		covey_addr_equal(&guests[HV1].addresses[guests[HV2].sender_id], &guests[HV2].vtep));
}

/* Preloaded code sees it. */
static char unreadable[SCRATCH_PATH_MAX + 16];

static void make_unreadable(void)
{
	FILE *file = fopen(unreadable, "w");

	assert_non_null(file);
	fclose(file);
}

static void who_is_evicted_stays_out(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	json_t *answer;

	bring(fabric, HV1);
	bring(fabric, HV2);
	assert_int_equal(TYPE(fabric, &answer, "evict", "hv2", "tenants"), 0);
	json_decref(answer);
	make_unreadable();
	change(fabric, &(struct text){.members = "hv1, hv2, hv3, hv4"});
	assert_true(log_says(fabric, "not all that the inventory has changed is in force"));
	bring(fabric, HV2);
	assert_int_equal(guests[HV2].refusal, COVEY__REFUSAL_CODE__REFUSAL_EVICTED);
	change(fabric, &(struct text){.members = "hv1, hv3"});
	change(fabric, &(struct text){0});
	bring(fabric, HV2);
	assert_int_equal(guests[HV2].refusal, COVEY__REFUSAL_CODE__REFUSAL_UNAVAILABLE);
	unlink(unreadable);
	change(fabric, &(struct text){.members = "hv1, hv2, hv3, hv4"});
	bring(fabric, HV2);
	assert_int_equal(guests[HV2].refusal, COVEY__REFUSAL_CODE__REFUSAL_EVICTED);
	assert_int_equal(TYPE(fabric, &answer, "readmit", "hv2", "tenants"), 0);
	json_decref(answer);
	bring(fabric, HV2);
	assert_int_equal(guests[HV2].refusal, 0);
}

/* Also when nothing has changed since then. */
static void what_failed_is_done_at_the_next_reading(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	size_t before;

	bring(fabric, HV1);
	make_unreadable();
	change(fabric, &(struct text){.members = "hv1, hv2, hv3, hv4"});
	bring(fabric, HV4);
	assert_int_equal(guests[HV4].refusal, COVEY__REFUSAL_CODE__REFUSAL_UNAVAILABLE);
	kill(fabric->gkm, SIGHUP);
	WAIT_FOR(fabric, log_count(fabric, "not all that the inventory has changed") == 2);
	unlink(unreadable);
	before = guests[HV4].changes;
	kill(fabric->gkm, SIGHUP);
	WAIT_FOR(fabric, guests[HV4].changes > before);
	assert_int_equal(log_count(fabric, "not all that the inventory has changed"), 2);
	bring(fabric, HV4);
	assert_int_equal(guests[HV4].refusal, 0);
	assert_false(guests[HV1].closed);
}

static void another_rekey_policy(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	uint32_t spi;

	bring(fabric, HV1);
	spi = guests[HV1].active_spi;
	change(fabric, &(struct text){.rekey = "interval: 1s, activation_delay: 2s"});
	WAIT_FOR(fabric, guests[HV1].active_spi > spi + 1);
	assert_int_equal(guests[HV1].epoch, 1);
}

static void a_broken_one_changes_nothing(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;

	bring(fabric, HV1);
	write_as(fabric, &(struct text){.members = "hv1, nobody"});
	WAIT_FOR(fabric, log_says(fabric, "the inventory is not taken over"));
	assert_true(log_says(fabric, "nobody"));
	bring(fabric, HV2);
	assert_int_equal(guests[HV2].refusal, 0);
	assert_int_equal(guests[HV1].changes, 0);
	change(fabric, &(struct text){0});
}

static void what_needs_a_restart_is_named(void **state)
{
	struct fabric *fabric = *state;

	change(fabric, &(struct text){.port = "4000"});
	assert_true(
		log_says(fabric, "the inventory has changed covey_gkm_port: restart covey-gkm"));
	bring(fabric, HV1);
	assert_int_equal(fabric->guests[HV1].refusal, 0);
	kill(fabric->gkm, SIGHUP);
	WAIT_FOR(fabric, log_count(fabric, "the inventory has changed covey_gkm_port") == 2);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_member_is_added),
		TEST(a_member_is_removed_and_comes_back),
		TEST(a_host_is_removed),
		TEST(a_host_gets_another_name),
		TEST(a_vni_moves_to_another_group),
		TEST(a_group_is_added_and_removed),
		TEST(a_group_comes_back_with_another_policy),
		TEST(a_member_moves_while_it_is_none),
		TEST(who_is_evicted_stays_out),
		TEST(what_failed_is_done_at_the_next_reading),
		TEST(another_rekey_policy),
		TEST(a_broken_one_changes_nothing),
		TEST(what_needs_a_restart_is_named),
	};
	char directory[SCRATCH_PATH_MAX];
	int failed;

	if (fabric_arguments(argc, argv, "GKM COVEY UNREADABLE") < 0 || scratch_new(directory) < 0)
		return 1;
	covey_program = argv[2];
	snprintf(unreadable, sizeof(unreadable), "%s/unreadable", directory);
	setenv("UNREADABLE", unreadable, 1);
	setenv("LD_PRELOAD", argv[3], 1);
	/* Programs that are built with AddressSanitizer insist on being first. */
	setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	scratch_free(directory);
	return failed;
}
