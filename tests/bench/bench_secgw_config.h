/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What an ipsec-secgw is told, to be like covey: librte_ipsec, one SA, ESN, a replay window. */

#include "bench_dataplane.h"

/* Fill in what stands behind EAL's own arguments, and a NULL. Makes the configuration file, which
 * has no name and which whoever is executed next inherits. jumbo: its buffers take more than a
 * usual frame. */
void bench_secgw_arguments(const struct bench_shape *shape, bool jumbo, char **arguments,
			   unsigned max);
