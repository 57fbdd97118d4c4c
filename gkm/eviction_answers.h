/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What `covey evict` and `covey readmit` are told: in each group, whether the others already send
 * on an SA that the evicted host does not have; or whether the readmitted host is back.
 */

#include "late_answers.h"

/* The host has been evicted from the group, or from all when realm is NULL; or is, when the change
 * of this number (evictions.h, 0: none) is written. */
struct late_question eviction_question(struct manager *manager, size_t host,
				       const struct realm *realm, uint64_t change);
/* The same for a host that has been readmitted. */
struct late_question readmission_question(struct manager *manager, size_t host,
					  const struct realm *realm, uint64_t change);
