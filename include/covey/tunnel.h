/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Tunnels in UDP whose header has a VNI in bytes 4 to 6: VXLAN (RFC 7348), VXLAN-GPE
 * (draft-ietf-nvo3-vxlan-gpe) and Geneve (RFC 8926).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COVEY_VXLAN_OLD_PORT 8472 /* Linux's default */
#define COVEY_GPE_PORT       4790
#define COVEY_GENEVE_PORT    6081

/* Those that are known without being named in an inventory, and those that are. */
#define COVEY_TUNNELS_MAX 8

enum covey_tunnel_kind {
	COVEY_TUNNEL_VXLAN,
	COVEY_TUNNEL_GPE,
	COVEY_TUNNEL_GENEVE,
};

struct covey_tunnel {
	uint16_t port; /* UDP destination port */
	enum covey_tunnel_kind kind;
	bool carried; /* it is encrypted as VXLAN of the fabric's port is */
};
