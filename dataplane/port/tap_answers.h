/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What a host port gives back to the kernel about what it has read there (too_big.h). */

#include <stdbool.h>
#include <stdint.h>
#include <too_big.h>
#include <too_big_copies.h>
#include <too_big_pace.h>

/* What all queues of a device share. */
struct tap_answers_shared {
	struct keyed_hash secret;
	struct too_big_copies copies;
};

struct tap_answers {
	int fd;              /* of the queue, or a packet socket */
	bool bare;           /* it takes frames without a vnet header */
	uint16_t vxlan_port; /* 0: nothing is answered */
	uint8_t mac[6];      /* of the device. To ask for it takes the kernel's RTNL lock. */
	uint64_t given;      /* counter.h */
	struct tap_answers_shared *shared;
	struct too_big_pace pace;
};

/* Random numbers for the secret. Returns 0 or a negative errno. */
int tap_answers_begin(struct tap_answers_shared *shared);

/* Tell the sender of this frame that it does not fit into an outer IP packet of packet_max bytes,
 * unless there must be no answer, or there were many, or one about a copy of it. */
void tap_answers_too_big(struct tap_answers *answers, uint32_t packet_max, const uint8_t *frame,
			 uint32_t len);
