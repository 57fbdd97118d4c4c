/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What arrived of one stream of numbered frames.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define STREAMS_MAX       64
#define STREAM_FRAMES_MAX (UINT64_C(1) << 32) /* higher numbers count as altered */
#define STREAM_PAUSE_NS   UINT64_C(50000000)  /* so long between two frames is a pause */
#define STREAM_PAUSES_MAX 32                  /* of each stream, the last ones are kept */

/* From the arrival of one frame to that of the next. CLOCK_MONOTONIC. */
struct stream_pause {
	uint64_t from_ns, to_ns;
};

struct stream {
	uint32_t id;
	uint64_t received; /* different numbers */
	uint64_t duplicates;
	uint64_t reordered; /* arrived after a higher number */
	uint64_t highest;
	uint8_t *bitmap; /* of the numbers that arrived */
	size_t bitmap_bytes;
	uint64_t first_ns, last_ns; /* CLOCK_MONOTONIC */
	uint64_t gap_ns;            /* longest time between two frames */
	uint64_t gap_before;        /* the number that ended it */
	struct stream_pause pauses[STREAM_PAUSES_MAX];
	uint64_t pause_count; /* pauses so far: the latest is at (pause_count - 1) % PAUSES_MAX */
};

struct streams {
	struct stream list[STREAMS_MAX];
	size_t count;
	uint64_t received; /* of all streams */
};

/* Note the arrival of a frame. 0, or -ENOMEM, -ENOSPC (too many streams), -ERANGE. */
int streams_note(struct streams *streams, uint32_t id, uint64_t number, uint64_t now_ns);
void streams_free(struct streams *streams);

/* Write `"streams":{"ID":{...},...}` */
void streams_write(const struct streams *streams, FILE *file);
