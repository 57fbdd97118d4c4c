/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Accepts connections on the fabric's key manager address, within what this process can hold.
 */

#include <covey/error.h>

struct listener;
struct manager;

/* Listen on the inventory's covey_gkm and covey_gkm_port. The error says what to do. */
int listener_new(struct manager *manager, struct listener **ret_listener,
		 struct covey_error *error);
/* Stops listening. NULL-safe. */
void listener_free(struct listener *listener);
