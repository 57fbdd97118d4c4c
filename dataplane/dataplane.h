/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The dataplane as its host program sees it: open it, tell it groups, SAs and rosters, read
 * counters. All functions are called from one control thread. A change is in force, and what it
 * replaced is out of every worker's hands and wiped, when the call returns (RCU).
 */

#include <covey/addr.h>
#include <covey/drop.h>
#include <covey/error.h>
#include <covey/limits.h>
#include <covey/sa.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dataplane;
struct port;
struct rte_mempool;

struct dataplane_config {
	struct port *fabric_port; /* opened (port.h), not started; stay the caller's */
	struct port *host_port;
	struct covey_addr vtep; /* our own VTEP address: the only source that may send */
	enum covey_encapsulation encapsulation;
	uint16_t vpe_port;
	uint8_t vpe_protocol;
	uint16_t vxlan_port;
	uint16_t fabric_mtu;       /* bytes of an IP packet on the fabric */
	uint16_t paths;            /* WindowID paths of a worker, 1..1024; fewer are used where a
				      receiver would not keep so many windows */
	uint8_t class_by_dscp[64]; /* 0..7 */
};

/* --- life --------------------------------------------------------------------------------- */

/*
 * EAL is initialised and both ports are open already (overlay/host/ports.h). As many workers as EAL
 * has worker lcores and both ports have transmit queues. Allocates everything, starts no worker. 0
 * or negative errno.
 */
int dataplane_open(const struct dataplane_config *config, struct dataplane **ret_dataplane,
		   struct covey_error *ret_error);
/* Start ports, and the workers on EAL's worker lcores. Without an SA, VXLAN is dropped and the rest
 * passes. */
int dataplane_start(struct dataplane *dataplane, struct covey_error *ret_error);
unsigned dataplane_workers(const struct dataplane *dataplane);
/* 0 when each worker has a copy of the cipher library of its own; else the negative errno of the
 * copy that failed: then workers share variables of the library, and are slower. */
int dataplane_ciphers_shared(const struct dataplane *dataplane);
/*
 * Ask the kernel behind the host port which multicast groups it wants, by IGMP and MLD, as a router
 * would. Its answers go the way of all packets: a switch that has forgotten them knows them anew.
 * The questions go to the host port alone; their buffers come from pool. 0, -ENOMEM, or -EBUSY when
 * the last ones are not on their way yet.
 */
int dataplane_query_groups(struct dataplane *dataplane, struct rte_mempool *pool);
/* Has each worker made a turn since the last call? An idle one makes ten a second. */
bool dataplane_is_alive(struct dataplane *dataplane);
/* Stop workers, when they have sent on what they had received, and ports; wipe all keys, free.
 * NULL-safe. */
void dataplane_close(struct dataplane *dataplane);

/* --- groups ------------------------------------------------------------------------------- */

/*
 * Say which VNIs belong to group index (0..COVEY_GROUPS_PER_HOST_MAX - 1). Replaces what was said
 * before; vni_count 0 forgets the group. -EEXIST when a VNI belongs to another group.
 */
int dataplane_group_set(struct dataplane *dataplane, uint32_t group, const uint32_t *vnis,
			size_t vni_count, struct covey_error *ret_error);

/* --- SAs ---------------------------------------------------------------------------------- */

/*
 * Install an SA, receive only, with its roster (may be empty). For an SPI that is installed
 * already, only a higher epoch is accepted, with the same key: sending continues in the new epoch,
 * received windows stay, its floors are not looked at. -EEXIST for the same or a lower epoch or
 * another key, -ENOSPC above COVEY_SAS_PER_GROUP_MAX.
 */
int dataplane_sa_install(struct dataplane *dataplane, const struct covey_sa *sa,
			 const struct covey_roster_entry *roster, size_t roster_count,
			 struct covey_error *ret_error);
/* Send on this SA from now on; the group's active SA before becomes draining. -ENOENT. */
int dataplane_sa_activate(struct dataplane *dataplane, uint32_t spi, struct covey_error *ret_error);
/* Receive only from now on. -ENOENT. */
int dataplane_sa_drain(struct dataplane *dataplane, uint32_t spi, struct covey_error *ret_error);
/* Wipe and forget. 0 also when there is none. */
void dataplane_sa_remove(struct dataplane *dataplane, uint32_t spi);

/* Replace an SA's roster. Epoch floors are 1 and above (else -EINVAL) and never fall: the higher of
 * old and new holds. -ENOENT, -ENOMEM. */
int dataplane_roster_set(struct dataplane *dataplane, uint32_t spi,
			 const struct covey_roster_entry *roster, size_t roster_count,
			 struct covey_error *ret_error);

/* --- reading ------------------------------------------------------------------------------ */

struct dataplane_counters {
	uint64_t encrypted_packets;
	uint64_t encrypted_bytes; /* inner IP bytes */
	uint64_t decrypted_packets;
	uint64_t decrypted_bytes;
	uint64_t bypassed_out;
	uint64_t bypassed_in;
	uint64_t handed_over; /* VPE packets that reached another worker than their window's */
	uint64_t drops[COVEY_DROP_COUNT];
};

struct dataplane_sa_status {
	uint32_t spi;
	uint32_t group;
	enum covey_sa_state state;
	uint16_t epoch;
	uint32_t windows;      /* replay windows in use */
	uint64_t packets_sent; /* in this SA by us, all windows, all epochs */
	uint64_t packets_received;
	uint64_t multicast_received; /* of them, by their windows' cast bit */
	uint64_t icv_failures;
	uint64_t own_sender; /* with our SenderID, from elsewhere; not authenticated */
};

struct dataplane_window_status {
	uint32_t spi;
	uint16_t sender_id;
	uint16_t window_id;
	uint64_t esn; /* highest sent (ours) or authenticated (others') */
	bool sending; /* one of our own windows */
};

struct dataplane_port_status {
	char name[64];
	char driver[32];
	uint16_t mtu;
	uint16_t rx_queues, tx_queues; /* those in use */
	uint64_t rx_packets, rx_bytes, rx_missed;
	uint64_t tx_packets, tx_bytes, tx_errors;
};

void dataplane_read_counters(const struct dataplane *dataplane,
			     struct dataplane_counters *ret_counters);
/*
 * VNIs of packets that were dropped because no group has them, lowest first, at most max of them;
 * returns how many. If there are very many, only some are kept. A VNI that a group has by now is
 * not listed.
 */
size_t dataplane_read_unknown_vnis(const struct dataplane *dataplane, uint32_t *vnis, size_t max);
/* Fill at most max entries; return how many there are. */
size_t dataplane_read_sas(const struct dataplane *dataplane, struct dataplane_sa_status *sas,
			  size_t max);
size_t dataplane_read_windows(const struct dataplane *dataplane,
			      struct dataplane_window_status *windows, size_t max);
/* The same of one SA's windows that we sent in. */
size_t dataplane_read_sent(const struct dataplane *dataplane, uint32_t spi,
			   struct dataplane_window_status *windows, size_t max);
/* ports[0] is the fabric port, ports[1] the host port. */
void dataplane_read_ports(const struct dataplane *dataplane, struct dataplane_port_status ports[2]);

/* Packet buffers, which both ports share. While packets pass, free changes all the time. */
struct dataplane_buffers {
	unsigned total;
	unsigned free; /* neither in a ring of a port, nor on the way from one to the other */
};

void dataplane_read_buffers(const struct dataplane *dataplane,
			    struct dataplane_buffers *ret_buffers);
