/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What covey0 is where the kernel keeps its interfaces. A TAP device hands over super-frames, if
 * the kernel can do that. Where it cannot, they come through a veth pair beside it, and batches of
 * datagrams go to the TAP device, if the kernel can do that. Else packets come and go singly, and
 * AF_XDP at the end of a veth pair takes single packets from the kernel faster than a TAP device
 * does.
 */

#include <inventory.h>
#include <stdbool.h>

#include "offload_test.h"

/* What people are told of a port whose offload nobody could test; why that is so follows. */
#define HOST_CHOICE_UNTESTED "untested: the self-test could not run"

struct host_choice {
	enum host_port_kind kind; /* HOST_PORT_TAP or HOST_PORT_VETH */
	bool offload;             /* it may hand over super-frames */
	bool pair;                /* they come through a veth pair beside the TAP device */
	const char *note;         /* for people: what has decided; may be empty */
};

/* Does it depend on the kernel, or does the inventory say it? */
bool host_choice_is_open(const struct inventory_host *host);

/* Of offload_test_host(), and of offload_test_pair() where that did not say OFFLOAD_WORKS. They
 * matter only if the choice is open. */
struct host_verdicts {
	enum offload_verdict tap, pair;
};

/* Pure. */
struct host_choice host_choice_make(const struct inventory_host *host,
				    const struct host_verdicts *verdicts);
