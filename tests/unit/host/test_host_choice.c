/* SPDX-License-Identifier: BSD-3-Clause */
/* What covey0 is where the kernel keeps its interfaces: for each wish of the inventory, and each
 * thing that the self-test can find. */
#include "host_choice.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct {
	enum host_port_kind wish;
	enum offload offload;
	struct host_verdicts verdicts;
	bool open;
	enum host_port_kind kind;
	bool joins, pair;
	const char *note;
} rows[] = {
	{HOST_PORT_AUTO,
	 OFFLOAD_AUTO,
	 {OFFLOAD_WORKS, OFFLOAD_ABSENT},
	 true,
	 HOST_PORT_TAP,
	 true,
	 false,
	 ""},
	{HOST_PORT_AUTO,
	 OFFLOAD_AUTO,
	 {OFFLOAD_ABSENT, OFFLOAD_WORKS},
	 true,
	 HOST_PORT_TAP,
	 true,
	 true,
	 "no tunnel GSO in this kernel"},
	{HOST_PORT_AUTO,
	 OFFLOAD_AUTO,
	 {OFFLOAD_ABSENT, OFFLOAD_ABSENT},
	 true,
	 HOST_PORT_VETH,
	 false,
	 false,
	 "no tunnel GSO in this kernel"},
	{HOST_PORT_AUTO,
	 OFFLOAD_AUTO,
	 {OFFLOAD_ABSENT, OFFLOAD_SPOILS},
	 true,
	 HOST_PORT_VETH,
	 false,
	 false,
	 "no tunnel GSO in this kernel"},
	{HOST_PORT_AUTO,
	 OFFLOAD_AUTO,
	 {OFFLOAD_ABSENT, OFFLOAD_UNTESTED},
	 true,
	 HOST_PORT_VETH,
	 false,
	 false,
	 "no tunnel GSO in this kernel"},
	{HOST_PORT_AUTO,
	 OFFLOAD_AUTO,
	 {OFFLOAD_SPOILS, OFFLOAD_WORKS},
	 true,
	 HOST_PORT_TAP,
	 true,
	 true,
	 "failed the self-test"},
	{HOST_PORT_AUTO,
	 OFFLOAD_AUTO,
	 {OFFLOAD_SPOILS, OFFLOAD_ABSENT},
	 true,
	 HOST_PORT_VETH,
	 false,
	 false,
	 "failed the self-test"},
	{HOST_PORT_AUTO,
	 OFFLOAD_AUTO,
	 {OFFLOAD_SPOILS, OFFLOAD_SPOILS},
	 true,
	 HOST_PORT_VETH,
	 false,
	 false,
	 "failed the self-test"},
	{HOST_PORT_AUTO,
	 OFFLOAD_AUTO,
	 {OFFLOAD_SPOILS, OFFLOAD_UNTESTED},
	 true,
	 HOST_PORT_VETH,
	 false,
	 false,
	 "failed the self-test"},
	{HOST_PORT_AUTO,
	 OFFLOAD_AUTO,
	 {OFFLOAD_UNTESTED, OFFLOAD_ABSENT},
	 true,
	 HOST_PORT_TAP,
	 true,
	 false,
	 "untested: the self-test could not run"},
	{HOST_PORT_AUTO,
	 OFFLOAD_OFF,
	 {OFFLOAD_WORKS, OFFLOAD_WORKS},
	 false,
	 HOST_PORT_VETH,
	 false,
	 false,
	 "covey_offload: off"},
	{HOST_PORT_TAP,
	 OFFLOAD_AUTO,
	 {OFFLOAD_WORKS, OFFLOAD_ABSENT},
	 true,
	 HOST_PORT_TAP,
	 true,
	 false,
	 ""},
	{HOST_PORT_TAP,
	 OFFLOAD_AUTO,
	 {OFFLOAD_ABSENT, OFFLOAD_WORKS},
	 true,
	 HOST_PORT_TAP,
	 true,
	 true,
	 "no tunnel GSO in this kernel"},
	{HOST_PORT_TAP,
	 OFFLOAD_AUTO,
	 {OFFLOAD_ABSENT, OFFLOAD_SPOILS},
	 true,
	 HOST_PORT_TAP,
	 false,
	 false,
	 "no tunnel GSO in this kernel"},
	{HOST_PORT_TAP,
	 OFFLOAD_AUTO,
	 {OFFLOAD_SPOILS, OFFLOAD_WORKS},
	 true,
	 HOST_PORT_TAP,
	 true,
	 true,
	 "failed the self-test"},
	{HOST_PORT_TAP,
	 OFFLOAD_AUTO,
	 {OFFLOAD_SPOILS, OFFLOAD_SPOILS},
	 true,
	 HOST_PORT_TAP,
	 false,
	 false,
	 "failed the self-test"},
	{HOST_PORT_TAP,
	 OFFLOAD_OFF,
	 {OFFLOAD_WORKS, OFFLOAD_WORKS},
	 false,
	 HOST_PORT_TAP,
	 false,
	 false,
	 "covey_offload: off"},
	{HOST_PORT_VETH,
	 OFFLOAD_AUTO,
	 {OFFLOAD_WORKS, OFFLOAD_WORKS},
	 false,
	 HOST_PORT_VETH,
	 false,
	 false,
	 "covey_host_port: veth"},
	{HOST_PORT_VETH,
	 OFFLOAD_OFF,
	 {OFFLOAD_SPOILS, OFFLOAD_WORKS},
	 false,
	 HOST_PORT_VETH,
	 false,
	 false,
	 "covey_host_port: veth"},
};

static void test_choice(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct inventory_host host = {
			.fabric_port = FABRIC_PORT_KERNEL,
			.host_port = rows[i].wish,
			.offload = rows[i].offload,
		};
		struct host_choice choice = host_choice_make(&host, &rows[i].verdicts);

		assert_int_equal(host_choice_is_open(&host), rows[i].open);
		assert_int_equal(choice.kind, rows[i].kind);
		assert_int_equal(choice.offload, rows[i].joins);
		assert_int_equal(choice.pair, rows[i].pair);
		assert_string_equal(choice.note, rows[i].note);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_choice)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
