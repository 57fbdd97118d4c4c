/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Accepts connections on the fabric's key manager address, no more than this process can hold.
 */

#include <covey/addr.h>
#include <covey/error.h>
#include <stddef.h>

struct listener;
struct own_watch;
struct sessions;

/*
 * Raise the limit of open files to what COVEY_SESSIONS_MAX sessions need, or as far as the hard
 * limit allows. Returns for how many sessions there are descriptors.
 */
size_t listener_raise_descriptors(void);

/*
 * Listen on this address of the inventory's covey_gkm, and on covey_gkm_port. own: the certificate
 * of this program, which is checked for changes before each connection. The error says what to do.
 */
int listener_new(struct sessions *sessions, const struct covey_addr *address, struct own_watch *own,
		 struct listener **ret_listener, struct covey_error *error);
/* Stops listening. NULL-safe. */
void listener_free(struct listener *listener);
