/* SPDX-License-Identifier: BSD-3-Clause */
#include "inventory_json.h"

#include <jansson.h>

#include "json_text.h"

static json_t *address(const struct covey_addr *addr)
{
	char text[COVEY_ADDR_STRLEN];

	return json_string(covey_addr_format(addr, text));
}

static json_t *members(const struct inventory *inventory, const struct inventory_group *group)
{
	json_t *list = json_array();

	for (size_t i = 0; i < group->member_count; i++) {
		const struct inventory_member *member = &group->members[i];

		json_array_append_new(list, json_pack("{s:s, s:b, s:b}", "host",
						      inventory->hosts[member->host].name,
						      "may_send", member->may_send, "may_receive",
						      member->may_receive));
	}
	return list;
}

static json_t *vnis(const struct inventory_group *group)
{
	json_t *list = json_array();

	for (size_t i = 0; i < group->vni_count; i++)
		json_array_append_new(list, json_integer(group->vnis[i]));
	return list;
}

static json_t *rekey(const struct rekey_policy *policy)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:b}", "interval_s", (json_int_t)policy->interval_s,
			 "activation_delay_s", (json_int_t)policy->activation_delay_s,
			 "drain_delay_s", (json_int_t)policy->drain_delay_s, "hard_lifetime_s",
			 (json_int_t)policy->hard_lifetime_s, "on_join", policy->on_join);
}

static json_t *groups(const struct inventory *inventory)
{
	json_t *list = json_array();

	for (size_t i = 0; i < inventory->group_count; i++) {
		const struct inventory_group *group = &inventory->groups[i];

		json_array_append_new(
			list,
			json_pack("{s:s, s:o, s:o, s:s, s:s, s:i, s:s, s:o}", "name", group->name,
				  "vnis", vnis(group), "members", members(inventory, group),
				  "cipher", covey_cipher_name(group->cipher), "key_scope",
				  covey_key_scope_name(group->key_scope), "replay_window",
				  (int)group->replay_window, "mode", covey_mode_name(group->mode),
				  "rekey", rekey(&group->rekey)));
	}
	return list;
}

static json_t *uplinks(const struct inventory_host *host)
{
	json_t *list = json_array();

	for (size_t i = 0; i < host->uplink_count; i++)
		json_array_append_new(list, json_string(host->uplinks[i]));
	return list;
}

static json_t *hosts(const struct inventory *inventory)
{
	static const char *const fabric_ports[] = {"auto", "af_xdp", "af_packet", "device",
						   "kernel"};
	static const char *const host_ports[] = {"veth", "tap", "device", "auto"};
	static const char *const foreign[] = {"warn", "drop", "pass"};
	static const char *const weak[] = {"refuse", "allow"};
	static const char *const hugepages[] = {"none", "auto"};
	static const char *const offloads[] = {"auto", "off"};
	static const char *const ciphers[] = {"auto", "library"};
	json_t *list = json_array();

	for (size_t i = 0; i < inventory->host_count; i++) {
		const struct inventory_host *host = &inventory->hosts[i];

		json_array_append_new(
			list,
			json_pack("{s:s, s:o, s:s?, s:s, s:s, s:s?, s:s, s:s?, s:s?, s:s, s:s, "
				  "s:s, s:i, s:o, s:s, s:s, s:s}",
				  "name", host->name, "vtep", address(&host->vtep),
				  "fabric_interface", host->fabric_interface, "host_interface",
				  host->host_interface, "fabric_port",
				  fabric_ports[host->fabric_port], "fabric_device",
				  host->fabric_device, "host_port", host_ports[host->host_port],
				  "host_device", host->host_device, "cores", host->cores,
				  "hugepages", hugepages[host->hugepages], "foreign_vxlan",
				  foreign[host->foreign_vxlan], "weak_guard",
				  weak[host->weak_guard], "sender_id", (int)host->sender_id,
				  "uplinks", uplinks(host), "offload", offloads[host->offload],
				  "cipher", ciphers[host->cipher], "metrics", host->metrics));
	}
	return list;
}

static json_t *classes(const struct inventory *inventory)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(inventory->class_by_dscp); i++)
		json_array_append_new(list, json_integer(inventory->class_by_dscp[i]));
	return list;
}

static json_t *tunnels(const struct inventory *inventory)
{
	json_t *list = json_pack("[s]", "vxlan");

	if (inventory->carries_gpe)
		json_array_append_new(list, json_string("gpe"));
	if (inventory->carries_geneve)
		json_array_append_new(list, json_string("geneve"));
	return list;
}

static json_t *addresses(const struct covey_gkms *gkms)
{
	json_t *list = json_array();

	for (size_t i = 0; i < gkms->count; i++)
		json_array_append_new(list, address(&gkms->list[i]));
	return list;
}

static json_t *model(const struct inventory *inventory)
{
	bool udp = inventory->encapsulation == COVEY_ENCAPSULATION_UDP;

	return json_pack("{s:b, s:s, s:{s:o, s:o, s:i, s:s}, s:s, s:i, s:i, s:i, s:o, s:i, s:i, "
			 "s:o, s:o, s:o}",
			 "ok", 1, "fabric", inventory->fabric, "gkm", "address",
			 address(&inventory->gkms.list[0]), "addresses",
			 addresses(&inventory->gkms), "port", (int)inventory->gkm_port, "metrics",
			 inventory->gkm_metrics, "encapsulation", udp ? "udp" : "ip", "vpe_port",
			 (int)inventory->vpe_port, "vpe_protocol", (int)inventory->vpe_protocol,
			 "vxlan_port", (int)inventory->vxlan_port, "encapsulations",
			 tunnels(inventory), "paths", (int)inventory->paths, "overhead",
			 (int)inventory_overhead(inventory), "class_by_dscp", classes(inventory),
			 "groups", groups(inventory), "hosts", hosts(inventory));
}

static json_t *mistakes(const struct diagnostics *diagnostics)
{
	json_t *list = json_array();

	for (size_t i = 0; i < diagnostics->count; i++) {
		const struct diagnostic *item = &diagnostics->items[i];

		json_array_append_new(list,
				      json_pack("{s:I, s:I, s:o}", "line", (json_int_t)item->line,
						"column", (json_int_t)item->column, "message",
						json_text(item->message)));
	}
	return json_pack("{s:b, s:o, s:o, s:I}", "ok", 0, "file",
			 json_text(diagnostics->file ? diagnostics->file : "?"), "mistakes", list,
			 "omitted", (json_int_t)diagnostics->omitted);
}

int inventory_json_print(const struct inventory *inventory, const struct diagnostics *diagnostics)
{
	return json_print(inventory ? model(inventory) : mistakes(diagnostics));
}
