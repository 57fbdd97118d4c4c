/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VXLAN-GPE that has IP in it, without Ethernet: super-frames of it are cut as those with Ethernet
 * are, and its packets are not put together, because the kernel could not be told.
 */
#include "super_frame.h"
#include <coalesce.h>
#include <segment.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#define ROUNDS     1000u
#define PACKET_MAX 9500u

static struct super_frame ethernet, generic;

static unsigned get16(const uint8_t *at)
{
	return (unsigned)(at[0] << 8 | at[1]);
}

/* Make generic of ethernet. Returns how many bytes are gone. */
static unsigned take_ethernet_out(void)
{
	unsigned vxlan = ethernet.outer_udp + 8, gone = ethernet.inner_ip - vxlan - 8;

	generic = ethernet;
	generic.frame[vxlan] |= 4; /* P: the next protocol is told */
	generic.frame[vxlan + 3] = generic.inner6 ? 2 : 1;
	memmove(generic.frame + vxlan + 8, generic.frame + generic.inner_ip,
		generic.len - generic.inner_ip);
	generic.len -= gone;
	generic.inner_ip -= gone;
	generic.l4 -= gone;
	generic.payload -= gone;
	generic.header.header_len = (uint16_t)generic.payload;
	generic.header.csum_start = (uint16_t)generic.l4;
	generic.header.inner_network = (uint16_t)generic.inner_ip;
	super_frame_finish(&generic);
	return gone;
}

static void begin(struct segmenter *segmenter, const struct super_frame *super)
{
	assert_int_equal(
		segment_begin(segmenter, &super->header, super->frame, super->len, PACKET_MAX),
		SEGMENT_OK);
}

/* RFC 1071: of all from the UDP header on, with the pseudo-header. */
static unsigned udp_sum(const uint8_t *packet, unsigned len)
{
	unsigned ip = generic.outer_ip, udp = generic.outer_udp;
	const uint8_t *addresses = packet + ip + (generic.outer6 ? 8 : 12);
	uint64_t sum = 17 + len - udp;

	for (unsigned i = 0; i < (generic.outer6 ? 32u : 8u); i += 2)
		sum += get16(addresses + i);
	for (unsigned i = udp; i + 1 < len; i += 2)
		sum += get16(packet + i);
	if ((len - udp) % 2)
		sum += (unsigned)packet[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (unsigned)sum;
}

/* The inner packet is the one that lies in Ethernet; the outer headers are right for it. */
static void compare(const uint8_t *with, unsigned with_len, const uint8_t *without,
		    unsigned without_len, unsigned gone)
{
	unsigned udp = generic.outer_udp;

	assert_int_equal(without_len, with_len - gone);
	assert_memory_equal(without + generic.inner_ip, with + ethernet.inner_ip,
			    with_len - ethernet.inner_ip);
	assert_int_equal(get16(without + udp + 4), without_len - udp);
	if (generic.outer_checksum)
		assert_int_equal(udp_sum(without, without_len), 0xffff);
}

static void test_cut(void **state)
{
	static uint8_t with[66000], without[66000];
	static struct coalesce coalesce = {.offloads = {true, true, true, true}};
	struct random random = {1};

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct segmenter a, b;
		struct vnet_header header;
		unsigned gone, count = 0;
		uint32_t len;

		super_frame_make(&random, &ethernet);
		gone = take_ethernet_out();
		begin(&a, &ethernet);
		begin(&b, &generic);
		for (; (len = segment_len(&a)) > 0; count++) {
			uint32_t other = segment_len(&b);

			segment_take(&a, with);
			segment_take(&b, without);
			compare(with, len, without, other, gone);
			assert_int_equal(coalesce_add(&coalesce, without, other), count == 0);
		}
		assert_int_equal(segment_len(&b), 0);
		coalesce_take(&coalesce, &header);
		assert_int_equal(header.gso_type, VNET_GSO_NONE);
	}
}

/* What says that it is of the other family, or of a kind that nobody knows, has no shape. */
static void test_protocol_lies(void **state)
{
	struct random random = {2};

	for (unsigned i = 0; i < ROUNDS; i++) {
		static const uint8_t unknown[] = {0, 4, 5, 255};
		struct segmenter segmenter;
		uint8_t *protocol;

		super_frame_make(&random, &ethernet);
		take_ethernet_out();
		protocol = generic.frame + generic.outer_udp + 8 + 3;
		*protocol = i % 5 < 4 ? unknown[i % 5] : 3 - *protocol;
		if (segment_begin(&segmenter, &generic.header, generic.frame, generic.len,
				  PACKET_MAX) == SEGMENT_OK)
			fail_msg("protocol %u is taken for that of IPv%c", *protocol,
				 generic.inner6 ? '6' : '4');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_protocol_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
