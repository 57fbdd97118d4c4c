/* SPDX-License-Identifier: BSD-3-Clause */

/* Nothing but the cipher: one call a packet. */

#include "bench_buffers.h"
#include "bench_dataplane.h"
#include "bench_gcm.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One core's. */
struct raw_core {
	struct bench_gcm gcm;
	struct gcm_context_data context;
	unsigned encrypted;
	unsigned decrypted;
} __rte_cache_aligned;

struct raw {
	/* Prepared: an IV that is written just before the call costs a failed store forwarding. */
	uint8_t ivs[BENCH_PACKETS][12];
	struct raw_core cores[BENCH_CORES_MAX];
};

static void raw_close(void *state)
{
	struct raw *raw = state;

	for (unsigned i = 0; i < BENCH_CORES_MAX; i++)
		bench_gcm_close(&raw->cores[i].gcm);
	free(raw);
}

static int spread(struct raw *raw, unsigned cores)
{
	struct bench_gcm *gcms[BENCH_CORES_MAX];

	for (unsigned i = 0; i < cores; i++)
		gcms[i] = &raw->cores[i].gcm;
	return bench_gcm_spread(gcms[0], gcms, cores);
}

static int raw_open(const struct bench_shape *shape, void **ret_state, struct covey_error *error)
{
	struct raw *raw = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*raw), 64));
	int status;

	if (!raw)
		return covey_error_set(error, -ENOMEM, "raw: out of memory");
	memset(raw, 0, sizeof(*raw));
	for (unsigned i = 0; i < BENCH_PACKETS; i++)
		memcpy(raw->ivs[i], &i, sizeof(i));
	status = bench_gcm_init(&raw->cores[0].gcm, shape->cipher, bench_key);
	if (status == 0)
		status = spread(raw, shape->cores);
	if (status < 0) {
		raw_close(raw);
		return covey_error_set(error, status,
				       "raw: no AES-GCM of ipsec-mb for each core: %s",
				       strerror(-status));
	}
	*ret_state = raw;
	return 0;
}

static const uint8_t *next_iv(const struct raw *raw, unsigned *at)
{
	return raw->ivs[(*at)++ % BENCH_PACKETS];
}

static uint16_t raw_encrypt(void *state, unsigned core, struct rte_mbuf **packets, uint16_t count)
{
	struct raw *raw = state;
	struct raw_core *own = &raw->cores[core];

	for (uint16_t i = 0; i < count; i++)
		bench_gcm_packet(&own->gcm, true, &own->context, packets[i], BENCH_ETHERNET_LEN,
				 packets[i]->pkt_len - BENCH_ETHERNET_LEN,
				 next_iv(raw, &own->encrypted), NULL, 0,
				 rte_pktmbuf_mtod(packets[i], uint8_t *) - BENCH_TAG_LEN);
	return count;
}

static uint16_t raw_decrypt(void *state, unsigned core, struct rte_mbuf **packets, uint16_t count)
{
	struct raw *raw = state;
	struct raw_core *own = &raw->cores[core];
	uint8_t tag[BENCH_TAG_LEN];

	for (uint16_t i = 0; i < count; i++)
		bench_gcm_packet(&own->gcm, false, &own->context, packets[i], BENCH_ETHERNET_LEN,
				 packets[i]->pkt_len - BENCH_ETHERNET_LEN,
				 next_iv(raw, &own->decrypted), NULL, 0, tag);
	return count;
}

const struct bench_dataplane bench_raw = {
	.name = "raw",
	.text = "nothing but the cipher: ipsec-mb's direct call",
	.open = raw_open,
	.close = raw_close,
	.encrypt = raw_encrypt,
	.decrypt = raw_decrypt,
};
