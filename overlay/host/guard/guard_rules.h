/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The text of the guard's nftables rules. Pure, so that it can be read and tested by itself.
 */

#include <covey/tunnel.h>
#include <covey/vnis.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "guard_local.h"
#include "steer.h"

#define GUARD_FOREIGN_MAX 16

struct guard_config {
	const char *interface;    /* the fabric interface, by the kernel's own name */
	struct guard_ports ports; /* of what is encrypted */
	uint16_t vpe_port;
	uint8_t vpe_protocol;
	/* UDP ports of tunnels that are not the fabric's. Packets to them are dropped too, also on
	 * the host interface, if they have a VNI of the fabric that does not pass in clear. */
	const char *host_interface;
	uint16_t foreign_ports[GUARD_FOREIGN_MAX];
	size_t foreign_count;
	bool foreign_all;                               /* whatever their VNI */
	struct covey_tunnel tunnels[COVEY_TUNNELS_MAX]; /* for these, covey-host looks out itself */
	size_t tunnel_count;
	const struct covey_vnis *vnis; /* of the fabric; not owned */
	size_t vnis_count;
	bool bridge;    /* the interface is a bridge; guard_up() finds that out */
	bool af_packet; /* the fabric port is AF_PACKET: the kernel sees each packet as well */
	/* There is no fabric interface: `interface` is the host interface, and the only rules are
	 * those of `local`. */
	bool local_only;
	struct guard_local local; /* the inward part; without a host interface there is none */
	struct steer steer;       /* if it is on, `local_only` is set, too */
};

/* The hooks at the device itself. Before Linux 6.16 they need the device to exist. */
enum guard_device_hooks {
	GUARD_NO_DEVICE,
	GUARD_INGRESS,
	GUARD_INGRESS_EGRESS, /* egress: Linux 5.16 and later */
};

/* The comment of a rule that only the guard of an AF_PACKET port has. */
#define GUARD_OWN_COPY "covey has taken its own copy"
/* The comments of the rule about foreign_ports: with foreign_all, and without. For first fragments
 * that end before a VNI there is GUARD_FOREIGN_CUT. */
#define GUARD_FOREIGN     "clear VXLAN of another port"
#define GUARD_FOREIGN_VNI "clear tunnel of another port, with a VNI of the fabric"

/* True when the name can stand in a rule: the kernel accepts it, and nft would not read it as more
 * than a name. */
bool guard_interface_valid(const char *interface);

/*
 * The name of an interface's two tables, one of family inet and one of netdev: covey_guard_fab0.
 * Each interface has its own tables, so that no guard removes another one.
 */
#define GUARD_TABLE_NAME_SIZE (sizeof("covey_guard_") + 3 * (IFNAMSIZ - 1))
void guard_table_name(const char *interface, char *ret_name);

/* Write the rule that drops tunnels of ports that are not the fabric's, if there are any: VXLAN,
 * VXLAN-GPE and Geneve, whose VNIs are at the same place. */
void guard_rules_write_foreign(FILE *stream, const struct guard_config *config);

/* UDP in a frame with VLAN tags in it. */
struct guard_tagged {
	const char *what; /* that it is UDP, as nft writes that, with a space behind it */
	const char *cut;  /* likewise, that it is a first fragment that ends before a tunnel's VNI;
			   * NULL: it cannot be one */
	unsigned port;    /* at which bit UDP's destination port is */
};

/* Write the same for such a frame, if there are any such ports. */
void guard_rules_write_foreign_tagged(FILE *stream, const struct guard_config *config,
				      const struct guard_tagged *tagged);

/* Write the guard's tables. */
void guard_rules_write_tables(FILE *stream, const struct guard_config *config,
			      enum guard_device_hooks hooks);

/* Write the removal of the guards that another mode of covey has left. */
void guard_rules_write_others_removal(FILE *stream, const struct guard_config *config);

/* Write one transaction that removes the interface's guard, if there is one. */
void guard_rules_write_removal(FILE *stream, const char *interface);
