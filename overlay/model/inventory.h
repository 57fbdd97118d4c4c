/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The inventory: what the operator wrote, checked and resolved. Pure data; reading it is the only
 * I/O.
 *
 * A host's variables are resolved by Ansible's precedence (all < parent group < child group <
 * host). Fabric-wide variables (FIELD_OF_FABRIC in schema.c) are only accepted in `all: vars`. Only
 * this file is read, not group_vars/ and host_vars/ beside it.
 */

#include <covey/addr.h>
#include <covey/error.h>
#include <covey/gkms.h>
#include <covey/limits.h>
#include <covey/mode.h>
#include <covey/sa.h>
#include <covey/tunnel.h>
#include <covey/vnis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diagnostics.h"

enum fabric_port_kind {
	FABRIC_PORT_AUTO, /* AF_XDP, else AF_PACKET */
	FABRIC_PORT_AF_XDP,
	FABRIC_PORT_AF_PACKET,
	FABRIC_PORT_DEVICE, /* any DPDK device, named by covey_fabric_device */
	FABRIC_PORT_KERNEL, /* the kernel's UDP sockets: the kernel keeps its interfaces */
};

enum host_port_kind {
	HOST_PORT_VETH,
	HOST_PORT_TAP,
	HOST_PORT_DEVICE, /* any DPDK device, named by covey_host_device */
	HOST_PORT_AUTO,   /* with FABRIC_PORT_KERNEL alone: the better one of the first two here */
};

/* What to do with a VXLAN device of another UDP port that sends over the fabric. */
enum foreign_vxlan_policy {
	FOREIGN_VXLAN_WARN,
	FOREIGN_VXLAN_DROP,
	FOREIGN_VXLAN_PASS, /* even if it has a VNI of the fabric */
};

/* Whether covey-host runs if the kernel cannot give all of the guard. */
enum weak_guard {
	WEAK_GUARD_REFUSE,
	WEAK_GUARD_ALLOW,
};

/* Whether the kernel's segmentation offload is used with FABRIC_PORT_KERNEL. */
enum offload {
	OFFLOAD_AUTO, /* as far as the kernel has it */
	OFFLOAD_OFF,
};

enum hugepages {
	HUGEPAGES_NONE,
	HUGEPAGES_AUTO, /* taken when there are enough free ones */
};

/* Whether covey's own code encrypts several packets of one key at a time. */
enum cipher_code {
	CIPHER_CODE_AUTO,    /* where the CPU can */
	CIPHER_CODE_LIBRARY, /* the cipher library alone, one packet at a time */
};

struct rekey_policy {
	uint32_t interval_s;         /* default 3600 */
	uint32_t activation_delay_s; /* default 10 */
	uint32_t drain_delay_s;      /* default 30 */
	uint32_t hard_lifetime_s;    /* default 86400 */
	bool on_join;                /* default true */
};

/* A host's rights in a group. */
struct inventory_member {
	size_t host; /* index into inventory.hosts */
	bool may_send;
	bool may_receive;
	bool gone; /* removed since the start (update.h) */
};

struct inventory_group {
	char *name;
	uint32_t *vnis; /* sorted, unique over all groups */
	size_t vni_count;
	struct inventory_member *members; /* sorted by host, but for the last added_count */
	size_t member_count;
	size_t added_count; /* since the start (update.h) */
	enum covey_cipher cipher;
	enum covey_key_scope key_scope;
	uint32_t replay_window;
	/* Until `covey mode` sets another one. Default COVEY_MODE_ENFORCE. */
	enum covey_mode mode;
	struct rekey_policy rekey;
	bool gone; /* removed since the start (update.h): it has no VNIs and no members */
};

/* Every IPv4 host takes packets of so many bytes (RFC 791, 3.1). */
#define INVENTORY_FABRIC_MTU_MIN 576

struct inventory_host {
	char *name;
	struct covey_addr vtep;
	char *fabric_interface; /* NULL unless the kernel drives the fabric port */
	/* With FABRIC_PORT_KERNEL, the interfaces that lead to the other hosts. Otherwise none. */
	char **uplinks;
	size_t uplink_count;
	char *host_interface; /* default "covey0" */
	enum fabric_port_kind fabric_port;
	char *fabric_device; /* DPDK device name or devargs, NULL unless FABRIC_PORT_DEVICE */
	enum host_port_kind host_port;
	char *host_device; /* likewise, NULL unless HOST_PORT_DEVICE */
	char *cores;       /* DPDK core list to pin to ("2,3"), NULL: float over all */
	enum foreign_vxlan_policy foreign_vxlan;
	enum weak_guard weak_guard;
	enum hugepages hugepages; /* default none: free ones may be meant for others */
	enum offload offload;
	enum cipher_code cipher;
	/* The largest IP packet, in bytes, that the network carries to every other host. 0: as
	 * large as the MTU of the interfaces says. */
	uint16_t fabric_mtu;
	uint16_t sender_id; /* fixed by covey_sender_id, 0: the GKM assigns */
	/* The bit of a packet's mark that says: it came through a VXLAN device. Default 30. */
	uint8_t mark_bit;
	/* VXLAN devices in other network namespaces may send. */
	bool vxlan_elsewhere;
	/* covey-host measures the paths to the others by itself. Default true. */
	bool path_probes;
	bool gone; /* removed since the start (update.h): it is in no group */
	/* Where the host's metrics are: "off", "unix:/path", "127.0.0.1:9798", the default, or
	 * another address with its port. */
	char *metrics;
};

struct inventory {
	char *fabric; /* SPIFFE trust domain */
	struct covey_gkms gkms;
	uint16_t gkm_port;
	char *gkm_metrics; /* like a host's; default "127.0.0.1:9799" */
	enum covey_encapsulation encapsulation;
	uint16_t vpe_port;    /* UDP destination port */
	uint8_t vpe_protocol; /* IP protocol */
	uint16_t vxlan_port;
	bool carries_gpe, carries_geneve; /* they are encrypted, too */
	uint16_t paths;                   /* WindowID paths per worker */
	uint8_t class_by_dscp[64];        /* traffic class 0..7 of each DSCP */
	struct inventory_group *groups;
	size_t group_count;
	size_t group_room;       /* how many there may be without their moving in memory */
	struct covey_vnis *vnis; /* of all groups together */
	size_t vnis_count;
	struct inventory_host *hosts; /* hosts with a covey_vtep, in the order of the file */
	size_t host_count;
	size_t host_room; /* likewise */
};

/*
 * Read and check the inventory at path.
 *
 * Returns 0 and sets *ret_inventory (free with inventory_free), or -EINVAL with every mistake in
 * diagnostics, or another negative errno with one diagnostic that says why the file cannot be read.
 */
int inventory_load(const char *path, struct diagnostics *diagnostics,
		   struct inventory **ret_inventory);

/* The same from memory; name stands for the file in the diagnostics. text needs no final zero. */
int inventory_parse(const char *name, const char *text, size_t len, struct diagnostics *diagnostics,
		    struct inventory **ret_inventory);

void inventory_free(struct inventory *inventory);

/* NULL when there is none of that name, or it is gone. */
const struct inventory_host *inventory_find_host(const struct inventory *inventory,
						 const char *name);
const struct inventory_group *inventory_find_group(const struct inventory *inventory,
						   const char *name);
bool inventory_has_vni(const struct inventory_group *group, uint32_t vni);
/* The host's membership in the group, NULL when it is no member, or not any more. */
const struct inventory_member *inventory_find_member(const struct inventory *inventory,
						     const struct inventory_group *group,
						     const struct inventory_host *host);

/* Tunnels beside VXLAN of the fabric's port, by the ports that are known: VXLAN's, unless the
 * fabric uses it, the one that Linux takes for VXLAN if nobody names another, and those of
 * VXLAN-GPE and Geneve, which may be encrypted. ret_tunnels has room for COVEY_TUNNELS_MAX. Returns
 * how many there are. */
size_t inventory_tunnels(const struct inventory *inventory, struct covey_tunnel *ret_tunnels);
/* Is a tunnel of this kind encrypted that goes to this UDP port? */
bool inventory_carries(const struct inventory *inventory, enum covey_tunnel_kind kind,
		       uint16_t port);

/* A VNI that is in no group, and not 0. */
uint32_t inventory_free_vni(const struct inventory *inventory);

/* The MTU of the host's interface to the fabric, or what the inventory says of the network behind
 * it, if that is less. Bytes. */
uint16_t inventory_limit_mtu(const struct inventory_host *host, uint16_t mtu);

/* What encapsulation adds to a packet of this fabric, bytes. */
uint16_t inventory_overhead(const struct inventory *inventory);
