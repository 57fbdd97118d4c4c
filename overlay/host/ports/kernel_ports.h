/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <covey/error.h>

struct inventory;
struct inventory_host;
struct ports;

/* Open both ports for covey_fabric_port: kernel. No interface of the kernel is taken over. */
int kernel_ports_open(const struct inventory *inventory, const struct inventory_host *host,
		      struct ports *ports, struct covey_error *error);
