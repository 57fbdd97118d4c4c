/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Follows the kernel's VXLAN devices of our port: has each of them mark what it sends, and says
 * when nobody but them can hold the port. A device that comes sends nothing by covey until it
 * marks; one that goes leaves the port to the holder (port_holder.h) until nothing is delivered
 * there any more.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>

#include "guard_local.h"

struct vxlan_watch;

struct vxlan_watch_config {
	struct event_base *base;
	struct guard_local local; /* its texts are the caller's */
	uint16_t port;            /* UDP */
	int family;               /* the VTEPs' */
	uint32_t free_vni;        /* in no group, and not 0 */
	/* Deliver what was decrypted, or do not. In force when it returns 0. */
	int (*deliver)(bool held, void *arg, struct covey_error *error);
	void *arg;
};

/* Looks, and acts, before it returns. */
int vxlan_watch_new(const struct vxlan_watch_config *config, struct vxlan_watch **ret_watch,
		    struct covey_error *error);
/* Ends the watch: nothing is delivered from then on, and the port is given back. NULL-safe. */
void vxlan_watch_free(struct vxlan_watch *watch);

/* Take away what an earlier run left: devices mark nothing any more, and nothing holds the port. */
void vxlan_watch_forget(const char *host_interface);
