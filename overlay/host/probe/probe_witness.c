/* SPDX-License-Identifier: BSD-3-Clause */

#include "probe_witness.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "probe_program.h"

/* Bytes: some hundred packets. It must be a power of two, and at least a page. */
#define RING_SIZE (64 * 1024)

static int on_packet(void *arg, void *data, size_t len)
{
	const struct probe_witness *witness = arg;
	struct probe_packet packet;

	probe_frame_read(data, len, witness->wire, &packet);
	if (packet.kind != PROBE_NONE)
		witness->seen(witness->arg, true, &packet, probe_frame_ip_len(data), false);
	return 0;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	const struct probe_witness *witness = arg;

	ring_buffer__consume(witness->ring);
}

static int make_maps(struct probe_witness *witness)
{
	witness->ring_map =
		bpf_map_create(BPF_MAP_TYPE_RINGBUF, "covey_probes", 0, 0, RING_SIZE, NULL);
	if (witness->ring_map < 0)
		return -errno;
	witness->count_map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "covey_probes", sizeof(uint32_t),
					    sizeof(struct probe_counts), 1, NULL);
	return witness->count_map < 0 ? -errno : 0;
}

static int listen_to_ring(struct probe_witness *witness, struct event_base *base)
{
	witness->ring = ring_buffer__new(witness->ring_map, on_packet, witness, NULL);
	if (!witness->ring)
		return -errno;
	witness->event = event_new(base, ring_buffer__epoll_fd(witness->ring), EV_READ | EV_PERSIST,
				   on_readable, witness);
	return witness->event && event_add(witness->event, NULL) == 0 ? 0 : -ENOMEM;
}

/* The kernel keeps the program while it is called. */
static int start(const struct probe_witness *witness, const struct probe_filter *filter)
{
	struct sock_filter code[PROBE_FILTER_MAX];
	struct bpf_insn translated[PROBE_PROGRAM_MAX];
	const struct probe_program program = {
		.filter = code,
		.filter_len = probe_filter_write(filter, code),
		.v6 = filter->from[0].family == AF_INET6,
		.ring = witness->ring_map,
		.count = witness->count_map,
		.hits_max = COVEY_PROBE_HITS_MAX,
		.clear_max = COVEY_PROBE_CLEAR_HITS_MAX,
		.redirect = witness->redirect,
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "covey_probe", "Dual BSD/GPL", translated,
			       probe_program_write(&program, translated), NULL);
	int status;

	if (fd < 0)
		return -errno;
	status = link_redirect_let_look(witness->redirect, fd);
	close(fd);
	return status;
}

int probe_witness_open(struct probe_witness *witness, struct event_base *base,
		       const struct link_redirect *redirect, const struct probe_filter *filter,
		       struct covey_error *error)
{
	int status;

	witness->redirect = redirect;
	witness->wire = filter->wire;
	witness->ring_map = witness->count_map = -1;
	witness->ring = NULL;
	witness->event = NULL;
	status = make_maps(witness);
	if (status == 0)
		status = listen_to_ring(witness, base);
	if (status == 0)
		status = start(witness, filter);
	if (status == 0)
		return 0;
	probe_witness_close(witness);
	return covey_error_set(error, status,
			       "the kernel takes no program that looks at probes before AF_XDP: %s",
			       strerror(-status));
}

/* What cannot be read has overflown. */
static struct probe_counts read_counts(const struct probe_witness *witness)
{
	const uint32_t first = 0;
	struct probe_counts counts = {0};

	if (witness->redirect && bpf_map_lookup_elem(witness->count_map, &first, &counts) < 0)
		counts = (struct probe_counts){UINT64_MAX, UINT64_MAX};
	return counts;
}

bool probe_witness_overflown(const struct probe_witness *witness)
{
	return read_counts(witness).run >= COVEY_PROBE_HITS_MAX;
}

bool probe_witness_clear_overflown(const struct probe_witness *witness)
{
	return read_counts(witness).clear >= COVEY_PROBE_CLEAR_HITS_MAX;
}

void probe_witness_close(struct probe_witness *witness)
{
	if (!witness->redirect)
		return;
	link_redirect_let_none_look(witness->redirect);
	witness->redirect = NULL;
	if (witness->event)
		event_free(witness->event);
	ring_buffer__free(witness->ring);
	if (witness->ring_map >= 0)
		close(witness->ring_map);
	if (witness->count_map >= 0)
		close(witness->count_map);
}
