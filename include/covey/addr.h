/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * An IPv4 or IPv6 address in network byte order, as in a packet. IPv4 uses the first four bytes.
 * The others are zero, so that memcmp() can compare two addresses.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

struct covey_addr {
	uint8_t bytes[16];
	uint16_t family; /* AF_INET, AF_INET6, or 0 for "none" */
};

#define COVEY_ADDR_STRLEN INET6_ADDRSTRLEN

static inline bool covey_addr_equal(const struct covey_addr *a, const struct covey_addr *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static inline bool covey_addr_is_multicast(const struct covey_addr *a)
{
	return a->family == AF_INET6 ? a->bytes[0] == 0xff : (a->bytes[0] & 0xf0) == 0xe0;
}

/* Length of the address in bytes: 4 or 16. */
static inline uint8_t covey_addr_len(const struct covey_addr *a)
{
	return a->family == AF_INET6 ? 16 : 4;
}

/*
 * Read an address from text. Returns true and sets *ret_addr, or returns false and does not touch
 * it.
 */
static inline bool covey_addr_parse(const char *text, struct covey_addr *ret_addr)
{
	struct covey_addr addr = {.family = strchr(text, ':') ? AF_INET6 : AF_INET};

	if (inet_pton(addr.family, text, addr.bytes) != 1)
		return false;
	*ret_addr = addr;
	return true;
}

/* Write the address and a TCP or UDP port in the form that the kernel takes. Returns the length of
 * *ret_address in bytes. */
static inline socklen_t covey_addr_to_socket(const struct covey_addr *addr, uint16_t port,
					     struct sockaddr_storage *ret_address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret_address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_address;

	memset(ret_address, 0, sizeof(*ret_address));
	ret_address->ss_family = addr->family;
	if (addr->family == AF_INET6) {
		v6->sin6_port = htons(port);
		memcpy(&v6->sin6_addr, addr->bytes, sizeof(v6->sin6_addr));
		return sizeof(*v6);
	}
	v4->sin_port = htons(port);
	memcpy(&v4->sin_addr, addr->bytes, sizeof(v4->sin_addr));
	return sizeof(*v4);
}

/* Write the address as text into buf (COVEY_ADDR_STRLEN bytes) and return buf. */
static inline const char *covey_addr_format(const struct covey_addr *addr, char *buf)
{
	if (addr->family == 0 || !inet_ntop(addr->family, addr->bytes, buf, COVEY_ADDR_STRLEN))
		memcpy(buf, "none", 5);
	return buf;
}
