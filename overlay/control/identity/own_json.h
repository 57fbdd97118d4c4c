/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Our own certificates, as both daemons give them to `covey show`.
 */

#include <jansson.h>

struct own_watch;

/* Our own certificate first, then its issuers' up to one in ca.crt. With watch NULL there is none.
 */
json_t *own_json(const struct own_watch *watch);
/* Why the files on disk are not in force; null when they are. */
json_t *own_json_problem(const struct own_watch *watch);
