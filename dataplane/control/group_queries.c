/* SPDX-License-Identifier: BSD-3-Clause */
#include "group_queries.h"
#include "dataplane_state.h"
#include <errno.h>
#include <rte_mbuf.h>
#include <string.h>

/* A locally administered address that no machine has. It is never on a wire. */
#define NOBODYS_MAC 0x02, 0x63, 0x6f, 0x76, 0x65, 0x79

/* clang-format off */

/* The kernel answers within a tenth of a second, the shortest time that IGMP can ask for.
 * Robustness and interval are 0, so the kernel keeps its own values (RFC 3376 sections 4.1.6,
 * 4.1.7). The source 0.0.0.0 means that the sender is no router, so nobody takes us for one (RFC
 * 4541 section 2.1.1). */
static const uint8_t igmp[] = {
	0x01, 0x00, 0x5e, 0x00, 0x00, 0x01, NOBODYS_MAC, 0x08, 0x00, /* Ethernet, 224.0.0.1 */
	0x46, 0xc0, 0x00, 0x24, 0x00, 0x00, 0x40, 0x00,              /* IPv4, 36 bytes, DF */
	0x01, 0x02, 0x04, 0x13,                                      /* TTL 1, IGMP */
	0x00, 0x00, 0x00, 0x00,                                      /* from 0.0.0.0 */
	0xe0, 0x00, 0x00, 0x01,                                      /* to 224.0.0.1 */
	0x94, 0x04, 0x00, 0x00,                                      /* Router Alert, RFC 2113 */
	0x11, 0x01, 0xee, 0xfe,                                      /* query, at most 0.1 s */
	0x00, 0x00, 0x00, 0x00,                                      /* of all groups */
	0x00, 0x00, 0x00, 0x00,                                      /* 0, 0, no sources */
};

/* The same in ICMPv6 (RFC 3810 section 5.1). It needs a link-local source. This one is higher than
 * the address of any router that sends queries, so no such router stops because of it. */
static const uint8_t mld[] = {
	0x33, 0x33, 0x00, 0x00, 0x00, 0x01, NOBODYS_MAC, 0x86, 0xdd, /* Ethernet, ff02::1 */
	0x60, 0x00, 0x00, 0x00, 0x00, 0x24, 0x00, 0x01,              /* IPv6, 36 bytes, 1 hop */
	0xfe, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,              /* from fe80::ffff:... */
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,              /* ...:ffff:fffe */
	0xff, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,              /* to ff02::1 */
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,
	0x3a, 0x00, 0x05, 0x02, 0x00, 0x00, 0x01, 0x00,              /* Router Alert, RFC 2711 */
	0x82, 0x00, 0x7f, 0xc1, 0x00, 0x64, 0x00, 0x00,              /* query, at most 100 ms */
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,              /* of all groups */
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00,                                      /* 0, 0, no sources */
};

/* clang-format on */

_Static_assert(sizeof(igmp) == 14 + 24 + 12, "Ethernet, IPv4 with an option, IGMPv3");
_Static_assert(sizeof(mld) == 14 + 40 + 8 + 28, "Ethernet, IPv6, hop-by-hop options, MLDv2");

struct group_query group_query(unsigned index)
{
	static const struct group_query queries[GROUP_QUERIES] = {{igmp, sizeof(igmp)},
								  {mld, sizeof(mld)}};

	return queries[index];
}

/* --- on their way --------------------------------------------------------------------------- */

_Static_assert(GROUP_QUERIES <= WORKER_POSTS, "all can be on their way at once");

static int query(struct worker *worker, unsigned index, struct rte_mempool *pool)
{
	const struct group_query query = group_query(index);
	struct rte_mbuf *packet = rte_pktmbuf_alloc(pool);
	char *room = packet ? rte_pktmbuf_append(packet, query.len) : NULL;

	if (!room) {
		rte_pktmbuf_free(packet);
		return -ENOMEM;
	}
	memcpy(room, query.frame, query.len);
	if (worker_post(worker, index, packet))
		return 0;
	rte_pktmbuf_free(packet);
	return -EBUSY;
}

int dataplane_query_groups(struct dataplane *dataplane, struct rte_mempool *pool)
{
	int status = 0;

	for (unsigned i = 0; i < GROUP_QUERIES; i++) {
		int one = query(&dataplane->workers[0], i, pool);

		status = status != 0 ? status : one;
	}
	return status;
}
