/* SPDX-License-Identifier: BSD-3-Clause */
#include "upper_layer.h"
#include "headers.h"
#include <covey/limits.h>
#include <errno.h>

/* Go past one extension header. Returns the next one's protocol. */
static int step(const uint8_t *ip, uint32_t len, int protocol, uint32_t *at)
{
	const uint8_t *header = ip + *at;
	uint32_t size;

	if (*at + 8 > len)
		return -EINVAL;
	switch (protocol) {
	case IPPROTO_FRAGMENT:
		if ((read_be16(header + 2) & 0xfff8) != 0)
			return -EINVAL;
		size = 8;
		break;
	case IPPROTO_AH:
		size = (header[1] + 2u) * 4;
		break;
	default:
		size = (header[1] + 1u) * 8;
	}
	*at += size;
	return *at <= len ? header[0] : -EINVAL;
}

static int begin_ipv4(const uint8_t *ip, uint32_t len, uint32_t *at)
{
	if (len < sizeof(struct rte_ipv4_hdr))
		return -EINVAL;
	*at = (ip[0] & 0xfu) * 4;
	if (*at < sizeof(struct rte_ipv4_hdr) || *at > len ||
	    (read_be16(ip + 6) & RTE_IPV4_HDR_OFFSET_MASK) != 0)
		return -EINVAL;
	return ip[9];
}

static int begin_ipv6(const uint8_t *ip, uint32_t len, uint32_t *at)
{
	if (len < sizeof(struct rte_ipv6_hdr))
		return -EINVAL;
	*at = sizeof(struct rte_ipv6_hdr);
	return ip[6];
}

int upper_layer_find(const uint8_t *ip, uint32_t len, uint32_t *ret_at)
{
	uint8_t version = len > 0 ? ip_version(ip) : 0;
	uint32_t at = 0;
	int protocol = -EINVAL;

	if (version == 4)
		protocol = begin_ipv4(ip, len, &at);
	else if (version == 6)
		protocol = begin_ipv6(ip, len, &at);
	for (unsigned steps = 0; protocol >= 0 && ip_is_extension(version, (uint8_t)protocol);
	     steps++)
		protocol = steps < COVEY_IP_EXTENSIONS_MAX ? step(ip, len, protocol, &at) : -EINVAL;
	if (protocol >= 0)
		*ret_at = at;
	return protocol;
}
