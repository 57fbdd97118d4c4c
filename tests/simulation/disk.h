/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The real state file, behind a disk that fails, stalls and lies. */

#include <stdbool.h>

#include "store.h"

struct process;

/* What is wrong with the disk. It outlives the program. */
struct disk {
	char path[64];
	unsigned crash_in; /* the program ends with this access from now on, 0: not */
	bool crash_after;  /* it is done all the same */
	unsigned fails;    /* so many accesses fail */
	unsigned lies;     /* so many seem to fail, and are done */
	unsigned stalls;   /* so many take */
	uint64_t stall_us; /* this long */
	uint64_t late_us;  /* what the present one takes for that */
	uint64_t accesses;
	/* The file as it was some time ago. */
	unsigned char *old;
	size_t old_len;
	uint64_t old_us;
	uint32_t old_spi;
};

int faulty_store_open(struct disk *disk, struct process *process, struct store **ret_store,
		      struct covey_error *error);
/* Keep a copy of the file as it is now. */
void disk_copy(struct disk *disk, struct store *store, uint64_t now_us);
/* Put the copy back. */
void disk_restore(struct disk *disk);
void disk_remove(struct disk *disk);
