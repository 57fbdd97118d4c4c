/* SPDX-License-Identifier: BSD-3-Clause */

/* What the kernel says of VXLAN, VXLAN-GPE and Geneve devices. Not every kernel has Geneve, so the
 * messages are made here. */

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vxlan_devices.h"

struct kind {
	const char *name;
	int id, port, remote; /* attributes */
	bool gpe;
};

static const struct kind vxlan = {"vxlan", IFLA_VXLAN_ID, IFLA_VXLAN_PORT, IFLA_VXLAN_GROUP, false};
static const struct kind gpe = {"vxlan", IFLA_VXLAN_ID, IFLA_VXLAN_PORT, IFLA_VXLAN_GROUP, true};
static const struct kind geneve = {"geneve", IFLA_GENEVE_ID, IFLA_GENEVE_PORT, IFLA_GENEVE_REMOTE,
				   false};

/* port 0: the message has none. */
static struct nl_msg *make(const struct kind *kind, uint16_t port)
{
	const struct ifinfomsg about = {.ifi_index = 7, .ifi_flags = IFF_UP};
	struct nl_msg *message = nlmsg_alloc_simple(RTM_NEWLINK, 0);
	const uint32_t remote = htonl(0x0a000002);
	struct nlattr *info, *data;

	assert_non_null(message);
	assert_int_equal(nlmsg_append(message, (void *)&about, sizeof(about), NLMSG_ALIGNTO), 0);
	assert_int_equal(nla_put_string(message, IFLA_IFNAME, "dev7"), 0);
	assert_int_equal(nla_put_u32(message, IFLA_MTU, 1450), 0);
	info = nla_nest_start(message, IFLA_LINKINFO);
	assert_int_equal(nla_put_string(message, IFLA_INFO_KIND, kind->name), 0);
	data = nla_nest_start(message, IFLA_INFO_DATA);
	assert_int_equal(nla_put_u32(message, kind->id, 300), 0);
	if (port)
		assert_int_equal(nla_put_u16(message, kind->port, htons(port)), 0);
	assert_int_equal(nla_put_u32(message, kind->remote, remote), 0);
	if (kind->gpe)
		assert_int_equal(nla_put_flag(message, IFLA_VXLAN_GPE), 0);
	nla_nest_end(message, data);
	nla_nest_end(message, info);
	return message;
}

static void expect(const struct kind *kind, enum vxlan_device_kind wanted, const char *name)
{
	static const uint8_t remote[4] = {10, 0, 0, 2};
	struct nl_msg *message = make(kind, 6081);
	struct vxlan_device device;

	assert_true(vxlan_devices_read(nlmsg_hdr(message), &device));
	assert_int_equal(device.kind, wanted);
	assert_string_equal(vxlan_device_kind_name(device.kind), name);
	assert_string_equal(device.name, "dev7");
	assert_int_equal(device.index, 7);
	assert_int_equal(device.vni, 300);
	assert_int_equal(device.port, 6081);
	assert_int_equal(device.mtu, 1450);
	assert_int_equal(device.remote.family, AF_INET);
	assert_memory_equal(device.remote.bytes, remote, sizeof(remote));
	assert_true(device.up);
	assert_false(device.holder);
	nlmsg_free(message);
}

static void test_each_kind(void **state)
{
	expect(&vxlan, VXLAN_DEVICE_PLAIN, "VXLAN");
	expect(&gpe, VXLAN_DEVICE_GPE, "VXLAN-GPE");
	expect(&geneve, VXLAN_DEVICE_GENEVE, "Geneve");
}

static void expect_none(const struct kind *kind, uint16_t port)
{
	struct nl_msg *message = make(kind, port);
	struct vxlan_device device;

	assert_false(vxlan_devices_read(nlmsg_hdr(message), &device));
	nlmsg_free(message);
}

static void test_none(void **state)
{
	static const struct kind other = {"gre", 1, 2, 3, false};
	static const struct kind longer = {"geneve6", 1, 2, 3, false};

	expect_none(&vxlan, 0);
	expect_none(&geneve, 0);
	expect_none(&other, 6081);
	expect_none(&longer, 6081);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
