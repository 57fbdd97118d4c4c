/* SPDX-License-Identifier: BSD-3-Clause */
#include "seen.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

static void look_for_canaries(struct seen *seen, enum wire_kind kind, const uint8_t *frame,
			      size_t len)
{
	for (size_t i = 0; i < seen->canary_count; i++) {
		if (memmem(frame, len, seen->canaries[i].bytes, seen->canaries[i].len)) {
			seen->canary_packets++;
			seen->canary_kinds[kind]++;
			return;
		}
	}
}

static void check_headers(struct seen_faults *faults, const uint8_t *frame,
			  const struct wire_packet *packet)
{
	const uint8_t *transport = frame + packet->transport;

	faults->reserved_spi += packet->spi < 256;
	faults->sender_zero += packet->sender_id == 0;
	faults->epoch_zero += packet->esn >> 48 == 0;
	faults->counter_zero += (packet->esn & ((UINT64_C(1) << 48) - 1)) == 0;
	faults->cast += (packet->window_id >> 12 & 1) != packet->multicast;
	faults->may_fragment += packet->fragment;
	if (packet->ip_version == 4)
		faults->may_fragment += !(frame[packet->ip + 6] & 0x40);
	if (packet->protocol == IPPROTO_UDP) {
		faults->source_port += wire_get16(transport) != wire_source_port(packet->window_id);
		faults->udp_checksum += wire_get16(transport + 6) != 0;
	}
}

static bool is_window_of(const struct seen_window *window, unsigned port,
			 const struct wire_packet *packet)
{
	return window->port == port && window->spi == packet->spi &&
	       window->sender_id == packet->sender_id && window->window_id == packet->window_id;
}

static size_t index_of(unsigned port, const struct wire_packet *packet)
{
	uint64_t hash =
		(uint64_t)packet->spi << 32 | (uint64_t)packet->sender_id << 16 | packet->window_id;

	hash = (hash ^ port) * UINT64_C(0x9e3779b97f4a7c15);
	return (hash >> 32) % SEEN_INDEX;
}

/* NULL: too many. */
static struct seen_window *find_window(struct seen *seen, unsigned port,
				       const struct wire_packet *packet)
{
	size_t at = index_of(port, packet);
	struct seen_window *window;

	for (; seen->window_index[at]; at = (at + 1) % SEEN_INDEX) {
		window = &seen->windows[seen->window_index[at] - 1];
		if (is_window_of(window, port, packet))
			return window;
	}
	if (seen->window_count == SEEN_WINDOWS_MAX)
		return NULL;
	window = &seen->windows[seen->window_count++];
	seen->window_index[at] = (uint32_t)seen->window_count;
	*window = (struct seen_window){.port = port,
				       .spi = packet->spi,
				       .sender_id = packet->sender_id,
				       .window_id = packet->window_id,
				       .esn_first = packet->esn};
	return window;
}

static void note_window(struct seen *seen, unsigned port, const uint8_t *frame,
			const struct wire_packet *packet, bool is_new)
{
	struct seen_window *window = find_window(seen, port, packet);

	if (!window) {
		seen->windows_untracked++;
		return;
	}
	if (packet->protocol == IPPROTO_UDP)
		window->source_port = wire_get16(frame + packet->transport);
	window->packets++;
	window->dscps |= UINT64_C(1) << (packet->traffic_class >> 2);
	if (!is_new)
		return;
	if (window->packets > 1 && packet->esn <= window->esn_last)
		seen->reordered++;
	if (packet->esn > window->esn_last)
		window->esn_last = packet->esn;
}

static void keep(struct seen *seen, const uint8_t *frame, size_t len)
{
	struct seen_frame *slot;
	struct timespec now;

	if (len > SEEN_FRAME_MAX)
		return;
	slot = seen->kept < SEEN_KEPT ? &seen->first[seen->kept]
				      : &seen->last[seen->kept % SEEN_KEPT];
	seen->kept++;
	clock_gettime(CLOCK_REALTIME, &now);
	slot->at_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	slot->len = (uint32_t)len;
	memcpy(slot->bytes, frame, len);
}

static void note_vpe(struct seen *seen, unsigned port, const uint8_t *frame, size_t len,
		     const struct wire_packet *packet)
{
	int verdict;

	if (packet->vpe_short) {
		seen->faults.too_short++;
		return;
	}
	verdict = quads_note(&seen->quads, packet->spi, packet->sender_id, packet->window_id,
			     packet->esn, frame + packet->vpe, packet->end - packet->vpe);
	seen->out_of_memory |= verdict < 0;
	seen->quads_same += verdict == QUAD_SAME;
	if (verdict == QUAD_DIFFERENT && seen->quads_different++ == 0)
		seen->first_different = (struct quad){.spi = packet->spi,
						      .sender_id = packet->sender_id,
						      .window_id = packet->window_id,
						      .esn = packet->esn};
	check_headers(&seen->faults, frame, packet);
	note_window(seen, port, frame, packet, verdict == QUAD_NEW);
	keep(seen, frame, len);
}

void seen_note(struct seen *seen, unsigned port, const uint8_t *frame, size_t len)
{
	struct wire_packet packet;

	wire_parse(frame, len, &seen->ports, &packet);
	seen->kinds[port][packet.kind]++;
	seen->bytes[port] += len;
	look_for_canaries(seen, packet.kind, frame, len);
	if (packet.kind == WIRE_VPE)
		note_vpe(seen, port, frame, len, &packet);
}

static int write_frame(FILE *file, const struct seen_frame *frame)
{
	uint32_t header[4] = {(uint32_t)(frame->at_ns / 1000000000),
			      (uint32_t)(frame->at_ns % 1000000000 / 1000), frame->len, frame->len};

	return fwrite(header, sizeof(header), 1, file) == 1 &&
			       fwrite(frame->bytes, frame->len, 1, file) == 1
		       ? 0
		       : -EIO;
}

int seen_write_pcap(const struct seen *seen, const char *path)
{
	/* pcap-savefile(5), link type Ethernet */
	static const uint32_t head[6] = {0xa1b2c3d4, 4u << 16 | 2, 0, 0, SEEN_FRAME_MAX, 1};
	uint64_t oldest = seen->kept > 2 * SEEN_KEPT ? seen->kept - SEEN_KEPT : SEEN_KEPT;
	FILE *file = fopen(path, "we");
	int status = 0;

	if (!file)
		return -errno;
	if (fwrite(head, sizeof(head), 1, file) != 1)
		status = -EIO;
	for (uint64_t i = 0; !status && i < seen->kept && i < SEEN_KEPT; i++)
		status = write_frame(file, &seen->first[i]);
	for (uint64_t i = oldest; !status && i < seen->kept; i++)
		status = write_frame(file, &seen->last[i % SEEN_KEPT]);
	if (fclose(file) && !status)
		status = -EIO;
	return status;
}
