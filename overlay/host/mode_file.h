/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A file with the modes that the groups had last, for a covey-host that is started again: until it
 * has heard the key manager, it goes on as before, and deadlines hold. Nothing in it counts after a
 * reboot of the machine.
 */

#include <covey/error.h>
#include <covey/limits.h>
#include <covey/mode.h>
#include <covey/vnis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mode_record {
	char group[COVEY_NAME_MAX + 1];
	enum covey_mode mode;
	enum covey_mode then;    /* the mode after that */
	uint64_t left_ms;        /* until then; UINT64_MAX: no deadline */
	uint32_t between_ms;     /* how long to be in transition on the way; 0: not said */
	bool has_vnis;           /* false: as an older covey-host has written it, */
	struct covey_vnis *vnis; /* which of its VNIs key manager and inventory both gave it, or, */
	size_t vnis_count;       /* if it was never joined, the inventory */
};

/* Free what the records hold, and forget it. */
void mode_records_free(struct mode_record *records, size_t count);

/*
 * Read the file at path. Returns the number of records, at most max: 0 when there is no such file,
 * it is of another start of the machine, or not whole. A deadline that has passed has left_ms 0.
 * -EPERM, with the reason in error, when the file is not ours alone; then nothing in it is
 * believed. What the records hold is mode_records_free()'s. VNIs that make no sense, or for which
 * there is no memory, are none.
 */
int mode_file_read(const char *path, struct mode_record *records, size_t max,
		   struct covey_error *error);

/* Open a plain file that only we may read and write. -ENOENT; or -EPERM, with the reason in error,
 * when there is one that is not so. */
int mode_file_open(const char *path, struct covey_error *error);

/* Replace the file at once: a reader sees the old one or this one. 0, or a negative errno: then the
 * old one is removed, too, if that is possible, as it is out of date. */
int mode_file_write(const char *path, const struct mode_record *records, size_t count,
		    struct covey_error *error);
