/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which of the inventory's key managers this one is: the one that listens on an address of this
 * machine.
 */

#include <covey/error.h>
#include <covey/gkms.h>

/*
 * given: what the command line says, or NULL. The only address of a list is always ours, whether
 * this machine has it or not: who listens on it says what is wrong. Returns 0 or a negative errno;
 * the error says what to do.
 */
int own_address_find(const struct covey_gkms *gkms, const char *given,
		     struct covey_addr *ret_address, struct covey_error *error);

/* Is the address on which we listen still in the list, which has changed? Returns 0 or -ENOENT. */
int own_address_check(const struct covey_gkms *gkms, const struct covey_addr *ours,
		      struct covey_error *error);
