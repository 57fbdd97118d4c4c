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
	enum offload_verdict verdict;
	bool open;
	enum host_port_kind kind;
	bool joins;
	const char *note;
} rows[] = {
	{HOST_PORT_AUTO, OFFLOAD_AUTO, OFFLOAD_WORKS, true, HOST_PORT_TAP, true, ""},
	{HOST_PORT_AUTO, OFFLOAD_AUTO, OFFLOAD_ABSENT, true, HOST_PORT_VETH, false,
	 "no tunnel GSO in this kernel"},
	{HOST_PORT_AUTO, OFFLOAD_AUTO, OFFLOAD_SPOILS, true, HOST_PORT_VETH, false,
	 "failed the self-test"},
	{HOST_PORT_AUTO, OFFLOAD_AUTO, OFFLOAD_UNTESTED, true, HOST_PORT_TAP, true,
	 "self-test could not run"},
	{HOST_PORT_AUTO, OFFLOAD_OFF, OFFLOAD_WORKS, false, HOST_PORT_VETH, false,
	 "covey_offload: off"},
	{HOST_PORT_TAP, OFFLOAD_AUTO, OFFLOAD_WORKS, true, HOST_PORT_TAP, true, ""},
	{HOST_PORT_TAP, OFFLOAD_AUTO, OFFLOAD_ABSENT, true, HOST_PORT_TAP, false,
	 "no tunnel GSO in this kernel"},
	{HOST_PORT_TAP, OFFLOAD_AUTO, OFFLOAD_SPOILS, true, HOST_PORT_TAP, false,
	 "failed the self-test"},
	{HOST_PORT_TAP, OFFLOAD_OFF, OFFLOAD_WORKS, false, HOST_PORT_TAP, false,
	 "covey_offload: off"},
	{HOST_PORT_VETH, OFFLOAD_AUTO, OFFLOAD_WORKS, false, HOST_PORT_VETH, false,
	 "covey_host_port: veth"},
	{HOST_PORT_VETH, OFFLOAD_OFF, OFFLOAD_SPOILS, false, HOST_PORT_VETH, false,
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
		struct host_choice choice = host_choice_make(&host, rows[i].verdict);

		assert_int_equal(host_choice_is_open(&host), rows[i].open);
		assert_int_equal(choice.kind, rows[i].kind);
		assert_int_equal(choice.offload, rows[i].joins);
		assert_string_equal(choice.note, rows[i].note);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_choice)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
