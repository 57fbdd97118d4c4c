/* SPDX-License-Identifier: BSD-3-Clause */
/* One decision about the packet buffers, from both ports: AF_XDP on either side wants them its way,
 * whatever the other is; and what cannot be AF_XDP is told with the reason. */
#include "port_plan.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <inventory.h>
#include <string.h>

static const struct {
	enum fabric_port_kind fabric;
	enum host_port_kind host;
	unsigned queues, workers;
	uint16_t mtu;
	struct port_demand demands[PORT_ROLES];
	const char *no_af_xdp[PORT_ROLES]; /* somewhere in the reason; NULL: there is none */
} rows[] = {
	{FABRIC_PORT_AF_XDP, HOST_PORT_VETH, 4, 2, 1600, {{true, 4}, {true, 2}}, {NULL}},
	{FABRIC_PORT_AUTO, HOST_PORT_TAP, 1, 1, 1600, {{true, 1}, {false, 1}}, {NULL}},
	{FABRIC_PORT_AF_PACKET, HOST_PORT_VETH, 4, 2, 1600, {{false, 2}, {true, 2}}, {NULL}},
	{FABRIC_PORT_DEVICE, HOST_PORT_VETH, 0, 2, 1500, {{false, 2}, {true, 2}}, {NULL}},
	{FABRIC_PORT_AF_PACKET, HOST_PORT_DEVICE, 1, 1, 1600, {{false, 1}, {false, 1}}, {NULL}},
	/* The kernel's sockets have one more for multicast. */
	{FABRIC_PORT_KERNEL, HOST_PORT_TAP, 0, 2, 1600, {{false, 3}, {false, 2}}, {NULL}},
	{FABRIC_PORT_KERNEL, HOST_PORT_VETH, 0, 2, 1600, {{false, 3}, {true, 2}}, {NULL}},
	{FABRIC_PORT_KERNEL,
	 HOST_PORT_VETH,
	 0,
	 1,
	 9000,
	 {{false, 2}, {false, 1}},
	 {NULL, "and the fabric's is 9000"}},
	/* More than 16 queues on that side alone. */
	{FABRIC_PORT_AUTO,
	 HOST_PORT_VETH,
	 17,
	 20,
	 1600,
	 {{false, 20}, {true, 16}},
	 {"eth1 has 17 queues", NULL}},
	{FABRIC_PORT_AUTO,
	 HOST_PORT_VETH,
	 1,
	 1,
	 9000,
	 {{false, 1}, {false, 1}},
	 {"and the fabric's is 9000", "and the fabric's is 9000"}},
};

static void test_plan(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct inventory_host host = {
			.fabric_port = rows[i].fabric,
			.host_port = rows[i].host,
			.fabric_interface = "eth1",
			.host_interface = "covey0",
		};
		struct port_plan plan;

		port_plan_make(&host, rows[i].queues, rows[i].workers, rows[i].mtu, &plan);
		for (enum port_role role = 0; role < PORT_ROLES; role++) {
			const char *reason = rows[i].no_af_xdp[role];

			assert_int_equal(plan.demands[role].af_xdp, rows[i].demands[role].af_xdp);
			assert_int_equal(plan.demands[role].rx_queues,
					 rows[i].demands[role].rx_queues);
			if (reason)
				assert_non_null(strstr(plan.no_af_xdp[role].text, reason));
			else
				assert_string_equal(plan.no_af_xdp[role].text, "");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_plan)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
