/* SPDX-License-Identifier: BSD-3-Clause */

/* What `covey status` says at the key manager: from an answer to the sentences. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "problems.h"

/* One problem, and it has these words; NULL: none. text: an answer, with ' for ". */
static void expect(const char *text, const char *words)
{
	char json[1024];
	json_t *answer, *problems;

	snprintf(json, sizeof(json), "%s", text);
	for (char *at = json; *at; at++)
		*at = *at == '\'' ? '"' : *at;
	answer = json_loads(json, 0, NULL);
	assert_non_null(answer);
	problems = problems_list(answer);
	assert_int_equal(json_array_size(problems), words ? 1 : 0);
	if (words && !strstr(json_string_value(json_array_get(problems, 0)), words))
		fail_msg("%s lacks %s", json_string_value(json_array_get(problems, 0)), words);
	json_decref(problems);
	json_decref(answer);
}

static void test_well(void **state)
{
	expect("{}", NULL);
	expect("{'certificates': [{'ends_s': 1}], 'certificates_problem': null, 'groups': "
	       "[{'name': "
	       "'g', 'connected': 1, 'mode': {'mode': 'enforce'}, 'sas': [{'state': 'active'}], "
	       "'members': [{'identity': 'spiffe://f/host/a', 'state': 'connected', 'deaf': "
	       "false}, "
	       "{'identity': 'spiffe://f/host/b', 'state': 'evicted'}]}]}",
	       NULL);
	/* Nobody is there who could have a key. */
	expect("{'groups': [{'name': 'g', 'connected': 0, 'sas': []}]}", NULL);
}

static void test_each(void **state)
{
	expect("{'certificates': [{'ends_s': 0, 'subject': 'gkm', 'not_after': '2026'}]}",
	       "the key manager's certificate (gkm) has expired at 2026");
	expect("{'certificates': [{'ends_s': 5}, {'ends_s': -1, 'subject': 'ca', 'role': "
	       "'issuer'}]}",
	       "the certificate of its CA (ca) has expired at : sessions stay, but none begins any "
	       "more: make another CA in a folder of its own (`covey --pki FOLDER pki init`)");
	expect("{'certificates': [{'ends_s': -1, 'subject': 'old', 'role': 'trusted'}]}",
	       "(old) has expired at : take it out of ca.crt");
	expect("{'certificates': [{'ends_s': 9, 'subject': 'gkm', 'role': 'own', 'near': true, "
	       "'not_after': '2026'}]}",
	       "the key manager's certificate (gkm) ends at 2026, and then no session begins by it "
	       "any more: make a new one with `covey pki renew`");
	expect("{'certificates': [{'ends_s': 9, 'subject': 'ca', 'role': 'issuer', 'near': true}]}",
	       "the certificate of its CA (ca) ends at , and then no session begins by it any "
	       "more: make another CA in a folder of its own");
	expect("{'certificates': [{'ends_s': 9, 'role': 'trusted', 'near': true}]}",
	       "another CA in ca.crt () ends at , and then no session begins by it any more: put a "
	       "new "
	       "CA beside it");
	expect("{'certificates_problem': 'no key'}", "stay in force: no key");
	expect("{'revocations': {'late': true, 'path': '/x', 'next_update': 'y'}}",
	       "the revocation list /x should have been replaced by y");
	expect("{'revocations': {'late': false, 'near': true, 'path': '/x', 'next_update': 'y'}}",
	       "the revocation list /x should be replaced by y: make it again with `covey pki "
	       "crl`");
	expect("{'revocations': {'late': false, 'near': false, 'path': '/x'}}", NULL);
	expect("{'groups': [{'name': 'g', 'connected': 2, 'sas': [{'state': 'draining'}]}]}",
	       "group g has members that are connected, and no active key");
	expect("{'groups': [{'name': 'g', 'mode': {'mode': 'observe'}}]}", "group g is in observe");
}

static void test_members(void **state)
{
	expect("{'groups': [{'name': 'g', 'members': [{'identity': 's/a', 'state': 'away'}]}, "
	       "{'name': 'h', 'members': [{'identity': 's/a', 'state': 'away'}]}]}",
	       "a has lost its connection to the key manager (group g, h): look at");
	expect("{'groups': [{'name': 'g', 'members': [{'identity': 's/a', 'state': 'absent'}]}]}",
	       "a has not come yet (group g): start covey-host there");
	expect("{'groups': [{'name': 'g', 'members': [{'identity': 's/a', 'state': 'connected', "
	       "'perhaps_deaf': true}]}]}",
	       "a hears nothing of what others send (group g)");
}

/* A page, and not a thousand lines. */
static void test_many(void **state)
{
	json_t *members = json_array(), *answer, *problems;

	for (int i = 0; i < 1000; i++)
		json_array_append_new(members,
				      json_pack("{s:o, s:s}", "identity", json_sprintf("s/hv%d", i),
						"state", "away"));
	answer = json_pack("{s:[{s:s, s:o}]}", "groups", "name", "g", "members", members);
	problems = problems_list(answer);
	assert_int_equal(json_array_size(problems), 65);
	assert_non_null(strstr(json_string_value(json_array_get(problems, 64)), "more problems"));
	json_decref(problems);
	json_decref(answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_well),
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
