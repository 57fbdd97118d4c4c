/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The snapshot that workers read: the group of each VNI, the SA on which each group sends, and the
 * SA of each SPI. It is immutable from its publication until no worker holds it.
 *
 * Its size is fixed, and there are two, used in turn. So publishing allocates nothing and cannot
 * fail.
 */

#include "sa.h"
#include "vni_table.h"
#include <covey/drop.h>
#include <covey/limits.h>
#include <covey/vnis.h>
#include <string.h>

#define SADB_SAS_MAX  (COVEY_GROUPS_PER_HOST_MAX * COVEY_SAS_PER_GROUP_MAX)
#define SADB_SPI_BITS 12u

_Static_assert(1u << SADB_SPI_BITS >= 2 * SADB_SAS_MAX, "half full at the most");

/* What a group sends on. If tx is NULL, the reason why it does not send, unless it sends in clear:
 * a group that does has no tx here, so that none of its packets takes the way of encrypted ones. */
struct sadb_group {
	const struct sa_tx *tx;
	enum covey_drop reason;
	bool clear_out; /* its VXLAN leaves in clear */
	bool has_tx;    /* whether it would have a tx if it did not */
	bool clear_in;  /* its VXLAN may enter in clear */
};

_Static_assert(sizeof(struct sadb_group) == 16, "four groups share a cache line");

struct sadb_spi {
	const struct sa_rx *rx; /* NULL: empty */
	uint32_t spi;
};

struct sadb {
	const struct vni_table *vnis;
	const struct covey_vnis *fabric_vnis; /* of all groups, also those of other hosts */
	size_t fabric_vnis_count;
	bool fragments_out; /* fragments of VXLAN may leave in clear */
	bool fragments_in;
	const struct vni_table *strict; /* VNIs that are never in clear, whatever their group is */
	struct sadb_group groups[COVEY_GROUPS_PER_HOST_MAX];
	const struct sa_tx *strict_tx[COVEY_GROUPS_PER_HOST_MAX]; /* what those leave on */
	struct sadb_spi spis[1u << SADB_SPI_BITS];
};

static inline uint32_t sadb_first(uint32_t spi)
{
	return (uint32_t)(spi * UINT32_C(0x9e3779b1)) >> (32 - SADB_SPI_BITS);
}

/* Before publication: remove all SAs, so that no group sends. All groups enforce. */
static inline void sadb_clear(struct sadb *sadb, const struct vni_table *vnis,
			      const struct vni_table *strict)
{
	memset(sadb, 0, sizeof(*sadb));
	sadb->vnis = vnis;
	sadb->strict = strict;
	for (unsigned i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++)
		sadb->groups[i].reason = COVEY_DROP_OUT_NO_SA;
}

/* Before publication: receive on rx. Its SPI must not be there yet, and there must be room. */
static inline void sadb_add(struct sadb *sadb, const struct sa_rx *rx)
{
	uint32_t i = sadb_first(rx->spi);

	while (sadb->spis[i].rx)
		i = (i + 1) & ((1u << SADB_SPI_BITS) - 1);
	sadb->spis[i] = (struct sadb_spi){.rx = rx, .spi = rx->spi};
}

static inline bool sadb_is_strict(const struct sadb *sadb, uint32_t vni)
{
	return vni_table_find(sadb->strict, vni) != VNI_NO_GROUP;
}

/* May VXLAN of this VNI of the group enter in clear? */
static inline bool sadb_accepts_clear(const struct sadb *sadb, int group, uint32_t vni)
{
	return sadb->groups[group].clear_in && !sadb_is_strict(sadb, vni);
}

/* NULL when no such SA is installed. */
static inline const struct sa_rx *sadb_find(const struct sadb *sadb, uint32_t spi)
{
	uint32_t i = sadb_first(spi);

	while (sadb->spis[i].rx && sadb->spis[i].spi != spi)
		i = (i + 1) & ((1u << SADB_SPI_BITS) - 1);
	return sadb->spis[i].rx;
}
