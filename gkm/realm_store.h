/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a realm reads from the state file and writes there: former SenderIDs, the longest hard
 * lifetime, and the mode. What is written may come there later, and takes effect only then.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stdint.h>

struct mode_record;
struct realm;

/* What members wait for and could not be had or written is tried again after this time, in
 * milliseconds. */
#define REALM_RETRY_MS 2000u

void realm_store_init(struct realm *realm);
/* What is under way is not waited for. */
void realm_store_free(struct realm *realm);

/* Also notes the hard lifetime. */
int realm_restore_formers(struct realm *realm, uint64_t now_ms, struct covey_error *error);
int realm_restore_mode(struct realm *realm, uint64_t now_ms, struct covey_error *error);

/* For served_group.keep_mode. */
int realm_keep_mode(void *arg, const struct mode_record *record);

/* Is the hard lifetime noted that the next SA will have? -EINPROGRESS: that is under way. */
int realm_check_lifetime(const struct realm *realm, struct covey_error *error);
bool realm_awaits_lifetime(const struct realm *realm);
/* Note it if that has failed before, and is due again. */
void realm_try_lifetime(struct realm *realm, uint64_t now_ms);
/* When that has something to do; UINT64_MAX for never. */
uint64_t realm_lifetime_deadline(const struct realm *realm);
