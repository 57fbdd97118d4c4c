/* SPDX-License-Identifier: BSD-3-Clause */

#include "ring_watch.h"

#include <clock.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/if_packet.h>
#include <log.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "af_packet.h"

/* A card that is busy says the same as a rule that drops. But it takes some frame in this time. */
#define LOOK_MS   50
#define LOOKS_MAX 3

#define RINGS_MAX 64
#define LOG_MS    60000
#define ALL_WAIT  UINT32_MAX /* then nothing tells which frame is first */
#define HASHED    96u        /* bytes: of VPE, more than up to its counter */

struct ring {
	int fd;
	uint8_t *frames;
	size_t frame_size;
	uint32_t first; /* the frame that the kernel would send next, or ALL_WAIT */
	uint64_t hash;  /* of it, or of all */
	unsigned looks; /* at which it was the same and could not be sent */
};

struct ring_watch {
	struct event *timer;
	char interface[32];
	struct ring rings[RINGS_MAX];
	size_t count;
	uint64_t taken_out;
	uint64_t told_at; /* ms */
};

/* --- a ring ----------------------------------------------------------------------------------- */

/* The worker and the kernel write there, too. */
static volatile struct tpacket2_hdr *frame_at(const struct ring *ring, uint32_t i)
{
	return (volatile void *)(ring->frames + i * ring->frame_size);
}

static bool waits(const struct ring *ring, uint32_t i)
{
	return frame_at(ring, i)->tp_status & TP_STATUS_SEND_REQUEST;
}

/* Those that wait follow each other. False: none does. */
static bool find_first(const struct ring *ring, uint32_t *ret_first)
{
	bool before = waits(ring, AF_PACKET_SLOTS - 1), any = before;

	for (uint32_t i = 0; i < AF_PACKET_SLOTS; i++) {
		bool now = waits(ring, i);

		if (now && !before) {
			*ret_first = i;
			return true;
		}
		any |= now;
		before = now;
	}
	*ret_first = ALL_WAIT;
	return any;
}

/* FNV-1a */
static uint64_t hash_frame(const struct ring *ring, uint32_t i, uint64_t hash)
{
	const volatile uint8_t *bytes = (const volatile uint8_t *)frame_at(ring, i) +
					TPACKET2_HDRLEN - sizeof(struct sockaddr_ll);

	for (size_t at = 0; at < HASHED; at++)
		hash = (hash ^ bytes[at]) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t hash_of(const struct ring *ring, uint32_t first)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	if (first != ALL_WAIT)
		return hash_frame(ring, first, hash);
	for (uint32_t i = 0; i < AF_PACKET_SLOTS; i++)
		hash = hash_frame(ring, i, hash);
	return hash;
}

static bool cannot_send(const struct ring *ring)
{
	return send(ring->fd, NULL, 0, MSG_DONTWAIT) < 0 && errno == ENOBUFS;
}

/* The driver has set PACKET_LOSS: the kernel takes out what has no Ethernet header. It does not do
 * so with what a rule drops. */
static unsigned spoil(struct ring *ring, uint32_t first)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < AF_PACKET_SLOTS; i++)
		if ((first == ALL_WAIT || i == first) && waits(ring, i)) {
			frame_at(ring, i)->tp_len = 0;
			count++;
		}
	return count;
}

/* As many as follow each other. */
static unsigned take_out(struct ring *ring)
{
	unsigned count = 0;
	uint32_t first;

	while (count < AF_PACKET_SLOTS && find_first(ring, &first)) {
		count += spoil(ring, first);
		if (!cannot_send(ring))
			break;
	}
	return count;
}

/* How many frames were taken out. */
static unsigned look(struct ring *ring)
{
	uint32_t first;
	uint64_t hash;

	if (!find_first(ring, &first)) {
		ring->looks = 0;
		return 0;
	}
	hash = hash_of(ring, first);
	if (first != ring->first || hash != ring->hash)
		ring->looks = 0;
	ring->first = first;
	ring->hash = hash;
	if (!cannot_send(ring))
		ring->looks = 0;
	else if (ring->looks++ == LOOKS_MAX)
		return take_out(ring);
	return 0;
}

/* --- all of them ------------------------------------------------------------------------------ */

static void on_timer(evutil_socket_t none, short what, void *arg)
{
	struct ring_watch *watch = arg;
	uint64_t now = clock_ms();

	for (size_t i = 0; i < watch->count; i++)
		watch->taken_out += look(&watch->rings[i]);
	if (!watch->taken_out || (watch->told_at && now - watch->told_at < LOG_MS))
		return;
	log_warning("%s: %" PRIu64 " frames were not sent, as a rule of the guard or of somebody "
		    "else drops them there, or the link is down",
		    watch->interface, watch->taken_out);
	watch->taken_out = 0;
	watch->told_at = now;
}

/* The driver maps a socket's ring to receive, and behind it one as large to send. */
static bool read_mapping(const char *line, unsigned long inode, struct ring *ring)
{
	unsigned long begin, end, number;

	if (sscanf(line, "%lx-%lx %*s %*s %*s %*s socket:[%lu]", &begin, &end, &number) != 3 ||
	    number != inode)
		return false;
	ring->frame_size = (end - begin) / 2 / AF_PACKET_SLOTS;
	ring->frames = (uint8_t *)begin + (end - begin) / 2;
	return true;
}

static int add_ring(int fd, void *arg)
{
	struct ring_watch *watch = arg;
	struct ring ring = {.fd = fd};
	char line[PATH_MAX];
	struct stat about;
	FILE *maps;

	if (fstat(fd, &about) < 0)
		return -errno;
	maps = fopen("/proc/self/maps", "re");
	if (!maps)
		return -errno;
	while (!ring.frames && fgets(line, sizeof(line), maps))
		read_mapping(line, about.st_ino, &ring);
	fclose(maps);
	if (ring.frames && watch->count < RINGS_MAX)
		watch->rings[watch->count++] = ring;
	return 0;
}

int ring_watch_new(struct event_base *base, const char *interface, struct ring_watch **ret_watch,
		   struct covey_error *error)
{
	const struct timeval interval = {.tv_usec = LOOK_MS * 1000};
	struct ring_watch *watch = calloc(1, sizeof(*watch));
	int status;

	if (!watch)
		return covey_error_set(error, -ENOMEM, "out of memory");
	snprintf(watch->interface, sizeof(watch->interface), "%s", interface);
	status = af_packet_for_each(interface, add_ring, watch);
	if (status == 0 && watch->count == 0)
		status = -ENOENT;
	if (status == 0) {
		watch->timer = event_new(base, -1, EV_PERSIST, on_timer, watch);
		if (!watch->timer || event_add(watch->timer, &interval) < 0)
			status = -ENOMEM;
	}
	if (status) {
		ring_watch_free(watch);
		return covey_error_set(error, status,
				       "%s: cannot find the rings of the packet sockets there: %s",
				       interface, strerror(-status));
	}
	*ret_watch = watch;
	return 0;
}

void ring_watch_free(struct ring_watch *watch)
{
	if (!watch)
		return;
	if (watch->timer)
		event_free(watch->timer);
	free(watch);
}
