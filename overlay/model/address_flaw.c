/* SPDX-License-Identifier: BSD-3-Clause */
#include "address_flaw.h"

#include <stddef.h>

#define MAPPED     "an IPv4 address in IPv6 form (write the IPv4 address)"
#define LINK_LOCAL "a link-local address, which is good on one link alone"

struct block {
	struct covey_addr prefix;
	uint8_t bits;
	bool loopback;
	const char *what;
};

#define V4(len, text, ...)                                                                         \
	{                                                                                          \
		{{__VA_ARGS__}, AF_INET}, len, false, text                                         \
	}
#define V6(len, text, ...)                                                                         \
	{                                                                                          \
		{{__VA_ARGS__}, AF_INET6}, len, false, text                                        \
	}

/* RFC 6890 and IANA's registries of special-purpose addresses. The first match counts. */
static const struct block blocks[] = {
	V4(32, "the unspecified address", 0),
	V4(8, "an address of \"this network\" (0.0.0.0/8), which no machine has", 0),
	{{{127}, AF_INET}, 8, true, "a loopback address, which every machine has"},
	V4(16, LINK_LOCAL, 169, 254),
	V4(4, "a multicast address", 224),
	V4(32, "the broadcast address", 255, 255, 255, 255),
	V4(4, "a reserved address (240.0.0.0/4), which no machine has", 240),
	V6(128, "the unspecified address", 0),
	{{{[15] = 1}, AF_INET6}, 128, true, "the loopback address, which every machine has"},
	V6(96, MAPPED, [10] = 0xff, [11] = 0xff),
	V6(96, MAPPED, 0), /* IPv4-compatible, RFC 4291 section 2.5.5.1 */
	V6(64, "an address that is discarded (100::/64)", 1),
	V6(10, LINK_LOCAL, 0xfe, 0x80),
	V6(8, "a multicast address", 0xff),
};

static bool is_in(const struct covey_addr *address, const struct block *block)
{
	uint8_t bytes = block->bits / 8, rest = block->bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	if (address->family != block->prefix.family ||
	    memcmp(address->bytes, block->prefix.bytes, bytes) != 0)
		return false;
	return rest == 0 || ((address->bytes[bytes] ^ block->prefix.bytes[bytes]) & mask) == 0;
}

const char *address_flaw(const struct covey_addr *address, bool loopback)
{
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (is_in(address, &blocks[i]))
			return blocks[i].loopback && loopback ? NULL : blocks[i].what;
	return NULL;
}
