/* SPDX-License-Identifier: BSD-3-Clause */
/* Which bridges and ports of bridges let in more than fits into their VXLAN device. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "bridge_mtu.h"
#include "vxlan_devices.h"

static struct vxlan_device devices_list[] = {
	{.name = "vx1", .index = 10, .mtu = 1450},
	{.name = "vx2", .index = 11, .mtu = 1400},
	{.name = "vx3", .index = 12, .mtu = 9000},
};
static const struct vxlan_devices devices = {devices_list, 3};

/* By master. */
static struct bridge_link links_list[] = {
	{"br1", 1, 0, 1450, true},       {"br2", 2, 0, 1500, true},
	{"br3", 3, 0, 1500, true},       {"vx1", 10, 1, 1450, false},
	{"tap1", 20, 1, 1450, false},    {"tap2", 21, 1, 1451, false},
	{"vx2", 11, 2, 1400, false},     {"vx3", 12, 2, 9000, false},
	{"veth1", 22, 2, 1500, false},   {"eth9", 23, 3, 9000, false},
	{"slave1", 24, 99, 9000, false},
};
static const struct bridge_links links = {links_list, 11};

static void expect(const struct bridge_excess *found, const char *name, const char *device,
		   uint32_t has, uint32_t fits, bool bridge)
{
	assert_string_equal(found->name, name);
	assert_string_equal(found->device, device);
	assert_int_equal(found->has, has);
	assert_int_equal(found->fits, fits);
	assert_int_equal(found->bridge, bridge);
}

/* The device of each bridge through which the least fits counts. Another master is no bridge, and
 * a bridge without a VXLAN device is none of ours. */
static void test_found(void **state)
{
	struct bridge_excess found[BRIDGE_EXCESS_MAX];

	assert_int_equal(bridge_mtu_find(&links, &devices, AF_INET, 0, found, BRIDGE_EXCESS_MAX),
			 3);
	expect(&found[0], "tap2", "vx1", 1451, 1450, false);
	expect(&found[1], "br2", "vx2", 1500, 1400, true);
	expect(&found[2], "veth1", "vx2", 1500, 1400, false);
}

/* What covey sends may be less than what the devices' MTU says. */
static void test_uplinks(void **state)
{
	struct bridge_excess found[BRIDGE_EXCESS_MAX];

	assert_int_equal(bridge_mtu_find(&links, &devices, AF_INET, 1440, found, BRIDGE_EXCESS_MAX),
			 5);
	expect(&found[0], "br1", "vx1", 1450, 1390, true);
	expect(&found[1], "tap1", "vx1", 1450, 1390, false);
	expect(&found[3], "br2", "vx2", 1500, 1390, true);
	assert_int_equal(bridge_mtu_find(&links, &devices, AF_INET6, 1440, found, 1), 1);
	expect(&found[0], "br1", "vx1", 1450, 1370, true);
}

static void test_nothing(void **state)
{
	const struct vxlan_devices no_devices = {0};
	const struct bridge_links no_links = {0};
	struct bridge_excess found[1];

	assert_int_equal(bridge_mtu_find(&links, &no_devices, AF_INET, 1440, found, 1), 0);
	assert_int_equal(bridge_mtu_find(&no_links, &devices, AF_INET, 1440, found, 1), 0);
	assert_int_equal(bridge_mtu_find(&links, &devices, AF_INET, 0, found, 0), 0);
}

static void test_words(void **state)
{
	struct bridge_excess port = {"tap2", "vx1", 1500, 1390, false};
	struct covey_error text;

	bridge_mtu_explain(&port, &text);
	assert_string_equal(text.text,
			    "bridge port tap2 has an MTU of 1500, and 1390 fits through VXLAN "
			    "device vx1: larger packets are dropped on the way, and their senders "
			    "may not be told. Lower it and what is behind it to 1390");
	port.bridge = true;
	bridge_mtu_explain(&port, &text);
	assert_non_null(strstr(text.text, "bridge tap2 has an MTU of 1500"));
	assert_non_null(strstr(text.text, "Lower it to 1390"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_uplinks),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
