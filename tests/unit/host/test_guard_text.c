/* SPDX-License-Identifier: BSD-3-Clause */

/* What was asked of nftables against what it lists: every difference is found, and named. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guard_rules.h"
#include "guard_text.h"

/* As nft 1.0.6 lists them. */
#define TABLE "table netdev covey_guard_d0 {\n"
#define INGRESS                                                                                    \
	"\tchain ingress {\n"                                                                      \
	"\t\ttype filter hook ingress device \"d0\" priority -500; policy accept;\n"
#define CLEAR "\t\tudp dport 4789 counter packets 12 bytes 900 drop comment \"clear VXLAN\"\n"
#define VPE   "\t\tudp dport 4798 counter packets 0 bytes 0 drop comment \"VPE\"\n"
#define END   "\t}\n"
#define SET                                                                                        \
	"\tset clear {\n\t\ttypeof @th,96,24\n\t\telements = { 0x1, 0x2, 0x3, 0x4, 0x5,\n"         \
	"\t\t\t     0x6, 0xffffff }\n\t}\n\n"
#define PASS                                                                                       \
	"\t\tudp dport != 4789 udp dport != 4798 accept comment \"pass: UDP to another port\"\n"

static const char asked[] = "add table netdev covey_guard_d0\n"
			    "delete table netdev covey_guard_d0\n" TABLE INGRESS PASS
			    "\t\tudp dport 4789 counter drop comment \"clear VXLAN\"\n"
			    "\t\tudp dport 4798 counter drop comment \"VPE\"\n" END "}\n";

static const struct {
	const char *name, *listed;
	int status;
	const char *says; /* NULL: nothing differs */
} cases[] = {
	{"as asked", TABLE INGRESS PASS CLEAR VPE END "}\n", 0, NULL},
	{"nothing", "", -ENOENT, "table netdev covey_guard_d0 is missing"},
	{"no chain", TABLE "}\n", -ENOENT, "netdev chain ingress is missing"},
	{"no hook", TABLE "\tchain ingress {\n" PASS CLEAR VPE END "}\n", -ENOENT,
	 "netdev chain ingress at hook ingress of d0 is missing"},
	{"another device",
	 TABLE
	 "\tchain ingress {\n"
	 "\t\ttype filter hook ingress device \"d1\" priority -500; policy accept;\n" PASS CLEAR VPE
		 END "}\n",
	 -ENOENT, "netdev chain ingress at hook ingress of d0 is missing"},
	{"no device",
	 TABLE "\tchain ingress {\n"
	       "\t\ttype filter hook ingress priority -500; policy accept;\n" PASS CLEAR VPE END
	       "}\n",
	 -ENOENT, "netdev chain ingress at hook ingress of d0 is missing"},
	{"another hook",
	 TABLE
	 "\tchain ingress {\n"
	 "\t\ttype filter hook egress device \"d0\" priority -500; policy accept;\n" PASS CLEAR VPE
		 END "}\n",
	 -ENOENT, "netdev chain ingress at hook ingress of d0 is missing"},
	{"rule gone", TABLE INGRESS PASS VPE END "}\n", -ENOENT,
	 "netdev chain ingress, rule \"clear VXLAN\" is missing"},
	{"last rule gone", TABLE INGRESS PASS CLEAR END "}\n", -ENOENT,
	 "netdev chain ingress, rule \"VPE\" is missing"},
	{"a rule before", TABLE INGRESS "\t\taccept\n" PASS CLEAR VPE END "}\n", -EEXIST,
	 "netdev chain ingress, rule \"accept\" is not where covey put it"},
	{"a rule behind", TABLE INGRESS PASS CLEAR VPE "\t\taccept\n" END "}\n", -EEXIST,
	 "netdev chain ingress, rule \"accept\" is not covey's"},
	{"another order", TABLE INGRESS PASS VPE CLEAR END "}\n", -EEXIST,
	 "netdev chain ingress, rule \"VPE\" is not where covey put it"},
	{"passes less closely",
	 TABLE INGRESS
	 "\t\tudp dport != 4789 accept comment \"pass: UDP to another port\"\n" CLEAR VPE END "}\n",
	 -ENOENT,
	 "netdev chain ingress, rule \"udp dport != 4789 udp dport != 4798 accept comment "
	 "\"pass: UDP to another port\"\" is missing"},
	{"passes all",
	 TABLE INGRESS "\t\taccept comment \"pass: UDP to another port\"\n" CLEAR VPE END "}\n",
	 -ENOENT,
	 "netdev chain ingress, rule \"udp dport != 4789 udp dport != 4798 accept comment "
	 "\"pass: UDP to another port\"\" is missing"},
	{"passes more",
	 TABLE INGRESS PASS "\t\tmeta l4proto 17 accept comment \"pass: not TCP\"\n" CLEAR VPE END
			    "}\n",
	 -EEXIST,
	 "netdev chain ingress, rule \"meta l4proto 17 accept comment \"pass: not TCP\"\" is not "
	 "where covey put it"},
	{"passes last", TABLE INGRESS CLEAR VPE PASS END "}\n", -EEXIST,
	 "netdev chain ingress, rule \"clear VXLAN\" is not where covey put it"},
	{"dormant", TABLE "\tflags dormant\n\n" INGRESS PASS CLEAR VPE END "}\n", -EEXIST,
	 "netdev table's \"flags dormant\" is not covey's"},
	{"another chain", TABLE INGRESS PASS CLEAR VPE END "\tchain x {\n\t\taccept\n\t}\n}\n",
	 -EEXIST, "netdev chain x is not covey's"},
	{"a chain of that name in another family",
	 TABLE INGRESS PASS CLEAR VPE END
	 "}\ntable inet covey_guard_d0 {\n" INGRESS PASS CLEAR VPE END "}\n",
	 -EEXIST, "table inet covey_guard_d0 is not covey's"},
	{"a set", TABLE SET INGRESS PASS CLEAR VPE END "}\n", -EEXIST,
	 "netdev set clear is not covey's"},
};

static void test_compare(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct covey_error error = {.text = ""};
		int status = guard_compare(asked, cases[i].listed, &error);

		if (status != cases[i].status)
			fail_msg("%s: %d, %s", cases[i].name, status, error.text);
		if (cases[i].says)
			assert_string_equal(error.text, cases[i].says);
	}
}

static void test_counters(void **state)
{
	struct guard_reader reader = guard_read_text(TABLE INGRESS CLEAR "\t\taccept\n" END "}\n");
	struct guard_line line;

	do
		assert_true(guard_read_line(&reader, &line));
	while (line.kind != GUARD_LINE_RULE);
	assert_true(line.counts && line.drops);
	assert_int_equal(line.packets, 12);
	assert_string_equal(line.chain, "ingress");
	assert_string_equal(line.what, "clear VXLAN");
	assert_true(guard_read_line(&reader, &line));
	assert_false(line.counts || line.drops);
	assert_string_equal(line.what, "accept");
	assert_false(guard_read_line(&reader, &line));
}

static void test_ports(void **state)
{
	static const char several[] = TABLE INGRESS CLEAR
		"\t\tudp dport { 8472, 9999 } counter packets 0 bytes 0 drop comment \"clear VXLAN "
		"of another port\"\n" END "}\n";
	static const char one[] =
		"\t\tudp dport 8472 counter packets 0 bytes 0 drop comment \"clear VXLAN of "
		"another port\"\n\t\tudp dport 9 drop\n";
	uint16_t ports[GUARD_FOREIGN_MAX];

	assert_int_equal(guard_read_ports(several, GUARD_FOREIGN, ports, GUARD_FOREIGN_MAX), 2);
	assert_int_equal(ports[0], 8472);
	assert_int_equal(ports[1], 9999);
	assert_int_equal(guard_read_ports(several, GUARD_FOREIGN, ports, 1), 1);
	assert_int_equal(guard_read_ports(one, GUARD_FOREIGN, ports, GUARD_FOREIGN_MAX), 1);
	assert_int_equal(ports[0], 8472);
	assert_int_equal(guard_read_ports(TABLE INGRESS CLEAR END "}\n", GUARD_FOREIGN, ports,
					  GUARD_FOREIGN_MAX),
			 0);
	assert_int_equal(guard_read_ports("", GUARD_FOREIGN, ports, GUARD_FOREIGN_MAX), 0);
}

/* Whatever nft may print some day, no text makes the reader go wrong. */
static void test_cut_anywhere(void **state)
{
	static const char whole[] = TABLE INGRESS PASS CLEAR VPE END "}\n";

	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		char *text = strndup(whole, len);
		struct covey_error error;

		assert_non_null(text);
		if (len < sizeof(whole) - sizeof(END "}\n") - 1)
			assert_int_not_equal(guard_compare(asked, text, &error), 0);
		else
			guard_compare(asked, text, &error);
		free(text);
	}
}

static void expect_table(const char *interface, const char *name)
{
	char table[GUARD_TABLE_NAME_SIZE];

	guard_table_name(interface, table);
	assert_string_equal(table, name);
}

/* Two interfaces never share a table. */
static void test_table_names(void **state)
{
	expect_table("eth0", "covey_guard_eth0");
	expect_table("eth0.100", "covey_guard_eth0.100");
	expect_table("a-b_c", "covey_guard_a-b_c");
	expect_table("a@b", "covey_guard_a/40b");
	expect_table("a:b", "covey_guard_a/3ab");
	expect_table("@@@@@@@@@@@@@@@",
		     "covey_guard_/40/40/40/40/40/40/40/40/40/40/40/40/40/40/40");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare),     cmocka_unit_test(test_counters),
		cmocka_unit_test(test_ports),       cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_table_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
