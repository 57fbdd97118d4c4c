/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Workers write no cache line that another writes, in the ports that are the kernel's: UDP sockets
 * and a TAP device, each with a queue for each of three workers.
 */
#include "kernel_ends.h"
#include "writes.h"

#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <rte_lcore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define WORKERS 3u
#define PACKETS 24u
#define CACHE   64u

static struct rte_mempool *pool; /* with a cache for each worker, as covey-host's */

/* --- the kernel writes where pages may not be written ----------------------------------------- */

/* A system call that would write to watched memory fails. So it writes to the stack, and we copy:
 * the copy is seen. */
static uint8_t *bounce(size_t size)
{
	static _Thread_local uint8_t room[1 << 17];

	assert_true(size <= sizeof(room));
	return room;
}

static void spread(const struct iovec *parts, size_t count, const uint8_t *from, size_t len)
{
	for (size_t i = 0; i < count && len > 0; i++) {
		size_t piece = RTE_MIN(len, parts[i].iov_len);

		memcpy(parts[i].iov_base, from, piece);
		from += piece;
		len -= piece;
	}
}

static size_t size_of(const struct iovec *parts, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += parts[i].iov_len;
	return size;
}

ssize_t __real_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __real_readv(int fd, const struct iovec *parts, int count);
ssize_t __wrap_readv(int fd, const struct iovec *parts, int count);

/* The rest of the message is on the stack. */
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags)
{
	struct iovec *parts = message->msg_iov, whole;
	size_t count = message->msg_iovlen;
	ssize_t len;

	whole.iov_len = size_of(parts, count);
	whole.iov_base = bounce(whole.iov_len);
	message->msg_iov = &whole;
	message->msg_iovlen = 1;
	len = __real_recvmsg(fd, message, flags);
	message->msg_iov = parts;
	message->msg_iovlen = count;
	if (len > 0)
		spread(parts, count, whole.iov_base, (size_t)len);
	return len;
}

ssize_t __wrap_readv(int fd, const struct iovec *parts, int count)
{
	struct iovec whole = {.iov_len = size_of(parts, (size_t)count)};
	ssize_t len;

	whole.iov_base = bounce(whole.iov_len);
	len = __real_readv(fd, &whole, 1);
	if (len > 0)
		spread(parts, (size_t)count, whole.iov_base, (size_t)len);
	return len;
}

/* --- workers ---------------------------------------------------------------------------------- */

/* Be one worker after the other, as DPDK knows them. The worker's cache of the pool is half full
 * after this, so that a burst neither empties nor overflows it: that is no packet's work. */
static void become_worker(void)
{
	static unsigned turns;
	struct rte_mempool_cache *cache;
	void *kept[CACHE];

	RTE_PER_LCORE(_lcore_id) = 1 + turns++ % WORKERS;
	cache = rte_mempool_default_cache(pool, rte_lcore_id());
	rte_mempool_cache_flush(cache, pool);
	while (cache->len != CACHE / 2) {
		assert_int_equal(rte_mempool_get_bulk(pool, kept, CACHE / 2), 0);
		rte_mempool_ops_enqueue_bulk(pool, kept, CACHE / 2);
	}
}

/* One worker's turn at a port. */
struct turn {
	const struct port *port;
	unsigned number; /* of its queue */
	struct rte_mbuf *packets[PACKETS];
	uint16_t count;
};

static void send_turn(void *arg)
{
	struct turn *turn = arg;
	const struct port_queue *queue = &turn->port->tx[turn->number];

	turn->count = queue->burst(queue, turn->packets, PACKETS);
	queue->flush(queue);
}

static void receive_turn(void *arg)
{
	struct turn *turn = arg;
	const struct port_queue *queue = &turn->port->rx[turn->number];

	turn->count = queue->burst(queue, turn->packets, PACKETS);
}

static void expect_apart(const struct writes *writes, unsigned count, unsigned other)
{
	for (size_t i = 0; i < writes[count].count; i++)
		if (writes_has(&writes[other], writes[count].lines[i]))
			fail_msg("workers %u and %u write to the cache line at %#lx", count, other,
				 writes[count].lines[i] * WRITES_LINE);
}

/* make fills turns, which have their ports and numbers. It does so twice: what is opened or begun
 * at the first packet is no packet's work. */
static void check(const struct port *port, void (*run)(void *turn), void (*make)(struct turn *turn),
		  void (*end)(struct turn *turn))
{
	struct writes *writes = calloc(WORKERS, sizeof(*writes));

	assert_non_null(writes);
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < WORKERS; i++) {
			struct turn turn = {.port = port, .number = i};

			make(&turn);
			if (round == 0)
				run(&turn);
			else
				writes_of(run, &turn, &writes[i]);
			end(&turn);
		}
	for (unsigned i = 0; i < WORKERS; i++) {
		assert_in_range(writes[i].count, 1, WRITES_LINES_MAX - 1);
		for (unsigned other = 0; other < i; other++)
			expect_apart(writes, i, other);
	}
	free(writes);
}

/* --- sockets ---------------------------------------------------------------------------------- */

static struct ends ends;

static void open_sockets(void)
{
	struct port_kernel_config config = {
		.name = "kernel",
		.vtep = lab_address(false, 1),
		.vpe_port = COVEY_VPE_PORT,
		.mtu = ENDS_MTU,
		.queues = WORKERS,
		.offload = true,
	};

	namespaces_enter(0);
	assert_int_equal(port_open_kernel(&config, pool, &ends.near, NULL), 0);
	config.vtep = lab_address(false, 2);
	config.queues = 1;
	namespaces_enter(1);
	assert_int_equal(port_open_kernel(&config, pool, &ends.far, NULL), 0);
}

static struct rte_mbuf *copy(struct rte_mbuf *packet)
{
	struct rte_mbuf *made = rte_pktmbuf_copy(packet, pool, 0, UINT32_MAX);

	rte_pktmbuf_free(packet);
	assert_non_null(made);
	return made;
}

static void make_outbound(struct turn *turn)
{
	struct sent sent = {.to = lab_address(false, 2), .len = 900};

	namespaces_enter(0);
	for (unsigned i = 0; i < PACKETS; i++) {
		sent.source_port = (uint16_t)(ENDS_SOURCE_PORT + turn->number * 8 + i / 8);
		turn->packets[i] = copy(ends_packet(&sent));
	}
}

static void end_outbound(struct turn *turn)
{
	assert_int_equal(turn->count, PACKETS);
}

static void test_sockets_send(void **state)
{
	open_sockets();
	check(ends.near, send_turn, make_outbound, end_outbound);
	port_close(ends.near);
	port_close(ends.far);
}

/* The far end sends from one port after the other until this worker's socket has something. */
static void make_inbound(struct turn *turn)
{
	struct pollfd wait = {.fd = turn->port->rx[turn->number].fd, .events = POLLIN};
	struct sent sent = {.to = lab_address(false, 1), .len = 900};
	unsigned i = 0;

	do {
		struct rte_mbuf *packet;

		sent.source_port = (uint16_t)(ENDS_SOURCE_PORT + i++ % 1000);
		packet = copy(ends_packet(&sent));
		namespaces_enter(1);
		assert_int_equal(ends.far->tx[0].burst(&ends.far->tx[0], &packet, 1), 1);
		ends.far->tx[0].flush(&ends.far->tx[0]);
	} while (poll(&wait, 1, 1) == 0);
}

static void end_inbound(struct turn *turn)
{
	assert_true(turn->count > 0);
	rte_pktmbuf_free_bulk(turn->packets, turn->count);
}

static void test_sockets_receive(void **state)
{
	open_sockets();
	check(ends.near, receive_turn, make_inbound, end_inbound);
	port_close(ends.near);
	port_close(ends.far);
}

/* --- a TAP device ----------------------------------------------------------------------------- */

static struct port *tap;
static int kernel_side; /* sends frames as the kernel does */

static void open_tap(void)
{
	const struct port_tap_config config = {
		.name = "covey0",
		.mtu = ENDS_MTU,
		.queues = WORKERS,
		.vxlan_port = 4789,
		.offload = PORT_TAP_SUPER_FRAMES,
		.mac = {2},
	};
	struct sockaddr_ll at = {.sll_family = AF_PACKET};

	namespaces_enter(0);
	assert_int_equal(port_open_tap(&config, pool, &tap, NULL), 0);
	namespaces_run("sysctl -qw net.ipv6.conf.covey0.disable_ipv6=1 && "
		       "ip link set covey0 address 02:00:00:00:00:00 up");
	kernel_side = socket(AF_PACKET, SOCK_RAW, 0);
	at.sll_ifindex = (int)if_nametoindex("covey0");
	assert_int_equal(bind(kernel_side, (struct sockaddr *)&at, sizeof(at)), 0);
}

static void close_tap(void)
{
	close(kernel_side);
	port_close(tap);
	namespaces_run("ip link delete covey0");
}

static size_t make_frame(uint16_t source_port, uint8_t *frame)
{
	struct sample sample = lab_sample();

	sample.source_port = source_port;
	sample.payload_len = 500;
	return reference_vxlan(&sample, frame);
}

/* Some belong together, others do not. */
static void make_to_kernel(struct turn *turn)
{
	uint8_t frame[REFERENCE_BYTES_MAX];

	for (unsigned i = 0; i < PACKETS; i++) {
		size_t len = make_frame((uint16_t)(turn->number * 8 + i / 8), frame);

		turn->packets[i] = copy(lab_packet(frame, len));
	}
}

static void test_tap_sends(void **state)
{
	open_tap();
	check(tap, send_turn, make_to_kernel, end_outbound);
	close_tap();
}

/* The kernel chooses the queue by the flow: until this worker's has something. */
static void make_from_kernel(struct turn *turn)
{
	struct pollfd wait = {.fd = turn->port->rx[turn->number].fd, .events = POLLIN};
	uint8_t frame[REFERENCE_BYTES_MAX];
	uint16_t source_port = 1;

	do {
		size_t len = make_frame(source_port++, frame);

		assert_int_equal(send(kernel_side, frame, len, 0), len);
	} while (poll(&wait, 1, 1) == 0);
}

static void test_tap_receives(void **state)
{
	open_tap();
	check(tap, receive_turn, make_from_kernel, end_inbound);
	close_tap();
}

static int begin(void **state)
{
	int status = ends_begin(state);

	pool = rte_pktmbuf_pool_create("workers", 1023, CACHE, 0,
				       RTE_PKTMBUF_HEADROOM + REFERENCE_BYTES_MAX, SOCKET_ID_ANY);
	writes_begin_with(become_worker);
	return pool ? status : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sockets_send),
		cmocka_unit_test(test_sockets_receive),
		cmocka_unit_test(test_tap_sends),
		cmocka_unit_test(test_tap_receives),
	};

	return cmocka_run_group_tests(tests, begin, ends_end);
}
