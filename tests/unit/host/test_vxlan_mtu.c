/* SPDX-License-Identifier: BSD-3-Clause */
/* Which VXLAN devices have too large an MTU, and what the operator is told. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>

#include "vxlan_devices.h"
#include "vxlan_mtu.h"

static const struct vxlan_device device = {.name = "vx", .mtu = 1450};

static void test_exceeds(void **state)
{
	struct vxlan_mtu mtu = {1, 1};

	assert_false(vxlan_mtu_exceeds(&device, AF_INET, 1500, &mtu));
	assert_int_equal(mtu.fits, 1);
	assert_true(vxlan_mtu_exceeds(&device, AF_INET, 1499, &mtu));
	assert_int_equal(mtu.fits, 1449);
	assert_int_equal(mtu.more, 1);
	assert_false(vxlan_mtu_exceeds(&device, AF_INET6, 1520, &mtu));
	assert_true(vxlan_mtu_exceeds(&device, AF_INET6, 1440, &mtu));
	assert_int_equal(mtu.fits, 1370);
	assert_int_equal(mtu.more, 80);
	assert_true(vxlan_mtu_exceeds(&device, AF_INET6, 60, &mtu));
	assert_int_equal(mtu.fits, 0);
}

static void test_words(void **state)
{
	struct covey_error text;

	assert_false(vxlan_mtu_explain(&device, AF_INET, 1500, VXLAN_LONG_CUT, &text));
	assert_true(vxlan_mtu_explain(&device, AF_INET, 1440, VXLAN_LONG_CUT, &text));
	assert_string_equal(text.text,
			    "VXLAN device vx has an MTU of 1450, and 1390 fits: TCP passes, but "
			    "other large packets have to be fragmented or are dropped, and their "
			    "senders told (out-too-big). Lower it and its tenants' to 1390, or "
			    "raise the uplinks' MTU by 60");
	/* Nothing is cut where covey has a card of its own. */
	assert_true(vxlan_mtu_explain(&device, AF_INET, 1440, VXLAN_LONG_DROPPED, &text));
	assert_string_equal(text.text,
			    "VXLAN device vx has an MTU of 1450, and 1390 fits: larger packets are "
			    "dropped, because the kernel sends them as fragments of VXLAN "
			    "(out-fragment). Lower it and its tenants' to 1390, or raise the "
			    "fabric interface's MTU by 60");
}

/* RFC 8200 section 5. */
static void test_ipv6(void **state)
{
	struct covey_error text;

	assert_true(vxlan_mtu_explain(&device, AF_INET, 1330, VXLAN_LONG_CUT, &text));
	assert_null(strstr(text.text, "IPv6"));
	assert_true(vxlan_mtu_explain(&device, AF_INET, 1329, VXLAN_LONG_CUT, &text));
	assert_non_null(strstr(text.text, "by 171. IPv6 needs 1280: its packets of 1280 to 1280 "
					  "bytes are dropped, but for TCP's, and their senders "
					  "cannot be told"));
	assert_true(vxlan_mtu_explain(&device, AF_INET, 1280, VXLAN_LONG_DROPPED, &text));
	assert_non_null(strstr(text.text, "by 220. IPv6 needs 1280: its packets of 1231 to 1280 "
					  "bytes are dropped, and their senders cannot be told"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exceeds),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
