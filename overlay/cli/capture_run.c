/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture_run.h"

#include <string.h>
#include <time.h>

#define SOURCE_MAC_AT 6u

volatile sig_atomic_t capture_interrupted;

long capture_run_left(const struct capture_run *run)
{
	struct timespec now;
	long left;

	if (capture_interrupted || run->taken >= run->count)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	left = run->deadline - (now.tv_sec * 1000 + now.tv_nsec / 1000000);
	return left > 0 ? left : 0;
}

/* The source by which the guard knows frames of VXLAN devices is a secret of this host. */
static int put_hidden(struct capture_run *run, const struct pcapng_packet *packet,
		      struct covey_error *error)
{
	static uint8_t copy[1 << 18];
	struct pcapng_packet hidden = *packet;

	hidden.len = packet->len < sizeof(copy) ? packet->len : (uint32_t)sizeof(copy);
	memcpy(copy, packet->bytes, hidden.len);
	memcpy(copy + SOURCE_MAC_AT, run->source_mac, sizeof(run->source_mac));
	hidden.bytes = copy;
	return capture_sink_put(&run->sink, &hidden, error);
}

int capture_run_put(struct capture_run *run, struct pcapng_packet *packet, const char *reason,
		    struct covey_error *error)
{
	struct captured captured = captured_read(&run->ports, packet->bytes, packet->len);
	char comment[PCAPNG_COMMENT_MAX];

	if (run->taken >= run->count || !capture_names_wants(&run->names, &captured))
		return 0;
	run->taken++;
	capture_names_describe(&run->names, &captured, reason, comment, sizeof(comment));
	packet->comment = comment;
	if (run->hides_source && packet->len >= SOURCE_MAC_AT + sizeof(run->source_mac) &&
	    covey_addr_equal(&captured.source, &run->names.own))
		return put_hidden(run, packet, error);
	return capture_sink_put(&run->sink, packet, error);
}
