/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What covey sets of the operator's network card, so that frames come in as they are on the wire,
 * and puts back at the end. What it was stands in a file as well, for the run after one that was
 * killed: that must not take covey's settings for the operator's.
 */

#include <covey/error.h>

#include "ports.h"

struct card;

enum card_use {
	CARD_AF_XDP = 1,
	CARD_AF_PACKET = 2,
};

/* Look at the interface; nothing is set. -ENODEV, -ENOMEM. */
int card_take(const char *interface, struct card **ret_card, struct covey_error *error);

/* Set what this kind of port needs. What cannot be set is noted in ports, with what follows. */
void card_prepare(struct card *card, enum card_use use, struct ports *ports);

/* Put back what was set and nobody has set anew since. NULL-safe. */
void card_give_back(struct card *card);
