/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Requests and reports of probes as `covey` writes and reads them (covey-host(8)).
 */

#include <covey/error.h>
#include <covey/limits.h>
#include <jansson.h>
#include <message.h>

struct inventory;
struct inventory_host;

/* A request as it goes to the key manager. Its texts live as long as the JSON. */
struct probe_wish {
	Covey__ProbeRequest message;
	char *to[COVEY_PROBE_RECEIVERS_MAX];
	uint32_t lengths[COVEY_PROBES_PER_RUN_MAX];
};

/* -EINVAL, and error says what is wrong; -ENODEV: nothing here is sent by multicast. What is not
 * said gets a default: this host sends, in the first group of both, in one of that group's VNIs,
 * probes of random lengths. full: the longest VXLAN packet that this host sends, in bytes from the
 * IP header on. */
int probe_json_read(const json_t *request, const struct inventory *inventory,
		    const struct inventory_host *self, uint32_t full, struct probe_wish *ret_wish,
		    struct covey_error *error);

/* How large the tenants' packets would be. NULL when there is no memory. */
json_t *probe_json_sizes(const struct probe_wish *wish, const struct inventory_host *self);

/* NULL when there is no memory. */
json_t *probe_json_report(const Covey__ProbeReport *report);
