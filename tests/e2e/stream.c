/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define RANGES_MAX 32 /* missing ranges written; their number is always told */

static struct stream *find(struct streams *streams, uint32_t id)
{
	for (size_t i = 0; i < streams->count; i++) {
		if (streams->list[i].id == id)
			return &streams->list[i];
	}
	if (streams->count == STREAMS_MAX)
		return NULL;
	streams->list[streams->count] = (struct stream){.id = id};
	return &streams->list[streams->count++];
}

static int reserve(struct stream *stream, uint64_t number)
{
	size_t bytes = stream->bitmap_bytes ? stream->bitmap_bytes : 4096;
	uint8_t *bitmap;

	while (number / 8 >= bytes)
		bytes *= 2;
	if (bytes == stream->bitmap_bytes)
		return 0;
	bitmap = realloc(stream->bitmap, bytes);
	if (!bitmap)
		return -ENOMEM;
	memset(bitmap + stream->bitmap_bytes, 0, bytes - stream->bitmap_bytes);
	stream->bitmap = bitmap;
	stream->bitmap_bytes = bytes;
	return 0;
}

static bool has(const struct stream *stream, uint64_t number)
{
	return stream->bitmap[number / 8] >> (number % 8) & 1;
}

static void note_time(struct stream *stream, uint64_t number, uint64_t now_ns)
{
	uint64_t gap = stream->received ? now_ns - stream->last_ns : 0;

	if (!stream->received)
		stream->first_ns = now_ns;
	if (gap > stream->gap_ns) {
		stream->gap_ns = gap;
		stream->gap_before = number;
	}
	if (gap > STREAM_PAUSE_NS)
		stream->pauses[stream->pause_count++ % STREAM_PAUSES_MAX] =
			(struct stream_pause){.from_ns = stream->last_ns, .to_ns = now_ns};
	stream->last_ns = now_ns;
}

int streams_note(struct streams *streams, uint32_t id, uint64_t number, uint64_t now_ns)
{
	struct stream *stream;

	if (number >= STREAM_FRAMES_MAX)
		return -ERANGE;
	stream = find(streams, id);
	if (!stream)
		return -ENOSPC;
	if (reserve(stream, number))
		return -ENOMEM;
	if (has(stream, number)) {
		stream->duplicates++;
		return 0;
	}
	stream->bitmap[number / 8] |= (uint8_t)(1u << (number % 8));
	note_time(stream, number, now_ns);
	stream->reordered += number < stream->highest;
	if (number > stream->highest)
		stream->highest = number;
	stream->received++;
	streams->received++;
	return 0;
}

void streams_free(struct streams *streams)
{
	for (size_t i = 0; i < streams->count; i++)
		free(streams->list[i].bitmap);
	*streams = (struct streams){0};
}

/* Numbers below the highest that did not arrive, as [first,last] pairs. */
static void write_missing(const struct stream *stream, FILE *file)
{
	uint64_t ranges = 0, first;

	fputs("\"missing\":[", file);
	for (uint64_t n = 0; n < stream->highest; n++) {
		if (has(stream, n))
			continue;
		first = n;
		while (!has(stream, n + 1))
			n++;
		if (ranges++ < RANGES_MAX)
			fprintf(file, "%s[%" PRIu64 ",%" PRIu64 "]", ranges > 1 ? "," : "", first,
				n);
	}
	fprintf(file, "],\"missing_ranges\":%" PRIu64 "}", ranges);
}

/* The last pauses, oldest first, as [from,to] pairs in milliseconds. */
static void write_pauses(const struct stream *stream, FILE *file)
{
	uint64_t i = stream->pause_count > STREAM_PAUSES_MAX
			     ? stream->pause_count - STREAM_PAUSES_MAX
			     : 0;

	fputs("\"pauses\":[", file);
	for (const char *comma = ""; i < stream->pause_count; i++, comma = ",") {
		const struct stream_pause *pause = &stream->pauses[i % STREAM_PAUSES_MAX];

		fprintf(file, "%s[%" PRIu64 ",%" PRIu64 "]", comma, pause->from_ns / 1000000,
			pause->to_ns / 1000000);
	}
	fputs("],", file);
}

void streams_write(const struct streams *streams, FILE *file)
{
	fputs("\"streams\":{", file);
	for (size_t i = 0; i < streams->count; i++) {
		const struct stream *stream = &streams->list[i];

		fprintf(file,
			"%s\n\"%" PRIu32 "\":{\"received\":%" PRIu64 ",\"duplicates\":%" PRIu64
			",\"reordered\":%" PRIu64 ",\"highest\":%" PRIu64 ",\"span_ms\":%" PRIu64
			",\"gap_ms\":%" PRIu64 ",\"gap_before\":%" PRIu64 ",",
			i ? "," : "", stream->id, stream->received, stream->duplicates,
			stream->reordered, stream->highest,
			(stream->last_ns - stream->first_ns) / 1000000, stream->gap_ns / 1000000,
			stream->gap_before);
		write_pauses(stream, file);
		write_missing(stream, file);
	}
	fputs("}", file);
}
