/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A table with a chain for each VXLAN device: installed, read back from the kernel, and put back.
 * Of one kind is the table by which they mark what they send (guard_local.h): while it is not
 * there, what they send has no mark and is dropped. Of the other is that by which they look at what
 * came in clear (clear_check.h).
 */

#include <covey/error.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "guard_clear.h"
#include "guard_local.h"
#include "guard_restores.h"

struct device_marks {
	const struct guard_local *local; /* the caller's */
	/* The VNIs that pass in clear, the caller's: it is the table of looks. NULL: of marks. */
	const struct guard_vnis *accepted;
	char table[GUARD_MARKS_NAME_SIZE];
	char *listing; /* the table as it was read back, to notice a change; owned. NULL: not set */
	bool doubted;  /* somebody may have changed it since */
	bool undone;   /* somebody changed it before it could be read back */
	struct guard_author author; /* who, as far as known */
	struct guard_restores restores;
};

/* Nothing is set yet. *local and *accepted must outlive it. */
void device_marks_init(struct device_marks *marks, const struct guard_local *local,
		       const struct guard_vnis *accepted);

/* The devices are others, or the VNIs: the table must be set anew, and nobody is to blame. */
void device_marks_forget(struct device_marks *marks);

/* Somebody may have changed the table: read it back at the next device_marks_keep(). author: who;
 * NULL: nobody is known to have. */
void device_marks_doubt(struct device_marks *marks, const struct guard_author *author);

/*
 * Let these devices mark or look, and no others, and read that back. If somebody has changed it, it
 * is put back, and that is counted and logged. Costs nothing when there is no doubt. -EAGAIN when
 * it was put back so often in this second that it must wait, or was undone at once: call it again
 * soon. Another negative errno when the table cannot be read or set. now_ms: of the monotonic
 * clock.
 */
int device_marks_keep(struct device_marks *marks, const struct vxlan_devices *devices,
		      uint64_t now_ms, struct covey_error *error);

/* Free what belongs to it. The table stays in the kernel. */
void device_marks_end(struct device_marks *marks);
