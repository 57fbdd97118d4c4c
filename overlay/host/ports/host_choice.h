/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What covey0 is where the kernel keeps its interfaces. A TAP device hands over super-frames, if
 * the kernel can do that. Where it cannot, or must not, packets come singly, and AF_XDP at the end
 * of a veth pair takes single packets from the kernel faster than a TAP device does.
 */

#include <inventory.h>
#include <stdbool.h>

#include "offload_test.h"

struct host_choice {
	enum host_port_kind kind; /* HOST_PORT_TAP or HOST_PORT_VETH */
	bool offload;             /* it may hand over super-frames */
	const char *note;         /* for people: what has decided; may be empty */
};

/* Does it depend on the kernel, or does the inventory say it? */
bool host_choice_is_open(const struct inventory_host *host);

/* verdict: of offload_test_host() if the choice is open; else it does not matter. Pure. */
struct host_choice host_choice_make(const struct inventory_host *host,
				    enum offload_verdict verdict);
