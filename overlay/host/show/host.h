/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Everything that runs in this process, for the code that shows it.
 */

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

struct covey_addr;
struct crl_watch;
struct dataplane;
struct foreign_vxlan_watch;
struct guard_watch;
struct identity;
struct inventory;
struct inventory_host;
struct inventory_watch;
struct member;
struct own_watch;
struct path_mtu;
struct probe_ask;
struct probe_run;
struct vxlan_watch;

struct host {
	const struct inventory *inventory;
	const struct inventory_host *self;
	const struct identity *identity;
	struct member *member;
	const struct own_watch *own;                   /* its certificates */
	const struct crl_watch *lists;                 /* of revoked certificates; NULL: none */
	const struct inventory_watch *inventory_watch; /* NULL: nobody follows changes */
	struct dataplane *dataplane;
	struct probe_ask *probes;          /* NULL: it cannot be asked for any */
	const struct probe_run *probe_run; /* NULL: it takes part in none */
	const struct path_mtu *paths;      /* NULL: they are not measured */
	struct guard_watch *guard;         /* NULL: the kernel does not drive the fabric port */
	struct foreign_vxlan_watch *foreign;
	const struct vxlan_watch *vxlans; /* NULL: nobody follows them */
	/* What the dataplane puts into VXLAN as source, which was the host interface's when it
	 * started. NULL: it leaves the source as it is. */
	const uint8_t *source_mac;
	bool modes_kept; /* those that are not observe */
	bool ready;      /* the dataplane forwards and the guard is up */

	/* Ask this host's kernel what it has. NULL: it cannot be asked. */
	bool (*has_address)(const struct covey_addr *address);
	bool (*vni_device)(uint32_t vni, uint16_t port, char ret_name[IFNAMSIZ]);
	/* Has the interface this MAC address? Otherwise ret_mac is what it has. */
	bool (*has_mac)(const char *name, const uint8_t *mac, uint8_t ret_mac[6]);
	/* Does an offload of the kernel rest because it spoiled packets, and how often did it so
	 * far? NULL: that is not known. */
	bool (*offload_stopped)(void *arg, uint64_t *ret_stops);
	void *arg; /* of offload_stopped() */
};
