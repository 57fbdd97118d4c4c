/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_rules.h"

#include <ctype.h>
#include <net/if.h>
#include <string.h>

#include "guard_fabric.h"
#include "guard_frames.h"

bool guard_interface_valid(const char *interface)
{
	size_t len = strlen(interface);

	if (len == 0 || len >= IFNAMSIZ)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)interface[i]) && !strchr("_-.:@", interface[i]))
			return false;
	}
	return true;
}

/* A table's name may contain a slash, and an interface's never does. So a slash can stand for all
 * other characters that a table's name must not have, and no two interfaces get the same name. */
void guard_table_name(const char *interface, char *ret_name)
{
	size_t len = (size_t)sprintf(ret_name, "covey_guard_");

	for (const char *c = interface; *c && len + 4 <= GUARD_TABLE_NAME_SIZE; c++) {
		if (isalnum((unsigned char)*c) || strchr("_-.", *c))
			len += (size_t)sprintf(ret_name + len, "%c", *c);
		else
			len += (size_t)sprintf(ret_name + len, "/%02x", (unsigned char)*c);
	}
}

/* `add` makes `delete` succeed when there is no such table; one transaction holds both. */
static void write_removal(FILE *stream, const char *family, const char *interface)
{
	char name[GUARD_TABLE_NAME_SIZE];

	guard_table_name(interface, name);
	fprintf(stream, "add table %s %s\n", family, name);
	fprintf(stream, "delete table %s %s\n", family, name);
}

static void write_table(FILE *stream, const char *family, const char *interface)
{
	char name[GUARD_TABLE_NAME_SIZE];

	guard_table_name(interface, name);
	fprintf(stream, "table %s %s {\n", family, name);
}

/* Does what an AF_PACKET port sends in clear pass here? */
static bool port_is_clear(const struct guard_config *config)
{
	const struct steer *steer = &config->steer;

	return config->af_packet && !steer->on && steer->hooked && steer->clear.accepted.count > 0;
}

static bool is_clear(const struct guard_config *config)
{
	return steer_is_clear(&config->steer) || port_is_clear(config);
}

static bool drops_foreign(const struct guard_config *config)
{
	return config->foreign_count > 0 && (config->foreign_all || config->vnis_count > 0);
}

/* For rules that look for VNIs. */
static void write_fabric(FILE *stream, const struct guard_config *config)
{
	if (drops_foreign(config) && !config->foreign_all)
		guard_fabric_write(stream, config->vnis, config->vnis_count);
}

static void write_ports(FILE *stream, const struct guard_config *config, const char *port)
{
	fprintf(stream, "%s { ", port);
	for (size_t i = 0; i < config->foreign_count; i++)
		fprintf(stream, "%s%u", i ? ", " : "", config->foreign_ports[i]);
	fprintf(stream, " } ");
}

/* port and vni: where these are in the packet, as nft writes that. */
static void write_foreign_from(FILE *stream, const struct guard_config *config, const char *port,
			       const char *vni, const char *more)
{
	write_ports(stream, config, port);
	if (!config->foreign_all) {
		fprintf(stream, "%s @" GUARD_SET_FABRIC " ", vni);
		if (is_clear(config))
			fprintf(stream, "%s != @" GUARD_SET_CLEAR " ", vni);
	}
	fprintf(stream, "counter drop comment \"%s%s\"\n",
		config->foreign_all ? GUARD_FOREIGN : GUARD_FOREIGN_VNI, more);
}

/* No rule finds a VNI that comes with the next fragment. */
static void write_cut(FILE *stream, const struct guard_config *config)
{
	static const char *const conditions[] = {"ip frag-off & 0x2000 != 0",
						 "frag more-fragments 1"};

	for (size_t i = 0; i < 2; i++) {
		fprintf(stream, "\t\t%s ", conditions[i]);
		write_ports(stream, config, "udp dport");
		fprintf(stream,
			"jump " GUARD_CHAIN_CUT " comment \"first fragment of a tunnel%s\"\n",
			i ? " over IPv6" : "");
	}
}

void guard_rules_write_foreign(FILE *stream, const struct guard_config *config)
{
	if (!drops_foreign(config))
		return;
	fprintf(stream, "\t\t");
	write_foreign_from(stream, config, "udp dport", GUARD_VNI, "");
	if (!config->foreign_all)
		write_cut(stream, config);
}

/*
 * A packet of ours is known by its UDP port or its protocol number, in both address families.
 */
static void write_vxlan(FILE *stream, const struct guard_config *config)
{
	fprintf(stream, "\t\tudp dport %s counter drop comment \"clear VXLAN\"\n",
		config->ports.text);
	guard_rules_write_foreign(stream, config);
}

static void write_vpe(FILE *stream, const struct guard_config *config)
{
	fprintf(stream, "\t\tudp dport %u counter drop comment \"VPE that is not covey's\"\n",
		config->vpe_port);
	fprintf(stream,
		"\t\tmeta l4proto %u counter drop comment \"VPE in IP that is not covey's\"\n",
		config->vpe_protocol);
}

/* A later fragment has no port to know it by, so those of all UDP packets are dropped. Over IPv6,
 * destination options (60) may come before UDP. */
static void write_fragments(FILE *stream)
{
	fprintf(stream, "\t\tip frag-off & 0x1fff != 0 meta l4proto udp counter drop "
			"comment \"UDP fragment, could be clear VXLAN\"\n");
	fprintf(stream, "\t\tfrag frag-off != 0 meta l4proto { 17, 60 } counter drop "
			"comment \"UDP fragment over IPv6, could be clear VXLAN\"\n");
}

static void write_base(FILE *stream, const char *name, const char *hook, const char *device,
		       int priority)
{
	fprintf(stream, "\tchain %s {\n\t\ttype filter hook %s ", name, hook);
	if (device)
		fprintf(stream, "device \"%s\" ", device);
	fprintf(stream, "priority %d; policy accept;\n", priority);
}

/* Every packet of the machine passes these two chains. So the first rule accepts those of all other
 * interfaces. */
static void write_others_pass(FILE *stream, const char *key, const struct guard_config *config)
{
	fprintf(stream, "\t\t%s != \"%s\" accept comment \"another interface\"\n", key,
		config->interface);
}

static void write_incoming(FILE *stream, const struct guard_config *config)
{
	write_vxlan(stream, config);
	write_vpe(stream, config);
	if (config->af_packet)
		fprintf(stream, "\t\tcounter drop comment \"" GUARD_OWN_COPY "\"\n");
}

static void write_outgoing(FILE *stream, const struct guard_config *config)
{
	write_vxlan(stream, config);
	write_vpe(stream, config);
	write_fragments(stream);
}

static void write_in(FILE *stream, const struct guard_config *config)
{
	/* Before defragmentation (-400) and connection tracking (-200). */
	write_base(stream, "prerouting", "prerouting", NULL, -450);
	write_others_pass(stream, "iifname", config);
	write_incoming(stream, config);
	fprintf(stream, "\t}\n");
}

static void write_out(FILE *stream, const struct guard_config *config)
{
	/* After address translation, when the packet is as it will leave. Routed packets pass here,
	 * too. */
	write_base(stream, "postrouting", "postrouting", NULL, 300);
	write_others_pass(stream, "oifname", config);
	write_outgoing(stream, config);
	fprintf(stream, "\t}\n");
}

static void write_jump(FILE *stream, const char *key, const char *chain,
		       const struct guard_config *config)
{
	fprintf(stream, "\t\t%s \"%s\" jump %s comment \"%s\"\n", key, config->interface, chain,
		chain);
}

/*
 * A bridge under br_netfilter (net.bridge.bridge-nf-call-iptables) also calls the hooks before and
 * after routing for what it bridges, with its own name as both interfaces. There these rules would
 * drop VPE packets that covey has yet to see, and what guests on the bridge send each other. So the
 * rules are at other hooks. What the bridge takes in for this host, and what the host sends over
 * it, passes these, too. Bridged packets only pass the forward hook, where the first rule accepts
 * them.
 */
static void write_bridge(FILE *stream, const struct guard_config *config)
{
	fprintf(stream, "\tchain incoming {\n");
	write_incoming(stream, config);
	fprintf(stream, "\t}\n\tchain outgoing {\n");
	write_outgoing(stream, config);
	fprintf(stream, "\t}\n");
	write_base(stream, "input", "input", NULL, -450);
	write_jump(stream, "iifname", "incoming", config);
	fprintf(stream, "\t}\n");
	write_base(stream, "forward", "forward", NULL, -450);
	fprintf(stream, "\t\tiifname \"%s\" oifname \"%s\" accept comment \"bridged\"\n",
		config->interface, config->interface);
	write_jump(stream, "iifname", "incoming", config);
	write_jump(stream, "oifname", "outgoing", config);
	fprintf(stream, "\t}\n");
	write_base(stream, "output", "output", NULL, 300);
	write_jump(stream, "oifname", "outgoing", config);
	fprintf(stream, "\t}\n");
}

static bool is_tunnel(const struct guard_config *config, uint16_t port)
{
	for (size_t i = 0; i < config->tunnel_count; i++)
		if (config->tunnels[i].port == port)
			return true;
	return false;
}

/* The same with the foreign ports that are left to these rules. Where the kernel keeps its
 * interfaces, only the fabric's VXLAN comes to covey-host, and otherwise it looks for the VNIs
 * itself, by the modes of their groups. */
static struct guard_config of_host(const struct guard_config *config)
{
	struct guard_config host = *config;

	if (config->foreign_all)
		return host;
	host.foreign_count = 0;
	for (size_t i = 0; i < config->foreign_count && !config->steer.on; i++)
		if (!is_tunnel(config, config->foreign_ports[i]))
			host.foreign_ports[host.foreign_count++] = config->foreign_ports[i];
	return host;
}

/* What covey would let pass, on its way to covey0 and from there. */
static void write_host(FILE *stream, const struct guard_config *all)
{
	const struct guard_config host = of_host(all), *config = &host;

	if (!drops_foreign(config) || !config->host_interface)
		return;
	write_base(stream, "host_in", "prerouting", NULL, -450);
	fprintf(stream, "\t\tiifname != \"%s\" accept comment \"another interface\"\n",
		config->host_interface);
	guard_rules_write_foreign(stream, config);
	fprintf(stream, "\t}\n");
	write_base(stream, "host_out", "postrouting", NULL, 300);
	fprintf(stream, "\t\toifname != \"%s\" accept comment \"another interface\"\n",
		config->host_interface);
	guard_rules_write_foreign(stream, config);
	fprintf(stream, "\t}\n");
}

/*
 * These rules match names, not devices. So they hold before the interface exists and when it comes
 * back.
 */
static void write_inet(FILE *stream, const struct guard_config *config)
{
	write_table(stream, "inet", config->interface);
	fprintf(stream,
		"\tcomment \"covey: no clear VXLAN on %s, even while covey-host is dead\"\n",
		config->interface);
	if (is_clear(config)) {
		guard_clear_write_set(stream, GUARD_SET_CLEAR, &config->steer.clear.accepted);
		guard_clear_write_observed(stream, &config->steer.clear);
	}
	if (!config->steer.on)
		write_fabric(stream, config);
	if (config->bridge) {
		write_bridge(stream, config);
	} else if (!config->local_only) {
		write_in(stream, config);
		write_out(stream, config);
	}
	write_host(stream, config);
	if (config->local.host_interface)
		guard_local_write_inet(stream, &config->local,
				       config->local_only ? NULL : config->interface,
				       config->steer.on ? &config->steer : NULL, &config->ports);
	fprintf(stream, "}\n");
}

/* UDP's header and the first half of the tunnel's come before the VNI. */
void guard_rules_write_foreign_tagged(FILE *stream, const struct guard_config *config,
				      const struct guard_tagged *tagged)
{
	char port_at[32], vni_at[32];

	if (!drops_foreign(config))
		return;
	snprintf(port_at, sizeof(port_at), "@ll,%u,16", tagged->port);
	snprintf(vni_at, sizeof(vni_at), "@ll,%u,24", tagged->port + 80);
	fprintf(stream, "\t\t%s", tagged->what);
	write_foreign_from(stream, config, port_at, vni_at, ", VLAN-tagged");
	if (!tagged->cut || config->foreign_all)
		return;
	fprintf(stream, "\t\t%s%s", tagged->what, tagged->cut);
	write_ports(stream, config, port_at);
	fprintf(stream, "counter drop comment \"" GUARD_FOREIGN_CUT ", VLAN-tagged\"\n");
}

/*
 * What the AF_PACKET port sends in clear has the mark, and a VNI that may pass. So a dead
 * covey-host closes nothing that is open, and nobody else sends so without CAP_NET_ADMIN or
 * CAP_NET_RAW. The dataplane has judged fragments. What is dropped here the kernel would try to
 * send again and again, and nothing behind it.
 */
static void write_own_clear(FILE *stream, const struct guard_config *config)
{
	static const char *const later[] = {"ip frag-off & 0x1fff != 0 meta l4proto udp",
					    "frag frag-off != 0 meta l4proto { 17, 60 }"};
	const uint32_t mark = config->local.mark;

	for (size_t i = 0; i < 2; i++)
		fprintf(stream,
			"\t\tmeta mark & 0x%08x != 0 %s accept "
			"comment \"fragment, sent by covey\"\n",
			mark, later[i]);
	fprintf(stream,
		"\t\tmeta mark & 0x%08x != 0 udp dport %s " GUARD_VNI " @" GUARD_SET_CLEAR
		" accept comment \"VXLAN in clear, sent by covey by the group's mode\"\n",
		mark, config->ports.text);
	guard_frames_write_own_clear(stream, mark);
}

/* The rules at the fabric interface itself. */
static void write_device(FILE *stream, const struct guard_config *config,
			 enum guard_device_hooks hooks)
{
	write_base(stream, "ingress", "ingress", config->interface, -500);
	write_vxlan(stream, config);
	write_vpe(stream, config);
	guard_frames_write_in(stream, false);
	if (config->af_packet)
		fprintf(stream, "\t\tcounter drop comment \"" GUARD_OWN_COPY "\"\n");
	fprintf(stream, "\t}\n");
	if (hooks == GUARD_INGRESS_EGRESS) {
		write_base(stream, "egress", "egress", config->interface, 500);
		if (port_is_clear(config))
			write_own_clear(stream, config);
		write_vxlan(stream, config);
		/* What an AF_PACKET port sends passes here; AF_XDP's does not. */
		if (!config->af_packet)
			write_vpe(stream, config);
		write_fragments(stream);
		guard_frames_write_out(stream);
		fprintf(stream, "\t}\n");
	}
}

/*
 * These rules are bound to devices. They also see bridged and VLAN-tagged frames, and those of raw
 * sockets.
 */
static void write_netdev(FILE *stream, const struct guard_config *config,
			 enum guard_device_hooks hooks)
{
	write_table(stream, "netdev", config->interface);
	if (is_clear(config))
		guard_clear_write_set(stream, GUARD_SET_CLEAR, &config->steer.clear.accepted);
	write_fabric(stream, config);
	guard_frames_write(stream, config);
	if (port_is_clear(config))
		guard_frames_write_clear(stream, &config->ports);
	if (!config->local_only)
		write_device(stream, config, hooks);
	if (hooks == GUARD_INGRESS_EGRESS && config->steer.on)
		steer_write_netdev(stream, config);
	if (hooks == GUARD_INGRESS_EGRESS && config->local.host_interface && config->local.present)
		guard_local_write_netdev(stream, &config->local,
					 config->steer.on ? &config->steer : NULL, &config->ports);
	fprintf(stream, "}\n");
}

void guard_rules_write_tables(FILE *stream, const struct guard_config *config,
			      enum guard_device_hooks hooks)
{
	struct guard_config marked = *config;

	/* Without egress hooks no VXLAN device can mark its packets. */
	if (hooks != GUARD_INGRESS_EGRESS)
		marked.local.elsewhere = true;
	marked.steer.hooked = hooks == GUARD_INGRESS_EGRESS;
	write_inet(stream, &marked);
	if (hooks != GUARD_NO_DEVICE)
		write_netdev(stream, &marked, hooks);
}

/* A guard from when the kernel did not drive the fabric port would go on dropping what is
 * delivered. */
void guard_rules_write_others_removal(FILE *stream, const struct guard_config *config)
{
	if (config->local.host_interface &&
	    strcmp(config->local.host_interface, config->interface) != 0)
		guard_rules_write_removal(stream, config->local.host_interface);
	steer_write_removal(stream, &config->steer);
}

void guard_rules_write_removal(FILE *stream, const char *interface)
{
	write_removal(stream, "inet", interface);
	write_removal(stream, "netdev", interface);
}
