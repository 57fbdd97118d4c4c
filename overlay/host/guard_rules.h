/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The text of the guard's nftables rules: pure, so that it can be read and tested by itself.
 */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "guard_local.h"

#define GUARD_FOREIGN_MAX 16

struct guard_config {
	const char *interface; /* the fabric interface, by the kernel's own name for it */
	uint16_t vxlan_port;
	uint16_t vpe_port;
	uint8_t vpe_protocol;
	/* Ports that VXLAN of others than the fabric's devices sends to, to be dropped too, on the
	 * host interface as well. */
	const char *host_interface;
	uint16_t foreign_ports[GUARD_FOREIGN_MAX];
	size_t foreign_count;
	bool bridge;    /* the interface is a bridge; guard_up() finds that out */
	bool af_packet; /* the fabric port is AF_PACKET: the kernel sees each packet as well */
	/* There is no fabric interface: `interface` is the host interface, and has no rules but
	 * those of `local`. */
	bool local_only;
	struct guard_local local; /* what faces inwards; without a host interface: nothing */
};

/* The hooks of the device itself. They need the device to be there. */
enum guard_device_hooks {
	GUARD_NO_DEVICE,
	GUARD_INGRESS,
	GUARD_INGRESS_EGRESS, /* egress: Linux 5.16 and later */
};

/* The comment of a rule that only the guard of an AF_PACKET port has. */
#define GUARD_OWN_COPY "covey has taken its own copy"

/* Whether the name can stand in a rule: what the kernel takes, and nothing that nft would read as
 * more than a name. */
bool guard_interface_valid(const char *interface);

/*
 * What an interface's two tables are called, one of family inet and one of netdev:
 * covey_guard_fab0. Each interface has its own, so that nobody's guard takes another's away.
 */
#define GUARD_TABLE_NAME_SIZE (sizeof("covey_guard_") + 3 * (IFNAMSIZ - 1))
void guard_table_name(const char *interface, char *ret_name);

/* Write one transaction that replaces whatever guard the interface has by this one. */
void guard_rules_write(FILE *stream, const struct guard_config *config,
		       enum guard_device_hooks hooks);

/* Write one transaction that removes the interface's guard, if there is one. */
void guard_rules_write_removal(FILE *stream, const char *interface);
