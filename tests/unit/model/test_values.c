/* SPDX-License-Identifier: BSD-3-Clause */

/* Good inventories: what the model holds after reading them. */

#include <covey/wire.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"

#define MINIMAL                                                                                    \
	"all:\n"                                                                                   \
	"  vars:\n"                                                                                \
	"    covey_fabric: f\n"                                                                    \
	"    covey_gkm: 192.0.2.1\n"                                                               \
	"    covey_fabric_interface: eth0\n"                                                       \
	"    covey_groups: {g: {vnis: [1], members: [a]}}\n"                                       \
	"  hosts:\n"                                                                               \
	"    a: {covey_vtep: 10.0.0.1}\n"

static void expect_addr(const struct covey_addr *addr, const char *expected)
{
	char text[COVEY_ADDR_STRLEN];

	assert_string_equal(covey_addr_format(addr, text), expected);
}

static void expect_default_group(const struct inventory_group *group)
{
	assert_int_equal(group->cipher, COVEY_AES_256_GCM);
	assert_int_equal(group->key_scope, COVEY_KEY_SCOPE_SENDER);
	assert_int_equal(group->replay_window, 1024);
	assert_int_equal(group->mode, COVEY_MODE_ENFORCE);
	assert_int_equal(group->rekey.interval_s, 3600);
	assert_int_equal(group->rekey.activation_delay_s, 10);
	assert_int_equal(group->rekey.drain_delay_s, 30);
	assert_int_equal(group->rekey.hard_lifetime_s, 86400);
	assert_true(group->rekey.on_join);
}

/* The kernel keeps its interfaces: there are uplinks, and no fabric interface. */
static void test_kernel_ports(void **state)
{
	struct inventory *inventory = inventory_good(
		"all:\n"
		"  vars:\n"
		"    covey_fabric: f\n"
		"    covey_gkm: 10.0.0.9\n"
		"    covey_groups: {g: {vnis: [1], members: [a, b, c, d, e, f]}}\n"
		"    covey_fabric_port: kernel\n"
		"  hosts:\n"
		"    a: {covey_vtep: 10.0.0.1, covey_fabric_interface: eth0}\n"
		"    b: {covey_vtep: 10.0.0.2, covey_fabric_interface: [eth0, eth1.7],\n"
		"        covey_offload: off}\n"
		"    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0,\n"
		"        covey_fabric_port: auto, covey_host_port: auto}\n"
		"    d: {covey_vtep: 10.0.0.4, covey_fabric_interface: eth0,\n"
		"        covey_host_port: veth}\n"
		"    e: {covey_vtep: 10.0.0.5, covey_fabric_interface: eth0,\n"
		"        covey_host_port: tap}\n"
		"    f: {covey_vtep: 10.0.0.6}\n");
	const struct inventory_host *hosts = inventory->hosts;

	assert_int_equal(hosts[0].fabric_port, FABRIC_PORT_KERNEL);
	assert_int_equal(hosts[0].host_port, HOST_PORT_AUTO);
	assert_null(hosts[0].fabric_interface);
	assert_int_equal(hosts[0].uplink_count, 1);
	assert_string_equal(hosts[0].uplinks[0], "eth0");
	assert_int_equal(hosts[0].offload, OFFLOAD_AUTO);
	assert_int_equal(hosts[1].uplink_count, 2);
	assert_string_equal(hosts[1].uplinks[0], "eth0");
	assert_string_equal(hosts[1].uplinks[1], "eth1.7");
	assert_int_equal(hosts[1].offload, OFFLOAD_OFF);
	assert_string_equal(hosts[2].fabric_interface, "eth0");
	assert_int_equal(hosts[2].host_port, HOST_PORT_VETH);
	assert_int_equal(hosts[2].uplink_count, 0);
	assert_int_equal(hosts[3].host_port, HOST_PORT_VETH);
	assert_int_equal(hosts[4].host_port, HOST_PORT_TAP);
	assert_int_equal(hosts[5].fabric_port, FABRIC_PORT_KERNEL);
	assert_null(hosts[5].fabric_interface);
	assert_int_equal(hosts[5].uplink_count, 0);
	inventory_free(inventory);
}

static void test_defaults(void **state)
{
	struct inventory *inventory = inventory_good(MINIMAL);
	const struct inventory_host *host = &inventory->hosts[0];

	assert_string_equal(inventory->fabric, "f");
	assert_int_equal(inventory->gkms.count, 1);
	expect_addr(&inventory->gkms.list[0], "192.0.2.1");
	assert_int_equal(inventory->gkm_port, 4798);
	assert_int_equal(inventory->encapsulation, COVEY_ENCAPSULATION_UDP);
	assert_int_equal(inventory->vpe_port, 4798);
	assert_int_equal(inventory->vpe_protocol, 253);
	assert_int_equal(inventory->vxlan_port, 4789);
	assert_false(inventory->carries_geneve || inventory->carries_gpe);
	assert_int_equal(inventory->paths, 16);
	for (unsigned dscp = 0; dscp < 64; dscp++)
		assert_int_equal(inventory->class_by_dscp[dscp], dscp >> 3);
	assert_int_equal(inventory_overhead(inventory), 60);
	assert_int_equal(inventory->host_count, 1);
	expect_addr(&host->vtep, "10.0.0.1");
	assert_null(host->fabric_interface);
	assert_int_equal(host->uplink_count, 1);
	assert_string_equal(host->uplinks[0], "eth0");
	assert_string_equal(host->host_interface, "covey0");
	assert_int_equal(host->fabric_port, FABRIC_PORT_KERNEL);
	assert_int_equal(host->host_port, HOST_PORT_AUTO);
	assert_null(host->fabric_device);
	assert_null(host->host_device);
	assert_null(host->cores);
	assert_int_equal(host->foreign_vxlan, FOREIGN_VXLAN_WARN);
	assert_int_equal(host->weak_guard, WEAK_GUARD_REFUSE);
	assert_int_equal(host->sender_id, 0);
	assert_int_equal(host->mark_bit, 30);
	assert_int_equal(host->fabric_mtu, 0);
	assert_int_equal(inventory_free_vni(inventory), 16777215);
	assert_false(host->vxlan_elsewhere);
	assert_true(host->path_probes);
	assert_string_equal(host->metrics, "127.0.0.1:9798");
	assert_string_equal(inventory->gkm_metrics, "127.0.0.1:9799");
	assert_int_equal(inventory->group_count, 1);
	expect_default_group(&inventory->groups[0]);
	inventory_free(inventory);
}

static void test_everything_set(void **state)
{
	struct inventory *inventory = inventory_good(
		"all:\n"
		"  vars:\n"
		"    covey_fabric: a.b-c_d\n"
		"    covey_gkm: \"2001:db8::1\"\n"
		"    covey_gkm_port: 1\n"
		"    covey_gkm_metrics: \"[2001:db8::1]:65535\"\n"
		"    covey_encapsulation: ip\n"
		"    covey_vpe_port: 65535\n"
		"    covey_vpe_protocol: 254\n"
		"    covey_vxlan_port: 0x2118\n"
		"    covey_paths: 1_024\n"
		"    covey_encapsulations: [vxlan, geneve]\n"
		"    covey_qos_map: {0: 7, 63: 0}\n"
		"    covey_groups:\n"
		"      g:\n"
		"        vnis: [16777215, 0, \"20-22\", 5-6]\n"
		"        members: [a, b]\n"
		"        send: [b]\n"
		"        receive: [a]\n"
		"        cipher: aes-128-gcm\n"
		"        key_scope: group\n"
		"        replay_window: 65536\n"
		"        mode: observe\n"
		"        rekey: {interval: 90, activation_delay: 0, drain_delay: 1m30s,\n"
		"                hard_lifetime: 2d, on_join: off}\n"
		"  hosts:\n"
		"    a:\n"
		"      covey_vtep: 2001:db8::a\n"
		"      covey_fabric_port: device\n"
		"      covey_fabric_device: 0000:65:00.0\n"
		"      covey_host_port: device\n"
		"      covey_host_device: net_tap0,iface=x\n"
		"      covey_cores: 4\n"
		"      covey_foreign_vxlan: drop\n"
		"      covey_weak_guard: allow\n"
		"      covey_sender_id: 65535\n"
		"      covey_metrics: off\n"
		"    b:\n"
		"      covey_vtep: 2001:db8::b\n"
		"      covey_fabric_interface: eth0\n"
		"      covey_fabric_port: af_packet\n"
		"      covey_host_port: tap\n"
		"      covey_cores: 0-3,1023\n"
		"      covey_fabric_mtu: 576\n"
		"      covey_mark_bit: 0\n"
		"      covey_vxlan_elsewhere: true\n"
		"      covey_path_probes: false\n"
		"      covey_metrics: unix:/run/covey/metrics.sock\n");
	const struct inventory_group *group = &inventory->groups[0];
	static const uint32_t vnis[] = {0, 5, 6, 20, 21, 22, 16777215};

	assert_string_equal(inventory->fabric, "a.b-c_d");
	expect_addr(&inventory->gkms.list[0], "2001:db8::1");
	assert_int_equal(inventory->gkm_port, 1);
	assert_string_equal(inventory->gkm_metrics, "[2001:db8::1]:65535");
	assert_string_equal(inventory->hosts[0].metrics, "off");
	assert_string_equal(inventory->hosts[1].metrics, "unix:/run/covey/metrics.sock");
	assert_int_equal(inventory->encapsulation, COVEY_ENCAPSULATION_IP);
	assert_int_equal(inventory->vpe_port, 65535);
	assert_int_equal(inventory->vpe_protocol, 254);
	assert_int_equal(inventory->vxlan_port, 8472);
	assert_true(inventory->carries_geneve);
	assert_false(inventory->carries_gpe);
	assert_int_equal(inventory->paths, 1024);
	assert_int_equal(inventory->class_by_dscp[0], 7);
	assert_int_equal(inventory->class_by_dscp[63], 0);
	assert_int_equal(inventory->class_by_dscp[46], 5);
	assert_int_equal(inventory_overhead(inventory), 72);
	assert_int_equal(group->vni_count, 7);
	assert_memory_equal(group->vnis, vnis, sizeof(vnis));
	assert_int_equal(group->member_count, 2);
	assert_false(group->members[0].may_send);
	assert_true(group->members[0].may_receive);
	assert_true(group->members[1].may_send);
	assert_false(group->members[1].may_receive);
	assert_int_equal(group->cipher, COVEY_AES_128_GCM);
	assert_int_equal(group->key_scope, COVEY_KEY_SCOPE_GROUP);
	assert_int_equal(group->replay_window, 65536);
	assert_int_equal(group->mode, COVEY_MODE_OBSERVE);
	assert_int_equal(group->rekey.interval_s, 90);
	assert_int_equal(group->rekey.activation_delay_s, 0);
	assert_int_equal(group->rekey.drain_delay_s, 90);
	assert_int_equal(group->rekey.hard_lifetime_s, 172800);
	assert_false(group->rekey.on_join);
	assert_int_equal(inventory->hosts[0].fabric_port, FABRIC_PORT_DEVICE);
	assert_string_equal(inventory->hosts[0].fabric_device, "0000:65:00.0");
	assert_int_equal(inventory->hosts[0].host_port, HOST_PORT_DEVICE);
	assert_string_equal(inventory->hosts[0].host_device, "net_tap0,iface=x");
	assert_string_equal(inventory->hosts[0].cores, "4");
	assert_int_equal(inventory->hosts[0].foreign_vxlan, FOREIGN_VXLAN_DROP);
	assert_int_equal(inventory->hosts[0].weak_guard, WEAK_GUARD_ALLOW);
	assert_int_equal(inventory->hosts[0].sender_id, 65535);
	assert_int_equal(inventory->hosts[1].fabric_port, FABRIC_PORT_AF_PACKET);
	assert_int_equal(inventory->hosts[1].host_port, HOST_PORT_TAP);
	assert_string_equal(inventory->hosts[1].cores, "0-3,1023");
	assert_int_equal(inventory_free_vni(inventory), 16777214);
	assert_int_equal(inventory->hosts[1].mark_bit, 0);
	assert_int_equal(inventory->hosts[1].fabric_mtu, 576);
	assert_true(inventory->hosts[1].vxlan_elsewhere);
	assert_false(inventory->hosts[1].path_probes);
	inventory_free(inventory);
}

static void test_find(void **state)
{
	struct inventory *inventory = inventory_good(MINIMAL "    b: {covey_vtep: 10.0.0.2}\n");
	const struct inventory_group *group = inventory_find_group(inventory, "g");
	const struct inventory_host *a = inventory_find_host(inventory, "a");
	const struct inventory_host *b = inventory_find_host(inventory, "b");

	assert_ptr_equal(group, &inventory->groups[0]);
	assert_ptr_equal(a, &inventory->hosts[0]);
	assert_ptr_equal(b, &inventory->hosts[1]);
	assert_null(inventory_find_host(inventory, "c"));
	assert_null(inventory_find_group(inventory, "a"));
	assert_ptr_equal(inventory_find_member(inventory, group, a), &group->members[0]);
	assert_null(inventory_find_member(inventory, group, b));
	inventory_free(inventory);
}

/* all < parent group < child group < host, and the rules for groups of one depth. */
static void test_precedence(void **state)
{
	static const char *const expected[][2] = {
		{"own", "host"},       {"below", "child"},  {"above", "parent"}, {"loose", "all"},
		{"shared", "b_later"}, {"pinned", "first"}, {"deep", "child"},
	};
	struct inventory *inventory = inventory_good(
		"parent:\n"
		"  vars: {covey_fabric_interface: parent}\n"
		"  children:\n"
		"    child:\n"
		"      vars: {covey_fabric_interface: child}\n"
		"      hosts:\n"
		"        own: {covey_vtep: 10.0.0.1, covey_fabric_interface: host}\n"
		"        below: {covey_vtep: 10.0.0.2}\n"
		"        deep:\n"
		"  hosts:\n"
		"    above: {covey_vtep: 10.0.0.3}\n"
		"a_first:\n"
		"  vars: {covey_fabric_interface: first, ansible_group_priority: 5}\n"
		"  hosts: pinned\n"
		"b_later:\n"
		"  vars: {covey_fabric_interface: b_later}\n"
		"  hosts: {shared: , pinned: }\n"
		"a_other:\n"
		"  vars: {covey_fabric_interface: a_other}\n"
		"  hosts: {shared: , deep: }\n"
		"all:\n"
		"  vars:\n"
		"    covey_fabric: f\n"
		"    covey_gkm: 192.0.2.1\n"
		"    covey_fabric_interface: all\n"
		"    covey_groups: {g: {vnis: [1], members: [parent, loose]}}\n"
		"  hosts:\n"
		"    loose: {covey_vtep: 10.0.0.4}\n"
		"    shared: {covey_vtep: 10.0.0.5}\n"
		"    pinned: {covey_vtep: 10.0.0.6}\n"
		"    deep: {covey_vtep: 10.0.0.7}\n");

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_string_equal(inventory_find_host(inventory, expected[i][0])->uplinks[0],
				    expected[i][1]);
	assert_int_equal(inventory->groups[0].member_count, 5);
	inventory_free(inventory);
}

static void test_host_ranges(void **state)
{
	static const char *const names[] = {"h08", "h10", "x1-a", "x1-b", "x2-a", "x2-b", "p"};
	struct inventory *inventory =
		inventory_good("all:\n"
			       "  vars:\n"
			       "    covey_fabric: f\n"
			       "    covey_gkm: 192.0.2.1\n"
			       "    covey_groups: {g: {vnis: [1], members: [h08, rest]}}\n"
			       "  children:\n"
			       "    first:\n"
			       "      hosts:\n"
			       "        h[08:11:2]: {covey_fabric_interface: range}\n"
			       "        x[1:2]-[a:b]: {covey_fabric_interface: product}\n"
			       "        p:2222: {covey_fabric_interface: port}\n"
			       "    rest:\n"
			       "      hosts:\n"
			       "        h08: {covey_vtep: 10.0.0.1}\n"
			       "        h10: {covey_vtep: 10.0.0.2}\n"
			       "        x1-a: {covey_vtep: 10.0.0.3}\n"
			       "        x1-b: {covey_vtep: 10.0.0.4}\n"
			       "        x2-a: {covey_vtep: 10.0.0.5}\n"
			       "        x2-b: {covey_vtep: 10.0.0.6}\n"
			       "        p: {covey_vtep: 10.0.0.7, covey_fabric_interface: own}\n");

	assert_int_equal(inventory->host_count, 7);
	for (size_t i = 0; i < 7; i++)
		assert_string_equal(inventory->hosts[i].name, names[i]);
	assert_string_equal(inventory->hosts[0].uplinks[0], "range");
	assert_string_equal(inventory->hosts[4].uplinks[0], "product");
	assert_string_equal(inventory->hosts[6].uplinks[0], "own");
	inventory_free(inventory);
}

/* Ansible's own variables may be anything. */
static void test_others_are_ignored(void **state)
{
	inventory_free(inventory_good(MINIMAL "      \n"
					      "    b: {ansible_host: \"{{ x }}\", key: !vault x,\n"
					      "        a: &a [1], b: *a, 5: 6, [k]: v}\n"));
}

/* A file of flow style, as a program writes it. */
static void test_json(void **state)
{
	inventory_free(inventory_good(
		"{\"all\": {\"vars\": {\"covey_fabric\": \"f\", \"covey_gkm\": \"192.0.2.1\", "
		"\"covey_groups\": {\"g\": {\"vnis\": [1], \"members\": [\"a\"]}}}, \"hosts\": "
		"{\"a\": {\"covey_vtep\": \"10.0.0.1\", \"covey_fabric_interface\": \"e\"}}}}"));
}

static void test_example(void **state)
{
	struct diagnostics diagnostics;
	struct inventory *inventory = NULL;

	diagnostics_init(&diagnostics);
	inventory_load(EXAMPLE, &diagnostics, &inventory);
	diagnostics_print(&diagnostics, stderr);
	diagnostics_free(&diagnostics);
	assert_non_null(inventory);
	assert_int_equal(inventory->host_count, 3);
	assert_int_equal(inventory->group_count, 2);
	assert_int_equal(inventory->groups[0].member_count, 3);
	expect_default_group(&inventory->groups[0]);
	assert_string_equal(inventory_find_host(inventory, "hv3")->uplinks[0], "ens2f0np0");
	inventory_free(inventory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_ports),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_everything_set),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_host_ranges),
		cmocka_unit_test(test_others_are_ignored),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_example),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
