/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Members whose control channel is gone, but not their traffic: who they are, for a person. A rekey
 * leaves them behind: they are heard, but do not hear what is sent with the new key.
 */

#include <jansson.h>

#include "rekey.h"

struct realm;

/* The names of those that send on the active SA, a new reference; NULL: no memory. */
json_t *absence_names(const struct realm *realm);

/* The host's name of the member in this seat. */
const char *absence_name(const struct realm *realm, size_t seat);

/* Say in the log whom a rekey that begins now leaves behind. */
void absence_log(const struct realm *realm);
