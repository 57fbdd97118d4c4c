/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The settings of the operator's network card that covey changes, so that frames come in as they
 * are on the wire. At the end it puts them back. A file keeps the former settings, too: if
 * covey-host is killed, the next run must not take covey's settings for the operator's.
 */

#include <covey/error.h>

#include "ports.h"

struct card;

enum card_use {
	CARD_AF_XDP = 1,
	CARD_AF_PACKET = 2,
};

/* Read the settings of the interface; nothing is changed. -ENODEV, -ENOMEM. */
int card_take(const char *interface, struct card **ret_card, struct covey_error *error);

/* Set what this kind of port needs. If something cannot be set, ports gets a notice that says what
 * follows from that. */
void card_prepare(struct card *card, enum card_use use, struct ports *ports);

/* Put back what covey has set, unless somebody else has changed it since. NULL-safe. */
void card_give_back(struct card *card);
