/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * ESP on several cores that share an SA, with what that takes, made as cheap as it can be: the
 * sender's counter is atomic and taken a burst at a time; the receiver's window is looked at
 * without a lock before decryption, and locked once a burst to remember what has authenticated.
 */

#include "bench_esp.h"
#include <errno.h>
#include <rte_spinlock.h>
#include <stdlib.h>
#include <string.h>

struct parallel {
	struct {
		struct esp_sa sa; /* the same for all but for the cipher's functions */
		struct gcm_context_data context __rte_cache_aligned;
	} cores[BENCH_CORES_MAX];
	uint64_t number __rte_cache_aligned; /* the last one sent */
	rte_spinlock_t lock __rte_cache_aligned;
	struct esp_window window;
};

static void parallel_close(void *state)
{
	struct parallel *parallel = state;

	for (unsigned i = 0; i < BENCH_CORES_MAX; i++)
		bench_gcm_close(&parallel->cores[i].sa.gcm);
	free(parallel);
}

static int spread(struct parallel *parallel, unsigned cores, struct covey_error *error)
{
	struct bench_gcm *gcms[BENCH_CORES_MAX];
	int status;

	for (unsigned i = 0; i < cores; i++) {
		parallel->cores[i].sa = parallel->cores[0].sa;
		gcms[i] = &parallel->cores[i].sa.gcm;
	}
	status = bench_gcm_spread(gcms[0], gcms, cores);
	if (status < 0)
		covey_error_set(error, status,
				"esp-parallel: no copy of ipsec-mb for each core: %s",
				strerror(-status));
	return status;
}

static int parallel_open(const struct bench_shape *shape, void **ret_state,
			 struct covey_error *error)
{
	struct parallel *parallel = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*parallel), 64));
	int status;

	if (!parallel)
		return covey_error_set(error, -ENOMEM, "esp-parallel: out of memory");
	memset(parallel, 0, sizeof(*parallel));
	rte_spinlock_init(&parallel->lock);
	esp_window_init(&parallel->window, shape->replay_window);
	status = esp_sa_init(&parallel->cores[0].sa, shape, error);
	if (status == 0)
		status = spread(parallel, shape->cores, error);
	if (status < 0) {
		parallel_close(parallel);
		return status;
	}
	*ret_state = parallel;
	return 0;
}

static uint16_t parallel_encrypt(void *state, unsigned core, struct rte_mbuf **packets,
				 uint16_t count)
{
	struct parallel *parallel = state;
	uint64_t first = __atomic_fetch_add(&parallel->number, count, __ATOMIC_RELAXED) + 1;

	return esp_encrypt(&parallel->cores[core].sa, &parallel->cores[core].context, packets,
			   count, first);
}

static uint16_t parallel_decrypt(void *state, unsigned core, struct rte_mbuf **packets,
				 uint16_t count)
{
	struct parallel *parallel = state;
	struct esp_job jobs[BENCH_BURST];

	esp_authenticate(&parallel->cores[core].sa, &parallel->window,
			 &parallel->cores[core].context, packets, count, jobs);
	rte_spinlock_lock(&parallel->lock);
	esp_remember(&parallel->window, count, jobs);
	rte_spinlock_unlock(&parallel->lock);
	return esp_strip(packets, count, jobs);
}

const struct bench_dataplane bench_esp_parallel = {
	.name = "esp-parallel",
	.text = "ESP on several cores: atomic counter, locked window",
	.open = parallel_open,
	.close = parallel_close,
	.encrypt = parallel_encrypt,
	.decrypt = parallel_decrypt,
};
