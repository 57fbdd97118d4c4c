/* SPDX-License-Identifier: BSD-3-Clause */
#include "tenant.h"
#include "headers.h"
#include "shape.h"
#include <errno.h>

/* In VXLAN's first byte: version, P and O of VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe). With P there
 * need not be Ethernet behind it. In the second: Linux's remote checksum offload. */
#define NOT_VXLAN_FLAGS  0x35
#define REMOTE_CHECKSUMS 0x20

int tenant_find(const uint8_t *frame, uint32_t len, struct tenant *ret_tenant)
{
	struct tenant tenant;
	uint32_t at = 0;
	uint16_t type = shape_skip_ethernet(frame, len, &at);
	const uint8_t *vxlan;

	tenant.outer_ip = (uint16_t)at;
	if (shape_skip_ip(frame, len, type, &at, &tenant.outer_ipv6) != IPPROTO_UDP)
		return -EINVAL;
	tenant.outer_udp = (uint16_t)at;
	vxlan = frame + at + sizeof(struct rte_udp_hdr);
	at += sizeof(struct rte_udp_hdr) + sizeof(struct rte_vxlan_hdr);
	tenant.ethernet = (uint16_t)at;
	if (at > len || shape_is_geneve(frame, len, tenant.outer_udp) ||
	    !vxlan_has_vni((const struct rte_vxlan_hdr *)vxlan) || (vxlan[0] & NOT_VXLAN_FLAGS) ||
	    (vxlan[1] & REMOTE_CHECKSUMS))
		return -EINVAL;
	tenant.type = shape_skip_ethernet(frame, len, &at);
	tenant.ip = (uint16_t)at;
	if (tenant.type == 0)
		return -EINVAL;
	*ret_tenant = tenant;
	return 0;
}
