/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What `covey show` says of the revocation lists.
 */

#include <jansson.h>

struct crl_watch;

/* Which lists, how many certificates they revoke, and when they should be replaced; `near` when
 * that is soon, `late` when it should have happened. NULL: out of memory. */
json_t *crl_json(const struct crl_watch *watch);
