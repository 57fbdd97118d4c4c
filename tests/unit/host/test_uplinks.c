/* SPDX-License-Identifier: BSD-3-Clause */

/* Which interfaces are uplinks, by the inventory and by the routes of a real kernel. */

#include <inventory.h>
#include <link.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uplinks.h>

#include <cmocka.h>

static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

/* A namespace with two cards, each with an address, and what covey makes. */
static int set_up(void **state)
{
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	run("ip link set lo up && "
	    "ip link add eth0 type veth peer name far0 && ip link set eth0 up && "
	    "ip link set far0 up && "
	    "ip link add eth1 type veth peer name far1 && ip link set eth1 up && "
	    "ip link set far1 up && "
	    "ip link add covey0 type veth peer name covey0p && ip link set covey0 up && "
	    "ip link set covey0p up && "
	    "ip address add 10.0.0.1/24 dev eth0 && ip address add 10.1.0.1/24 dev eth1 && "
	    "ip -6 address add fd00::1/64 dev eth0 nodad && "
	    "ip -6 address add fd01::1/64 dev eth1 nodad");
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct uplink *)a)->name, ((const struct uplink *)b)->name);
}

/* vteps: of the hosts, the own one first, parted by spaces. expected: names in their order, "?"
 * behind those that only default routes lead to. */
static void expect(const char *named, const char *vteps, const char *expected)
{
	char own[200], hosts[200], text[200] = "", *given[16], *rest = NULL;
	struct inventory_host list[16] = {{.fabric_port = FABRIC_PORT_KERNEL}};
	struct inventory inventory = {.hosts = list};
	struct uplink uplinks[COVEY_UPLINKS_MAX];
	struct uplinks_wanted wanted;
	size_t count;

	list[0].host_interface = "covey0";
	list[0].uplinks = given;
	snprintf(own, sizeof(own), "%s", named);
	for (char *name = strtok_r(own, " ", &rest); name; name = strtok_r(NULL, " ", &rest))
		given[list[0].uplink_count++] = name;
	snprintf(hosts, sizeof(hosts), "%s", vteps);
	for (char *vtep = strtok_r(hosts, " ", &rest); vtep; vtep = strtok_r(NULL, " ", &rest))
		assert_true(covey_addr_parse(vtep, &list[inventory.host_count++].vtep));
	inventory.host_room = inventory.host_count;
	wanted = uplinks_wanted_of(&inventory, &list[0]);
	count = uplinks_find(&wanted, uplinks);
	qsort(uplinks, count, sizeof(*uplinks), compare);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(uplinks[i].index, if_nametoindex(uplinks[i].name));
		strcat(text, i ? " " : "");
		strcat(text, uplinks[i].name);
		strcat(text, uplinks[i].by_default ? "?" : "");
	}
	assert_string_equal(text, expected);
}

static void test_named(void **state)
{
	run("ip link property add dev eth1 altname a-card-with-a-long-name");
	expect("eth0", "10.1.0.1 10.1.0.2", "eth0");
	expect("eth0 eth7 a-card-with-a-long-name eth1", "10.0.0.1", "eth0 eth1");
	expect("eth7", "10.0.0.1 10.0.0.2", "");
}

static void test_by_routes(void **state)
{
	/* The own address is enough where no other is, and so is a way to another. */
	expect("", "10.0.0.1", "eth0");
	expect("", "10.9.0.1 10.1.0.2", "eth1");
	expect("", "10.0.0.1 10.0.0.2 10.0.0.3 10.1.0.2", "eth0 eth1");
	expect("", "10.9.0.1 10.9.0.2", "");
	run("ip route add default via 10.1.0.9");
	expect("", "10.0.0.1 10.9.0.2", "eth1");
	run("ip route add unreachable 10.9.0.2 && ip route add blackhole 10.9.0.3");
	expect("", "10.0.0.1 10.9.0.2 10.9.0.3", "eth0");
}

/* A host that is down has no route of its own, and then the default one counts. */
static void test_default_route(void **state)
{
	run("ip route add 10.77.0.2 via 10.1.0.2 && ip route add default via 10.0.0.9");
	expect("", "10.77.0.1 10.77.0.2", "eth1");
	expect("", "10.77.0.1 10.77.0.2 10.77.0.3", "eth0? eth1");
	expect("", "10.77.0.1 10.77.0.3 10.77.0.4", "eth0");
	expect("", "10.77.0.1 10.77.0.3 10.0.0.7 10.77.0.2", "eth0 eth1");
}

static void test_several_next_hops(void **state)
{
	run("ip address add 10.77.0.1/32 dev lo && "
	    "ip route add 10.77.0.2 nexthop via 10.0.0.2 dev eth0 nexthop via 10.1.0.2 dev eth1");
	expect("", "10.77.0.1 10.77.0.2", "eth0 eth1");
	run("ip route replace 10.77.0.2 via 10.1.0.2");
	expect("", "10.77.0.1 10.77.0.2", "eth1");
	run("ip nexthop add id 1 via 10.0.0.2 dev eth0 && ip nexthop add id 2 via 10.1.0.2 dev "
	    "eth1 && "
	    "ip nexthop add id 3 group 1/2 && ip route replace 10.77.0.2 nhid 3");
	expect("", "10.77.0.1 10.77.0.2", "eth0 eth1");
}

static void test_ipv6(void **state)
{
	run("ip -6 address add fd77::1/128 dev lo nodad && "
	    "ip -6 route add fd77::2 nexthop via fd00::2 dev eth0 nexthop via fd01::2 dev eth1 && "
	    "ip -6 route add fd77::3 via fd01::2");
	expect("", "fd00::1", "eth0");
	expect("", "fd77::1 fd77::2", "eth0 eth1");
	expect("", "fd77::1 fd77::3", "eth1");
	expect("", "fd77::1 fd77::4", "");
	/* As routing over links without addresses has it. */
	run("ip route add 10.77.0.2 via inet6 fe80::1 dev eth1");
	expect("", "10.8.0.9 10.77.0.2", "eth1");
}

/* A kernel that tells of next hops by their group's id alone. */
static void test_next_hops_by_id(void **state)
{
	run("ip nexthop add id 1 via 10.1.0.2 dev eth1 && ip nexthop add id 3 group 1 && "
	    "ip route add 10.77.0.2 nhid 3 && "
	    "echo 0 >/proc/sys/net/ipv4/nexthop_compat_mode");
	expect("", "10.77.0.1 10.77.0.2", "eth1");
}

/* What a covey-host has made is none, whatever the routes say, and lo is none. */
static void test_never(void **state)
{
	run("ip link add vx1 type vxlan id 1 dstport 4789 && ip link set vx1 up && "
	    "ip route add 10.76.0.0/24 dev vx1");
	expect("", "10.76.0.1 10.76.0.2", "");
	run("ip link set covey0p group 4798 && ip route add 10.77.0.0/24 dev covey0 && "
	    "ip route add 10.78.0.0/24 dev covey0p && ip route add 10.79.0.0/24 dev lo");
	expect("", "10.8.0.9 10.77.0.2 10.78.0.2 10.79.0.2", "");
}

/* By a rule, as hosts with several tables have it. */
static void test_rules(void **state)
{
	run("ip rule add to 10.77.0.0/24 table 100 && "
	    "ip route add 10.77.0.0/24 via 10.1.0.2 table 100 && ip route add default via "
	    "10.0.0.2");
	expect("", "10.8.0.9 10.77.0.2", "eth1");
	expect("", "10.8.0.9 10.78.0.2", "eth0");
	/* By the address that sends, which may be there or not. */
	run("ip rule add from 10.8.0.1 table 101 && ip route add default via 10.1.0.2 table 101 && "
	    "ip address add 10.8.0.1/32 dev lo");
	expect("", "10.8.0.1 10.78.0.2", "eth0 eth1");
	expect("", "10.8.0.2 10.78.0.2", "eth0");
}

/* Ten next hops: each that there is no room for is named once. */
static void test_too_many(void **state)
{
	struct inventory_host list[3] = {{.fabric_port = FABRIC_PORT_KERNEL}};
	struct inventory inventory = {.hosts = list, .host_count = 3, .host_room = 3};
	struct uplink uplinks[COVEY_UPLINKS_MAX];
	struct uplinks_left_out left_out;
	struct uplinks_wanted wanted;

	list[0].host_interface = "covey0";
	covey_addr_parse("10.77.0.1", &list[0].vtep);
	covey_addr_parse("10.77.0.2", &list[1].vtep);
	covey_addr_parse("10.77.0.3", &list[2].vtep);
	run("for i in 0 1 2 3 4 5 6 7 8 9; do ip link add n$i type veth peer name m$i && "
	    "ip link set n$i up && ip link set m$i up && ip address add 10.8.$i.1/24 dev n$i && "
	    "hops=\"$hops nexthop via 10.8.$i.2\" || exit 1; done; "
	    "ip route add 10.77.0.2 $hops && ip route add 10.77.0.3 $hops");
	wanted = uplinks_wanted_of(&inventory, &list[0]);
	assert_int_equal(uplinks_find_all(&wanted, uplinks, &left_out), COVEY_UPLINKS_MAX);
	assert_string_equal(uplinks[7].name, "n7");
	assert_int_equal(left_out.count, 2);
	assert_string_equal(left_out.list[0].name, "n8");
	assert_string_equal(left_out.list[1].name, "n9");
	assert_false(left_out.more);
}

/* Named or found by a route, it is none: covey0 cannot take what has no Ethernet header. */
static void test_no_ethernet(void **state)
{
	char *given[] = {"tun0", "eth0"};
	struct inventory_host list[3] = {
		{.fabric_port = FABRIC_PORT_KERNEL, .host_interface = "covey0"}};
	struct inventory inventory = {.hosts = list, .host_count = 3, .host_room = 3};
	struct uplink uplinks[COVEY_UPLINKS_MAX];
	struct uplinks_left_out left_out;
	struct uplinks_wanted wanted;
	struct link_info link;

	covey_addr_parse("10.77.0.1", &list[0].vtep);
	covey_addr_parse("10.77.0.2", &list[1].vtep);
	covey_addr_parse("10.77.0.3", &list[2].vtep);
	run("ip tuntap add tun0 mode tun && ip link set tun0 up && "
	    "ip route add 10.77.0.2 dev tun0 && ip route add 10.77.0.3 via 10.1.0.2");
	for (list[0].uplink_count = 0; list[0].uplink_count <= 2; list[0].uplink_count += 2) {
		list[0].uplinks = given;
		wanted = uplinks_wanted_of(&inventory, &list[0]);
		assert_int_equal(uplinks_find_all(&wanted, uplinks, &left_out), 1);
		assert_string_equal(uplinks[0].name, list[0].uplink_count ? "eth0" : "eth1");
		assert_int_equal(left_out.count, 1);
		assert_string_equal(left_out.list[0].name, "tun0");
		assert_true(left_out.list[0].no_ethernet);
	}
	assert_false(uplinks_may_have(&wanted, if_nametoindex("tun0"), &link));
	/* What is no way to other hosts anyway is not worth a warning. */
	run("ip route replace 10.77.0.2 dev lo");
	list[0].uplink_count = 0;
	wanted = uplinks_wanted_of(&inventory, &list[0]);
	assert_int_equal(uplinks_find_all(&wanted, uplinks, &left_out), 1);
	assert_int_equal(left_out.count, 0);
}

/* It is one, but not all that a program may send by. */
static void test_tap(void **state)
{
	char *given[] = {"tap0", "eth0"};
	struct inventory_host list[2] = {
		{.fabric_port = FABRIC_PORT_KERNEL, .host_interface = "covey0"}};
	struct inventory inventory = {.hosts = list, .host_count = 2, .host_room = 2};
	struct uplink uplinks[COVEY_UPLINKS_MAX];
	struct uplinks_wanted wanted;

	covey_addr_parse("10.77.0.1", &list[0].vtep);
	covey_addr_parse("10.77.0.2", &list[1].vtep);
	run("ip tuntap add tap0 mode tap && ip link set tap0 up && ip route add 10.77.0.2 "
	    "nexthop dev eth0 nexthop dev tap0");
	list[0].uplinks = given;
	for (list[0].uplink_count = 0; list[0].uplink_count <= 2; list[0].uplink_count++) {
		size_t count;

		wanted = uplinks_wanted_of(&inventory, &list[0]);
		count = uplinks_find(&wanted, uplinks);
		assert_int_equal(count, list[0].uplink_count == 1 ? 1 : 2);
		if (list[0].uplink_count == 2)
			assert_null(uplinks_find_tap(&wanted, uplinks, count));
		else
			assert_string_equal(uplinks_find_tap(&wanted, uplinks, count)->name,
					    "tap0");
	}
	run("ip route replace 10.77.0.2 dev eth0");
	list[0].uplink_count = 0;
	wanted = uplinks_wanted_of(&inventory, &list[0]);
	assert_int_equal(uplinks_find(&wanted, uplinks), 1);
	assert_null(uplinks_find_tap(&wanted, uplinks, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_named, set_up),
		cmocka_unit_test_setup(test_by_routes, set_up),
		cmocka_unit_test_setup(test_default_route, set_up),
		cmocka_unit_test_setup(test_several_next_hops, set_up),
		cmocka_unit_test_setup(test_next_hops_by_id, set_up),
		cmocka_unit_test_setup(test_ipv6, set_up),
		cmocka_unit_test_setup(test_never, set_up),
		cmocka_unit_test_setup(test_rules, set_up),
		cmocka_unit_test_setup(test_too_many, set_up),
		cmocka_unit_test_setup(test_no_ethernet, set_up),
		cmocka_unit_test_setup(test_tap, set_up),
	};

	_Static_assert(LINK_GROUP_COVEY == 4798, "the group that is set above");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
