/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <covey/error.h>
#include <stdint.h>

struct inventory;
struct inventory_host;
struct ports;

/* Open both ports for covey_fabric_port: kernel. No interface of the kernel is taken over. */
int kernel_ports_open(const struct inventory *inventory, const struct inventory_host *host,
		      struct ports *ports, struct covey_error *error);
/* For ports_set_mtu(). mtu is at most ports->mtu_max. */
int kernel_ports_set_mtu(const struct inventory *inventory, const struct inventory_host *host,
			 struct ports *ports, uint16_t mtu, struct covey_error *error);
