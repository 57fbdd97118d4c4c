/* SPDX-License-Identifier: BSD-3-Clause */

/* ESP as it was meant: one SA, one counter, one window, one core. */

#include "bench_esp.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct simple {
	struct esp_sa sa;
	struct gcm_context_data context;
	uint64_t number; /* the last one sent */
	struct esp_window window;
};

static int simple_open(const struct bench_shape *shape, void **ret_state, struct covey_error *error)
{
	struct simple *simple = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*simple), 64));
	int status;

	if (!simple)
		return covey_error_set(error, -ENOMEM, "esp-simple: out of memory");
	memset(simple, 0, sizeof(*simple));
	esp_window_init(&simple->window, shape->replay_window);
	status = esp_sa_init(&simple->sa, shape, error);
	if (status < 0) {
		free(simple);
		return status;
	}
	*ret_state = simple;
	return 0;
}

static void simple_close(void *state)
{
	free(state);
}

static uint16_t simple_encrypt(void *state, unsigned core, struct rte_mbuf **packets,
			       uint16_t count)
{
	struct simple *simple = state;
	uint64_t first = simple->number + 1;

	simple->number += count;
	return esp_encrypt(&simple->sa, &simple->context, packets, count, first);
}

static uint16_t simple_decrypt(void *state, unsigned core, struct rte_mbuf **packets,
			       uint16_t count)
{
	struct simple *simple = state;
	struct esp_job jobs[BENCH_BURST];

	esp_authenticate(&simple->sa, &simple->window, &simple->context, packets, count, jobs);
	esp_remember(&simple->window, count, jobs);
	return esp_strip(packets, count, jobs);
}

const struct bench_dataplane bench_esp_simple = {
	.name = "esp-simple",
	.text = "ESP (RFC 4303, 4106): one SA, one window, one core",
	.one_core = true,
	.open = simple_open,
	.close = simple_close,
	.encrypt = simple_encrypt,
	.decrypt = simple_decrypt,
};
