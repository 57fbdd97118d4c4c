/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What `covey capture` reads in a frame: whose it is. Frames may be an attacker's. Pure. */

#include <covey/addr.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The ports by which packets are known. */
struct captured_ports {
	uint16_t vxlan_port;
	uint16_t vpe_port;
	uint8_t vpe_protocol;
};

enum captured_kind { CAPTURED_OTHER, CAPTURED_VXLAN, CAPTURED_VPE };

struct captured {
	enum captured_kind kind;
	struct covey_addr source, destination; /* family 0: no IP */
	uint32_t vni;                          /* of VXLAN */
	uint32_t spi;                          /* of VPE, as are these: */
	uint16_t sender_id;
	uint16_t window_id;
	uint64_t esn;
};

/* What is not there, or is of no form that is known, is CAPTURED_OTHER. */
struct captured captured_read(const struct captured_ports *ports, const uint8_t *frame, size_t len);
