/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_frames.h"

#include "guard_clear.h"
#include "guard_rules.h"
#include "guard_text.h"

/* IEEE 802.1Q and 802.1ad, and two that some switches use for the outer tag. */
#define TAGS "{ 0x8100, 0x88a8, 0x9100, 0x9200 }"
/* Whether it is still in the frame's bytes or already beside them: nft shows it in its place. */
#define TAGGED        "@ll,96,16 " TAGS
#define LOOK_BEHIND   "comment \"look behind VLAN tags\"\n"
#define LOOK_FOR_VNIS "comment \"look behind VLAN tags for VNIs\"\n"
/* In bytes: where the IP header is without a tag, behind one, and behind as many as the rules
 * follow. */
#define UNTAGGED    14u
#define BEHIND_ONE  18u
#define BEHIND_MOST 26u

/* Places in bits, of a frame whose IP header begins at this byte. */
struct places {
	unsigned type;
	unsigned version, protocol_v4, port_v4, vni_v4;
	unsigned next_v6, port_v6, vni_v6;
	unsigned extension, offset, port_behind_fragment; /* IPv6 with an extension header */
};

static struct places find_places(unsigned ip)
{
	return (struct places){
		.type = (ip - 2) * 8,
		.version = ip * 8,
		.protocol_v4 = (ip + 9) * 8,
		.port_v4 = (ip + 22) * 8,
		.vni_v4 = (ip + 32) * 8,
		.next_v6 = (ip + 6) * 8,
		.port_v6 = (ip + 42) * 8,
		.vni_v6 = (ip + 52) * 8,
		.extension = (ip + 40) * 8,
		.offset = (ip + 42) * 8,
		.port_behind_fragment = (ip + 50) * 8,
	};
}

/* IP options move the port. The rules do not follow, so UDP with options does not pass. */
static void write_v4(FILE *stream, const struct places *at, const char *ports)
{
	fprintf(stream,
		"\t\t@ll,%u,16 0x0800 @ll,%u,8 17 @ll,%u,16 %s counter drop "
		"comment \"clear VXLAN, VLAN-tagged\"\n",
		at->type, at->protocol_v4, at->port_v4, ports);
	fprintf(stream,
		"\t\t@ll,%u,16 0x0800 @ll,%u,8 17 @ll,%u,8 != 0x45 counter drop "
		"comment \"UDP with IP options, VLAN-tagged, could be clear VXLAN\"\n",
		at->type, at->protocol_v4, at->version);
}

/* Behind one extension header (hop-by-hop, routing or destination options) there may be anything
 * but UDP and more of them; behind a fragment header, UDP to another port. Of a later fragment that
 * reads a port where there is none. */
static void write_v6(FILE *stream, const struct places *at, const char *ports)
{
	fprintf(stream,
		"\t\t@ll,%u,16 0x86dd @ll,%u,8 17 @ll,%u,16 %s counter drop "
		"comment \"clear VXLAN over IPv6, VLAN-tagged\"\n",
		at->type, at->next_v6, at->port_v6, ports);
	fprintf(stream,
		"\t\t@ll,%u,16 0x86dd @ll,%u,8 { 0, 43, 60 } @ll,%u,8 { 0, 17, 43, 44, 60 } "
		"counter drop "
		"comment \"UDP with IPv6 options, VLAN-tagged, could be clear VXLAN\"\n",
		at->type, at->next_v6, at->extension);
	fprintf(stream,
		"\t\t@ll,%u,16 0x86dd @ll,%u,8 44 @ll,%u,8 17 @ll,%u,13 0 @ll,%u,16 %s counter "
		"drop "
		"comment \"clear VXLAN over IPv6 in fragments, VLAN-tagged\"\n",
		at->type, at->next_v6, at->extension, at->offset, at->port_behind_fragment, ports);
	fprintf(stream,
		"\t\t@ll,%u,16 0x86dd @ll,%u,8 44 @ll,%u,8 { 0, 43, 44, 60 } counter drop "
		"comment \"fragment with IPv6 options, VLAN-tagged, could be clear VXLAN\"\n",
		at->type, at->next_v6, at->extension);
}

/* Most of what has one tag is none of this. */
static void write_usual(FILE *stream)
{
	struct places at = find_places(BEHIND_ONE);

	fprintf(stream,
		"\t\t@ll,%u,16 0x0800 @ll,%u,8 != 17 return "
		"comment \"not UDP, behind one tag\"\n",
		at.type, at.protocol_v4);
	fprintf(stream,
		"\t\t@ll,%u,16 0x86dd @ll,%u,8 6 return "
		"comment \"TCP, behind one tag\"\n",
		at.type, at.next_v6);
}

/* Of IPv4, all options have been dropped. A fragment's data begins at a multiple of 8 bytes, and
 * UDP's header has 8. */
static void write_foreign(FILE *stream, const struct guard_config *config, const struct places *at,
			  unsigned ip)
{
	char what[80], cut[80];
	struct guard_tagged tagged = {what, cut, at->port_v4};

	snprintf(what, sizeof(what), "@ll,%u,16 0x0800 @ll,%u,8 17 ", at->type, at->protocol_v4);
	snprintf(cut, sizeof(cut), "@ll,%u,16 & 0x3fff == 0x2000 @ll,%u,16 < 36 ", (ip + 6) * 8,
		 (ip + 2) * 8);
	guard_rules_write_foreign_tagged(stream, config, &tagged);
	snprintf(what, sizeof(what), "@ll,%u,16 0x86dd @ll,%u,8 17 ", at->type, at->next_v6);
	tagged = (struct guard_tagged){what, NULL, at->port_v6};
	guard_rules_write_foreign_tagged(stream, config, &tagged);
	snprintf(what, sizeof(what), "@ll,%u,16 0x86dd @ll,%u,8 44 @ll,%u,8 17 @ll,%u,13 0 ",
		 at->type, at->next_v6, at->extension, at->offset);
	snprintf(cut, sizeof(cut), "@ll,%u,1 1 @ll,%u,16 < 24 ", at->offset + 15, (ip + 4) * 8);
	tagged = (struct guard_tagged){what, cut, at->port_behind_fragment};
	guard_rules_write_foreign_tagged(stream, config, &tagged);
}

static void write_tagged(FILE *stream, const struct guard_config *config)
{
	fprintf(stream, "\tchain tagged {\n");
	write_usual(stream);
	for (unsigned ip = BEHIND_ONE; ip <= BEHIND_MOST; ip += 4) {
		struct places at = find_places(ip);

		write_v4(stream, &at, config->ports.text);
		write_v6(stream, &at, config->ports.text);
		write_foreign(stream, config, &at, ip);
	}
	fprintf(stream,
		"\t\t@ll,128,16 " TAGS " @ll,160,16 " TAGS " @ll,192,16 " TAGS " counter drop "
		"comment \"more than three VLAN tags, could be clear VXLAN\"\n\t}\n");
}

/*
 * A packet socket that is bound to one protocol may send frames of any other, and the rules for IP
 * then look at nothing, or at the wrong bytes. One that also goes around the queues
 * (PACKET_QDISC_BYPASS) hides the Ethernet header from nft: then no rule about bytes matches, the
 * last but one neither. No frame has the type 0xffff.
 */
static void write_frames(FILE *stream)
{
	fprintf(stream, "\tchain frames {\n"
			"\t\t@ll,96,16 0x0800 meta protocol ip return comment \"IPv4\"\n"
			"\t\t@ll,96,16 0x86dd meta protocol ip6 return comment \"IPv6\"\n"
			"\t\t" TAGGED " jump tagged comment \"look behind VLAN tags\"\n"
			"\t\t@ll,96,16 { 0x0800, 0x86dd } counter drop "
			"comment \"IP that its sender calls something else\"\n"
			"\t\t@ll,96,16 != 0xffff return comment \"not IP\"\n"
			"\t\tcounter drop "
			"comment \"frame of a packet socket that hides its Ethernet header\"\n"
			"\t}\n");
}

void guard_frames_write(FILE *stream, const struct guard_config *config)
{
	write_tagged(stream, config);
	write_frames(stream);
}

/* It is a chain of its own, because what goes to covey0 passes the other one. IPv4 without options:
 * the type and the first byte are one number, as nft lists them (GUARD_PASS). */
void guard_frames_write_clear(FILE *stream, const struct guard_ports *ports)
{
	fprintf(stream, "\tchain tagged_clear {\n");
	for (unsigned ip = BEHIND_ONE; ip <= BEHIND_MOST; ip += 4) {
		struct places at = find_places(ip);

		fprintf(stream,
			"\t\t@ll,%u,24 0x80045 @ll,%u,8 0x11 @ll,%u,16 %s @ll,%u,24 "
			"@" GUARD_SET_CLEAR " accept comment \"" GUARD_PASS
			"VXLAN in clear, by the group's mode\"\n",
			at.type, at.protocol_v4, at.port_v4, ports->hex, at.vni_v4);
		fprintf(stream,
			"\t\t@ll,%u,16 0x86dd @ll,%u,8 0x11 @ll,%u,16 %s @ll,%u,24 "
			"@" GUARD_SET_CLEAR " accept comment \"" GUARD_PASS
			"VXLAN in clear, by the group's mode\"\n",
			at.type, at.next_v6, at.port_v6, ports->hex, at.vni_v6);
	}
	fprintf(stream, "\t}\n");
}

void guard_frames_write_own_clear(FILE *stream, uint32_t mark)
{
	fprintf(stream, "\t\tmeta mark & 0x%08x != 0 " TAGGED " jump tagged_clear " LOOK_FOR_VNIS,
		mark);
}

void guard_frames_write_in(FILE *stream, bool clear)
{
	if (clear)
		fprintf(stream, "\t\tmeta protocol " TAGS " jump tagged_clear " LOOK_FOR_VNIS);
	fprintf(stream, "\t\tmeta protocol " TAGS " jump tagged " LOOK_BEHIND);
}

/*
 * What is in a tag's place as if it were IP can look like IP: the type behind the tag is then where
 * a length or a flow label would be. So what has such a type there is looked at before it can pass
 * as something else. Two comparisons cost less than a set.
 */
void guard_frames_write_out_first(FILE *stream, const char *clear)
{
	static const char *const types[] = {"0x0800", "0x8100-0x9200"};

	for (size_t i = 0; i < 2 && clear; i++)
		fprintf(stream, "\t\t@nh,16,16 %s %sjump tagged_clear " LOOK_FOR_VNIS, types[i],
			clear);
	for (size_t i = 0; i < 2; i++)
		fprintf(stream, "\t\t@nh,16,16 %s jump frames comment \"perhaps VLAN-tagged\"\n",
			types[i]);
}

/*
 * What has an IP protocol has been read as IP, and the rules before have judged it. No packet has
 * the protocol 255. Where an interface's headers are longer than Ethernet's (a VLAN device of a
 * card that inserts no tags), the kernel looks for IP too far behind in what a packet socket sends.
 */
void guard_frames_write_out_last(FILE *stream, const struct guard_ports *ports, bool clear)
{
	struct places at = find_places(UNTAGGED);

	fprintf(stream, "\t\tmeta l4proto != 255 accept comment \"IP\"\n");
	if (clear)
		fprintf(stream, "\t\t" TAGGED " jump tagged_clear " LOOK_FOR_VNIS);
	fprintf(stream,
		"\t\t@ll,%u,16 0x0800 @ll,%u,8 17 @ll,%u,16 %s counter drop "
		"comment \"clear VXLAN that the kernel did not read as IP\"\n",
		at.type, at.protocol_v4, at.port_v4, ports->text);
	fprintf(stream,
		"\t\t@ll,%u,16 0x86dd @ll,%u,8 17 @ll,%u,16 %s counter drop "
		"comment \"clear VXLAN that the kernel did not read as IPv6\"\n",
		at.type, at.next_v6, at.port_v6, ports->text);
	fprintf(stream, "\t\tjump frames comment \"not IP, as it is sent\"\n");
}

/* As above, but for those that can look like IP. */
void guard_frames_write_out(FILE *stream)
{
	fprintf(stream,
		"\t\tmeta l4proto != 255 @nh,16,16 != 0x0800 @nh,16,16 != 0x8100-0x9200 accept "
		"comment \"IP, and no tag\"\n"
		"\t\tjump frames comment \"look at the frame itself\"\n");
}
