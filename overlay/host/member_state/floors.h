/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What SaFloors messages say of an SA until its SaInstall comes: up to where each window of each
 * sender was used before this host came, so that nothing older is taken for new.
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

/* May an SaInstall of this SPI come now? -EPROTO when floors of another are waiting, or not all. */
int floors_check(const struct floors *floors, uint32_t spi, struct covey_error *error);
