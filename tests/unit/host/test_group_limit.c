/* SPDX-License-Identifier: BSD-3-Clause */
/* More multicast groups of VXLAN devices than the kernel joins with one socket. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>

#include "group_limit.h"
#include "vxlan_devices.h"

static struct vxlan_device device(const char *name, uint8_t last_byte, bool up)
{
	struct vxlan_device made = {.port = 4789, .under = 2, .up = up};

	strcpy(made.name, name);
	made.remote = (struct covey_addr){.family = AF_INET, .bytes = {239, 1, 1, last_byte}};
	return made;
}

static void test_words(void **state)
{
	struct vxlan_device list[] = {device("vx1", 1, true), device("vx2", 2, true),
				      device("vx3", 3, false)};
	const struct vxlan_devices devices = {list, 3};
	struct covey_error text;

	assert_false(group_limit_explain(&devices, 4789, 3, &text));
	assert_false(group_limit_explain(&devices, 4789, 0, &text)); /* not known */
	assert_true(group_limit_explain(&devices, 4789, 2, &text));
	assert_string_equal(text.text,
			    "VXLAN devices have 3 IPv4 multicast groups, and all of them together "
			    "may join 2 (net.ipv4.igmp_max_memberships), so not all can be set up, "
			    "such as vx3: `sysctl -w net.ipv4.igmp_max_memberships=6`, and then "
			    "set up those that are down");
	/* They came up before the limit was lowered. */
	list[2].up = true;
	assert_true(group_limit_explain(&devices, 4789, 2, &text));
	assert_non_null(strstr(text.text, "so not all can be set up: `sysctl"));
}

static void test_what_counts(void **state)
{
	struct vxlan_device list[] = {
		device("vx1", 1, true),       device("same", 1, true),
		device("elsewhere", 1, true), device("port", 2, true),
		device("unicast", 3, true),   device("holder", 4, true),
		device("nowhere", 5, true),   device("version6", 6, true),
		device("none", 7, true),
	};
	const struct vxlan_devices devices = {list, sizeof(list) / sizeof(list[0])};

	list[2].under = 3;
	list[3].port = 8472;
	list[4].remote.bytes[0] = 10;
	list[5].holder = true;
	list[6].under = 0;
	list[7].remote = (struct covey_addr){.family = AF_INET6, .bytes = {0xff, 5}};
	list[8].remote.family = 0;
	assert_int_equal(group_limit_wanted(&devices, 4789), 2);
	assert_int_equal(group_limit_wanted(&devices, 8472), 1);
	assert_int_equal(group_limit_wanted(&devices, 1), 0);
}

static void test_the_kernel_says_it(void **state)
{
	assert_true(group_limit_read() > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_what_counts),
		cmocka_unit_test(test_the_kernel_says_it),
	};

	return cmocka_run_group_tests_name("host-group-limit", tests, NULL, NULL);
}
