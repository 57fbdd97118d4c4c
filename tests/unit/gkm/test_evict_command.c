/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * covey evict and covey readmit: who is out, for how long, and what the operator is told of it. The
 * real programs, covey-gkm and covey.
 */

#include "operator.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void an_evicted_host_is_out(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	uint8_t tek[32];
	json_t *answer;
	int status;

	bring(fabric, HV1);
	bring(fabric, HV2);
	memcpy(tek, guests[HV2].tek, sizeof(tek));
	assert_int_equal(TYPE(fabric, &answer, "evict", "hv2"), 0);
	json_decref(answer);
	assert_cut(fabric, &guests[HV2], COVEY__REFUSAL_CODE__REFUSAL_EVICTED, "is evicted");
	WAIT_FOR(fabric, guests[HV1].active_spi == 257 && guests[HV1].drained_spi == 256);
	assert_memory_not_equal(guests[HV1].tek, tek, sizeof(tek));
	assert_int_equal(guests[HV1].floors[2], 0);
	assert_memory_equal(guests[HV2].tek, tek, sizeof(tek));
	bring(fabric, HV2);
	assert_cut(fabric, &guests[HV2], COVEY__REFUSAL_CODE__REFUSAL_EVICTED, "is evicted");
	assert_int_equal(guests[HV2].tek_len, 0);
	/* For good. */
	assert_int_equal(stop_gkm(fabric, SIGKILL), -SIGKILL);
	start_gkm(fabric);
	bring(fabric, HV2);
	assert_cut(fabric, &guests[HV2], COVEY__REFUSAL_CODE__REFUSAL_EVICTED, "is evicted");
	status = TYPE(fabric, &answer, "evict", "hv2");
	assert_refused(fabric, answer, status, "evicted already");
	assert_int_equal(TYPE(fabric, &answer, "readmit", "hv2"), 0);
	json_decref(answer);
	bring(fabric, HV2);
	assert_int_equal(guests[HV2].sender_id, 2);
	assert_true(guests[HV2].active_spi > 257);
}

/* Whoever has given up, and was told that nothing came of it, is not to learn of it later. */
static void what_is_given_up_is_not_done(void **state)
{
	static const char request[] = "{\"command\": \"evict\", \"host\": \"hv2\"}\n";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct fabric *fabric = *state;
	char path[512];
	json_t *answer;
	int client = socket(AF_UNIX, SOCK_STREAM, 0);
	int status;

	path_of(fabric, "gkm.sock", path);
	assert_true(strlen(path) < sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	assert_int_equal(kill(fabric->gkm, SIGSTOP), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(write(client, request, strlen(request)), strlen(request));
	close(client);
	assert_int_equal(kill(fabric->gkm, SIGCONT), 0);
	/* It serves them one after another. */
	status = TYPE(fabric, &answer, "readmit", "hv2");
	assert_refused(fabric, answer, status, "hv2 is not evicted");
}

static void evicted_from_one_group(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	json_t *answer;
	int status;

	bring(fabric, HV1);
	bring(fabric, HV2);
	assert_int_equal(TYPE(fabric, &answer, "evict", "hv2", "tenants"), 0);
	json_decref(answer);
	WAIT_FOR(fabric, guests[HV2].refusal == COVEY__REFUSAL_CODE__REFUSAL_EVICTED);
	WAIT_FOR(fabric, guests[HV1].active_spi == 257);
	guest_heartbeat(&guests[HV2]);
	WAIT_FOR(fabric, guests[HV2].heartbeats == 1);
	assert_int_equal(guests[HV2].spi, 256);
	guests[HV2].refusal = COVEY__REFUSAL_CODE__REFUSAL_NONE;
	guest_join(&guests[HV2], GUEST_GROUP);
	WAIT_FOR(fabric, guests[HV2].refusal == COVEY__REFUSAL_CODE__REFUSAL_EVICTED);
	status = TYPE(fabric, &answer, "readmit", "hv2", "feed");
	assert_refused(fabric, answer, status, "not evicted from group feed");
	assert_int_equal(TYPE(fabric, &answer, "readmit", "hv2", "tenants"), 0);
	json_decref(answer);
	guest_join(&guests[HV2], GUEST_GROUP);
	WAIT_FOR(fabric, guests[HV2].active_spi == 257);
	assert_int_equal(guests[HV2].epoch, 2);
}

static void hosts_that_are_unknown(void **state)
{
	struct fabric *fabric = *state;
	json_t *answer;
	int status;

	status = TYPE(fabric, &answer, "evict", "hv9");
	assert_refused(fabric, answer, status, "no host hv9");
	status = TYPE(fabric, &answer, "evict", "hv1", "nosuch");
	assert_refused(fabric, answer, status, "no group nosuch");
	status = TYPE(fabric, &answer, "evict", "hv4", "tenants");
	assert_refused(fabric, answer, status, "hv4 is no member of group tenants");
	status = TYPE(fabric, &answer, "readmit", "hv1");
	assert_refused(fabric, answer, status, "hv1 is not evicted");
}

/* --- what the operator is told ------------------------------------------------------------- */

/* What the answer says of this group; it is of as many groups. */
static const json_t *group_in(const json_t *answer, const char *name, size_t count)
{
	const json_t *groups = json_object_get(answer, "groups"), *group;
	size_t i;

	assert_int_equal(json_array_size(groups), count);
	json_array_foreach(groups, i, group)
		if (strcmp(text_in(group, "group"), name) == 0)
			return group;
	fail_msg("the answer says nothing of %s", name);
	return NULL;
}

static void assert_names(const json_t *names, const char *name)
{
	assert_int_equal(json_array_size(names), name ? 1 : 0);
	if (name)
		assert_string_equal(json_string_value(json_array_get(names, 0)), name);
}

static void assert_eviction(const json_t *group, const char *rekey, json_int_t spi,
			    const char *awaited, const char *away)
{
	assert_string_equal(text_in(group, "rekey"), rekey);
	assert_int_equal(json_integer_value(json_object_get(group, "spi")), spi);
	assert_names(json_object_get(group, "awaited"), awaited);
	assert_names(json_object_get(group, "away"), away);
}

static void it_is_told_that_the_others_have_switched(void **state)
{
	struct fabric *fabric = *state;
	json_t *answer;

	bring(fabric, HV1);
	bring(fabric, HV2);
	bring(fabric, HV3);
	guest_vanish(&fabric->guests[HV3]);
	WAIT_FOR(fabric, log_says(fabric, " departs: "));
	assert_int_equal(TYPE_MEANWHILE(fabric, &answer, "evict", "hv2"), 0);
	assert_string_equal(text_in(answer, "host"), "hv2");
	assert_eviction(group_in(answer, "tenants", 2), "done", 257, NULL, "hv3");
	assert_int_equal(fabric->guests[HV1].active_spi, 257);
	/* Nobody has ever come there. */
	assert_eviction(group_in(answer, "feed", 2), "not needed", 0, NULL, NULL);
	json_decref(answer);
}

static void it_is_told_who_does_not_answer(void **state)
{
	struct fabric *fabric = *state;
	json_t *answer;

	bring(fabric, HV1)->acks = false;
	bring(fabric, HV2);
	assert_int_equal(TYPE_MEANWHILE(fabric, &answer, "evict", "hv2", "tenants"), 0);
	assert_string_equal(text_in(answer, "group"), "tenants");
	assert_eviction(group_in(answer, "tenants", 1), "begun", 257, "hv1", NULL);
	json_decref(answer);
}

static void it_is_told_that_nobody_is_there_to_switch(void **state)
{
	struct fabric *fabric = *state;
	json_t *answer;

	bring(fabric, HV1);
	bring(fabric, HV2);
	guest_vanish(&fabric->guests[HV1]);
	WAIT_FOR(fabric, log_says(fabric, " departs: "));
	assert_int_equal(TYPE_MEANWHILE(fabric, &answer, "evict", "hv2", "tenants"), 0);
	assert_eviction(group_in(answer, "tenants", 1), "waits for a member", 0, NULL, "hv1");
	json_decref(answer);
	/* And so it stays until the first comes back. */
	bring(fabric, HV1);
	WAIT_FOR(fabric, fabric->guests[HV1].active_spi == 257);
}

/* An SA that is there already and that the host never had is as good as a new one. */
static void it_is_told_that_the_host_had_no_key(void **state)
{
	struct fabric *fabric = *state;
	json_t *answer;

	bring(fabric, HV1);
	assert_int_equal(TYPE(fabric, &answer, "evict", "hv2", "tenants"), 0);
	assert_eviction(group_in(answer, "tenants", 1), "done", 256, NULL, NULL);
	json_decref(answer);
}

static void assert_readmission(json_t *answer, bool connected, const char *state)
{
	assert_int_equal(json_is_true(json_object_get(answer, "connected")), connected);
	assert_string_equal(text_in(group_in(answer, "tenants", 1), "state"), state);
	json_decref(answer);
}

/* As a host does, only sooner. */
static void ask_again(evutil_socket_t fd, short what, void *arg)
{
	struct guest *guest = arg;

	if (!guest->refusal)
		return;
	guest->refusal = COVEY__REFUSAL_CODE__REFUSAL_NONE;
	guest_join(guest, GUEST_GROUP);
}

static struct guest *bring_and_evict(struct fabric *fabric, size_t who, const char *name)
{
	struct guest *guest = bring(fabric, who);
	json_t *answer;

	assert_int_equal(TYPE_MEANWHILE(fabric, &answer, "evict", name, "tenants"), 0);
	json_decref(answer);
	WAIT_FOR(fabric, guest->refusal);
	return guest;
}

static void it_is_told_that_the_host_is_back(void **state)
{
	static const struct timeval interval = {.tv_usec = 50000};
	struct fabric *fabric = *state;
	struct event *timer;
	json_t *answer;

	bring(fabric, HV1);
	timer = event_new(fabric->base, -1, EV_PERSIST, ask_again,
			  bring_and_evict(fabric, HV2, "hv2"));
	event_add(timer, &interval);
	assert_int_equal(TYPE_MEANWHILE(fabric, &answer, "readmit", "hv2", "tenants"), 0);
	event_free(timer);
	assert_string_equal(text_in(answer, "host"), "hv2");
	assert_readmission(answer, true, "joined");
}

static void it_is_told_that_the_host_is_not_back(void **state)
{
	struct fabric *fabric = *state;
	json_t *answer;

	bring(fabric, HV1);
	bring_and_evict(fabric, HV2, "hv2");
	assert_int_equal(TYPE(fabric, &answer, "readmit", "hv2", "tenants"), 0);
	assert_readmission(answer, true, "waits for the host");
	bring_and_evict(fabric, HV3, "hv3");
	guest_vanish(&fabric->guests[HV3]);
	WAIT_FOR(fabric, log_says(fabric, " departs: "));
	assert_int_equal(TYPE(fabric, &answer, "readmit", "hv3", "tenants"), 0);
	assert_readmission(answer, false, "waits for the host");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(an_evicted_host_is_out),
		TEST(what_is_given_up_is_not_done),
		TEST(evicted_from_one_group),
		TEST(hosts_that_are_unknown),
		TEST(it_is_told_that_the_others_have_switched),
		TEST(it_is_told_who_does_not_answer),
		TEST(it_is_told_that_nobody_is_there_to_switch),
		TEST(it_is_told_that_the_host_had_no_key),
		TEST(it_is_told_that_the_host_is_back),
		TEST(it_is_told_that_the_host_is_not_back),
	};

	if (fabric_arguments(argc, argv, "COVEY-GKM COVEY") < 0)
		return EXIT_FAILURE;
	covey_program = argv[2];
	return cmocka_run_group_tests_name("gkm-evict-command", tests, NULL, NULL);
}
