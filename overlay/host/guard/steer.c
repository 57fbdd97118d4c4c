/* SPDX-License-Identifier: BSD-3-Clause */

#include "steer.h"

#include <string.h>

#include "clear_check.h"
#include "guard_frames.h"
#include "guard_pass.h"
#include "guard_rules.h"
#include "guard_text.h"
#include "guard_token.h"

/* The beginning of a rule about VXLAN of a VNI that may pass in clear; and what such a rule is
 * called. Its text is as nft lists it (GUARD_PASS). */
#define CLEAR      GUARD_VNI " @" GUARD_SET_CLEAR
#define CLEAR_NAME GUARD_PASS "VXLAN in clear, by the group's mode"

/*
 * A process can give the kernel many datagrams as one (UDP_SEGMENT), and the rules see the VNI of
 * the first alone. All that a VXLAN device sends as one packet has one VNI. So VXLAN passes in
 * clear only if it came through a device, marked or not: at the output hook, it then has a link
 * header, which is that of the frame inside. What a process has sent has none there yet.
 */
#define THROUGH_DEVICE "@ll,0,8 >= 0x0"

static bool is_same(const struct uplink *a, size_t a_count, const struct uplink *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++) {
		if (a[i].index != b[i].index || strcmp(a[i].name, b[i].name) != 0)
			return false;
	}
	return true;
}

bool steer_same_uplinks(const struct steer *a, const struct steer *b)
{
	return is_same(a->uplinks, a->uplink_count, b->uplinks, b->uplink_count) &&
	       is_same(a->left_out.list, a->left_out.count, b->left_out.list, b->left_out.count);
}

bool steer_is_clear(const struct steer *steer)
{
	return steer->on && steer->hooked && steer->clear.accepted.count > 0;
}

/*
 * By whichever interface: a way in that is no uplink must work before the group enforces, as it
 * does without covey and as it will for encrypted packets. Only what this host sends itself is
 * none of that.
 */
void steer_write_clear_in(FILE *stream, const struct steer *steer)
{
	if (steer_is_clear(steer))
		fprintf(stream,
			"\t\tiifname != \"lo\" " CLEAR " counter " CLEAR_CHECK_GIVE "accept "
			"comment \"VXLAN in clear, by the group's mode\"\n");
}

void steer_write_observed_out(FILE *stream, const struct steer *steer, uint32_t mark)
{
	static const char rule[] =
		GUARD_VNI " @" GUARD_SET_OBSERVED " " GUARD_SET_CHECKED
			  "accept comment \"" GUARD_PASS "VXLAN in clear, of an observed group\"\n";
	const struct guard_clear *clear = &steer->clear;

	if (!steer_is_clear(steer) || clear->accepted.count == clear->steered.count)
		return;
	fprintf(stream, "\t\tmeta mark & 0x%08x != 0x00000000 %s", mark, rule);
	fprintf(stream, "\t\t" THROUGH_DEVICE " %s", rule);
}

void steer_write_unmarked_out(FILE *stream, const struct steer *steer, bool by_process)
{
	if (steer_is_clear(steer))
		fprintf(stream,
			"\t\t" THROUGH_DEVICE " %s" CLEAR " " GUARD_SET_CHECKED
			"accept comment \"" CLEAR_NAME "\"\n",
			by_process ? "meta skuid >= 0 " : "");
}

static void write_other_way(FILE *stream, const struct steer *steer, uint32_t mark,
			    const char *host)
{
	if (!steer_is_clear(steer))
		return;
	fprintf(stream,
		"\t\toifname != \"%s\" meta mark & 0x%08x != 0 " CLEAR " counter accept "
		"comment \"" STEER_OTHER_WAY "\"\n",
		host, mark);
	fprintf(stream,
		"\t\toifname != \"%s\" " THROUGH_DEVICE " " CLEAR " counter " GUARD_SET_CHECKED
		"accept comment \"" STEER_OTHER_WAY "\"\n",
		host);
}

/*
 * An uplink is known by its index and its name. So if one is renamed or made anew, what leaves by
 * it is dropped here until its hooks are bound again.
 */
void steer_write_ways_out(FILE *stream, const struct steer *steer, uint32_t mark,
			  const char *host_interface)
{
	for (size_t i = 0; i < steer->uplink_count && steer->hooked; i++)
		fprintf(stream,
			"\t\toif %u oifname \"%s\" goto local_vxlan_marked comment \"by uplink "
			"%s\"\n",
			steer->uplinks[i].index, steer->uplinks[i].name, steer->uplinks[i].name);
	fprintf(stream, "\t\toifname \"lo\" accept comment \"to this host itself\"\n");
	/* It is not encrypted there. Members that hear it in clear keep the group from enforcing.
	 */
	write_other_way(stream, steer, mark, host_interface);
	fprintf(stream,
		"\t\toifname != \"%s\" meta mark & 0x%08x != 0 counter drop "
		"comment \"VXLAN by an interface that is no uplink\"\n",
		host_interface, mark);
	if (!steer->hooked)
		fprintf(stream, "\t\tcounter drop comment \"VXLAN, which cannot be steered\"\n");
}

/* Behind 8 bytes of ICMP, the quoted packet's protocol and its UDP destination port (RFC 792, RFC
 * 4443 section 3). covey decrypts no packet with IP options or extension headers. */
void steer_write_quotes(FILE *stream, const struct guard_ports *ports)
{
	fprintf(stream,
		"\t\ticmp type { destination-unreachable, source-quench, redirect, time-exceeded, "
		"parameter-problem } @th,136,8 17 @th,240,16 %s counter drop "
		"comment \"ICMP error that quotes VXLAN\"\n",
		ports->text);
	fprintf(stream,
		"\t\ticmpv6 type { destination-unreachable, packet-too-big, time-exceeded, "
		"parameter-problem } @th,112,8 17 @th,400,16 %s counter drop "
		"comment \"ICMP error that quotes VXLAN over IPv6\"\n",
		ports->text);
}

static void write_base(FILE *stream, const struct uplink *uplink, const char *hook, int priority)
{
	fprintf(stream,
		"\tchain uplink%u_%s {\n"
		"\t\ttype filter hook %s device \"%s\" priority %d; policy accept;\n",
		uplink->index, hook, hook, uplink->name, priority);
}

/* Let pass what goes to no port that VXLAN or VPE could have here. */
static void write_other_ports(FILE *stream, const struct guard_config *config, bool vpe)
{
	uint16_t ports[GUARD_PORTS_MAX + 1 + GUARD_FOREIGN_MAX];
	size_t count = 0;

	for (; count < config->ports.count; count++)
		ports[count] = config->ports.list[count];

	if (vpe)
		ports[count++] = config->vpe_port;
	for (size_t i = 0; i < config->foreign_count; i++)
		ports[count++] = config->foreign_ports[i];
	guard_pass_write_ports(stream, ports, count);
}

/* A packet of a VNI that passes in clear. how: on which condition, and what is to be done to it. */
static void write_clear(FILE *stream, const struct guard_config *config, const char *how)
{
	if (steer_is_clear(&config->steer))
		fprintf(stream, "\t\tudp dport %s " CLEAR " %saccept comment \"" CLEAR_NAME "\"\n",
			config->ports.text, how);
}

static void write_in(FILE *stream, const struct guard_config *config)
{
	fprintf(stream, "\tchain steer_in {\n");
	write_other_ports(stream, config, false);
	write_clear(stream, config, "");
	guard_pass_write_fragments(stream);
	fprintf(stream, "\t\tudp dport %s counter drop comment \"clear VXLAN\"\n",
		config->ports.text);
	guard_rules_write_foreign(stream, config);
	guard_frames_write_in(stream, steer_is_clear(&config->steer));
	fprintf(stream, "\t}\n");
}

static void write_forward(FILE *stream, const struct guard_config *config)
{
	char ask[GUARD_TOKEN_TEXT_SIZE];

	fprintf(stream,
		"\t\tudp dport %s %scounter drop "
		"comment \"" GUARD_TOKEN_REFUSED "\"\n",
		config->ports.text, guard_token_refuse(config->local.token, ask));
	if (config->steer.forward)
		fprintf(stream, "\t\tudp dport %s counter fwd to \"%s\" comment \"%s\"\n",
			config->ports.text, config->steer.to, STEER_FORWARDED);
	else
		fprintf(stream,
			"\t\tudp dport %s counter drop "
			"comment \"VXLAN while covey-host does not run\"\n",
			config->ports.text);
}

/* Later fragments of VXLAN that has left in clear: before any port is looked at, as at an egress
 * hook (Linux 6.18) they seem to have some. */
static void write_checked_fragments(FILE *stream, const struct guard_config *config)
{
	static const char *const conditions[] = {"ip frag-off & 0x1fff != 0", "frag frag-off != 0"};

	for (size_t i = 0; i < 2 && steer_is_clear(&config->steer); i++)
		fprintf(stream,
			"\t\t%s " GUARD_CHECKED GUARD_TAKE_CHECKED "accept "
			"comment \"fragment of VXLAN in clear\"\n",
			conditions[i]);
}

/*
 * A later fragment has no port. VXLAN's are known by the mark, so other programs' fragments pass,
 * whatever the bytes are that Linux 6.18 takes for a port (guard_pass_write_fragments());
 * and no rule lets pass by its port what has a mark. What a process sends without a mark has been
 * dropped before the kernel made fragments of it, unless its VNI may pass in clear. What has a mark
 * and may pass in clear comes here when covey-host, which would have it steered, is dead
 * (own_rules.c). No queue is to see its token.
 */
static void write_marked_out(FILE *stream, const struct guard_config *config)
{
	char take[GUARD_TOKEN_TEXT_SIZE];

	fprintf(stream, "\tchain steer_marked_out {\n");
	write_checked_fragments(stream, config);
	write_clear(stream, config, GUARD_CHECKED GUARD_TAKE_CHECKED);
	write_clear(stream, config, guard_token_take(config->local.token, take));
	write_clear(stream, config, "");
	write_forward(stream, config);
	guard_rules_write_foreign(stream, config);
	fprintf(stream, "\t\tip frag-off & 0x1fff != 0 meta l4proto udp counter drop "
			"comment \"fragment of VXLAN\"\n");
	fprintf(stream, "\t\tfrag frag-off != 0 counter drop "
			"comment \"fragment of VXLAN over IPv6\"\n");
	guard_frames_write_out_last(stream, &config->ports, steer_is_clear(&config->steer));
	fprintf(stream, "\t}\n");
}

static void write_out(FILE *stream, const struct guard_config *config)
{
	write_marked_out(stream, config);
	fprintf(stream, "\tchain steer_out {\n");
	fprintf(stream,
		"\t\tmeta mark & 0x%08x != 0 goto steer_marked_out "
		"comment \"through a VXLAN device, or covey's own\"\n",
		config->local.mark);
	write_checked_fragments(stream, config);
	write_other_ports(stream, config, true);
	write_clear(stream, config, GUARD_CHECKED GUARD_TAKE_CHECKED);
	guard_pass_write_fragments(stream);
	fprintf(stream,
		"\t\tudp dport %s counter drop "
		"comment \"VXLAN that came through no VXLAN device\"\n",
		config->ports.text);
	fprintf(stream, "\t\tudp dport %u counter drop comment \"VPE that is not covey's\"\n",
		config->vpe_port);
	guard_rules_write_foreign(stream, config);
	guard_frames_write_out_last(stream, &config->ports, false);
	fprintf(stream, "\t}\n");
}

void steer_write_netdev(FILE *stream, const struct guard_config *config)
{
	const struct steer *steer = &config->steer;
	char marked[64];

	snprintf(marked, sizeof(marked), "meta mark & 0x%08x != 0 ", config->local.mark);
	if (steer_is_clear(steer))
		guard_frames_write_clear(stream, &config->ports);
	write_in(stream, config);
	write_out(stream, config);
	for (size_t i = 0; i < steer->uplink_count; i++) {
		write_base(stream, &steer->uplinks[i], "ingress", -500);
		guard_pass_write_not_udp(stream);
		fprintf(stream, "\t\tjump steer_in comment \"from the fabric\"\n\t}\n");
		write_base(stream, &steer->uplinks[i], "egress", 500);
		guard_frames_write_out_first(stream, steer_is_clear(steer) ? marked : NULL);
		guard_pass_write_not_udp(stream);
		fprintf(stream, "\t\tjump steer_out comment \"to the fabric\"\n\t}\n");
	}
}

void steer_write_removal(FILE *stream, const struct steer *steer)
{
	for (size_t i = 0; i < steer->uplink_count; i++)
		guard_rules_write_removal(stream, steer->uplinks[i].name);
}
