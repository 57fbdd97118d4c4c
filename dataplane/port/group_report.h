/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Tells the switches on an interface which multicast groups are joined there, unasked, as the
 * kernel does when it is asked. The kernel itself says so only when it joins a group, and again
 * when a carrier is back, but then of IPv6 alone.
 *
 * These are current-state records of IGMPv3 (RFC 3376, section 4.2) and MLDv2 (RFC 3810, section
 * 5.2). Where an older querier of IGMP has been heard, a report of its version (RFC 2236, RFC 1112)
 * goes out as well.
 */

#include <covey/addr.h>
#include <stddef.h>
#include <stdint.h>

/* With the longest headers, a report of so many is shorter than the least MTU of IPv6. */
#define GROUP_REPORT_RECORDS 48u

/* Reports that are being made; those of one interface in a row leave together. */
struct group_report {
	int fd4, fd6; /* -1: not open */
	int status;   /* 0, or the first negative errno */
	uint16_t family;
	unsigned ifindex; /* 0: none yet */
	unsigned version; /* of the querier of IGMP there; 3 if none was heard */
	unsigned count;
	size_t len;
	uint8_t bytes[8 + GROUP_REPORT_RECORDS * 20];
};

void group_report_begin(struct group_report *report);
void group_report_add(struct group_report *report, const struct covey_addr *group,
		      unsigned ifindex);
/* Returns 0, or the negative errno of the first report that could not be sent; the others were. */
int group_report_end(struct group_report *report);
