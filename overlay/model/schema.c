/* SPDX-License-Identifier: BSD-3-Clause */
#include "schema.h"

#include <covey/wire.h>
#include <string.h>

#include "inventory.h"
#include "rules.h"

#define AT(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)

static const struct choice encapsulations[] = {
	{"udp", COVEY_ENCAPSULATION_UDP}, {"ip", COVEY_ENCAPSULATION_IP}, {NULL, 0}};
static const struct choice ciphers[] = {
	{"aes-256-gcm", COVEY_AES_256_GCM}, {"aes-128-gcm", COVEY_AES_128_GCM}, {NULL, 0}};
static const struct choice key_scopes[] = {
	{"sender", COVEY_KEY_SCOPE_SENDER}, {"group", COVEY_KEY_SCOPE_GROUP}, {NULL, 0}};
static const struct choice modes[] = {{"observe", COVEY_MODE_OBSERVE},
				      {"transition", COVEY_MODE_TRANSITION},
				      {"enforce", COVEY_MODE_ENFORCE},
				      {NULL, 0}};
static const struct choice fabric_ports[] = {
	{"auto", FABRIC_PORT_AUTO},           {"af_xdp", FABRIC_PORT_AF_XDP},
	{"af_packet", FABRIC_PORT_AF_PACKET}, {"device", FABRIC_PORT_DEVICE},
	{"kernel", FABRIC_PORT_KERNEL},       {NULL, 0}};
static const struct choice host_ports[] = {{"auto", HOST_PORT_AUTO},
					   {"veth", HOST_PORT_VETH},
					   {"tap", HOST_PORT_TAP},
					   {"device", HOST_PORT_DEVICE},
					   {NULL, 0}};

static const struct choice foreign_vxlan[] = {{"warn", FOREIGN_VXLAN_WARN},
					      {"drop", FOREIGN_VXLAN_DROP},
					      {"pass", FOREIGN_VXLAN_PASS},
					      {NULL, 0}};
static const struct choice weak_guards[] = {
	{"refuse", WEAK_GUARD_REFUSE}, {"allow", WEAK_GUARD_ALLOW}, {NULL, 0}};
static const struct choice offloads[] = {{"auto", OFFLOAD_AUTO}, {"off", OFFLOAD_OFF}, {NULL, 0}};
static const struct choice cipher_codes[] = {
	{"auto", CIPHER_CODE_AUTO}, {"library", CIPHER_CODE_LIBRARY}, {NULL, 0}};
static const struct choice hugepages[] = {
	{"none", HUGEPAGES_NONE}, {"auto", HUGEPAGES_AUTO}, {NULL, 0}};

#define NO_MEMBER .offset = 0 /* stored by code of its own */

/* clang-format off */
static const struct field fabric_fields[] = {
	{"covey_fabric", FIELD_OF_FABRIC, FIELD_TEXT, AT(struct inventory, fabric),
	 .required = true, .rule = fabric_name_rule},
	{"covey_gkm", FIELD_OF_FABRIC, FIELD_NODE, NO_MEMBER, .required = true},
	{"covey_gkm_port", FIELD_OF_FABRIC, FIELD_INTEGER, AT(struct inventory, gkm_port),
	 .min = 1, .max = 65535},
	{"covey_gkm_metrics", FIELD_OF_FABRIC, FIELD_TEXT, AT(struct inventory, gkm_metrics),
	 .rule = metrics_rule},
	{"covey_encapsulation", FIELD_OF_FABRIC, FIELD_CHOICE, AT(struct inventory, encapsulation),
	 .choices = encapsulations},
	{"covey_vpe_port", FIELD_OF_FABRIC, FIELD_INTEGER, AT(struct inventory, vpe_port),
	 .min = 1, .max = 65535},
	{"covey_vpe_protocol", FIELD_OF_FABRIC, FIELD_INTEGER, AT(struct inventory, vpe_protocol),
	 .min = 1, .max = 254},
	{"covey_vxlan_port", FIELD_OF_FABRIC, FIELD_INTEGER, AT(struct inventory, vxlan_port),
	 .min = 1, .max = 65535},
	{"covey_encapsulations", FIELD_OF_FABRIC, FIELD_NODE, NO_MEMBER},
	{"covey_paths", FIELD_OF_FABRIC, FIELD_INTEGER, AT(struct inventory, paths),
	 .min = 1, .max = 1024},
	{"covey_qos_map", FIELD_OF_FABRIC, FIELD_NODE, NO_MEMBER},
	{"covey_groups", FIELD_OF_FABRIC, FIELD_NODE, NO_MEMBER, .required = true},
};

static const struct field host_fields[] = {
	{"covey_vtep", FIELD_OF_HOST, FIELD_ADDRESS, AT(struct inventory_host, vtep)},
	{"covey_fabric_interface", FIELD_OF_HOST, FIELD_NAMES,
	 AT(struct inventory_host, fabric_interface), .rule = fabric_interface_rule},
	{"covey_host_interface", FIELD_OF_HOST, FIELD_TEXT,
	 AT(struct inventory_host, host_interface), .rule = interface_rule},
	{"covey_fabric_port", FIELD_OF_HOST, FIELD_CHOICE, AT(struct inventory_host, fabric_port),
	 .choices = fabric_ports},
	{"covey_fabric_device", FIELD_OF_HOST, FIELD_TEXT,
	 AT(struct inventory_host, fabric_device), .rule = device_rule},
	{"covey_host_port", FIELD_OF_HOST, FIELD_CHOICE, AT(struct inventory_host, host_port),
	 .choices = host_ports},
	{"covey_host_device", FIELD_OF_HOST, FIELD_TEXT, AT(struct inventory_host, host_device),
	 .rule = device_rule},
	{"covey_cores", FIELD_OF_HOST, FIELD_TEXT, AT(struct inventory_host, cores),
	 .rule = cores_rule},
	{"covey_foreign_vxlan", FIELD_OF_HOST, FIELD_CHOICE,
	 AT(struct inventory_host, foreign_vxlan), .choices = foreign_vxlan},
	{"covey_weak_guard", FIELD_OF_HOST, FIELD_CHOICE, AT(struct inventory_host, weak_guard),
	 .choices = weak_guards},
	{"covey_hugepages", FIELD_OF_HOST, FIELD_CHOICE, AT(struct inventory_host, hugepages),
	 .choices = hugepages},
	{"covey_offload", FIELD_OF_HOST, FIELD_CHOICE, AT(struct inventory_host, offload),
	 .choices = offloads},
	{"covey_cipher", FIELD_OF_HOST, FIELD_CHOICE, AT(struct inventory_host, cipher),
	 .choices = cipher_codes},
	{"covey_fabric_mtu", FIELD_OF_HOST, FIELD_INTEGER, AT(struct inventory_host, fabric_mtu),
	 .min = INVENTORY_FABRIC_MTU_MIN, .max = UINT16_MAX},
	{"covey_sender_id", FIELD_OF_HOST, FIELD_INTEGER, AT(struct inventory_host, sender_id),
	 .min = COVEY_SENDER_ID_MIN, .max = COVEY_SENDER_ID_MAX},
	{"covey_mark_bit", FIELD_OF_HOST, FIELD_INTEGER, AT(struct inventory_host, mark_bit),
	 .min = 0, .max = 31},
	{"covey_vxlan_elsewhere", FIELD_OF_HOST, FIELD_BOOLEAN,
	 AT(struct inventory_host, vxlan_elsewhere)},
	{"covey_path_probes", FIELD_OF_HOST, FIELD_BOOLEAN,
	 AT(struct inventory_host, path_probes)},
	{"covey_metrics", FIELD_OF_HOST, FIELD_TEXT, AT(struct inventory_host, metrics),
	 .rule = metrics_rule},
};

static const struct field group_fields[] = {
	{"vnis", FIELD_OF_GROUP, FIELD_NODE, NO_MEMBER, .required = true},
	{"members", FIELD_OF_GROUP, FIELD_NODE, NO_MEMBER, .required = true},
	{"send", FIELD_OF_GROUP, FIELD_NODE, NO_MEMBER},
	{"receive", FIELD_OF_GROUP, FIELD_NODE, NO_MEMBER},
	{"cipher", FIELD_OF_GROUP, FIELD_CHOICE, AT(struct inventory_group, cipher),
	 .choices = ciphers},
	{"key_scope", FIELD_OF_GROUP, FIELD_CHOICE, AT(struct inventory_group, key_scope),
	 .choices = key_scopes},
	{"replay_window", FIELD_OF_GROUP, FIELD_INTEGER, AT(struct inventory_group, replay_window),
	 .min = COVEY_REPLAY_WINDOW_MIN, .max = COVEY_REPLAY_WINDOW_MAX, .power_of_two = true},
	{"mode", FIELD_OF_GROUP, FIELD_CHOICE, AT(struct inventory_group, mode), .choices = modes},
	{"rekey", FIELD_OF_GROUP, FIELD_NODE, NO_MEMBER},
};

#define DAY 86400u

static const struct field rekey_fields[] = {
	{"interval", FIELD_OF_REKEY, FIELD_DURATION, AT(struct rekey_policy, interval_s),
	 .min = 1, .max = 30 * DAY},
	{"activation_delay", FIELD_OF_REKEY, FIELD_DURATION,
	 AT(struct rekey_policy, activation_delay_s), .min = 0, .max = DAY},
	{"drain_delay", FIELD_OF_REKEY, FIELD_DURATION, AT(struct rekey_policy, drain_delay_s),
	 .min = 0, .max = DAY},
	{"hard_lifetime", FIELD_OF_REKEY, FIELD_DURATION, AT(struct rekey_policy, hard_lifetime_s),
	 .min = 1, .max = 366 * DAY},
	{"on_join", FIELD_OF_REKEY, FIELD_BOOLEAN, AT(struct rekey_policy, on_join)},
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

_Static_assert(COUNT(fabric_fields) <= FABRIC_FIELDS_MAX, "room for every fabric field");
_Static_assert(COUNT(host_fields) <= HOST_FIELDS_MAX, "room for every host field");

const struct schema fabric_schema = {fabric_fields, COUNT(fabric_fields)};
const struct schema host_schema = {host_fields, COUNT(host_fields)};
const struct schema group_schema = {group_fields, COUNT(group_fields)};
const struct schema rekey_schema = {rekey_fields, COUNT(rekey_fields)};

int schema_find(const struct schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->count; i++)
		if (strcmp(schema->fields[i].name, name) == 0)
			return (int)i;
	return -1;
}

void schema_suggest(const struct schema *schema, struct suggestion *suggestion)
{
	for (size_t i = 0; i < schema->count; i++)
		suggestion_try(suggestion, schema->fields[i].name);
}
