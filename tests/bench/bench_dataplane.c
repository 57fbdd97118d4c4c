/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_dataplane.h"

const struct bench_dataplane *const bench_dataplanes[] = {
	&bench_raw,          &bench_many,      &bench_vpe, &bench_esp_simple,
	&bench_esp_parallel, &bench_rte_ipsec, NULL,
};
