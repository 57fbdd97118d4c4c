/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_local.h"

#include <inventory.h>
#include <string.h>
#include <sys/socket.h>

#include "guard_frames.h"
#include "guard_pass.h"
#include "guard_rules.h"
#include "guard_token.h"
#include "link.h"
#include "secret_source.h"
#include "steer.h"

/* Before defragmentation (-400), connection tracking (-200) and whatever else may want a packet. */
#define EARLY -450
/* After address translation, when the packet is as it will leave. */
#define LATE 300

static void write_base(FILE *stream, const char *name, const char *hook, int priority)
{
	fprintf(stream, "\tchain %s {\n\t\ttype filter hook %s priority %d; policy accept;\n", name,
		hook, priority);
}

/* --- in --------------------------------------------------------------------------------------- */

/*
 * What goes to the pair of the host interface ("covey0s", "covey0p") must have been steered there.
 * Both ends are in covey's group of interfaces, as another covey-host's are: so this comes first.
 */
static void write_pair(FILE *stream, const char *key, const char *host, const char *verdict)
{
	fprintf(stream, "\t\t%s { \"%ss\", \"%sp\" } %s\n", key, host, host, verdict);
}

/*
 * VXLAN may come only from the host interface, where the dataplane puts what it decrypted. With
 * AF_PACKET, the kernel also receives what it has sent itself, at the pair's other end ("covey0p").
 * These rules are not at the hook before routing. There they would also see what tenants send each
 * other over a bridge (under br_netfilter), and what a router forwards for tenants.
 */
static void write_vxlan_in(FILE *stream, const struct guard_local *local, const char *fabric,
			   const struct steer *steer, const struct guard_ports *ports)
{
	const char *host = local->host_interface;

	fprintf(stream, "\tchain local_vxlan_in {\n");
	write_pair(stream, "iifname", host, "drop comment \"the kernel's own, at covey's end\"");
	if (local->held.count == ports->count)
		fprintf(stream, "\t\tiifname \"%s\" accept comment \"" GUARD_LOCAL_DELIVERED "\"\n",
			host);
	else if (local->held.count)
		fprintf(stream,
			"\t\tudp dport %s iifname \"%s\" accept "
			"comment \"" GUARD_LOCAL_DELIVERED "\"\n",
			local->held.text, host);
	if (local->held.count < ports->count)
		fprintf(stream,
			"\t\tiifname \"%s\" counter drop "
			"comment \"VXLAN while no VXLAN device holds its port\"\n",
			host);
	fprintf(stream,
		"\t\tiifgroup %u accept comment \"another covey-host's, which guards it\"\n",
		LINK_GROUP_COVEY);
	if (fabric)
		fprintf(stream,
			"\t\tiifname \"%s\" accept comment \"the fabric, which has its own "
			"rules\"\n",
			fabric);
	if (steer)
		steer_write_clear_in(stream, steer);
	fprintf(stream, "\t\tcounter drop comment \"VXLAN from elsewhere than the fabric\"\n\t}\n");
}

/* A later fragment has no port, so it passes. If its first fragment was dropped, the packet is
 * never put together. */
static void write_jump(FILE *stream, const char *where, const struct guard_ports *ports)
{
	fprintf(stream, "\t\tudp dport %s jump local_vxlan_%s comment \"VXLAN\"\n", ports->text,
		where);
}

/* All packets for the host and from it come here: let most of them go on at once. */
static void write_pass(FILE *stream, const struct guard_ports *ports)
{
	guard_pass_write_tcp(stream);
	guard_pass_write_ports(stream, ports->list, ports->count);
}

/* --- ICMP ------------------------------------------------------------------------------------- */

static void write_addresses(FILE *stream, const struct guard_local *local)
{
	const char *before = "";

	fprintf(stream, "{ ");
	for (size_t i = 0; i < local->host_count; i++) {
		const struct covey_addr *vtep = &local->hosts[i].vtep;

		if (vtep->family == 0 || local->hosts[i].gone)
			continue;
		fprintf(stream, "%s0x", before);
		before = ", ";
		for (size_t j = 0; j < (vtep->family == AF_INET ? 4u : 16u); j++)
			fprintf(stream, "%02x", vtep->bytes[j]);
	}
	fprintf(stream, " }");
}

/*
 * Drop what would change the kernel's way to a VTEP, or to a multicast group: where there is a
 * route for multicast, the kernel believes such an error. The address that counts is the
 * destination of the packet that the error quotes (RFC 792, RFC 4443 section 3: after 8 bytes of
 * ICMP), or the one that a redirect is about (RFC 4861 section 4.5). A fragment need not contain
 * it. The kernel puts IPv4 fragments together before the input hook, but IPv6 fragments after it.
 * However, an IPv6 error always fits into one packet (RFC 4443 section 2.4), so fragments of one
 * are dropped; the first fragment tells what it is.
 */
static void write_icmp(FILE *stream, const struct guard_local *local)
{
	static const char *const v4[] = {"icmp type destination-unreachable icmp code frag-needed "
					 "@th,192,32",
					 "icmp type redirect @th,192,32"};
	static const char *const v6[] = {"icmpv6 type packet-too-big @th,256,128",
					 "icmpv6 type nd-redirect @th,192,128"};
	const char *const *which;

	if (local->host_count == 0)
		return;
	which = local->hosts[0].vtep.family == AF_INET ? v4 : v6;
	if (which == v6)
		fprintf(stream, "\t\texthdr frag exists icmpv6 type packet-too-big counter drop "
				"comment \"ICMP error about a VTEP, perhaps, in fragments\"\n");
	for (size_t i = 0; i < 2; i++) {
		fprintf(stream, "\t\t%s ", which[i]);
		write_addresses(stream, local);
		fprintf(stream, " counter drop comment \"ICMP error about a VTEP, %s\"\n",
			i == 0 ? "of a smaller MTU" : "of another router");
	}
	/* Nobody may send an IPv4 error about multicast (RFC 1122 section 3.2.2). Over IPv6 that
	 * is allowed (RFC 4443 section 2.4), but here it would be about VXLAN. */
	fprintf(stream, "\t\t%s counter drop comment \"ICMP error about multicast\"\n",
		which == v4 ? "icmp type destination-unreachable icmp code frag-needed "
			      "@th,192,4 0xe"
			    : "icmpv6 type packet-too-big @th,256,8 0xff");
}

/* --- out -------------------------------------------------------------------------------------- */

#define NO_DEVICE "counter drop comment \"VXLAN that came through no VXLAN device\""

/*
 * VXLAN from or to a VTEP leaves through covey or not at all. When covey0 has no carrier, the
 * kernel would send it in clear over any other route. The fabric interface is left out because it
 * has rules of its own; lo, because it leads back in.
 */
static void write_vtep_elsewhere(FILE *stream, const struct guard_local *local, const char *fabric,
				 const char *field, const char *whose)
{
	const char *host = local->host_interface;

	fprintf(stream, "\t\toifname != { \"%s\", \"%s\", \"lo\" } %s ", host,
		fabric ? fabric : host, field);
	write_addresses(stream, local);
	fprintf(stream, " counter drop comment \"VXLAN %s a VTEP, by another way\"\n", whose);
}

/*
 * Before covey-host has marked a VXLAN device, its packets have no mark. If the kernel chooses
 * another source than the VTEP, they are known by where they go.
 */
static void write_vteps_elsewhere(FILE *stream, const struct guard_local *local, const char *fabric,
				  const struct steer *steer)
{
	bool ipv4;

	if (local->host_count == 0)
		return;
	ipv4 = local->hosts[0].vtep.family == AF_INET;
	write_vtep_elsewhere(stream, local, fabric,
			     ipv4 ? "meta nfproto ipv4 @nh,96,32" : "meta nfproto ipv6 @nh,64,128",
			     "of");
	write_vtep_elsewhere(
		stream, local, fabric,
		ipv4 ? "meta nfproto ipv4 @nh,128,32" : "meta nfproto ipv6 @nh,192,128", "to");
	if (steer)
		fprintf(stream,
			"\t\toifname != { \"%s\", \"lo\" } %s counter drop "
			"comment \"VXLAN to a multicast group, by another way\"\n",
			local->host_interface,
			ipv4 ? "meta nfproto ipv4 @nh,128,4 0xe"
			     : "meta nfproto ipv6 @nh,192,8 0xff");
}

static void write_other_ways_out(FILE *stream, const struct guard_local *local, const char *fabric,
				 const struct steer *steer)
{
	const char *host = local->host_interface;

	write_pair(stream, "oifname", host, NO_DEVICE);
	fprintf(stream,
		"\t\toifname != \"%s\" oifgroup %u accept comment \"by another covey-host\"\n",
		host, LINK_GROUP_COVEY);
	if (steer)
		steer_write_ways_out(stream, steer, local->mark, host);
	write_vteps_elsewhere(stream, local, fabric, steer);
	fprintf(stream, "\t\toifname != \"%s\" accept comment \"not by covey\"\n", host);
}

/*
 * A packet of a VXLAN device in another namespace has lost its mark. At this hook a packet still
 * has its sender. If a socket of this namespace has sent it, it has that socket's owner (skuid) and
 * is dropped. If it has none, it comes from the kernel. clear: also let pass what may leave in
 * clear; NULL: nothing.
 */
static void write_marked(FILE *stream, const struct guard_local *local, uint32_t token,
			 const struct steer *clear)
{
	char give[GUARD_TOKEN_TEXT_SIZE];

	guard_token_give(token, give);
	if (clear)
		steer_write_observed_out(stream, clear, local->mark);
	fprintf(stream, "\t\tmeta mark & 0x%08x != 0 %saccept comment \"through a VXLAN device\"\n",
		local->mark, give);
	if (clear)
		steer_write_unmarked_out(stream, clear, local->elsewhere);
	if (local->elsewhere) {
		fprintf(stream, "\t\tmeta skuid >= 0 " NO_DEVICE "\n");
		fprintf(stream,
			"\t\tmeta mark set meta mark | 0x%08x %s"
			"comment \"through a VXLAN device in another namespace\"\n",
			local->mark, give);
	} else {
		fprintf(stream, "\t\t" NO_DEVICE "\n");
	}
}

static void write_vxlan_out(FILE *stream, const struct guard_local *local, const char *fabric,
			    const struct steer *steer)
{
	if (steer) {
		fprintf(stream, "\tchain local_vxlan_marked {\n");
		write_marked(stream, local, local->token, steer);
		fprintf(stream, "\t}\n");
	}
	fprintf(stream, "\tchain local_vxlan_out {\n");
	write_other_ways_out(stream, local, fabric, steer);
	write_marked(stream, local, steer ? local->token : 0, NULL);
	fprintf(stream, "\t}\n");
}

/* The hook of the host interface drops the same, and each hook costs all traffic. Where covey has
 * the network card, less other traffic comes by, and the hook may not be there. */
static bool has_own_hook(const struct guard_local *local, const struct steer *steer)
{
	return steer && steer->hooked && local->present;
}

static void write_postrouting(FILE *stream, const struct guard_local *local,
			      const struct guard_ports *ports)
{
	write_base(stream, "local_postrouting", "postrouting", LATE);
	fprintf(stream, "\t\tudp dport %s oifname \"%s\" meta mark & 0x%08x == 0 " NO_DEVICE "\n",
		ports->text, local->host_interface, local->mark);
	fprintf(stream, "\t}\n");
}

/* VXLAN is not forwarded out through covey0, and what came in there is not forwarded in clear.
 * Other forwarded packets are not covey's, such as a tenant's own VXLAN inside its network. */
static void write_forward(FILE *stream, const struct guard_local *local,
			  const struct guard_ports *ports)
{
	static const char *const keys[] = {"iifname", "oifname"};

	write_base(stream, "local_forward", "forward", EARLY);
	for (size_t i = 0; i < 2; i++)
		fprintf(stream,
			"\t\tudp dport %s %s \"%s\" counter drop "
			"comment \"VXLAN that this host would forward\"\n",
			ports->text, keys[i], local->host_interface);
	fprintf(stream, "\t}\n");
}

void guard_local_write_inet(FILE *stream, const struct guard_local *local,
			    const char *fabric_interface, const struct steer *steer,
			    const struct guard_ports *ports)
{
	write_vxlan_in(stream, local, fabric_interface, steer, ports);
	write_vxlan_out(stream, local, fabric_interface, steer);
	write_base(stream, "local_input", "input", EARLY);
	write_pass(stream, ports);
	write_icmp(stream, local);
	write_jump(stream, "in", ports);
	fprintf(stream, "\t}\n");
	write_forward(stream, local, ports);
	write_base(stream, "local_output", "output", LATE);
	write_pass(stream, ports);
	if (steer)
		steer_write_quotes(stream, ports);
	write_jump(stream, "out", ports);
	fprintf(stream, "\t}\n");
	if (!has_own_hook(local, steer))
		write_postrouting(stream, local, ports);
}

static void write_egress(FILE *stream, const char *chain, const char *interface,
			 const struct guard_local *local, const struct guard_ports *ports)
{
	char take[GUARD_TOKEN_TEXT_SIZE], source[SECRET_SOURCE_TEXT_SIZE];

	fprintf(stream,
		"\tchain %s {\n"
		"\t\ttype filter hook egress device \"%s\" priority 500; policy accept;\n"
		"\t\tmeta mark & 0x%08x != 0 %s%saccept comment \"through a VXLAN device\"\n",
		chain, interface, local->mark, guard_token_take(local->token, take),
		secret_source_give(local->source, source));
	if (local->source)
		fprintf(stream, "\t\t%scounter drop comment \"" SECRET_SOURCE_FORGED "\"\n",
			secret_source_have(local->source, source));
	fprintf(stream, "\t\tudp dport %s " NO_DEVICE "\n", ports->text);
	guard_frames_write_out(stream);
	fprintf(stream, "\t}\n");
}

/* For what passes no IP hook: frames of a bridge, of a macvlan, of raw sockets. */
void guard_local_write_netdev(FILE *stream, const struct guard_local *local,
			      const struct steer *steer, const struct guard_ports *ports)
{
	write_egress(stream, GUARD_LOCAL_EGRESS, local->host_interface, local, ports);
	if (steer && steer->forward && strcmp(steer->to, local->host_interface) != 0)
		write_egress(stream, "steered_egress", steer->to, local, ports);
}

/* --- marks ------------------------------------------------------------------------------------ */

void guard_marks_name(const char *host_interface, char *ret_name)
{
	guard_table_name(host_interface, ret_name);
	strcat(ret_name, "/mark");
}

void guard_local_write_marks_removal(FILE *stream, const char *host_interface)
{
	char name[GUARD_MARKS_NAME_SIZE];

	guard_marks_name(host_interface, name);
	fprintf(stream, "add table netdev %s\ndelete table netdev %s\n", name, name);
}

/* The chains are numbered, because an interface's name may contain characters that a chain's name
 * may not. */
void guard_local_write_marks(FILE *stream, const struct guard_local *local,
			     const struct vxlan_devices *devices)
{
	char name[GUARD_MARKS_NAME_SIZE];

	guard_marks_name(local->host_interface, name);
	guard_local_write_marks_removal(stream, local->host_interface);
	fprintf(stream, "table netdev %s {\n", name);
	for (size_t i = 0; i < devices->count; i++)
		fprintf(stream,
			"\tchain device%u {\n"
			"\t\ttype filter hook egress device \"%s\" priority 0; policy accept;\n"
			"\t\tmeta mark set meta mark | 0x%08x comment \"through a VXLAN device\"\n"
			"\t}\n",
			devices->list[i].index, devices->list[i].name, local->mark);
	fprintf(stream, "}\n");
}
