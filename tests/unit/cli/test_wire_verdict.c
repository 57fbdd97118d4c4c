/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What `covey ping` concludes from the reports of both ends: as little as they have seen.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "wire_verdict.h"

#define ALL 3 /* two probes */

/* What one end says of its side of the direction from a to b. */
struct end {
	unsigned sent, encrypted, clear, delivered;
	const char *blind; /* of this host */
	bool watched;      /* this direction */
};

static json_t *report_of(const char *host, bool out, const struct end *end)
{
	return json_pack("{s:s, s:b, s:s, s:s, s:[{s:b, s:b, s:i, s:i, s:i, s:i, s:i}], s:{}}",
			 "host", host, "done", 1, "reason", "", "blind",
			 end->blind ? end->blind : "", "seen", "out", out, "watched", end->watched,
			 "sent", end->sent, "encrypted", end->encrypted, "clear", end->clear,
			 "delivered", end->delivered, "spi", end->encrypted ? 256 + out : 0,
			 "drops");
}

static struct wire_verdict judge(const struct end *sender, const struct end *receiver)
{
	json_t *answer = json_pack("{s:[o, o], s:[i, i]}", "reports", report_of("a", true, sender),
				   report_of("b", false, receiver), "sizes", 100, 1400);
	struct wire_verdict verdict;

	assert_non_null(answer);
	wire_verdict(answer, "a", "b", &verdict);
	json_decref(answer);
	return verdict;
}

static const struct {
	struct end sender, receiver;
	enum wire_verdict_kind kind;
	const char *seen_by, *detail; /* detail: what it contains; empty: nothing is said */
	unsigned spi;
} rows[] = {
	{{ALL, ALL, 0, 0, NULL, true},
	 {0, ALL, 0, ALL, NULL, true},
	 WIRE_ENCRYPTED,
	 "both",
	 "",
	 257},
	/* From before there was `watched`: who says nothing of being blind sees both. */
	{{ALL, ALL, 0, 0, NULL, false},
	 {0, ALL, 0, ALL, NULL, false},
	 WIRE_ENCRYPTED,
	 "both",
	 "",
	 257},
	/* Two bumps in the wire. */
	{{ALL, 0, 0, 0, "AF_XDP", false},
	 {0, ALL, 0, ALL, "AF_XDP", true},
	 WIRE_ENCRYPTED,
	 "receiver",
	 "seen by the receiver alone: a: AF_XDP",
	 256},
	{{ALL, ALL, 0, 0, NULL, true},
	 {0, 0, 0, ALL, "DPDK", false},
	 WIRE_ENCRYPTED,
	 "sender",
	 "seen by the sender alone: b: DPDK",
	 257},
	{{ALL, 0, 0, 0, "AF_XDP", false},
	 {0, 0, ALL, 0, "AF_XDP", true},
	 WIRE_CLEAR,
	 "receiver",
	 "way in of b",
	 0},
	{{ALL, 0, 1, 0, "AF_XDP", false},
	 {0, ALL, 0, ALL, NULL, true},
	 WIRE_CLEAR,
	 "both",
	 "uplink of a",
	 256},
	/* It arrived: who can look and has seen nothing says so. */
	{{ALL, 0, 0, 0, "AF_XDP", false},
	 {0, 0, 0, ALL, "AF_XDP", true},
	 WIRE_NOT_SEEN,
	 "nobody",
	 "by no uplink",
	 0},
	{{ALL, 0, 0, 0, "one", false},
	 {0, 0, 0, ALL, "other", false},
	 WIRE_BLIND,
	 "nobody",
	 "a: one; b: other",
	 0},
	/* It did not arrive. */
	{{ALL, 0, 0, 0, "AF_XDP", false},
	 {0, 0, 0, 0, "AF_XDP", true},
	 WIRE_NOT_SEEN,
	 "nobody",
	 "they did not come to b, and it cannot be seen whether they left a: AF_XDP",
	 0},
	{{ALL, 0, 0, 0, "one", false},
	 {0, 0, 0, 0, "other", false},
	 WIRE_NOT_SEEN,
	 "nobody",
	 "it cannot be seen whether they left a: one",
	 0},
	{{0, 0, 0, 0, "AF_XDP", false},
	 {0, 0, 0, 0, "AF_XDP", true},
	 WIRE_NOT_SEEN,
	 "nobody",
	 "they did not leave a",
	 0},
	{{ALL, ALL, 0, 0, NULL, true},
	 {0, 0, 0, 0, "AF_XDP", true},
	 WIRE_NOT_SEEN,
	 "sender",
	 "and did not come to b",
	 257},
	{{ALL, ALL, 0, 0, NULL, true},
	 {0, 0, 0, 0, "DPDK", false},
	 WIRE_NOT_SEEN,
	 "sender",
	 "it cannot be seen whether they came to b",
	 257},
	{{ALL, 0, 0, 0, "AF_XDP", false},
	 {0, ALL, 0, 0, "AF_XDP", true},
	 WIRE_NOT_SEEN,
	 "receiver",
	 "came to b encrypted, and were not decrypted",
	 256},
	/* The large one is lost, and only the receiver can say so. */
	{{ALL, 0, 0, 0, "AF_XDP", false},
	 {0, 1, 0, 1, "AF_XDP", true},
	 WIRE_TOO_BIG,
	 "receiver",
	 "of 1400 bytes do not",
	 256},
	{{ALL, 0, 0, 0, "AF_XDP", false},
	 {0, 1, 0, 1, "AF_XDP", true},
	 WIRE_TOO_BIG,
	 "receiver",
	 "; seen by the receiver alone",
	 256},
};

static void no_more_is_said_than_was_seen(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wire_verdict verdict = judge(&rows[i].sender, &rows[i].receiver);

		if (verdict.kind != rows[i].kind || strcmp(verdict.seen_by, rows[i].seen_by) != 0 ||
		    !strstr(verdict.detail, rows[i].detail) ||
		    (rows[i].detail[0] == '\0' && verdict.detail[0] != '\0') ||
		    verdict.spi != rows[i].spi)
			fail_msg("row %zu: %s, seen by %s, SA %u: \"%s\"", i,
				 wire_verdict_name(verdict.kind), verdict.seen_by, verdict.spi,
				 verdict.detail);
	}
}

static void who_takes_no_part_proves_nothing(void **state)
{
	json_t *answer = json_pack("{s:[{s:s, s:b, s:s}], s:[i]}", "reports", "host", "a", "done",
				   0, "reason", "it is busy", "sizes", 100);
	struct wire_verdict verdict;

	wire_verdict(answer, "a", "b", &verdict);
	assert_int_equal(verdict.kind, WIRE_FAILED);
	assert_string_equal(verdict.seen_by, "nobody");
	json_decref(answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_more_is_said_than_was_seen),
		cmocka_unit_test(who_takes_no_part_proves_nothing),
	};

	return cmocka_run_group_tests_name("covey: verdicts of probes", tests, NULL, NULL);
}
