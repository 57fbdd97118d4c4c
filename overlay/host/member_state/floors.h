/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What SaFloors messages say of an SA until its SaInstall comes: how far each window of each sender
 * was used before this host came. So no older packet is taken for a new one.
 */

#include <covey/error.h>
#include <covey/sa.h>
#include <message.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct floors {
	struct covey_floor *list; /* by rising (SenderID, WindowID) */
	size_t count;
	size_t capacity;
	uint32_t spi;  /* 0: no message has come */
	bool complete; /* no message is outstanding */
};

void floors_clear(struct floors *floors);

/* Take one message. -EPROTO when it does not follow on the one before, or is malformed. -ENOMEM. */
int floors_update(struct floors *floors, const Covey__SaFloors *message, struct covey_error *error);

/* Check that an SaInstall of this SPI may come now. -EPROTO when the floors are of another SPI, or
 * some of them are still missing. */
int floors_check(const struct floors *floors, uint32_t spi, struct covey_error *error);
