/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A UDP socket whose packets take the way that a VXLAN device's packets take: it has covey's mark,
 * and they pass the host's output hook and that of the interface by which they leave.
 */

#include <covey/addr.h>
#include <covey/error.h>

struct probe_socket_wish {
	struct covey_addr own, to;
	uint16_t to_port;
	uint16_t source_port; /* 0: any */
	uint8_t dscp;
	uint32_t mark;
	unsigned interface; /* of multicast: its index; 0: by the routes */
};

/* It sends no packet in fragments: -EMSGSIZE instead. */
int probe_socket_open(const struct probe_socket_wish *wish, int *ret_fd, struct covey_error *error);
