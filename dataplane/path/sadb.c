/* SPDX-License-Identifier: BSD-3-Clause */
#include "sadb.h"
#include <string.h>

void sadb_clear(struct sadb *sadb, const struct vnis *vnis)
{
	memset(sadb, 0, sizeof(*sadb));
	sadb->vnis = vnis;
	for (unsigned i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++)
		sadb->groups[i].reason = COVEY_DROP_OUT_NO_SA;
}

void sadb_add(struct sadb *sadb, const struct sa_rx *rx)
{
	uint32_t i = sadb_first(rx->spi);

	while (sadb->spis[i].rx)
		i = (i + 1) & ((1u << SADB_SPI_BITS) - 1);
	sadb->spis[i] = (struct sadb_spi){.rx = rx, .spi = rx->spi};
}
