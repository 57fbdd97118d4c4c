/* SPDX-License-Identifier: BSD-3-Clause */

/* What must not be in a report. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "report_inventory.h"
#include "report_redact.h"

#define BEGIN "-----BEGIN PRIVATE KEY-----"
#define END   "-----END PRIVATE KEY-----"
#define KEY   "[private key: HIDDEN]"

struct redacted {
	const char *from, *to;
};

static void check(char *(*redact)(const char *text), const struct redacted *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *text = redact(cases[i].from);

		assert_non_null(text);
		assert_string_equal(text, cases[i].to);
		free(text);
	}
}

#define CHECK(redact, cases) check(redact, cases, sizeof(cases) / sizeof((cases)[0]))

static void private_keys(void **state)
{
	static const struct redacted cases[] = {
		{"", ""},
		{"no key -----BEGIN nor ----- END", "no key -----BEGIN nor ----- END"},
		{"a\n" BEGIN "\nMII\n" END "\nb", "a\n" KEY "\nb"},
		{"a " BEGIN "\\nMII\\n" END "\\n\", b", "a " KEY "\\n\", b"},
		{BEGIN "MII" END BEGIN "MIJ" END, KEY KEY},
		{"-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----", KEY},
		{"-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\nPRIVATE",
		 "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\nPRIVATE"},
		{"-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n" BEGIN "MII" END
		 ".",
		 "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n" KEY "."},
		/* The end is missing, or the beginning. */
		{"a\n" BEGIN "\nMII\nb", "a\n" KEY},
		{"a\n-----BEGIN PRIVATE KE", "a\n" KEY},
		{"MII\n" END "\nb", "\nb"},
		{"-----BEGIN CERTIFICATE-----\nMII\n" END "b" BEGIN "MIJ" END, "b" KEY},
	};

	(void)state;
	CHECK(report_redact_text, cases);
}

static void secrets_of_rules(void **state)
{
	static const struct redacted cases[] = {
		{"", ""},
		{"\t\tmeta priority set ab12:cd34 counter\n",
		 "\t\tmeta priority set HIDDEN counter\n"},
		{"meta priority != ab12:cd34 drop", "meta priority != HIDDEN drop"},
		{"meta priority ab12:cd34 meta priority set none fwd to \"covey0\"",
		 "meta priority HIDDEN meta priority set HIDDEN fwd to \"covey0\""},
		{"@ll,48,48 set 0x02aabbccddee accept", "@ll,48,48 set HIDDEN accept"},
		{"@ll,48,48 0x02aabbccddee drop", "@ll,48,48 HIDDEN drop"},
		{"ether saddr set 02:aa:bb:cc:dd:ee", "ether saddr set HIDDEN"},
		{"ether saddr { 02:aa:bb:cc:dd:ee, 02:aa:bb:cc:dd:ef } drop",
		 "ether saddr HIDDEN drop"},
		{"ether saddr { 02:aa:bb:cc:dd:ee,\n drop", "ether saddr HIDDEN\n drop"},
		{"meta priority", "meta priorityHIDDEN"},
		{"udp dport 4789 meta mark 0x00c0 counter packets 3 bytes 4 accept",
		 "udp dport 4789 meta mark 0x00c0 counter packets 3 bytes 4 accept"},
	};

	(void)state;
	CHECK(report_redact_rules, cases);
}

static void tenants_addresses(void **state)
{
	static const struct redacted cases[] = {
		{"00:00:00:00:00:00 dev vxlan100 dst 192.0.2.2 self permanent\n"
		 "52:54:00:12:34:56 dev vxlan100 dst 192.0.2.2 self\n",
		 "00:00:00:00:00:00 dev vxlan100 dst 192.0.2.2 self permanent\n"
		 "[1 other lines: HIDDEN]\n"},
		{"52:54:00:12:34:56 dev 00:00:00:00:00:00", "[1 other lines: HIDDEN]\n"},
	};

	(void)state;
	CHECK(report_redact_fdb, cases);
}

static void secrets_of_inventory(void **state)
{
	static const struct redacted cases[] = {
		{"", ""},
		{"all:\n  vars:\n    covey_fabric: ö # ö\n    ansible_password: ö\n    x: 1\n",
		 "all:\n  vars:\n    covey_fabric: ö \n    ansible_password: HIDDEN\n    x: "
		 "HIDDEN\n"},
		{"# pw: a\nall:\n  children:\n    h:\n      hosts:\n        hv1:\n"
		 "          ansible_host: a\n          covey_x: {a: [b, 'c # d']}\n",
		 "\nall:\n  children:\n    h:\n      hosts:\n        hv1:\n"
		 "          ansible_host: a\n          covey_x: {a: [b, 'c # d']}\n"},
		{"all: {hosts: {hv1: {covey_vtep: a, ansible_become_pass: 'b'}, hv2: }}",
		 "all: {hosts: {hv1: {covey_vtep: a, ansible_become_pass: HIDDEN}, hv2: }}"},
		/* All below a value that may not be seen. */
		{"all:\n  vars:\n    k: {covey_a: b, c: [d]}\n    p: |\n      q\n\n      r\n    "
		 "covey_a: b",
		 "all:\n  vars:\n    k: {HIDDEN: HIDDEN, HIDDEN: [HIDDEN]}\n    p: HIDDEN\n    "
		 "covey_a: b"},
		{"all:\n  vars:\n    k: !vault |\n      61\n    covey_a:\n      b\n",
		 "all:\n  vars:\n    k: HIDDEN\n    covey_a:\n      b\n"},
		{"all:\n  covey_a: b\n  hosts: c\n", "all:\n  covey_a: HIDDEN\n  hosts: HIDDEN\n"},
		{"covey_a: b", "covey_a: HIDDEN"},
		{"[a, {b: c}]", "[HIDDEN, {HIDDEN: HIDDEN}]"},
		/* A mistake. */
		{"all:\n  vars: [}\n  p: q\n", "all:\n  vars[behind a mistake: HIDDEN]\n"},
		{"all:\n  \xff", "[behind a mistake: HIDDEN]\n"},
	};

	(void)state;
	CHECK(report_inventory, cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(private_keys),
		cmocka_unit_test(secrets_of_rules),
		cmocka_unit_test(tenants_addresses),
		cmocka_unit_test(secrets_of_inventory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
