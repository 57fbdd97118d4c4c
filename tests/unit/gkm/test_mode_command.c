/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * covey mode: what members are told, what the operator is told, and what stays over a restart. The
 * real programs, covey-gkm and covey.
 */

#include "operator.h"

#include <signal.h>
#include <stdlib.h>

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A member that understands modes; returns when it sends, and all it was told is acknowledged. */
static struct guest *bring_new(struct fabric *fabric, size_t who)
{
	struct guest *guest = connect_from(fabric, who, "pki", true);

	guest->modes = true;
	WAIT_FOR(fabric, guest->active_spi || guest->closed);
	return guest;
}

static void bring_all(struct fabric *fabric)
{
	for (size_t i = HV1; i <= HV3; i++)
		bring_new(fabric, i);
	/* What each has acknowledged has come. */
	for (size_t i = HV1; i <= HV3; i++) {
		size_t before = fabric->guests[i].heartbeats;

		guest_heartbeat(&fabric->guests[i]);
		WAIT_FOR(fabric, fabric->guests[i].heartbeats > before);
	}
}

static bool all_in(const struct fabric *fabric, enum covey_mode mode)
{
	for (size_t i = HV1; i <= HV3; i++)
		if (fabric->guests[i].mode != mode)
			return false;
	return true;
}

static void begin_in(struct fabric *fabric, const char *mode)
{
	fabric->mode = mode;
	restart_with(fabric, fabric->rekey);
}

#define ASK(fabric, ...)                                                                           \
	do {                                                                                       \
		json_t *ask_answer;                                                                \
		assert_int_equal(                                                                  \
			TYPE_MEANWHILE(fabric, &ask_answer, "mode", "tenants", __VA_ARGS__), 0);   \
		json_decref(ask_answer);                                                           \
	} while (0)

#define REFUSED(fabric, why, ...)                                                                  \
	do {                                                                                       \
		json_t *refused_answer;                                                            \
		int refused_status =                                                               \
			TYPE_MEANWHILE(fabric, &refused_answer, "mode", "tenants", __VA_ARGS__);   \
		assert_refused(fabric, refused_answer, refused_status, why);                       \
	} while (0)

/* --- what members are told ----------------------------------------------------------------- */

static void it_is_told_when_it_joins(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest = bring_new(fabric, HV1);

	assert_int_equal(guest->mode, COVEY_MODE_ENFORCE);
	assert_int_equal(guest->modes_told, 1);
	assert_true(guest->mode_serial > 0);
	assert_int_equal(guest->left_ms, 0);
	/* It would be an error. */
	assert_int_equal(bring(fabric, HV2)->modes_told, 0);
}

/* Each says that it hears nothing in clear. */
static void report_all(struct fabric *fabric)
{
	for (size_t i = HV1; i <= HV3; i++) {
		struct guest *guest = &fabric->guests[i];
		unsigned before = guest->heartbeats;

		guest_heartbeat(guest);
		WAIT_FOR(fabric, guest->heartbeats > before);
	}
}

static void the_way_in(void **state)
{
	struct fabric *fabric = *state;
	json_t *answer;

	begin_in(fabric, "observe");
	assert_true(log_says(fabric, "tenants is in mode observe"));
	bring_all(fabric);
	assert_true(all_in(fabric, COVEY_MODE_OBSERVE));
	REFUSED(fabric, "`covey mode tenants transition` comes first", "enforce");
	ASK(fabric, "transition");
	assert_true(all_in(fabric, COVEY_MODE_TRANSITION));
	REFUSED(fabric, "has not said yet what it hears in clear", "enforce");
	report_all(fabric);
	ASK(fabric, "enforce");
	assert_true(all_in(fabric, COVEY_MODE_ENFORCE));
	assert_true(log_says(fabric, "tenants: mode enforce is in force at all members"));
	assert_int_equal(TYPE(fabric, &answer, "mode", "tenants"), 0);
	assert_string_equal(text_in(answer, "mode"), "enforce");
	assert_string_equal(text_in(answer, "outcome"), "done");
	assert_int_equal(json_array_size(json_object_get(answer, "late")), 0);
	json_decref(answer);
	/* And for good, whatever the inventory says. */
	assert_int_equal(stop_gkm(fabric, SIGKILL), -SIGKILL);
	start_gkm(fabric);
	bring_all(fabric);
	assert_true(all_in(fabric, COVEY_MODE_ENFORCE));
}

static void the_way_back(void **state)
{
	struct fabric *fabric = *state;
	uint64_t began_ms;

	bring_all(fabric);
	began_ms = now_ms();
	ASK(fabric, "observe");
	assert_true(all_in(fabric, COVEY_MODE_OBSERVE));
	assert_in_range(now_ms() - began_ms, COVEY_MODE_BETWEEN_MS, 9000);
	for (size_t i = HV1; i <= HV3; i++)
		assert_int_equal(fabric->guests[i].modes_told, 3);
}

static void acknowledgements_of_what_was_not_told(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest = bring_new(fabric, HV1);

	guest_ack_mode(guest, guest->mode_serial);
	guest_ack_mode(guest, guest->mode_serial + 1);
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL, "which was never sent");
	guest = bring(fabric, HV1);
	guest_ack_mode(guest, 1);
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL, "which was never sent");
	guest = knock(fabric, HV1);
	guest_ack_mode(guest, 1);
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL, "before Hello");
}

/* --- who could not follow ------------------------------------------------------------------ */

static void it_names_who_could_not_follow(void **state)
{
	struct fabric *fabric = *state;

	begin_in(fabric, "observe");
	bring_all(fabric);
	guest_vanish(&fabric->guests[HV3]);
	WAIT_FOR(fabric, log_says(fabric, " departs: "));
	REFUSED(fabric, "hv3 has no connection", "transition");
	assert_true(log_says(fabric, "of its mode is refused: group tenants stays in observe"));
	bring(fabric, HV3);
	REFUSED(fabric, "the covey-host of hv3 knows no modes", "transition");
	guest_vanish(&fabric->guests[HV3]);
	connect_from(fabric, HV3, "pki", true)->modes = true;
	fabric->guests[HV3].acks = false;
	WAIT_FOR(fabric, fabric->guests[HV3].spi);
	REFUSED(fabric, "hv3 has not acknowledged the present mode", "transition");
	guest_ack_mode(&fabric->guests[HV3], fabric->guests[HV3].mode_serial);
	guest_ack_roster(&fabric->guests[HV3], fabric->guests[HV3].generation);
	REFUSED(fabric, "hv3 does not use the active SA yet", "transition");
	assert_true(fabric->guests[HV1].mode == COVEY_MODE_OBSERVE);
}

static void report_clear(struct fabric *fabric, struct guest *guest, uint8_t last_byte)
{
	uint8_t address[4] = {10, 0, 0, last_byte};
	Covey__ClearHeard heard = COVEY__CLEAR_HEARD__INIT;
	size_t before = guest->heartbeats;

	heard.group = (char *)GUEST_GROUP;
	heard.vtep = (ProtobufCBinaryData){sizeof(address), address};
	heard.vni = 101;
	heard.packets = 5;
	guest_report_clear(guest, &heard, 1);
	WAIT_FOR(fabric, guest->heartbeats > before);
}

static void it_names_who_sends_in_clear(void **state)
{
	struct fabric *fabric = *state;
	const json_t *heard;
	json_t *answer;

	begin_in(fabric, "transition");
	bring_all(fabric);
	report_clear(fabric, &fabric->guests[HV1], 3);
	REFUSED(fabric, "hv1 heard clear VXLAN from 10.0.0.3 (host hv3) in VNI 101", "enforce");
	report_clear(fabric, &fabric->guests[HV2], 77);
	REFUSED(fabric, "hv2 heard clear VXLAN from 10.0.0.77 (which is no member)", "enforce");
	assert_int_equal(TYPE(fabric, &answer, "mode", "tenants"), 0);
	assert_int_equal(json_array_size(json_object_get(answer, "clear")), 2);
	heard = json_array_get(json_object_get(answer, "clear"), 0);
	assert_string_equal(text_in(heard, "member"), "hv1");
	assert_string_equal(text_in(heard, "host"), "hv3");
	assert_int_equal(json_integer_value(json_object_get(heard, "packets")), 5);
	assert_int_equal(json_integer_value(json_object_get(answer, "obstacle_count")), 2);
	json_decref(answer);
}

static void it_names_who_hears_more_than_fits(void **state)
{
	struct fabric *fabric = *state;
	json_t *answer;

	begin_in(fabric, "transition");
	bring_all(fabric);
	for (unsigned i = 0; i <= COVEY_CLEAR_HEARD_PER_MEMBER_MAX; i++)
		report_clear(fabric, &fabric->guests[HV2], (uint8_t)(100 + i));
	REFUSED(fabric,
		"hv2 heard more clear VXLAN than it could report (`covey show clear` there lists "
		"it); hv2 heard clear VXLAN from 10.0.0.100",
		"enforce");
	assert_int_equal(TYPE(fabric, &answer, "mode", "tenants"), 0);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(answer, "clear_missed"), 0)),
		"hv2");
	json_decref(answer);
}

/* A member in many groups has no room for all that it hears. */
static void it_names_who_cannot_report_all(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest = &fabric->guests[HV3];
	unsigned before;

	begin_in(fabric, "transition");
	bring_all(fabric);
	report_all(fabric);
	before = guest->heartbeats;
	guest_report_clear_more(guest, GUEST_GROUP, 1);
	WAIT_FOR(fabric, guest->heartbeats > before);
	REFUSED(fabric, "hv3 heard more clear VXLAN than it could report", "enforce");
	REFUSED(fabric, "`covey mode tenants enforce --despite-clear`", "enforce");
	assert_true(all_in(fabric, COVEY_MODE_TRANSITION));
}

static void it_goes_on_despite_clear_packets(void **state)
{
	struct fabric *fabric = *state;
	const json_t *despite;
	json_t *answer;

	begin_in(fabric, "transition");
	bring_all(fabric);
	report_clear(fabric, &fabric->guests[HV2], 77);
	REFUSED(fabric, "`covey mode tenants enforce --despite-clear`", "enforce");
	/* A member that is away is named, and the way around is not offered. */
	guest_vanish(&fabric->guests[HV3]);
	WAIT_FOR(fabric, log_says(fabric, " departs: "));
	REFUSED(fabric, "hv3 has no connection", "enforce", "--despite-clear");
	bring_new(fabric, HV3);
	report_all(fabric);
	assert_int_equal(
		TYPE_MEANWHILE(fabric, &answer, "mode", "tenants", "enforce", "--despite-clear"),
		0);
	assert_string_equal(text_in(answer, "mode"), "enforce");
	assert_int_equal(json_integer_value(json_object_get(answer, "despite_count")), 1);
	despite = json_array_get(json_object_get(answer, "despite"), 0);
	assert_non_null(strstr(text_in(despite, "text"),
			       "hv2 heard clear VXLAN from 10.0.0.77 (which is no member) in VNI"));
	json_decref(answer);
	assert_true(all_in(fabric, COVEY_MODE_ENFORCE));
	assert_true(log_says(fabric, "tenants: THE OPERATOR HAS IT ENFORCE DESPITE CLEAR PACKETS, "
				     "which are dropped from now on: hv2 heard clear VXLAN from "
				     "10.0.0.77 (which is no member) in VNI 101"));
	assert_refused(fabric,
		       ask_raw(fabric, "{\"command\": \"mode\", \"group\": \"tenants\", "
				       "\"mode\": \"transition\", \"despite_clear\": true}"),
		       1, "only there --despite-clear has a meaning");
}

/* Enforce is the safe side, and the key manager may be dead by then. */
static void time_does_not_ask_who_sends_in_clear(void **state)
{
	struct fabric *fabric = *state;

	begin_in(fabric, "transition");
	bring_all(fabric);
	report_all(fabric);
	report_clear(fabric, &fabric->guests[HV2], 77);
	ASK(fabric, "transition", "--for", "2s");
	assert_true(log_says(fabric, "becomes enforce, whatever is in the way then"));
	WAIT_FOR(fabric, all_in(fabric, COVEY_MODE_ENFORCE));
	assert_true(log_says(fabric, "tenants: clear VXLAN from 10.0.0.77 in VNI 101, heard "));
	assert_true(log_says(fabric, "goes to enforce, which would have been refused for 1 "
				     "reasons"));
}

static void a_change_that_is_not_acknowledged(void **state)
{
	struct fabric *fabric = *state;

	begin_in(fabric, "transition");
	bring_all(fabric);
	fabric->guests[HV2].acks = false;
	REFUSED(fabric,
		"is back in transition: the new mode was not acknowledged within 10 s by hv2:",
		"enforce");
	WAIT_FOR(fabric, all_in(fabric, COVEY_MODE_TRANSITION));
	assert_int_equal(fabric->guests[HV1].modes_told, 3);
}

static void two_operators(void **state)
{
	struct fabric *fabric = *state;
	json_t *answer;

	bring_all(fabric);
	fabric->guests[HV2].acks = false;
	assert_int_equal(TYPE_MEANWHILE(fabric, &answer, "mode", "tenants", "observe"), 0);
	assert_string_equal(text_in(answer, "outcome"), "under way");
	json_decref(answer);
	REFUSED(fabric, "a change of group tenants to observe is under way", "enforce");
}

/* --- deadlines ----------------------------------------------------------------------------- */

static void it_goes_back_unless_it_is_confirmed(void **state)
{
	struct fabric *fabric = *state;
	uint64_t deadline_ms;

	begin_in(fabric, "transition");
	bring_all(fabric);
	REFUSED(fabric, "no change of group tenants waits to be confirmed", "confirm");
	ASK(fabric, "enforce", "--confirm-within", "2s");
	deadline_ms = now_ms() + fabric->guests[HV1].left_ms;
	assert_in_range(fabric->guests[HV1].left_ms, 1, 2000);
	assert_int_equal(fabric->guests[HV1].then, COVEY_MODE_TRANSITION);
	WAIT_FOR(fabric, all_in(fabric, COVEY_MODE_TRANSITION));
	assert_true(now_ms() <= deadline_ms + 1000);
	WAIT_FOR(fabric, log_says(fabric, "the time of mode enforce is over, and it was not "
					  "confirmed: to transition"));
	/* Until then, a change would come to some before they have gone back. */
	WAIT_FOR(fabric, log_says(fabric, "tenants: mode transition is "));
	ASK(fabric, "enforce", "--confirm-within", "1h");
	assert_in_range(fabric->guests[HV1].left_ms, 3500000, 3600000);
	ASK(fabric, "confirm");
	assert_int_equal(fabric->guests[HV1].left_ms, 0);
	assert_true(all_in(fabric, COVEY_MODE_ENFORCE));
}

static void it_returns_to_enforce_by_itself(void **state)
{
	struct fabric *fabric = *state;

	bring_all(fabric);
	ASK(fabric, "observe", "--for", "3s");
	assert_true(all_in(fabric, COVEY_MODE_OBSERVE));
	assert_int_equal(fabric->guests[HV1].then, COVEY_MODE_ENFORCE);
	WAIT_FOR(fabric, all_in(fabric, COVEY_MODE_TRANSITION));
	WAIT_FOR(fabric, all_in(fabric, COVEY_MODE_ENFORCE));
	assert_int_equal(fabric->guests[HV1].modes_told, 5);
}

/* It cannot know how much time has passed. */
static void a_restart_ends_what_has_a_deadline(void **state)
{
	struct fabric *fabric = *state;
	json_t *answer;

	begin_in(fabric, "transition");
	bring_all(fabric);
	ASK(fabric, "enforce", "--confirm-within", "1h");
	assert_int_equal(stop_gkm(fabric, SIGKILL), -SIGKILL);
	start_gkm(fabric);
	bring_all(fabric);
	WAIT_FOR(fabric, all_in(fabric, COVEY_MODE_TRANSITION));
	WAIT_FOR(fabric, log_says(fabric, "restarted before the deadline of mode enforce"));
	assert_int_equal(fabric->guests[HV1].left_ms, 0);
	assert_int_equal(TYPE(fabric, &answer, "mode", "tenants"), 0);
	assert_string_equal(text_in(answer, "mode"), "transition");
	assert_true(json_is_null(json_object_get(answer, "then")));
	json_decref(answer);
}

/* --- the rest ------------------------------------------------------------------------------ */

static void times_that_are_none(void **state)
{
	static const char *const requests[] = {
		"{\"command\": \"mode\", \"group\": \"tenants\", \"mode\": \"observe\", "
		"\"for_s\": 0}",
		"{\"command\": \"mode\", \"group\": \"tenants\", \"mode\": \"observe\", "
		"\"confirm_s\": -5}",
		"{\"command\": \"mode\", \"group\": \"tenants\", \"mode\": \"observe\", "
		"\"confirm_s\": \"1h\"}",
		"{\"command\": \"mode\", \"group\": \"tenants\", \"mode\": \"observe\", "
		"\"for_s\": 31536000}",
		"{\"command\": \"mode\", \"group\": \"tenants\", \"mode\": \"observe\", "
		"\"for_s\": 9223372036854775807}",
		"{\"command\": \"mode\", \"group\": \"tenants\", \"mode\": \"observe\", "
		"\"for_s\": 5, \"confirm_s\": 5}",
	};
	struct fabric *fabric = *state;

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		assert_refused(fabric, ask_raw(fabric, requests[i]), 1,
			       "a deadline is 1 s to 7 days");
	assert_refused(fabric,
		       ask_raw(fabric, "{\"command\": \"mode\", \"group\": \"tenants\", "
				       "\"mode\": \"open\"}"),
		       1, "observe, transition or enforce");
}

static void it_is_shown(void **state)
{
	struct fabric *fabric = *state;
	const json_t *group, *member;
	json_t *answer;

	begin_in(fabric, "observe");
	bring_new(fabric, HV1);
	bring(fabric, HV2);
	guest_heartbeat(&fabric->guests[HV1]);
	WAIT_FOR(fabric, fabric->guests[HV1].heartbeats == 1);
	assert_int_equal(TYPE(fabric, &answer, "show", "--gkm"), 0);
	group = json_array_get(json_object_get(answer, "groups"), 0);
	assert_string_equal(text_in(json_object_get(group, "mode"), "mode"), "observe");
	member = json_array_get(json_object_get(group, "members"), HV1);
	assert_string_equal(text_in(member, "mode"), "observe");
	member = json_array_get(json_object_get(group, "members"), HV2);
	assert_string_equal(text_in(member, "mode"), "enforce");
	member = json_array_get(json_object_get(group, "members"), HV3);
	assert_true(json_is_null(json_object_get(member, "mode")));
	json_decref(answer);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_told_when_it_joins),
		TEST(the_way_in),
		TEST(the_way_back),
		TEST(acknowledgements_of_what_was_not_told),
		TEST(it_names_who_could_not_follow),
		TEST(it_names_who_sends_in_clear),
		TEST(it_names_who_hears_more_than_fits),
		TEST(it_names_who_cannot_report_all),
		TEST(it_goes_on_despite_clear_packets),
		TEST(time_does_not_ask_who_sends_in_clear),
		TEST(a_change_that_is_not_acknowledged),
		TEST(two_operators),
		TEST(it_goes_back_unless_it_is_confirmed),
		TEST(it_returns_to_enforce_by_itself),
		TEST(a_restart_ends_what_has_a_deadline),
		TEST(times_that_are_none),
		TEST(it_is_shown),
	};

	if (fabric_arguments(argc, argv, "COVEY-GKM COVEY") < 0)
		return EXIT_FAILURE;
	covey_program = argv[2];
	return cmocka_run_group_tests_name("gkm-mode-command", tests, NULL, NULL);
}
