/* SPDX-License-Identifier: BSD-3-Clause */

/* Preloaded into covey-host: there is no memory for packet buffers of more than a page. */

#include <dlfcn.h>
#include <errno.h>
#include <rte_errno.h>
#include <rte_mbuf.h>

struct rte_mempool *rte_pktmbuf_pool_create(const char *name, unsigned count, unsigned cache,
					    uint16_t private_size, uint16_t room, int socket)
{
	struct rte_mempool *(*next)(const char *, unsigned, unsigned, uint16_t, uint16_t, int) =
		dlsym(RTLD_NEXT, "rte_pktmbuf_pool_create");

	if (room > 4096) {
		rte_errno = ENOMEM;
		return NULL;
	}
	return next(name, count, cache, private_size, room, socket);
}
