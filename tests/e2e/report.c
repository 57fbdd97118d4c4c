/* SPDX-License-Identifier: BSD-3-Clause */
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static void write_kinds(FILE *file, const char *name, const uint64_t *kinds)
{
	fprintf(file, "\"%s\":{", name);
	for (int kind = 0; kind < WIRE_KINDS; kind++)
		fprintf(file, "%s\"%s\":%" PRIu64, kind ? "," : "", wire_kind_names[kind],
			kinds[kind]);
	fputs("}", file);
}

static void write_totals(FILE *file, const struct seen *seen, const struct ring *rings,
			 unsigned ring_count)
{
	uint64_t kinds[WIRE_KINDS] = {0}, packets = 0, bytes = 0, dropped = 0;

	for (unsigned i = 0; i < ring_count; i++) {
		for (int kind = 0; kind < WIRE_KINDS; kind++) {
			kinds[kind] += seen->kinds[i][kind];
			packets += seen->kinds[i][kind];
		}
		bytes += seen->bytes[i];
		dropped += rings[i].dropped;
	}
	fprintf(file, "\"packets\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"lost\":%" PRIu64 ",\n",
		packets, bytes, dropped);
	write_kinds(file, "kinds", kinds);
	fputs(",\n", file);
}

static void write_ports(FILE *file, const struct seen *seen, const struct ring *rings,
			unsigned ring_count)
{
	fputs("\"ports\":{", file);
	for (unsigned i = 0; i < ring_count; i++) {
		fprintf(file, "%s\n\"%s\":{", i ? "," : "", rings[i].interface);
		write_kinds(file, "kinds", seen->kinds[i]);
		fputs("}", file);
	}
	fputs("},\n", file);
}

static void write_faults(FILE *file, const struct seen_faults *faults)
{
	const struct {
		const char *name;
		uint64_t count;
	} rows[] = {
		{"too_short", faults->too_short},
		{"reserved_spi", faults->reserved_spi},
		{"sender_zero", faults->sender_zero},
		{"epoch_zero", faults->epoch_zero},
		{"counter_zero", faults->counter_zero},
		{"source_port", faults->source_port},
		{"udp_checksum", faults->udp_checksum},
		{"may_fragment", faults->may_fragment},
		{"cast", faults->cast},
	};

	fputs("\"faults\":{", file);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		fprintf(file, "%s\"%s\":%" PRIu64, i ? "," : "", rows[i].name, rows[i].count);
	fputs("},\n", file);
}

static void write_quads(FILE *file, const struct seen *seen)
{
	const struct quad *quad = &seen->first_different;

	fprintf(file,
		"\"ivs\":%zu,\"iv_reused\":%" PRIu64 ",\"iv_repeated\":%" PRIu64
		",\"reordered\":%" PRIu64 ",\"out_of_memory\":%s,\n",
		seen->quads.count, seen->quads_different, seen->quads_same, seen->reordered,
		seen->out_of_memory ? "true" : "false");
	if (seen->quads_different)
		fprintf(file,
			"\"first_reused\":{\"spi\":%" PRIu32
			",\"sender_id\":%u,\"window_id\":%u,\"esn\":\"%016" PRIx64 "\"},\n",
			quad->spi, quad->sender_id, quad->window_id, quad->esn);
}

static void write_dscps(FILE *file, uint64_t dscps)
{
	bool any = false;

	fputs("\"dscps\":[", file);
	for (int i = 0; i < 64; i++) {
		if (dscps >> i & 1) {
			fprintf(file, "%s%d", any ? "," : "", i);
			any = true;
		}
	}
	fputs("]", file);
}

static void write_windows(FILE *file, const struct seen *seen, const struct ring *rings)
{
	fprintf(file, "\"windows_untracked\":%" PRIu64 ",\"windows\":[", seen->windows_untracked);
	for (size_t i = 0; i < seen->window_count; i++) {
		const struct seen_window *window = &seen->windows[i];

		fprintf(file,
			"%s\n{\"port\":\"%s\",\"spi\":%" PRIu32
			",\"sender_id\":%u,\"window_id\":%u,\"class\":%u,\"cast\":%u,\"path\":%u,"
			"\"source_port\":%u,\"packets\":%" PRIu64
			",\"epoch_first\":%u,\"epoch_last\":%u,\"esn_last\":\"%016" PRIx64 "\",",
			i ? "," : "", rings[window->port].interface, window->spi, window->sender_id,
			window->window_id, window->window_id >> 13, window->window_id >> 12 & 1,
			window->window_id & 0xfff, window->source_port, window->packets,
			(unsigned)(window->esn_first >> 48), (unsigned)(window->esn_last >> 48),
			window->esn_last);
		write_dscps(file, window->dscps);
		fputs("}", file);
	}
	fputs("]\n", file);
}

int report_write(const struct seen *seen, const struct ring *rings, unsigned ring_count,
		 unsigned snapshot, const char *path)
{
	char temporary[4096];
	FILE *file;

	if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	file = fopen(temporary, "we");
	if (!file)
		return -errno;
	fprintf(file, "{\"snapshot\":%u,\n", snapshot);
	write_totals(file, seen, rings, ring_count);
	fprintf(file, "\"canary_packets\":%" PRIu64 ",", seen->canary_packets);
	write_kinds(file, "canary_kinds", seen->canary_kinds);
	fputs(",\n", file);
	write_ports(file, seen, rings, ring_count);
	write_faults(file, &seen->faults);
	write_quads(file, seen);
	write_windows(file, seen, rings);
	fputs("}\n", file);
	if (fclose(file))
		return -EIO;
	return rename(temporary, path) ? -errno : 0;
}
