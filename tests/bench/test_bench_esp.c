/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * covey-bench's own ESP against DPDK's: what one encrypts the other takes, and what the standard
 * refuses is refused. A baseline that is no ESP would be no baseline.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "bench_buffers.h"
#include "bench_dataplane.h"
#include "bench_esp_window.h"
#include "bench_machine.h"
#include <cmocka.h>
#include <string.h>

#define WINDOW 64u

static const struct bench_shape shape = {
	.cipher = COVEY_AES_256_GCM,
	.cores = 1,
	.replay_window = WINDOW,
};

struct ends {
	const struct bench_dataplane *from, *to;
	void *from_state, *to_state;
};

static struct bench_buffers buffers;

static void ends_open(struct ends *ends, const struct bench_dataplane *from,
		      const struct bench_dataplane *to)
{
	*ends = (struct ends){.from = from, .to = to};
	assert_int_equal(from->open(&shape, &ends->from_state, NULL), 0);
	assert_int_equal(to->open(&shape, &ends->to_state, NULL), 0);
}

static void ends_close(struct ends *ends)
{
	ends->from->close(ends->from_state);
	ends->to->close(ends->to_state);
}

static void lay(unsigned size, unsigned segments)
{
	struct bench_layout layout = {.size = size, .segments = segments};

	assert_int_equal(bench_buffers_lay(&buffers, &layout, NULL), 0);
}

/* Each size, so that every padding occurs, and one segment and two. */
static void carry_all(const struct bench_dataplane *from, const struct bench_dataplane *to)
{
	struct rte_mbuf *packets[BENCH_PACKETS];
	struct ends ends;

	ends_open(&ends, from, to);
	for (unsigned size = 64; size < 80; size++)
		for (unsigned segments = 1; segments <= 2; segments++) {
			lay(size, segments);
			bench_buffers_reset(&buffers, packets);
			assert_int_equal(from->encrypt(ends.from_state, 0, packets, BENCH_BURST),
					 BENCH_BURST);
			assert_int_equal(to->decrypt(ends.to_state, 0, packets, BENCH_BURST),
					 BENCH_BURST);
			/* The rest was left alone. */
			assert_true(bench_buffers_intact(&buffers));
		}
	ends_close(&ends);
}

static void test_ours_to_dpdk(void **state)
{
	carry_all(&bench_esp_simple, &bench_rte_ipsec);
	carry_all(&bench_esp_parallel, &bench_rte_ipsec);
}

static void test_dpdk_to_ours(void **state)
{
	carry_all(&bench_rte_ipsec, &bench_esp_simple);
	carry_all(&bench_rte_ipsec, &bench_esp_parallel);
}

/* A copy of a packet of one segment. */
static struct rte_mbuf *copy_of(const struct rte_mbuf *packet)
{
	struct rte_mbuf *copy = rte_pktmbuf_copy(packet, buffers.large, 0, UINT32_MAX);

	assert_non_null(copy);
	return copy;
}

static uint16_t decrypt_one(const struct ends *ends, struct rte_mbuf *packet)
{
	uint16_t done = ends->to->decrypt(ends->to_state, 0, &packet, 1);

	if (done)
		rte_pktmbuf_free(packet);
	return done;
}

/* The frames before they are encrypted. */
static uint8_t plaintext[BENCH_BURST][92 + BENCH_ETHERNET_LEN];

/* Packets 1.. of a sender, copied out of the buffers. */
static void encrypt_some(const struct ends *ends, struct rte_mbuf **copies, unsigned count)
{
	struct rte_mbuf *packets[BENCH_PACKETS];

	lay(92, 1);
	bench_buffers_reset(&buffers, packets);
	for (unsigned i = 0; i < BENCH_BURST; i++)
		memcpy(plaintext[i], rte_pktmbuf_mtod(packets[i], const void *),
		       sizeof(plaintext[i]));
	for (unsigned i = 0; i < count; i += BENCH_BURST)
		assert_int_equal(ends->from->encrypt(ends->from_state, 0, packets + i, BENCH_BURST),
				 BENCH_BURST);
	for (unsigned i = 0; i < count; i++)
		copies[i] = copy_of(packets[i]);
}

static void refuse_replays(const struct bench_dataplane *dataplane)
{
	struct rte_mbuf *copies[4 * BENCH_BURST], *burst[2];
	struct ends ends;

	ends_open(&ends, dataplane, dataplane);
	encrypt_some(&ends, copies, RTE_DIM(copies));
	assert_int_equal(decrypt_one(&ends, copy_of(copies[WINDOW])), 1); /* number WINDOW + 1 */
	assert_int_equal(decrypt_one(&ends, copy_of(copies[WINDOW])), 0);
	assert_int_equal(decrypt_one(&ends, copy_of(copies[1])), 1); /* just inside */
	assert_int_equal(decrypt_one(&ends, copy_of(copies[1])), 0);
	assert_int_equal(decrypt_one(&ends, copy_of(copies[0])), 0); /* just outside */
	assert_int_equal(decrypt_one(&ends, copy_of(copies[WINDOW + 1])), 1);
	assert_int_equal(decrypt_one(&ends, copy_of(copies[1])), 0);
	assert_int_equal(decrypt_one(&ends, copy_of(copies[2])), 1);
	/* Twice in one burst, when neither has authenticated yet. */
	burst[0] = copy_of(copies[WINDOW + 2]);
	burst[1] = copy_of(copies[WINDOW + 2]);
	assert_int_equal(dataplane->decrypt(ends.to_state, 0, burst, 2), 1);
	rte_pktmbuf_free(burst[0]);
	for (unsigned i = 0; i < RTE_DIM(copies); i++)
		rte_pktmbuf_free(copies[i]);
	ends_close(&ends);
}

static void test_replays(void **state)
{
	refuse_replays(&bench_esp_simple);
	refuse_replays(&bench_esp_parallel);
}

/* The last bytes of a packet in a second segment: all places where the tag, the trailer and the
 * padding can come to lie in both. */
static void test_split_trailers(void **state)
{
	struct rte_mbuf *copies[BENCH_BURST];
	struct ends ends;

	ends_open(&ends, &bench_esp_simple, &bench_esp_simple);
	encrypt_some(&ends, copies, RTE_DIM(copies));
	for (unsigned tail = 1; tail < RTE_DIM(copies); tail++) {
		uint32_t len = copies[tail]->pkt_len - tail;
		struct rte_mbuf *packet = rte_pktmbuf_copy(copies[tail], buffers.large, 0, len);
		struct rte_mbuf *rest = rte_pktmbuf_copy(copies[tail], buffers.large, len, tail);
		uint8_t plain[92 + BENCH_ETHERNET_LEN];
		const char *reason;

		assert_int_equal(rte_pktmbuf_chain(packet, rest), 0);
		assert_int_equal(ends.to->decrypt(ends.to_state, 0, &packet, 1), 1);
		assert_int_equal(packet->pkt_len, sizeof(plain));
		assert_int_equal(rte_mbuf_check(packet, 1, &reason), 0);
		assert_memory_equal(rte_pktmbuf_read(packet, 0, sizeof(plain), plain),
				    plaintext[tail], sizeof(plain));
		rte_pktmbuf_free(packet);
	}
	for (unsigned i = 0; i < RTE_DIM(copies); i++)
		rte_pktmbuf_free(copies[i]);
	ends_close(&ends);
}

/* Any byte behind the outer IP header's addresses. A forged packet does not move the window. */
static void test_forgeries(void **state)
{
	struct rte_mbuf *copies[BENCH_BURST];
	struct ends ends;

	ends_open(&ends, &bench_esp_simple, &bench_esp_simple);
	encrypt_some(&ends, copies, RTE_DIM(copies));
	for (unsigned at = BENCH_ETHERNET_LEN + BENCH_IP_LEN; at < copies[0]->pkt_len; at++) {
		struct rte_mbuf *forged = copy_of(copies[at % BENCH_BURST]);

		*rte_pktmbuf_mtod_offset(forged, uint8_t *, at) ^= 0x80;
		assert_int_equal(decrypt_one(&ends, forged), 0);
	}
	for (unsigned i = 0; i < RTE_DIM(copies); i++)
		assert_int_equal(decrypt_one(&ends, copies[i]), 1);
	ends_close(&ends);
}

/* RFC 4303 appendix A2: a window that lies in one half of the numbers, and one that lies in two. */
static void test_high_half(void **state)
{
	const uint64_t one = UINT64_C(1) << 32;
	static struct esp_window window;

	esp_window_init(&window, WINDOW);
	assert_int_equal(esp_window_guess(&window, one - 16, 0xfffffff8), one - 8);
	assert_int_equal(esp_window_guess(&window, one - 16, 0xffffffb1), one - 79);
	assert_int_equal(esp_window_guess(&window, one - 16, 0xffffffb0), 2 * one - 80);
	assert_int_equal(esp_window_guess(&window, one - 16, 5), one + 5);
	assert_int_equal(esp_window_guess(&window, one + 5, 0xfffffff8), one - 8);
	assert_int_equal(esp_window_guess(&window, one + 5, 6), one + 6);
	/* And the bitmap over it. */
	assert_true(esp_window_update(&window, one - 8));
	assert_true(esp_window_update(&window, one + 5));
	assert_false(esp_window_update(&window, one - 8));
	assert_true(esp_window_update(&window, one - 7));
	assert_false(esp_window_update(&window, one + 5 - WINDOW));
	assert_true(esp_window_update(&window, 3 * one));
	assert_false(esp_window_update(&window, one + 6));
}

static int setup(void **state)
{
	if (bench_machine_open(1, NULL) < 0)
		return -1;
	return bench_buffers_open(&buffers, 0, NULL);
}

static int teardown(void **state)
{
	bench_buffers_close(&buffers);
	bench_machine_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ours_to_dpdk), cmocka_unit_test(test_dpdk_to_ours),
		cmocka_unit_test(test_replays),      cmocka_unit_test(test_split_trailers),
		cmocka_unit_test(test_forgeries),    cmocka_unit_test(test_high_half),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
