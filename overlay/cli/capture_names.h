/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which packets `covey capture` is asked for, and what they belong to: groups, SAs and hosts, as
 * covey-host knows them.
 */

#include <jansson.h>
#include <stdbool.h>

#include "captured.h"
#include "client.h"

struct capture_wanted {
	const char *group, *peer; /* names; NULL: any */
	long vni;                 /* -1: any */
};

struct capture_names {
	const struct cli *cli;
	struct capture_wanted wanted;
	struct covey_addr own;  /* this host's VTEP address; family 0: not known yet */
	struct covey_addr peer; /* of wanted.peer */
	json_t *answer;         /* covey-host's, to show */
	long asked_at;          /* ms, monotonic */
};

/* 0, or a negative errno: no such group, host, or covey-host. */
int capture_names_new(const struct cli *cli, const struct capture_wanted *wanted,
		      struct capture_names *ret_names, struct covey_error *error);
void capture_names_free(struct capture_names *names);

/* Is the packet one of those? Of an SA that is new, covey-host is asked, at most once a second. */
bool capture_names_wants(struct capture_names *names, const struct captured *captured);

/* "out, VNI 100 of group tenants, hv1 to hv2"; reason: why it was dropped, or NULL. */
void capture_names_describe(const struct capture_names *names, const struct captured *captured,
			    const char *reason, char *text, size_t size);
