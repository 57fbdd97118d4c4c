/* SPDX-License-Identifier: BSD-3-Clause */
#include "self_test.h"
#include "self_test_packets.h"

#include <errno.h>
#include <poll.h>
#include <rte_mbuf.h>
#include <stdlib.h>
#include <string.h>

/* What comes before each frame's IP packet, at most: Ethernet and tags. */
#define ETHERNET_MAX 22u

/* How long a single packet may take at first, and how often one is sent. */
#define WAY_MS    10u
#define WAY_TRIES 300u

typedef void make_function(const struct self_test *test, struct self_test_burst *burst);

/* --- sending --------------------------------------------------------------------------------- */

static int send_burst(const struct self_test *test, const struct self_test_burst *burst,
		      struct covey_error *error)
{
	const struct port_queue *queue = &test->from->tx[0];
	struct rte_mbuf *packets[PORT_BURST_MAX];

	if (rte_pktmbuf_alloc_bulk(test->pool, packets, burst->count) != 0)
		return covey_error_set(error, -ENOBUFS, "no packet buffers are free");
	for (unsigned i = 0; i < burst->count; i++)
		memcpy(rte_pktmbuf_append(packets[i], (uint16_t)burst->lens[i]), burst->bytes[i],
		       burst->lens[i]);
	queue->burst(queue, packets, (uint16_t)burst->count);
	if (queue->flush)
		queue->flush(queue);
	return 0;
}

/* --- receiving ------------------------------------------------------------------------------- */

/* What the kernel itself sends to a TAP device, such as its reports of multicast groups. */
static bool is_foreign(const struct self_test_burst *burst, const struct rte_mbuf *packet)
{
	return burst->compare == 0 &&
	       memcmp(rte_pktmbuf_mtod(packet, const uint8_t *), burst->bytes[0], 6) != 0;
}

/* The next packet, or NULL when none comes. Each try without one takes a millisecond; a machine
 * that rests meanwhile does not count. */
static struct rte_mbuf *receive(const struct self_test *test, const struct self_test_burst *burst,
				unsigned patience_ms)
{
	const struct port_queue *queue = &test->to->rx[0];
	struct pollfd readable = {.fd = queue->fd, .events = POLLIN};
	struct rte_mbuf *packet;

	for (unsigned tries = 0; tries <= patience_ms;) {
		if (queue->burst(queue, &packet, 1) == 0) {
			tries += poll(&readable, 1, 1) == 0;
			continue;
		}
		if (!is_foreign(burst, packet))
			return packet;
		rte_pktmbuf_free(packet);
	}
	return NULL;
}

static int expect_packet(const struct self_test_burst *burst, unsigned i,
			 const struct rte_mbuf *packet, struct covey_error *error)
{
	const uint8_t *came = rte_pktmbuf_mtod(packet, const uint8_t *), *sent = burst->bytes[i];
	uint32_t at = burst->compare;

	if (packet->pkt_len != burst->lens[i])
		return covey_error_set(error, -EBADMSG,
				       "packet %u of %u came with %u bytes instead of %u", i + 1,
				       burst->count, packet->pkt_len, burst->lens[i]);
	if (memcmp(came + at, sent + at, burst->lens[i] - at) == 0)
		return 0;
	while (came[at] == sent[at])
		at++;
	return covey_error_set(error, -EBADMSG, "byte %u of packet %u of %u, %u bytes, was changed",
			       at, i + 1, burst->count, burst->lens[i]);
}

static int receive_burst(const struct self_test *test, const struct self_test_burst *burst,
			 struct covey_error *error)
{
	for (unsigned i = 0; i < burst->count; i++) {
		struct rte_mbuf *packet = receive(test, burst, test->patience_ms);
		int status;

		if (!packet)
			return covey_error_set(error, -EBADMSG,
					       "packet %u of %u, %u bytes, did not come", i + 1,
					       burst->count, burst->lens[i]);
		status = expect_packet(burst, i, packet, error);
		rte_pktmbuf_free(packet);
		if (status)
			return status;
	}
	return 0;
}

/* --- the way --------------------------------------------------------------------------------- */

/*
 * Send single packets, which no offload touches, until one comes: interfaces that were just made
 * lose some, and neighbours are asked for. What comes late is taken away.
 */
static int open_way(const struct self_test *test, struct self_test_burst *burst,
		    make_function *make, struct covey_error *error)
{
	struct rte_mbuf *packet = NULL;
	int status = 0;

	make(test, burst);
	burst->count = 1;
	for (unsigned i = 0; status == 0 && !packet && i < WAY_TRIES; i++) {
		status = send_burst(test, burst, error);
		packet = status == 0 ? receive(test, burst, WAY_MS) : NULL;
	}
	if (status == 0 && !packet)
		status = covey_error_set(error, -ETIMEDOUT, "not even single packets came");
	for (; packet; packet = receive(test, burst, WAY_MS))
		rte_pktmbuf_free(packet);
	return status;
}

/* --- the test -------------------------------------------------------------------------------- */

static void free_burst(struct self_test_burst *burst)
{
	for (unsigned i = 0; i < PORT_BURST_MAX; i++)
		free(burst->bytes[i]);
}

static int allocate_burst(const struct self_test *test, struct self_test_burst *burst,
			  struct covey_error *error)
{
	*burst = (struct self_test_burst){.random = test->seed};
	for (unsigned i = 0; i < PORT_BURST_MAX; i++)
		if (!(burst->bytes[i] = malloc(test->mtu + ETHERNET_MAX)))
			return covey_error_set(error, -ENOMEM, "out of memory");
	return 0;
}

static int run(const struct self_test *test, make_function *make, struct covey_error *error)
{
	struct self_test_burst burst;
	int status = allocate_burst(test, &burst, error);

	if (status == 0)
		status = open_way(test, &burst, make, error);
	for (unsigned i = 0; status == 0 && i < test->bursts; i++) {
		make(test, &burst);
		status = send_burst(test, &burst, error);
		if (status == 0)
			status = receive_burst(test, &burst, error);
	}
	free_burst(&burst);
	return status;
}

int self_test_sockets(const struct self_test *test, struct covey_error *error)
{
	return run(test, self_test_make_datagrams, error);
}

int self_test_taps(const struct self_test *test, struct covey_error *error)
{
	return run(test, self_test_make_segments, error);
}
