/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lengths, versions and numbers that lie, in every header that covey reads. Each row is a good
 * packet with one lie, and runs in each shape of a fabric that has such a header: over IPv4 and
 * IPv6, VPE in UDP and in IP, with the kernel's card and as a bump in the wire, in one buffer and
 * in two. The counter that the row names must rise by one, and nothing else may be seen of it: no
 * packet, no other counter, no line. (What a tenant's own frame says matters only where covey cuts
 * it: test_too_big.c, test_super_frames.c.)
 */
#include "malformed.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <rte_log.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define VNI_OF_NO_SA    200u
#define VNI_UNKNOWN     4711u
#define SPI_SENDER_ONLY 0x2000u
#define VXLAN_GPE_PORT  4790
#define GENEVE_PORT     6081
#define NOT_A_HOST      77
#define EPOCH_FLOOR     3

#define GROUPS ((unsigned)(IPV4 | IPV6))
#define FORMS  ((unsigned)(IN_UDP | IN_IP))
#define MODES  ((unsigned)(BUMP | KERNEL))

/* What is 0 in it leaves the packet as it is. */
struct row {
	enum covey_drop drop;
	const char *name;
	enum place place;
	struct edit edits[2];
	void (*change)(struct packet *packet); /* after the edits */
	unsigned steps;                        /* how often; 0: once */
	unsigned only;                         /* in these shapes; none of a kind: in all of it */
};

/* clang-format off */
#define HOST FROM_HOST
#define WIRE ON_THE_WIRE
#define DROP(name) COVEY_DROP_##name

static const struct row rows[] = {
	/* --- from the host: Ethernet and VLAN --- */
	{DROP(OUT_MALFORMED), "cut anywhere", HOST, .change = cut_frame, .steps = 149},
	{DROP(OUT_MALFORMED), "three tags", HOST, .change = three_tags},
	{DROP(OUT_MALFORMED), "a tag, and half a type", HOST, .change = tag_alone, .steps = 2},
	{DROP(OUT_MALFORMED), "the tag's type is of the other family", HOST, .change = tag_lies},
	{DROP(OUT_MALFORMED), "the type says IPv6", HOST, .edits = {{ETHER_TYPE, SET, 0x86dd}}, .only = IPV4},
	{DROP(OUT_MALFORMED), "the type says IPv4", HOST, .edits = {{ETHER_TYPE, SET, 0x0800}}, .only = IPV6},
	{DROP(OUT_NOT_VXLAN), "the type says ARP", HOST, .edits = {{ETHER_TYPE, SET, 0x0806}}, .only = KERNEL},
	{DROP(OUT_NOT_VXLAN), "the type is a length", HOST, .edits = {{ETHER_TYPE, SET, 100}}, .only = KERNEL},
	/* --- IP --- */
	{DROP(OUT_MALFORMED), "version 0", HOST, .edits = {{IP_VERSION, SET, 0x05}}},
	{DROP(OUT_MALFORMED), "version 15", HOST, .edits = {{IP_VERSION, SET, 0xf5}}},
	{DROP(OUT_MALFORMED), "version 6 in IPv4", HOST, .edits = {{IP_VERSION, SET, 0x65}}, .only = IPV4},
	{DROP(OUT_MALFORMED), "version 4 in IPv6", HOST, .edits = {{IP_VERSION, SET, 0x45}}, .only = IPV6},
	{DROP(OUT_MALFORMED), "header of 0 bytes", HOST, .edits = {{IP_VERSION, SET, 0x40}}, .only = IPV4},
	{DROP(OUT_MALFORMED), "header of 16 bytes", HOST, .edits = {{IP_VERSION, SET, 0x44}}, .only = IPV4},
	{DROP(OUT_MALFORMED), "length 0", HOST, .edits = {{IP_LENGTH, SET, 0}}},
	{DROP(OUT_MALFORMED), "length 1", HOST, .edits = {{IP_LENGTH, SET, 1}}},
	{DROP(OUT_MALFORMED), "length of the header alone", HOST, .edits = {{IP_LENGTH, SET, 20}}, .only = IPV4},
	{DROP(OUT_MALFORMED), "length one short", HOST, .edits = {{IP_LENGTH, ADD, -1}}},
	{DROP(OUT_MALFORMED), "length one long", HOST, .edits = {{IP_LENGTH, ADD, 1}}},
	{DROP(OUT_MALFORMED), "lengths one long", HOST, .edits = {{IP_LENGTH, ADD, 1}, {UDP_LENGTH, ADD, 1}}},
	{DROP(OUT_MALFORMED), "length 65535", HOST, .edits = {{IP_LENGTH, SET, 0xffff}}},
	{DROP(OUT_MALFORMED), "an option beyond the length", HOST, .change = option_uncounted},
	{DROP(OUT_MALFORMED), "options without end", HOST, .change = option_endless, .only = IPV6},
	{DROP(OUT_MALFORMED), "nine headers", HOST, .change = nine_options, .only = IPV6},
	{DROP(OUT_MALFORMED), "AH without end", HOST, .change = ah_endless},
	{DROP(OUT_FRAGMENT), "first fragment", HOST, .change = fragment_first},
	{DROP(OUT_FRAGMENT), "later fragment", HOST, .change = fragment_later},
	{DROP(OUT_FRAGMENT), "all of it in one fragment", HOST, .change = fragment_atomic, .only = IPV6},
	{DROP(OUT_VPE), "protocol of VPE", HOST, .edits = {{IP_NEXT, SET, COVEY_VPE_IP_PROTOCOL}}},
	{DROP(OUT_NOT_VXLAN), "protocol of TCP", HOST, .edits = {{IP_NEXT, SET, IPPROTO_TCP}}, .only = KERNEL},
	{DROP(OUT_SOURCE), "another's address", HOST, .edits = {{IP_SOURCE, SET, NOT_A_HOST}}},
	{DROP(OUT_QUOTE), "quoted with 65535 bytes", HOST, .change = quote},
	/* --- UDP --- */
	{DROP(OUT_MALFORMED), "UDP length 0", HOST, .edits = {{UDP_LENGTH, SET, 0}}},
	{DROP(OUT_MALFORMED), "UDP length 7", HOST, .edits = {{UDP_LENGTH, SET, 7}}},
	{DROP(OUT_MALFORMED), "UDP length 8", HOST, .edits = {{UDP_LENGTH, SET, 8}}},
	{DROP(OUT_MALFORMED), "UDP length one short", HOST, .edits = {{UDP_LENGTH, ADD, -1}}},
	{DROP(OUT_MALFORMED), "UDP length one long", HOST, .edits = {{UDP_LENGTH, ADD, 1}}},
	{DROP(OUT_MALFORMED), "UDP length 65535", HOST, .edits = {{UDP_LENGTH, SET, 0xffff}}},
	{DROP(OUT_VPE), "port of VPE", HOST, .edits = {{UDP_PORT, SET, COVEY_VPE_PORT}}},
	{DROP(OUT_NOT_VXLAN), "port 0", HOST, .edits = {{UDP_PORT, SET, 0}}, .only = KERNEL},
	{DROP(OUT_NOT_VXLAN), "port of DNS", HOST, .edits = {{UDP_PORT, SET, 53}}, .only = KERNEL},
	{DROP(OUT_NOT_VXLAN), "port of VXLAN-GPE", HOST, .edits = {{UDP_PORT, SET, VXLAN_GPE_PORT}}, .only = KERNEL},
	{DROP(OUT_NOT_VXLAN), "port of Geneve", HOST, .edits = {{UDP_PORT, SET, GENEVE_PORT}}, .only = KERNEL},
	/* --- VXLAN --- */
	{DROP(OUT_MALFORMED), "less than VXLAN's header", HOST, .change = cut_vxlan, .steps = 8},
	{DROP(OUT_MALFORMED), "no flag", HOST, .edits = {{VXLAN_FLAGS, SET, 0}}},
	{DROP(OUT_MALFORMED), "all flags but I", HOST, .edits = {{VXLAN_FLAGS, SET, 0xf7}}},
	{DROP(OUT_MALFORMED), "Geneve with four bytes of options", HOST, .edits = {{VXLAN_FLAGS, SET, 0x01}}},
	{DROP(OUT_MALFORMED), "another version of Geneve", HOST, .edits = {{VXLAN_FLAGS, SET, 0x40}}},
	{DROP(OUT_UNKNOWN_VNI), "VNI 0", HOST, .edits = {{VXLAN_VNI, SET, 0}}},
	{DROP(OUT_UNKNOWN_VNI), "VNI 16777215", HOST, .edits = {{VXLAN_VNI, SET, 0xffffff}}},
	{DROP(OUT_UNKNOWN_VNI), "VNI of no group", HOST, .edits = {{VXLAN_VNI, SET, VNI_UNKNOWN}}},
	{DROP(OUT_NO_SA), "VNI of another group", HOST, .edits = {{VXLAN_VNI, SET, VNI_OF_NO_SA}}},

	/* --- from the fabric: Ethernet and VLAN --- */
	{DROP(IN_MALFORMED), "cut anywhere", WIRE, .change = cut_frame, .steps = 201},
	{DROP(IN_MALFORMED), "three tags", WIRE, .change = three_tags},
	{DROP(IN_MALFORMED), "a tag, and half a type", WIRE, .change = tag_alone, .steps = 2},
	{DROP(IN_MALFORMED), "the tag's type is of the other family", WIRE, .change = tag_lies},
	{DROP(IN_MALFORMED), "the type says IPv6", WIRE, .edits = {{ETHER_TYPE, SET, 0x86dd}}, .only = IPV4},
	{DROP(IN_MALFORMED), "the type says IPv4", WIRE, .edits = {{ETHER_TYPE, SET, 0x0800}}, .only = IPV6},
	{DROP(IN_NOT_VPE), "the type says ARP", WIRE, .edits = {{ETHER_TYPE, SET, 0x0806}}, .only = KERNEL},
	/* --- IP --- */
	{DROP(IN_MALFORMED), "version 0", WIRE, .edits = {{IP_VERSION, SET, 0x05}}},
	{DROP(IN_MALFORMED), "version 15", WIRE, .edits = {{IP_VERSION, SET, 0xf5}}},
	{DROP(IN_MALFORMED), "version 6 in IPv4", WIRE, .edits = {{IP_VERSION, SET, 0x65}}, .only = IPV4},
	{DROP(IN_MALFORMED), "version 4 in IPv6", WIRE, .edits = {{IP_VERSION, SET, 0x45}}, .only = IPV6},
	{DROP(IN_MALFORMED), "header of 16 bytes", WIRE, .edits = {{IP_VERSION, SET, 0x44}}, .only = IPV4},
	{DROP(IN_OPTIONS), "header of 24 bytes, VPE's the last", WIRE, .edits = {{IP_VERSION, SET, 0x46}}, .only = IPV4 | IN_IP},
	{DROP(IN_MALFORMED), "length 0", WIRE, .edits = {{IP_LENGTH, SET, 0}}, .only = IPV4},
	{DROP(IN_MALFORMED), "length 0", WIRE, .edits = {{IP_LENGTH, SET, 0}}, .only = IPV6 | IN_UDP},
	{DROP(IN_SHORT), "length 0", WIRE, .edits = {{IP_LENGTH, SET, 0}}, .only = IPV6 | IN_IP},
	{DROP(IN_MALFORMED), "length one short", WIRE, .edits = {{IP_LENGTH, ADD, -1}}, .only = IN_UDP},
	{DROP(IN_ICV), "length one short", WIRE, .edits = {{IP_LENGTH, ADD, -1}}, .only = IN_IP},
	{DROP(IN_MALFORMED), "length one long", WIRE, .edits = {{IP_LENGTH, ADD, 1}}},
	{DROP(IN_MALFORMED), "length 65535", WIRE, .edits = {{IP_LENGTH, SET, 0xffff}}},
	{DROP(IN_OPTIONS), "an option", WIRE, .change = option},
	{DROP(IN_MALFORMED), "an option beyond the length", WIRE, .change = option_uncounted, .only = IN_UDP},
	{DROP(IN_OPTIONS), "an option beyond the length", WIRE, .change = option_uncounted, .only = IN_IP},
	{DROP(IN_MALFORMED), "options without end", WIRE, .change = option_endless, .only = IPV6},
	{DROP(IN_MALFORMED), "nine headers", WIRE, .change = nine_options, .only = IPV6},
	{DROP(IN_MALFORMED), "AH without end", WIRE, .change = ah_endless},
	{DROP(IN_FRAGMENT), "first fragment", WIRE, .change = fragment_first},
	{DROP(IN_FRAGMENT), "later fragment", WIRE, .change = fragment_later, .only = IN_IP},
	{DROP(IN_NOT_VPE), "later fragment", WIRE, .change = fragment_later, .only = IN_UDP | KERNEL},
	{DROP(IN_FRAGMENT), "all of it in one fragment", WIRE, .change = fragment_atomic, .only = IPV6},
	{DROP(IN_ENCAPSULATION), "protocol of VPE", WIRE, .edits = {{IP_NEXT, SET, COVEY_VPE_IP_PROTOCOL}}, .only = IN_UDP},
	{DROP(IN_SOURCE), "another's address", WIRE, .edits = {{IP_SOURCE, SET, NOT_A_HOST}}},
	{DROP(IN_DESTINATION), "for another host", WIRE, .edits = {{IP_TO, SET, NOT_A_HOST}}},
	/* --- UDP --- */
	{DROP(IN_MALFORMED), "UDP length 0", WIRE, .edits = {{UDP_LENGTH, SET, 0}}, .only = IN_UDP},
	{DROP(IN_MALFORMED), "UDP length 7", WIRE, .edits = {{UDP_LENGTH, SET, 7}}, .only = IN_UDP},
	{DROP(IN_MALFORMED), "UDP length one short", WIRE, .edits = {{UDP_LENGTH, ADD, -1}}, .only = IN_UDP},
	{DROP(IN_MALFORMED), "UDP length one long", WIRE, .edits = {{UDP_LENGTH, ADD, 1}}, .only = IN_UDP},
	{DROP(IN_MALFORMED), "UDP length 65535", WIRE, .edits = {{UDP_LENGTH, SET, 0xffff}}, .only = IN_UDP},
	{DROP(IN_NOT_VPE), "port 0", WIRE, .edits = {{UDP_PORT, SET, 0}}, .only = IN_UDP | KERNEL},
	/* --- VPE --- */
	{DROP(IN_SHORT), "less than VPE's header", WIRE, .change = cut_vpe_header, .steps = 32},
	{DROP(IN_UNKNOWN_SPI), "SPI 0", WIRE, .edits = {{VPE_SPI, SET, 0}}},
	{DROP(IN_UNKNOWN_SPI), "SPI 255", WIRE, .edits = {{VPE_SPI, SET, 255}}},
	{DROP(IN_UNKNOWN_SPI), "SPI 4294967295", WIRE, .edits = {{VPE_SPI, SET, 0xffffffff}}},
	{DROP(IN_NOT_RECEIVER), "SPI of a group to send to", WIRE, .edits = {{VPE_SPI, SET, SPI_SENDER_ONLY}}},
	{DROP(IN_NOT_ON_ROSTER), "SenderID 0", WIRE, .edits = {{VPE_SENDER, SET, 0}}},
	{DROP(IN_NOT_ON_ROSTER), "SenderID 65535", WIRE, .edits = {{VPE_SENDER, SET, 0xffff}}},
	{DROP(IN_OWN_SENDER), "SenderID of the receiver", WIRE, .edits = {{VPE_SENDER, SET, LAB_SELF}}},
	{DROP(IN_ICV), "WindowID", WIRE, .edits = {{VPE_WINDOW, FLIP, 0xffff}}},
	{DROP(IN_EPOCH), "epoch 0", WIRE, .edits = {{VPE_EPOCH, SET, 0}}},
	{DROP(IN_EPOCH), "ESN 0", WIRE, .edits = {{VPE_EPOCH, SET, 0}, {VPE_COUNTER, SET, 0}}},
	{DROP(IN_EPOCH), "epoch below the floor", WIRE, .edits = {{VPE_EPOCH, SET, EPOCH_FLOOR - 1}}},
	{DROP(IN_ICV), "epoch 65535", WIRE, .edits = {{VPE_EPOCH, SET, 0xffff}}},
	{DROP(IN_ICV), "counter 0", WIRE, .edits = {{VPE_COUNTER, SET, 0}}},
	{DROP(IN_ICV), "the last counter", WIRE, .edits = {{VPE_COUNTER, SET, 0xffffffffffff}}},
	{DROP(IN_ICV), "ICV", WIRE, .edits = {{VPE_ICV, FLIP, 1}}},
	{DROP(IN_ICV), "version inside", WIRE, .edits = {{VPE_TEXT, FLIP, 0xf0}}},
	{DROP(IN_ICV), "cut, and the lengths say so", WIRE, .change = cut_vpe, .steps = 136},
	{DROP(IN_ICV), "one byte more", WIRE, .change = lengthen},

	/* --- VXLAN in clear from the fabric --- */
	{DROP(IN_CLEAR_VXLAN), "of our group", IN_CLEAR, .steps = 1},
	{DROP(IN_CLEAR_VXLAN), "VNI of no group", IN_CLEAR, .edits = {{VXLAN_VNI, SET, VNI_UNKNOWN}}},
	{DROP(IN_CLEAR_VXLAN), "from our own address", IN_CLEAR, .edits = {{IP_SOURCE, SET, LAB_SELF}}},
	{DROP(IN_CLEAR_VXLAN), "for another host", IN_CLEAR, .edits = {{IP_TO, SET, NOT_A_HOST}}},
	{DROP(IN_CLEAR_VXLAN), "behind an option", IN_CLEAR, .change = option},
	{DROP(IN_CLEAR_VXLAN), "first fragment", IN_CLEAR, .change = fragment_first},
	{DROP(IN_NOT_VPE), "later fragment", IN_CLEAR, .change = fragment_later, .only = KERNEL},
	{DROP(IN_CLEAR_VXLAN), "all of it in one fragment", IN_CLEAR, .change = fragment_atomic, .only = IPV6},
	{DROP(IN_CLEAR_VXLAN), "quoted with 65535 bytes", IN_CLEAR, .change = quote},
	{DROP(IN_MALFORMED), "cut anywhere", IN_CLEAR, .change = cut_frame, .steps = 149},
	{DROP(IN_MALFORMED), "three tags", IN_CLEAR, .change = three_tags},
	{DROP(IN_MALFORMED), "version 0", IN_CLEAR, .edits = {{IP_VERSION, SET, 0x05}}},
	{DROP(IN_MALFORMED), "length one short", IN_CLEAR, .edits = {{IP_LENGTH, ADD, -1}}},
	{DROP(IN_MALFORMED), "length one long", IN_CLEAR, .edits = {{IP_LENGTH, ADD, 1}}},
	{DROP(IN_MALFORMED), "UDP length one short", IN_CLEAR, .edits = {{UDP_LENGTH, ADD, -1}}},
	{DROP(IN_MALFORMED), "UDP length one long", IN_CLEAR, .edits = {{UDP_LENGTH, ADD, 1}}},
	{DROP(IN_MALFORMED), "UDP length 0", IN_CLEAR, .edits = {{UDP_LENGTH, SET, 0}}},
	{DROP(IN_MALFORMED), "less than VXLAN's header", IN_CLEAR, .change = cut_vxlan, .steps = 8},
	{DROP(IN_MALFORMED), "no flag", IN_CLEAR, .edits = {{VXLAN_FLAGS, SET, 0}}},
	{DROP(IN_MALFORMED), "nine headers", IN_CLEAR, .change = nine_options, .only = IPV6},

	/* --- from a member: IP --- */
	{DROP(IN_INNER_MALFORMED), "version 0", INSIDE, .edits = {{IP_VERSION, SET, 0x05}}},
	{DROP(IN_INNER_MALFORMED), "version 15", INSIDE, .edits = {{IP_VERSION, SET, 0xf5}}},
	{DROP(IN_INNER_MALFORMED), "version 6 in IPv4", INSIDE, .edits = {{IP_VERSION, SET, 0x65}}, .only = IPV4},
	{DROP(IN_INNER_MALFORMED), "version 4 in IPv6", INSIDE, .edits = {{IP_VERSION, SET, 0x45}}, .only = IPV6},
	{DROP(IN_INNER_MALFORMED), "header of 16 bytes", INSIDE, .edits = {{IP_VERSION, SET, 0x44}}, .only = IPV4},
	{DROP(IN_INNER_MALFORMED), "length 0", INSIDE, .edits = {{IP_LENGTH, SET, 0}}},
	{DROP(IN_INNER_MALFORMED), "length one short", INSIDE, .edits = {{IP_LENGTH, ADD, -1}}},
	{DROP(IN_INNER_MALFORMED), "lengths one short", INSIDE, .edits = {{IP_LENGTH, ADD, -1}, {UDP_LENGTH, ADD, -1}}},
	{DROP(IN_INNER_MALFORMED), "length one long", INSIDE, .edits = {{IP_LENGTH, ADD, 1}}},
	{DROP(IN_INNER_MALFORMED), "lengths one long", INSIDE, .edits = {{IP_LENGTH, ADD, 1}, {UDP_LENGTH, ADD, 1}}},
	{DROP(IN_INNER_MALFORMED), "length 65535", INSIDE, .edits = {{IP_LENGTH, SET, 0xffff}}},
	{DROP(IN_INNER_MALFORMED), "cut anywhere", INSIDE, .change = cut_frame, .steps = 136},
	{DROP(IN_INNER_MALFORMED), "an option beyond the length", INSIDE, .change = option_uncounted},
	{DROP(IN_INNER_MALFORMED), "options without end", INSIDE, .change = option_endless, .only = IPV6},
	{DROP(IN_INNER_MALFORMED), "nine headers", INSIDE, .change = nine_options, .only = IPV6},
	{DROP(IN_INNER_MALFORMED), "AH without end", INSIDE, .change = ah_endless},
	{DROP(IN_INNER_NOT_VXLAN), "first fragment", INSIDE, .change = fragment_first},
	{DROP(IN_INNER_NOT_VXLAN), "later fragment", INSIDE, .change = fragment_later},
	{DROP(IN_INNER_NOT_VXLAN), "protocol of VPE", INSIDE, .edits = {{IP_NEXT, SET, COVEY_VPE_IP_PROTOCOL}}},
	{DROP(IN_INNER_NOT_VXLAN), "protocol of TCP", INSIDE, .edits = {{IP_NEXT, SET, IPPROTO_TCP}}},
	{DROP(IN_INNER_NOT_VXLAN), "quoted with 65535 bytes", INSIDE, .change = quote},
	/* --- UDP and VXLAN --- */
	{DROP(IN_INNER_MALFORMED), "UDP length 0", INSIDE, .edits = {{UDP_LENGTH, SET, 0}}},
	{DROP(IN_INNER_MALFORMED), "UDP length one short", INSIDE, .edits = {{UDP_LENGTH, ADD, -1}}},
	{DROP(IN_INNER_MALFORMED), "UDP length one long", INSIDE, .edits = {{UDP_LENGTH, ADD, 1}}},
	{DROP(IN_INNER_NOT_VXLAN), "port of VPE", INSIDE, .edits = {{UDP_PORT, SET, COVEY_VPE_PORT}}},
	{DROP(IN_INNER_NOT_VXLAN), "port of DNS", INSIDE, .edits = {{UDP_PORT, SET, 53}}},
	{DROP(IN_INNER_NOT_VXLAN), "port of Geneve", INSIDE, .edits = {{UDP_PORT, SET, GENEVE_PORT}}},
	{DROP(IN_INNER_MALFORMED), "less than VXLAN's header", INSIDE, .change = cut_vxlan, .steps = 8},
	{DROP(IN_INNER_MALFORMED), "no flag", INSIDE, .edits = {{VXLAN_FLAGS, SET, 0}}},
	{DROP(IN_INNER_MALFORMED), "all flags but I", INSIDE, .edits = {{VXLAN_FLAGS, SET, 0xf7}}},
	{DROP(IN_INNER_VNI), "VNI 0", INSIDE, .edits = {{VXLAN_VNI, SET, 0}}},
	{DROP(IN_INNER_VNI), "VNI 16777215", INSIDE, .edits = {{VXLAN_VNI, SET, 0xffffff}}},
	{DROP(IN_INNER_VNI), "VNI of no group", INSIDE, .edits = {{VXLAN_VNI, SET, VNI_UNKNOWN}}},
	{DROP(IN_INNER_VNI), "VNI of another group", INSIDE, .edits = {{VXLAN_VNI, SET, VNI_OF_NO_SA}}},
};
/* clang-format on */

/* --- one packet ------------------------------------------------------------------------------- */

static void install(struct lab *lab, uint32_t spi, uint32_t group, bool may_receive)
{
	bool ipv6 = lab->config.vtep.family == AF_INET6;
	struct covey_sa sa = lab_sa(spi, 5);
	struct covey_roster_entry peer = lab_peer(ipv6);

	sa.group = group;
	sa.may_receive = may_receive;
	peer.epoch_floor = EPOCH_FLOOR;
	assert_int_equal(dataplane_sa_install(lab->dataplane, &sa, &peer, 1, NULL), 0);
	assert_int_equal(dataplane_sa_activate(lab->dataplane, spi, NULL), 0);
}

static void open_fabric(struct lab *lab, unsigned shape)
{
	struct dataplane_config config = lab_config(
		shape & IPV6, shape & IN_UDP ? COVEY_ENCAPSULATION_UDP : COVEY_ENCAPSULATION_IP);
	static const uint32_t vni = VNI_OF_NO_SA;

	config.vxlan_only = (shape & KERNEL) != 0;
	lab_open(lab, &config);
	assert_int_equal(dataplane_group_set(lab->dataplane, 1, &vni, 1, NULL), 0);
	install(lab, LAB_SPI, 0, true);
	install(lab, SPI_SENDER_ONLY, 3, false);
}

static void change(struct packet *packet, const struct row *row)
{
	for (unsigned i = 0; i < 2; i++)
		if (row->edits[i].field != NOTHING)
			packet_edit(packet, row->edits[i]);
	if (row->change)
		row->change(packet);
}

static void make(const struct lab *lab, const struct row *row, unsigned shape, unsigned step,
		 struct packet *ret_packet)
{
	static uint64_t counter; /* none is sent twice */
	static struct packet good, clear;
	struct sample sample = lab_sample();

	sample.ipv6 = shape & IPV6;
	sample.source = row->place == FROM_HOST ? LAB_SELF : LAB_PEER;
	good = (struct packet){.shape = shape, .step = step};
	good.len = reference_vxlan(&sample, good.bytes);
	clear = good;
	if (row->place != ON_THE_WIRE)
		change(&clear, row);
	if (row->place == FROM_HOST || row->place == IN_CLEAR) {
		*ret_packet = clear;
		return;
	}
	packet_seal(lab, covey_esn(EPOCH_FLOOR, ++counter), &clear, &good, ret_packet);
	if (row->place == ON_THE_WIRE)
		change(ret_packet, row);
}

/* In one buffer, or with its last bytes, if they are not headers, in a second one. Returns how many
 * passed. */
static uint16_t run(const struct lab *lab, const struct packet *packet, enum place place,
		    bool in_two)
{
	size_t headers = packet_payload(packet) + sizeof(struct covey_vpe_header);
	size_t behind = in_two && packet->len > headers ? RTE_MIN(packet->len - headers, 10u) : 0;
	struct rte_mbuf *buffer = lab_packet(packet->bytes, packet->len - behind);
	uint16_t passed;

	if (behind > 0)
		assert_int_equal(
			rte_pktmbuf_chain(buffer,
					  lab_packet(packet->bytes + packet->len - behind, behind)),
			0);
	passed = place == FROM_HOST ? outbound_burst(lab->worker, &buffer, 1)
				    : inbound_burst(lab->worker, &buffer, 1);
	if (passed > 0)
		rte_pktmbuf_free(buffer);
	return passed;
}

/* --- silence ---------------------------------------------------------------------------------- */

static int own_stderr;
static FILE *said;

/* From here on, what is written to stderr or to DPDK's log goes into a file. */
static void listen_to_lines(void)
{
	said = tmpfile();
	own_stderr = dup(STDERR_FILENO);
	assert_non_null(said);
	assert_true(own_stderr >= 0 && dup2(fileno(said), STDERR_FILENO) >= 0);
	rte_openlog_stream(said);
}

/* How many bytes that were. */
static long stop_listening(void)
{
	long bytes;

	rte_openlog_stream(NULL);
	fflush(stderr);
	assert_int_equal(fseek(said, 0, SEEK_END), 0);
	bytes = ftell(said);
	dup2(own_stderr, STDERR_FILENO);
	close(own_stderr);
	fclose(said);
	return bytes;
}

/* --- rows ------------------------------------------------------------------------------------- */

static const char *describe(const struct row *row, unsigned shape, unsigned step, bool in_two)
{
	static const char *const places[] = {"from the host", "from the fabric", "in clear",
					     "from a member"};
	static char text[256];

	snprintf(text, sizeof(text), "%s, %s, step %u, IPv%c, in %s, %s, %u buffers", row->name,
		 places[row->place], step, shape & IPV6 ? '6' : '4', shape & IN_UDP ? "UDP" : "IP",
		 shape & KERNEL ? "kernel" : "bump", in_two + 1u);
	return text;
}

/* What moved though it should not have, or NULL. */
static const char *moved(struct dataplane_counters *before, const struct dataplane_counters *after,
			 enum covey_drop expected)
{
	before->drops[expected]++;
	for (unsigned i = 0; i < COVEY_DROP_COUNT; i++)
		if (before->drops[i] != after->drops[i])
			return covey_drop_names[i];
	return memcmp(before, after, sizeof(*before)) == 0 ? NULL : "a counter that is no drop";
}

static void run_step(const struct lab *lab, const struct row *row, unsigned shape, unsigned step,
		     bool in_two)
{
	struct dataplane_counters before, after;
	static struct packet packet;
	const char *other;
	uint16_t passed;

	make(lab, row, shape, step, &packet);
	dataplane_read_counters(lab->dataplane, &before);
	passed = run(lab, &packet, row->place, in_two);
	dataplane_read_counters(lab->dataplane, &after);
	other = moved(&before, &after, row->drop);
	if (passed > 0)
		fail_msg("%s: passed", describe(row, shape, step, in_two));
	if (other)
		fail_msg("%s: not one of %s: see %s", describe(row, shape, step, in_two),
			 covey_drop_names[row->drop], other);
	if (lab_packets_out() > 0)
		fail_msg("%s: a buffer was lost", describe(row, shape, step, in_two));
}

/* A row that says nothing of a kind of shape is for all of that kind. */
static bool is_for(const struct row *row, unsigned shape)
{
	static const unsigned kinds[] = {GROUPS, FORMS, MODES};

	for (unsigned i = 0; i < RTE_DIM(kinds); i++)
		if (row->only & kinds[i] && !(row->only & shape & kinds[i]))
			return false;
	return true;
}

static unsigned shape_of(unsigned number)
{
	return (number & 1 ? IPV6 : IPV4) | (number & 2 ? IN_IP : IN_UDP) |
	       (number & 4 ? BUMP : KERNEL);
}

static void run_rows(unsigned shape)
{
	struct lab lab;

	open_fabric(&lab, shape);
	for (unsigned i = 0; i < RTE_DIM(rows); i++)
		for (unsigned step = 0;
		     is_for(&rows[i], shape) && step < RTE_MAX(rows[i].steps, 1u); step++)
			for (int in_two = 0; in_two < 2; in_two++)
				run_step(&lab, &rows[i], shape, step, in_two);
	lab_close(&lab);
}

static void test_every_row(void **state)
{
	for (unsigned i = 0; i < 8; i++)
		run_rows(shape_of(i));
}

/* Each row once, in a process that hears: the lines before are those of opening. */
static void test_silence(void **state)
{
	static struct packet packet;
	struct lab lab;

	open_fabric(&lab, IPV4 | IN_UDP | KERNEL);
	for (unsigned i = 0; i < RTE_DIM(rows); i++) {
		if (!is_for(&rows[i], IPV4 | IN_UDP | KERNEL))
			continue;
		make(&lab, &rows[i], IPV4 | IN_UDP | KERNEL, 0, &packet);
		listen_to_lines();
		run(&lab, &packet, rows[i].place, false);
		if (stop_listening() > 0)
			fail_msg("%s: a line was written", rows[i].name);
	}
	lab_close(&lab);
}

/* What every row changes passes as it is, from both sides, and is what was sealed. The frame in
 * VXLAN is of random bytes: whatever a tenant's headers say, they are carried. */
static void unspoilt_passes(unsigned shape)
{
	static const struct row out = {.place = FROM_HOST}, in = {.place = ON_THE_WIRE},
				clear = {.place = IN_CLEAR};
	static struct packet packet, meant;
	struct dataplane_counters counters;
	struct rte_mbuf *buffer;
	struct lab lab;

	open_fabric(&lab, shape);
	make(&lab, &out, shape, 0, &packet);
	assert_int_equal(run(&lab, &packet, FROM_HOST, true), 1);
	make(&lab, &in, shape, 0, &packet);
	make(&lab, &clear, shape, 0, &meant);
	buffer = lab_packet(packet.bytes, packet.len);
	assert_int_equal(inbound_burst(lab.worker, &buffer, 1), 1);
	assert_int_equal(buffer->pkt_len, meant.len);
	assert_memory_equal(rte_pktmbuf_mtod(buffer, void *), meant.bytes, meant.len);
	rte_pktmbuf_free(buffer);
	dataplane_read_counters(lab.dataplane, &counters);
	assert_int_equal(counters.encrypted_packets, 1);
	assert_int_equal(counters.decrypted_packets, 1);
	for (unsigned reason = 0; reason < COVEY_DROP_COUNT; reason++)
		assert_int_equal(counters.drops[reason], 0);
	lab_close(&lab);
}

static void test_unspoilt(void **state)
{
	for (unsigned i = 0; i < 8; i++)
		unspoilt_passes(shape_of(i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unspoilt),
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_silence),
	};

	return cmocka_run_group_tests(tests, lab_eal, NULL);
}
