/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What probes say of the wire, from the reports of both ends.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "inventory.h"

enum wire_verdict_kind {
	WIRE_ENCRYPTED,
	WIRE_CLEAR,
	WIRE_TOO_BIG,  /* encrypted, but the largest one did not pass */
	WIRE_NOT_SEEN, /* none arrived */
	WIRE_BLIND,    /* they arrived, and nobody can see how */
	WIRE_FAILED,   /* it could not be tried */
};

struct wire_verdict {
	enum wire_verdict_kind kind;
	unsigned sent, arrived;
	unsigned spi;        /* WIRE_ENCRYPTED, WIRE_TOO_BIG */
	const char *seen_by; /* on uplinks: "sender", "receiver", "both", "nobody" */
	char detail[512];    /* for people: where they were last seen, and what dropped them */
};

/*
 * The direction from host `from` to `to`, out of an answer of covey-host to "probe". back: that of
 * the answers, from the host that was probed; from and to are those of the direction.
 */
void wire_verdict(const json_t *answer, const char *from, const char *to,
		  struct wire_verdict *ret_verdict);
const char *wire_verdict_name(enum wire_verdict_kind kind);
/* "encrypted under SA 257" and so on, with the detail. Returns buf. */
const char *wire_verdict_text(const struct wire_verdict *verdict, char *buf, size_t size);
json_t *wire_verdict_json(const struct wire_verdict *verdict, const char *from, const char *to);

/* The report of a host; NULL when there is none. */
const json_t *wire_report(const json_t *answer, const char *host);
/* The mean of the answers to what that host has sent, in milliseconds; 0: no answer came. */
double wire_round_trip_ms(const json_t *answer, const char *from);
/* May this host of a group send to that one? */
bool wire_may(const struct inventory *inventory, const struct inventory_group *group,
	      const char *from, const char *to);
/* A set of probes (bit 0 is the first) in what a report says of a direction. */
unsigned wire_set(const json_t *report, bool out, const char *name);
