/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What a host port gives back to the kernel about what it has read there (too_big.h). */

#include <stdbool.h>
#include <stdint.h>
#include <too_big.h>

struct tap_answers {
	int fd;              /* of the queue, or a packet socket */
	bool bare;           /* it takes frames without a vnet header */
	uint16_t vxlan_port; /* 0: nothing is answered */
	uint8_t mac[6];      /* of the device. To ask for it takes the kernel's RTNL lock. */
	struct too_big_pace pace;
};

/* Tell the sender of this frame that it does not fit into an outer IP packet of packet_max bytes,
 * unless there must be no answer, or there were many. */
void tap_answers_too_big(struct tap_answers *answers, uint32_t packet_max, const uint8_t *frame,
			 uint32_t len);
