/* SPDX-License-Identifier: BSD-3-Clause */
#include "ring.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK_SIZE  (1u << 20)
#define BLOCK_COUNT 32u
#define RING_BYTES  ((size_t)BLOCK_SIZE * BLOCK_COUNT)

static int set_options(int fd)
{
	struct tpacket_req3 request = {
		.tp_block_size = BLOCK_SIZE,
		.tp_block_nr = BLOCK_COUNT,
		.tp_frame_size = 2048,
		.tp_frame_nr = BLOCK_SIZE / 2048 * BLOCK_COUNT,
		.tp_retire_blk_tov = RING_BLOCK_TIMEOUT_MS,
	};
	int version = TPACKET_V3, on = 1;

	/* What the switch sends to a host was seen already where it came in. */
	if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)))
		return -errno;
	return 0;
}

/* Only now: a socket that is bound to no protocol hears nothing, so no foreign frame slipped in. */
static int bind_to(int fd, const char *interface)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};

	address.sll_ifindex = (int)if_nametoindex(interface);
	if (!address.sll_ifindex)
		return -errno;
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
}

int ring_open(struct ring *ring, const char *interface)
{
	uint8_t *blocks;
	int fd, status;

	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	status = set_options(fd);
	if (status)
		goto fail;
	blocks = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (blocks == MAP_FAILED) {
		status = -errno;
		goto fail;
	}
	status = bind_to(fd, interface);
	if (status)
		goto fail_map;
	*ring = (struct ring){.interface = interface, .fd = fd, .blocks = blocks};
	return 0;

fail_map:
	munmap(blocks, RING_BYTES);
fail:
	close(fd);
	return status;
}

void ring_close(struct ring *ring)
{
	munmap(ring->blocks, RING_BYTES);
	close(ring->fd);
}

static struct tpacket_block_desc *block_at(const struct ring *ring, unsigned number)
{
	return (struct tpacket_block_desc *)(ring->blocks + (size_t)number * BLOCK_SIZE);
}

static void walk_block(struct tpacket_block_desc *block, unsigned number, ring_frame *callback,
		       void *arg)
{
	struct tpacket3_hdr *frame;
	uint8_t *at = (uint8_t *)block + block->hdr.bh1.offset_to_first_pkt;

	for (uint32_t i = 0; i < block->hdr.bh1.num_pkts; i++) {
		frame = (struct tpacket3_hdr *)at;
		callback(arg, number, at + frame->tp_mac, frame->tp_snaplen);
		at += frame->tp_next_offset;
	}
}

bool ring_drain(struct ring *ring, unsigned number, ring_frame *callback, void *arg)
{
	bool any = false;

	for (;;) {
		struct tpacket_block_desc *block = block_at(ring, ring->next);

		if (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
		      TP_STATUS_USER))
			return any;
		walk_block(block, number, callback, arg);
		__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		ring->next = (ring->next + 1) % BLOCK_COUNT;
		any = true;
	}
}

int ring_read_drops(struct ring *ring)
{
	struct tpacket_stats_v3 stats;
	socklen_t len = sizeof(stats);

	/* Reading sets the kernel's counters to zero. */
	if (getsockopt(ring->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		return -errno;
	ring->dropped += stats.tp_drops;
	return 0;
}
