/* SPDX-License-Identifier: BSD-3-Clause */
#include "classify.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static const struct classifier classifier = {4789,
					     4798,
					     253,
					     {{COVEY_GPE_PORT, COVEY_TUNNEL_GPE, false},
					      {COVEY_GENEVE_PORT, COVEY_TUNNEL_GENEVE, false}},
					     2};
/* The same where these tunnels are carried. */
static const struct classifier carrier = {
	4789,
	4798,
	253,
	{{COVEY_GPE_PORT, COVEY_TUNNEL_GPE, true}, {COVEY_GENEVE_PORT, COVEY_TUNNEL_GENEVE, true}},
	2};

/* A frame is written as hexadecimal, spaces free. Parts that rows share: */
#define ETHERNET "020000000002 020000000001 "
#define V4       ETHERNET "0800 "
#define V6       ETHERNET "86dd "
/* IPv4 header: version..TOS, total length; then id, flags and offset; protocol; no checksum. */
#define IP4(length, fragment, protocol)                                                            \
	"4500 " length " 0000 " fragment " 40 " protocol " 0000 0a000001 0a000002 "
#define IP6(length, next)                                                                          \
	"60000000 " length " " next " 40 fd000000000000000000000000000001 "                        \
	"fd000000000000000000000000000002 "
#define VXLAN         "c000 12b5 0010 0000 08000000 00006400 "
#define VPE           "c000 12be 0028 0000 " ZERO32
#define DNS           "c000 0035 0010 0000 0102030405060708 "
#define ZERO8         "0000000000000000 "
#define ZERO16        ZERO8 ZERO8
#define ZERO32        ZERO16 ZERO16
#define OPTIONS(next) next "00 010400000000 "

struct row {
	const char *name;
	const char *frame;
	enum frame_kind kind;
	uint32_t vni;            /* of FRAME_VXLAN and FRAME_TUNNEL */
	uint16_t payload_offset; /* of FRAME_VXLAN and FRAME_VPE, from the IP header */
};

/* clang-format off */
static const struct row rows[] = {
	/* --- tunnels of other ports --- */
	{"Geneve", V4 IP4("0024", "0000", "11") "c000 17c1 0010 0000 00006558 00006400", FRAME_TUNNEL, 100, 0},
	{"VXLAN-GPE", V4 IP4("0024", "0000", "11") "c000 12b6 0010 0000 0c000003 ffffff00", FRAME_TUNNEL, 0xffffff, 0},
	{"Geneve over IPv6", V6 IP6("0010", "11") "c000 17c1 0010 0000 00006558 00006400", FRAME_TUNNEL, 100, 0},
	{"Geneve behind a tag", ETHERNET "8100 0064 0800" IP4("0024", "0000", "11") "c000 17c1 0010 0000 00006558 00006400", FRAME_TUNNEL, 100, 0},
	{"Geneve, with a UDP length that lies", V4 IP4("0024", "0000", "11") "c000 17c1 0008 0000 00006558 00006400", FRAME_TUNNEL, 100, 0},
	{"Geneve, first fragment", V4 IP4("0024", "2000", "11") "c000 17c1 0030 0000 00006558 00006400", FRAME_TUNNEL, 100, 0},
	{"Geneve cut in its VNI", V4 IP4("0022", "0000", "11") "c000 17c1 000e 0000 00006558 0000", FRAME_BYPASS, 0, 0},
	{"Geneve cut behind its VNI", V4 IP4("0023", "0000", "11") "c000 17c1 000f 0000 00006558 000064", FRAME_TUNNEL, 100, 0},
	{"the port that it comes from", V4 IP4("0024", "0000", "11") "17c1 0035 0010 0000 00006558 00006400", FRAME_BYPASS, 0, 0},
	/* --- Ethernet --- */
	{"empty", "", FRAME_MALFORMED, 0, 0},
	{"no ethertype", ETHERNET, FRAME_MALFORMED, 0, 0},
	{"half an ethertype", ETHERNET "08", FRAME_MALFORMED, 0, 0},
	{"ARP", ETHERNET "0806 0001 0800 0604 0001", FRAME_BYPASS, 0, 0},
	{"LLDP", ETHERNET "88cc 0207", FRAME_BYPASS, 0, 0},
	{"802.3 length", ETHERNET "0026 424203", FRAME_BYPASS, 0, 0},
	{"tag without anything", ETHERNET "8100", FRAME_MALFORMED, 0, 0},
	{"tag without ethertype", ETHERNET "8100 0064", FRAME_MALFORMED, 0, 0},
	{"one tag, ARP", ETHERNET "8100 0064 0806 0001", FRAME_BYPASS, 0, 0},
	{"one tag, VXLAN", ETHERNET "8100 0064 0800" IP4("0024", "0000", "11") VXLAN, FRAME_VXLAN, 100, 28},
	{"two tags, VXLAN", ETHERNET "88a8 0001 8100 0064 0800" IP4("0024", "0000", "11") VXLAN, FRAME_VXLAN, 100, 28},
	{"old QinQ, VXLAN", ETHERNET "9100 0001 8100 0064 0800" IP4("0024", "0000", "11") VXLAN, FRAME_VXLAN, 100, 28},
	{"two tags, VPE", ETHERNET "8100 0001 8100 0064 0800" IP4("003c", "0000", "11") VPE, FRAME_VPE, 0, 28},
	{"three tags", ETHERNET "8100 0001 8100 0064 8100 0001 0806 0001", FRAME_MALFORMED, 0, 0},
	/* --- IPv4 --- */
	{"no IP", V4, FRAME_MALFORMED, 0, 0},
	{"version 6 as IPv4", V4 "6500" ZERO32, FRAME_MALFORMED, 0, 0},
	{"version 4 as IPv6", V6 IP4("0024", "0000", "11") VXLAN, FRAME_MALFORMED, 0, 0},
	{"version 0", V4 "0500" ZERO32, FRAME_MALFORMED, 0, 0},
	{"short header", V4 "4500 0014 0000 0000 4006 0000 0a000001 0a0000", FRAME_MALFORMED, 0, 0},
	{"header length 16", V4 "4400 0024 0000 0000 4011 0000 0a000001 0a000002" VXLAN, FRAME_MALFORMED, 0, 0},
	{"options beyond the frame", V4 "4f00 0018 0000 0000 4006 0000 0a000001 0a000002 01010101", FRAME_MALFORMED, 0, 0},
	{"total below header", V4 IP4("0013", "0000", "06"), FRAME_MALFORMED, 0, 0},
	{"total beyond frame", V4 IP4("0025", "0000", "11") VXLAN, FRAME_MALFORMED, 0, 0},
	{"total beyond frame, TCP", V4 IP4("0015", "0000", "06"), FRAME_MALFORMED, 0, 0},
	{"TCP", V4 IP4("0028", "0000", "06") ZERO16 "00000000", FRAME_BYPASS, 0, 0},
	{"IGMP with an option", V4 "4600 0020 0000 0000 0102 0000 0a000001 e0000016 94040000" ZERO8, FRAME_BYPASS, 0, 0},
	{"ESP", V4 IP4("001c", "0000", "32") ZERO8, FRAME_BYPASS, 0, 0},
	{"DNS", V4 IP4("0024", "0000", "11") DNS, FRAME_BYPASS, 0, 0},
	{"UDP cut", V4 IP4("001b", "0000", "11") "c000 0035 0010 00", FRAME_MALFORMED, 0, 0},
	{"VXLAN", V4 IP4("0024", "0000", "11") VXLAN, FRAME_VXLAN, 100, 28},
	{"VXLAN, padded", V4 IP4("0024", "0000", "11") VXLAN ZERO16, FRAME_VXLAN, 100, 28},
	{"VXLAN, DF", V4 IP4("0024", "4000", "11") VXLAN, FRAME_VXLAN, 100, 28},
	{"VXLAN, options", V4 "4600 0028 0000 0000 4011 0000 0a000001 0a000002 01010101" VXLAN, FRAME_VXLAN, 100, 32},
	{"VXLAN, VNI 0xffffff", V4 IP4("0024", "0000", "11") "c000 12b5 0010 0000 08000000 ffffff00", FRAME_VXLAN, 0xffffff, 28},
	{"VXLAN, reserved bits set", V4 IP4("0024", "0000", "11") "c000 12b5 0010 0000 ffffffff 000064ff", FRAME_VXLAN, 100, 28},
	{"VXLAN without I", V4 IP4("0024", "0000", "11") "c000 12b5 0010 0000 00000000 00006400", FRAME_MALFORMED, 0, 0},
	{"VXLAN cut", V4 IP4("0023", "0000", "11") "c000 12b5 000f 0000 08000000 000064", FRAME_MALFORMED, 0, 0},
	{"VXLAN, UDP shorter than IP", V4 IP4("0024", "0000", "11") "c000 12b5 000f 0000 08000000 00006400", FRAME_MALFORMED, 0, 0},
	{"VXLAN, UDP longer than IP", V4 IP4("0024", "0000", "11") "c000 12b5 0011 0000 08000000 00006400", FRAME_MALFORMED, 0, 0},
	{"VXLAN behind AH", V4 IP4("0030", "0000", "33") "1101 0000 00000100 00000001" VXLAN, FRAME_VXLAN, 100, 40},
	{"AH beyond the packet", V4 IP4("0030", "0000", "33") "1120 0000 00000100 00000001" VXLAN, FRAME_MALFORMED, 0, 0},
	{"VPE in UDP", V4 IP4("003c", "0000", "11") VPE, FRAME_VPE, 0, 28},
	{"VPE in UDP, empty", V4 IP4("001c", "0000", "11") "c000 12be 0008 0000", FRAME_VPE, 0, 28},
	{"VPE in IP", V4 IP4("0034", "0000", "fd") ZERO32, FRAME_VPE, 0, 20},
	{"TCP to 4798", V4 IP4("0028", "0000", "06") "c000 12be" ZERO16, FRAME_BYPASS, 0, 0},
	/* --- fragments --- */
	{"first fragment, VXLAN", V4 IP4("0024", "2000", "11") "c000 12b5 0400 0000 08000000 00006400", FRAME_FRAGMENT_VXLAN, 0, 0},
	{"first fragment, VXLAN ports alone", V4 IP4("001c", "2000", "11") "c000 12b5 0400 0000", FRAME_FRAGMENT_VXLAN, 0, 0},
	{"first fragment, no ports", V4 IP4("0014", "2000", "11"), FRAME_MALFORMED, 0, 0},
	{"first fragment, DNS", V4 IP4("0024", "2000", "11") "c000 0035 0400 0000" ZERO8, FRAME_BYPASS, 0, 0},
	{"first fragment, VPE in UDP", V4 IP4("003c", "2000", "11") "c000 12be 0400 0000" ZERO32, FRAME_FRAGMENT_VPE, 0, 0},
	{"first fragment, VPE in IP", V4 IP4("0034", "2000", "fd") ZERO32, FRAME_FRAGMENT_VPE, 0, 0},
	{"later fragment, UDP", V4 IP4("0024", "2001", "11") ZERO16, FRAME_FRAGMENT_UNKNOWN, 0, 0},
	{"last fragment, UDP", V4 IP4("0024", "0001", "11") ZERO16, FRAME_FRAGMENT_UNKNOWN, 0, 0},
	{"last fragment, UDP, 1 byte", V4 IP4("0015", "1fff", "11") "00", FRAME_FRAGMENT_UNKNOWN, 0, 0},
	{"last fragment, VPE in IP", V4 IP4("0024", "0001", "fd") ZERO16, FRAME_FRAGMENT_VPE, 0, 0},
	{"last fragment, AH", V4 IP4("0024", "0001", "33") ZERO16, FRAME_FRAGMENT_UNKNOWN, 0, 0},
	{"last fragment, TCP", V4 IP4("0024", "0001", "06") ZERO16, FRAME_BYPASS, 0, 0},
	{"last fragment, ICMP", V4 IP4("0024", "0001", "01") ZERO16, FRAME_BYPASS, 0, 0},
	/* --- ICMP errors quote what they are about, as far as they like --- */
	{"unreachable, VXLAN", V4 IP4("0040", "0000", "01") "0303 0000 00000000" IP4("0400", "0000", "11") "c000 12b5 03ec 0000 08000000 00006400", FRAME_QUOTED_VXLAN, 0, 0},
	{"unreachable, VXLAN's ports", V4 IP4("0038", "0000", "01") "0303 0000 00000000" IP4("0400", "0000", "11") "c000 12b5 03ec 0000", FRAME_QUOTED_VXLAN, 0, 0},
	{"unreachable, VXLAN with options", V4 IP4("003c", "0000", "01") "0303 0000 00000000"
		"4600 0400 0000 0000 4011 0000 0a000001 0a000002 01010101" "c000 12b5 03ec 0000", FRAME_QUOTED_VXLAN, 0, 0},
	{"unreachable, VXLAN of length 0", V4 IP4("0038", "0000", "01") "0303 0000 00000000" IP4("0000", "0000", "11") "c000 12b5 03ec 0000", FRAME_QUOTED_VXLAN, 0, 0},
	{"unreachable, VXLAN shorter than its ports", V4 IP4("0038", "0000", "01") "0303 0000 00000000" IP4("0016", "0000", "11") "c000 12b5 03ec 0000", FRAME_QUOTED_VXLAN, 0, 0},
	{"too big, VXLAN", V4 IP4("0038", "0000", "01") "0304 0000 00000500" IP4("0400", "4000", "11") "c000 12b5 03ec 0000", FRAME_QUOTED_VXLAN, 0, 0},
	{"quench, VXLAN", V4 IP4("0038", "0000", "01") "0400 0000 00000000" IP4("0400", "0000", "11") "c000 12b5 03ec 0000", FRAME_QUOTED_VXLAN, 0, 0},
	{"redirect, VXLAN", V4 IP4("0038", "0000", "01") "0501 0000 0a000003" IP4("0400", "0000", "11") "c000 12b5 03ec 0000", FRAME_QUOTED_VXLAN, 0, 0},
	{"time exceeded, VXLAN fragment", V4 IP4("0038", "0000", "01") "0b01 0000 00000000" IP4("0400", "2000", "11") "c000 12b5 03ec 0000", FRAME_QUOTED_VXLAN, 0, 0},
	{"parameter problem, VXLAN", V4 IP4("0038", "0000", "01") "0c00 0000 00000000" IP4("0400", "0000", "11") "c000 12b5 03ec 0000", FRAME_QUOTED_VXLAN, 0, 0},
	{"unreachable, DNS", V4 IP4("0038", "0000", "01") "0303 0000 00000000" IP4("0400", "0000", "11") "c000 0035 03ec 0000", FRAME_BYPASS, 0, 0},
	{"unreachable, VPE", V4 IP4("0038", "0000", "01") "0304 0000 00000500" IP4("0400", "0000", "11") "c000 12be 03ec 0000", FRAME_BYPASS, 0, 0},
	{"unreachable, TCP", V4 IP4("0038", "0000", "01") "0303 0000 00000000" IP4("0400", "0000", "06") "c000 12b5 00000000", FRAME_BYPASS, 0, 0},
	{"unreachable, cut before ports", V4 IP4("0030", "0000", "01") "0303 0000 00000000" IP4("0400", "0000", "11"), FRAME_BYPASS, 0, 0},
	{"unreachable, cut", V4 IP4("001b", "0000", "01") "0303 0000 000000", FRAME_BYPASS, 0, 0},
	{"unreachable, nothing quoted", V4 IP4("001c", "0000", "01") "0303 0000 00000000", FRAME_BYPASS, 0, 0},
	{"echo that looks like a quote", V4 IP4("0038", "0000", "01") "0800 0000 00000000" IP4("0400", "0000", "11") "c000 12b5 03ec 0000", FRAME_BYPASS, 0, 0},
	{"quote in padding", V4 IP4("001c", "0000", "01") "0303 0000 00000000" IP4("0400", "0000", "11") "c000 12b5 03ec 0000", FRAME_BYPASS, 0, 0},
	{"IPv6 unreachable, VXLAN", V6 IP6("0040", "3a") "0104 0000 00000000" IP6("0400", "11") "c000 12b5 0400 0000 08000000 00006400", FRAME_QUOTED_VXLAN, 0, 0},
	{"IPv6 unreachable, VXLAN of length 0", V6 IP6("0038", "3a") "0104 0000 00000000" IP6("0000", "11") "c000 12b5 0400 0000", FRAME_QUOTED_VXLAN, 0, 0},
	{"IPv6 unreachable, VXLAN behind options", V6 IP6("0040", "3a") "0104 0000 00000000" IP6("0400", "3c") OPTIONS("11") "c000 12b5 03f8 0000", FRAME_QUOTED_VXLAN, 0, 0},
	{"IPv6 unreachable, DNS", V6 IP6("0038", "3a") "0104 0000 00000000" IP6("0400", "11") "c000 0035 0400 0000", FRAME_BYPASS, 0, 0},
	{"IPv6 echo that looks like a quote", V6 IP6("0038", "3a") "8000 0000 00000000" IP6("0400", "11") "c000 12b5 0400 0000", FRAME_BYPASS, 0, 0},
	/* --- IPv6 --- */
	{"IPv6 cut", V6 "60000000 0000 3b 40", FRAME_MALFORMED, 0, 0},
	{"IPv6 beyond frame", V6 IP6("0011", "11") VXLAN, FRAME_MALFORMED, 0, 0},
	{"IPv6 no next header", V6 IP6("0000", "3b"), FRAME_BYPASS, 0, 0},
	{"IPv6 ICMP", V6 IP6("0008", "3a") "8700" "000000000000", FRAME_BYPASS, 0, 0},
	{"IPv6 ESP", V6 IP6("0008", "32") ZERO8, FRAME_BYPASS, 0, 0},
	{"IPv6 VXLAN", V6 IP6("0010", "11") VXLAN, FRAME_VXLAN, 100, 48},
	{"IPv6 VXLAN, padded", V6 IP6("0010", "11") VXLAN ZERO8, FRAME_VXLAN, 100, 48},
	{"IPv6 VPE in UDP", V6 IP6("0028", "11") VPE, FRAME_VPE, 0, 48},
	{"IPv6 VPE in IP", V6 IP6("0020", "fd") ZERO32, FRAME_VPE, 0, 40},
	{"hop-by-hop, VXLAN", V6 IP6("0018", "00") OPTIONS("11") VXLAN, FRAME_VXLAN, 100, 56},
	{"hop-by-hop, MLD", V6 IP6("0010", "00") "3a00 050200000000" ZERO8, FRAME_BYPASS, 0, 0},
	{"four headers, VXLAN", V6 IP6("0030", "00") OPTIONS("3c") OPTIONS("2b") OPTIONS("3c") OPTIONS("11") VXLAN, FRAME_VXLAN, 100, 80},
	{"eight headers, VXLAN", V6 IP6("0050", "3c") OPTIONS("3c") OPTIONS("3c") OPTIONS("3c") OPTIONS("3c")
		OPTIONS("3c") OPTIONS("3c") OPTIONS("3c") OPTIONS("11") VXLAN, FRAME_VXLAN, 100, 112},
	{"nine headers", V6 IP6("0058", "3c") OPTIONS("3c") OPTIONS("3c") OPTIONS("3c") OPTIONS("3c")
		OPTIONS("3c") OPTIONS("3c") OPTIONS("3c") OPTIONS("3c") OPTIONS("11") VXLAN, FRAME_MALFORMED, 0, 0},
	{"options beyond the packet", V6 IP6("0018", "3c") "1102 010400000000" VXLAN, FRAME_MALFORMED, 0, 0},
	{"options cut", V6 IP6("0004", "3c") "1100 0102", FRAME_MALFORMED, 0, 0},
	{"options hide in padding", V6 IP6("0004", "3c") "1100 0102 0000 0000" VXLAN, FRAME_MALFORMED, 0, 0},
	{"mobility, HIP, Shim6", V6 IP6("0028", "87") OPTIONS("8b") OPTIONS("8c") OPTIONS("11") VXLAN, FRAME_VXLAN, 100, 72},
	{"IPv6 AH, VXLAN", V6 IP6("001c", "33") "1101 0000 00000100 00000001" VXLAN, FRAME_VXLAN, 100, 60},
	{"jumbogram", V6 IP6("0000", "00") "1100 c20400000010" VXLAN, FRAME_MALFORMED, 0, 0},
	{"atomic fragment, VXLAN", V6 IP6("0018", "2c") "1100 0000 00000001" VXLAN, FRAME_FRAGMENT_VXLAN, 0, 0},
	{"IPv6 first fragment, VXLAN", V6 IP6("0018", "2c") "1100 0001 00000001" VXLAN, FRAME_FRAGMENT_VXLAN, 0, 0},
	{"IPv6 first fragment, VPE", V6 IP6("0030", "2c") "1100 0001 00000001" VPE, FRAME_FRAGMENT_VPE, 0, 0},
	{"IPv6 first fragment, chain cut", V6 IP6("0010", "2c") "3c00 0001 00000001 1110 010400000000", FRAME_MALFORMED, 0, 0},
	{"IPv6 later fragment, UDP", V6 IP6("0018", "2c") "1100 0009 00000001" ZERO16, FRAME_FRAGMENT_UNKNOWN, 0, 0},
	{"IPv6 later fragment, options", V6 IP6("0018", "2c") "3c00 0009 00000001" ZERO16, FRAME_FRAGMENT_UNKNOWN, 0, 0},
	{"IPv6 later fragment, VPE", V6 IP6("0018", "2c") "fd00 0009 00000001" ZERO16, FRAME_FRAGMENT_VPE, 0, 0},
	{"IPv6 later fragment, TCP", V6 IP6("0018", "2c") "0600 0009 00000001" ZERO16, FRAME_BYPASS, 0, 0},
	{"fragment in fragment", V6 IP6("0020", "2c") "2c00 0001 00000001 1100 0001 00000002" VXLAN, FRAME_FRAGMENT_VXLAN, 0, 0},
};
/* clang-format on */

static size_t read_hex(const char *text, uint8_t *bytes)
{
	size_t digits = 0;

	for (; *text; text++) {
		char digit[2] = {*text, 0};

		if (*text == ' ')
			continue;
		if (digits % 2 == 0)
			bytes[digits / 2] = 0;
		bytes[digits / 2] = (uint8_t)(bytes[digits / 2] << 4 | strtoul(digit, NULL, 16));
		digits++;
	}
	return digits / 2;
}

/* From a buffer of exactly its length, so that a sanitizer sees every byte too far. */
static void classify_exactly_by(const struct classifier *by, const uint8_t *bytes, size_t len,
				size_t frame_len, struct frame *ret_frame)
{
	uint8_t *copy = malloc(len + 1);

	assert_non_null(copy);
	memcpy(copy + 1, bytes, len);
	classify_frame(by, copy + 1, len, frame_len, ret_frame);
	free(copy);
}

static void classify_exactly(const uint8_t *bytes, size_t len, size_t frame_len,
			     struct frame *ret_frame)
{
	classify_exactly_by(&classifier, bytes, len, frame_len, ret_frame);
}

#define UDP(port, length) "c000 " port " " length " 0000 "
#define GENEVE_16         V4 IP4("0024", "0000", "11") UDP("17c1", "0010")
#define GPE_16            V4 IP4("0024", "0000", "11") UDP("12b6", "0010")

/* clang-format off */
static const struct row carried[] = {
	{"Geneve", GENEVE_16 "00006558 00006400", FRAME_VXLAN, 100, 28},
	{"Geneve of IPv4", GENEVE_16 "00000800 00006400", FRAME_VXLAN, 100, 28},
	{"Geneve with the O flag", GENEVE_16 "00806558 00006400", FRAME_VXLAN, 100, 28},
	{"Geneve with the C flag", GENEVE_16 "00406558 00006400", FRAME_VXLAN, 100, 28},
	{"Geneve over IPv6", V6 IP6("0010", "11") UDP("17c1", "0010") "00006558 ffffff00", FRAME_VXLAN, 0xffffff, 48},
	{"Geneve, all of it options", V4 IP4("002c", "0000", "11") UDP("17c1", "0018") "02006558 00006400" ZERO8, FRAME_VXLAN, 100, 28},
	{"Geneve, one word of options too many", V4 IP4("002c", "0000", "11") UDP("17c1", "0018") "03006558 00006400" ZERO8, FRAME_MALFORMED, 0, 0},
	{"Geneve, options and no room", GENEVE_16 "01006558 00006400", FRAME_MALFORMED, 0, 0},
	{"Geneve, options in the padding", GENEVE_16 "01006558 00006400" ZERO8, FRAME_MALFORMED, 0, 0},
	{"Geneve, version 1", GENEVE_16 "40006558 00006400", FRAME_MALFORMED, 0, 0},
	{"Geneve, version 2", GENEVE_16 "80006558 00006400", FRAME_MALFORMED, 0, 0},
	{"Geneve, cut by one byte", V4 IP4("0023", "0000", "11") UDP("17c1", "000f") "00006558 000064", FRAME_MALFORMED, 0, 0},
	{"Geneve, UDP length one short", V4 IP4("0024", "0000", "11") UDP("17c1", "000f") "00006558 00006400", FRAME_MALFORMED, 0, 0},
	{"Geneve, first fragment", V4 IP4("0024", "2000", "11") UDP("17c1", "0030") "00006558 00006400", FRAME_FRAGMENT_VXLAN, 0, 0},
	{"Geneve, quoted", V4 IP4("0040", "0000", "01") "0303 0000 00000000" IP4("0024", "0000", "11") UDP("17c1", "0010") "00006558 00006400", FRAME_QUOTED_VXLAN, 0, 0},
	{"VXLAN-GPE", GPE_16 "0c000003 00006400", FRAME_VXLAN, 100, 28},
	{"VXLAN-GPE without the P flag", GPE_16 "08000000 00006400", FRAME_VXLAN, 100, 28},
	{"VXLAN-GPE with the O flag", GPE_16 "0d000001 00006400", FRAME_VXLAN, 100, 28},
	{"VXLAN-GPE with the B flag", GPE_16 "0e000003 00006400", FRAME_VXLAN, 100, 28},
	{"VXLAN-GPE without a VNI", GPE_16 "04000003 00006400", FRAME_MALFORMED, 0, 0},
	{"VXLAN-GPE, version 1", GPE_16 "1c000003 00006400", FRAME_MALFORMED, 0, 0},
	{"VXLAN-GPE, version 2", GPE_16 "2c000003 00006400", FRAME_MALFORMED, 0, 0},
	{"VXLAN-GPE, next protocol 0", GPE_16 "0c000000 00006400", FRAME_MALFORMED, 0, 0},
	{"VXLAN-GPE, quoted", V4 IP4("0040", "0000", "01") "0303 0000 00000000" IP4("0024", "0000", "11") UDP("12b6", "0010") "0c000003 00006400", FRAME_QUOTED_VXLAN, 0, 0},
};
/* clang-format on */

static void test_carried(void **state)
{
	uint8_t bytes[512];
	struct frame frame;

	for (unsigned i = 0; i < sizeof(carried) / sizeof(carried[0]); i++) {
		const struct row *row = &carried[i];
		size_t len = read_hex(row->frame, bytes);

		classify_exactly_by(&carrier, bytes, len, len, &frame);
		if (frame.kind != row->kind)
			fail_msg("%s: %d, not %d", row->name, frame.kind, row->kind);
		if (frame.kind == FRAME_VXLAN &&
		    (frame.vni != row->vni || frame.payload_offset != row->payload_offset))
			fail_msg("%s: VNI %u at %u", row->name, frame.vni, frame.payload_offset);
	}
}

static void test_table(void **state)
{
	uint8_t bytes[512];
	struct frame frame;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		size_t len = read_hex(row->frame, bytes);

		classify_exactly(bytes, len, len, &frame);
		if (frame.kind != row->kind)
			fail_msg("%s: %d, not %d", row->name, frame.kind, row->kind);
		if ((frame.kind == FRAME_VXLAN || frame.kind == FRAME_TUNNEL) &&
		    frame.vni != row->vni)
			fail_msg("%s: VNI %u, not %u", row->name, frame.vni, row->vni);
		if ((frame.kind == FRAME_VXLAN || frame.kind == FRAME_VPE) &&
		    (frame.payload_offset != row->payload_offset ||
		     frame.payload_len != frame.ip_len - frame.payload_offset ||
		     (size_t)frame.l2_len + frame.ip_len > len))
			fail_msg("%s: payload at %u, %u long", row->name, frame.payload_offset,
				 frame.payload_len);
	}
}

/* Every frame of the table, cut anywhere: never passed as something else than it was. */
static void test_cut(void **state)
{
	uint8_t bytes[512];
	struct frame frame;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		size_t len = read_hex(row->frame, bytes);

		if (row->kind != FRAME_VXLAN || strstr(row->name, "padded"))
			continue;
		for (size_t cut = 0; cut < len; cut++) {
			classify_exactly(bytes, cut, cut, &frame);
			if (frame.kind != FRAME_MALFORMED)
				fail_msg("%s, cut at %zu: %d", row->name, cut, frame.kind);
		}
	}
}

/* Headers beyond the first buffer cannot be read; the rest of the packet may be there. */
static void test_in_several_buffers(void **state)
{
	uint8_t bytes[512];
	struct frame frame;
	size_t len = read_hex(V4 IP4("0124", "0000", "11") "c000 12b5 0110 0000 08000000 00006400",
			      bytes);

	classify_exactly(bytes, len, len + 256, &frame);
	assert_int_equal(frame.kind, FRAME_VXLAN);
	assert_int_equal(frame.ip_len, 0x124);
	classify_exactly(bytes, len - 1, len + 256, &frame);
	assert_int_equal(frame.kind, FRAME_MALFORMED);
	classify_exactly(bytes, len, len + 255, &frame);
	assert_int_equal(frame.kind, FRAME_MALFORMED);
}

/* Whatever of a quote lies in a further buffer: it never passes. What is told by the first one
 * does. */
static void test_quote_in_several_buffers(void **state)
{
	uint8_t bytes[512];
	struct frame frame;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		size_t len = read_hex(row->frame, bytes);

		for (size_t cut = 0; row->kind == FRAME_QUOTED_VXLAN && cut < len; cut++) {
			classify_exactly(bytes, cut, len, &frame);
			if (frame.kind != FRAME_MALFORMED && frame.kind != FRAME_QUOTED_VXLAN)
				fail_msg("%s, %zu bytes in sight: %d", row->name, cut, frame.kind);
		}
	}
	/* Echo, told by its type; an error about TCP. */
	read_hex(V4 IP4("0200", "0000", "01") "08", bytes);
	classify_exactly(bytes, 14 + 21, 14 + 512, &frame);
	assert_int_equal(frame.kind, FRAME_BYPASS);
	read_hex(V4 IP4("0200", "0000", "01") "0303 0000 00000000" IP4("0400", "0000", "06"),
		 bytes);
	classify_exactly(bytes, 14 + 48, 14 + 512, &frame);
	assert_int_equal(frame.kind, FRAME_BYPASS);
}

/* Random bytes in the table's frames: nothing is read beyond them (under a sanitizer). */
static void test_random_damage(void **state)
{
	uint8_t bytes[512];
	struct frame frame;

	for (unsigned i = 0; i < 200000; i++) {
		const struct row *row = &rows[(unsigned)rand() % (sizeof(rows) / sizeof(rows[0]))];
		size_t len = read_hex(row->frame, bytes);

		for (unsigned hits = (unsigned)rand() % 4; len > 0 && hits > 0; hits--)
			bytes[(unsigned)rand() % len] = (uint8_t)rand();
		classify_exactly(bytes, len, len, &frame);
		if (frame.kind == FRAME_VXLAN || frame.kind == FRAME_VPE)
			assert_true((size_t)frame.l2_len + frame.ip_len <= len &&
				    frame.payload_offset + frame.payload_len == frame.ip_len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_carried),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_in_several_buffers),
		cmocka_unit_test(test_quote_in_several_buffers),
		cmocka_unit_test(test_random_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
