/* SPDX-License-Identifier: BSD-3-Clause */

/* What is said of a direction where packets of others are as long as probes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "wire_verdict.h"

/* Of five probes from a to b: sets that a has sent, and seen leave encrypted, in clear and among
 * others; and the same of b, which also says what arrived. */
struct story {
	int sent, left, clear_out, crowded_out;
	int came, clear_in, crowded_in, arrived;
	const char *blind_sender, *blind_receiver;
	enum wire_verdict_kind verdict;
	const char *detail;
};

static const struct story stories[] = {
	{.sent = 31, .left = 31, .came = 31, .arrived = 31, .verdict = WIRE_ENCRYPTED},
	/* Seen at one end. */
	{.sent = 31, .left = 31, .arrived = 31, .verdict = WIRE_ENCRYPTED},
	{.sent = 31,
	 .came = 31,
	 .arrived = 31,
	 .blind_sender = "no eyes",
	 .verdict = WIRE_ENCRYPTED},
	/* One in clear, whatever else was seen. */
	{.sent = 31, .left = 31, .clear_out = 4, .came = 31, .arrived = 31, .verdict = WIRE_CLEAR},
	{.sent = 31, .left = 31, .came = 31, .clear_in = 16, .arrived = 31, .verdict = WIRE_CLEAR},
	/* Packets of others, or replayed ones, do not make up for those that have not arrived. */
	{.sent = 31, .left = 31, .came = 31, .verdict = WIRE_NOT_SEEN, .detail = "not decrypted"},
	{.sent = 31, .came = 31, .crowded_in = 31, .verdict = WIRE_NOT_SEEN},
	/* They arrived, and nothing was seen of them; of two of five is too little. */
	{.sent = 31, .arrived = 31, .verdict = WIRE_NOT_SEEN, .detail = "by no uplink"},
	{.sent = 31, .left = 3, .arrived = 31, .verdict = WIRE_NOT_SEEN, .detail = "by no uplink"},
	{.sent = 31, .left = 7, .arrived = 31, .verdict = WIRE_ENCRYPTED},
	/* A crowded one proves nothing, and the others do. */
	{.sent = 31, .left = 31, .crowded_out = 16, .arrived = 31, .verdict = WIRE_ENCRYPTED},
	{.sent = 31, .left = 24, .crowded_out = 24, .arrived = 31, .verdict = WIRE_NOT_SEEN},
	{.sent = 31,
	 .left = 31,
	 .crowded_out = 31,
	 .came = 31,
	 .crowded_in = 31,
	 .arrived = 31,
	 .verdict = WIRE_BLIND,
	 .detail = "of the same lengths"},
	{.sent = 31,
	 .left = 31,
	 .crowded_out = 31,
	 .came = 31,
	 .arrived = 31,
	 .verdict = WIRE_ENCRYPTED},
	{.sent = 31,
	 .left = 31,
	 .crowded_out = 31,
	 .arrived = 31,
	 .blind_receiver = "no eyes",
	 .verdict = WIRE_BLIND,
	 .detail = "of the same lengths"},
	{.sent = 31,
	 .arrived = 31,
	 .blind_sender = "no eyes",
	 .blind_receiver = "no eyes",
	 .verdict = WIRE_BLIND,
	 .detail = "no eyes"},
	/* The largest one does not pass. */
	{.sent = 31, .left = 31, .came = 15, .arrived = 15, .verdict = WIRE_TOO_BIG},
};

static json_t *report(const char *host, const char *blind, json_t *seen)
{
	return json_pack("{s:s, s:b, s:s, s:s, s:[o], s:{}}", "host", host, "done", 1, "reason", "",
			 "blind", blind ? blind : "", "seen", seen, "drops");
}

static json_t *answer_of(const struct story *story)
{
	json_t *out = json_pack("{s:b, s:i, s:i, s:i, s:i, s:i}", "out", 1, "sent", story->sent,
				"encrypted", story->left, "clear", story->clear_out, "crowded",
				story->crowded_out, "spi", 257);
	json_t *in = json_pack("{s:b, s:i, s:i, s:i, s:i, s:i}", "out", 0, "encrypted", story->came,
			       "clear", story->clear_in, "crowded", story->crowded_in, "delivered",
			       story->arrived, "spi", 257);

	return json_pack("{s:[i,i,i,i,i], s:[o,o]}", "sizes", 100, 110, 120, 130, 1400, "reports",
			 report("a", story->blind_sender, out),
			 report("b", story->blind_receiver, in));
}

static void each_story(void **state)
{
	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
		json_t *answer = answer_of(&stories[i]);
		struct wire_verdict verdict;

		assert_non_null(answer);
		wire_verdict(answer, "a", "b", &verdict);
		if (verdict.kind != stories[i].verdict)
			fail_msg("story %zu: %s, should be %s", i, wire_verdict_name(verdict.kind),
				 wire_verdict_name(stories[i].verdict));
		if (stories[i].detail && !strstr(verdict.detail, stories[i].detail))
			fail_msg("story %zu: \"%s\" does not say \"%s\"", i, verdict.detail,
				 stories[i].detail);
		json_decref(answer);
	}
}

static void both_ends_are_named(void **state)
{
	json_t *answer = json_pack("{s:[{s:s, s:b, s:s}, {s:s, s:b, s:s}]}", "reports", "host", "a",
				   "done", 0, "reason", "it is not connected", "host", "b", "done",
				   0, "reason", "nobody sends to it");
	struct wire_verdict verdict;

	wire_verdict(answer, "a", "b", &verdict);
	assert_int_equal(verdict.kind, WIRE_FAILED);
	assert_string_equal(verdict.detail, "b: nobody sends to it; a: it is not connected");
	json_decref(answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_story),
		cmocka_unit_test(both_ends_are_named),
	};

	return cmocka_run_group_tests_name("cli: probes among other packets", tests, NULL, NULL);
}
