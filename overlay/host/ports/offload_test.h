/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Tries, before the ports are opened, whether this kernel joins and cuts packets as it should:
 * packets go through ports of the kinds that will serve, in network namespaces that are gone
 * afterwards. It takes some tens of milliseconds.
 *
 * What it proves is the kernel's own code: how it cuts what leaves a UDP socket in one call,
 * gathers what comes, cuts super-frames that are written to a TAP device, and hands them over. What
 * it cannot prove is what a network card or its driver does when it cuts packets itself, for
 * nothing of the test leaves the host.
 */

#include <covey/addr.h>
#include <covey/error.h>
#include <stdint.h>

struct rte_mempool;

enum offload_verdict {
	OFFLOAD_WORKS,
	OFFLOAD_ABSENT,   /* the kernel has none */
	OFFLOAD_SPOILS,   /* packets came changed, or not at all: it must not be used */
	OFFLOAD_UNTESTED, /* the test could not run here: nothing is known */
};

struct offload_test {
	uint16_t family; /* of the VTEPs: AF_INET or AF_INET6 */
	uint16_t fabric_mtu;
	uint16_t host_mtu;
	struct rte_mempool *pool;
};

struct offload_result {
	enum offload_verdict verdict;
	struct covey_error why; /* unless it works */
};

/* The fabric port's: UDP_SEGMENT and UDP_GRO. */
struct offload_result offload_test_fabric(const struct offload_test *test);
/* The host port's: super-frames of VXLAN, which TAP devices of Linux 6.17 and later have. */
struct offload_result offload_test_host(const struct offload_test *test);
/*
 * What can take its place: batches of datagrams, which TAP devices of Linux 6.2 and later take, and
 * super-frames that come whole through a veth pair. Of these, the kernel cuts only the first.
 */
struct offload_result offload_test_pair(const struct offload_test *test);
