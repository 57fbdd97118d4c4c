/* SPDX-License-Identifier: BSD-3-Clause */

#include "offload_test.h"

#include <errno.h>
#include <link_features.h>
#include <link_space.h>
#include <port.h>
#include <pthread.h>
#include <self_test.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "link.h"

/* What a test returns where the kernel does not have what it tests. */
#define ABSENT (-ENOPROTOOPT)

#define BURSTS      200
#define PATIENCE_MS 1000
/* Ports of the namespaces' own. */
#define VPE_PORT   4798
#define VXLAN_PORT 4789

typedef int test_function(const struct offload_test *test, struct covey_error *error);

/* A test in a thread, which has a namespace of its own and takes it along when it ends. */
struct run {
	const struct offload_test *test;
	test_function *function;
	struct covey_error error;
	int status;
};

static void *run_thread(void *arg)
{
	struct run *run = arg;

	run->status = run->function(run->test, &run->error);
	return NULL;
}

static struct offload_result in_a_thread(const struct offload_test *test, test_function *function)
{
	struct run run = {.test = test, .function = function};
	pthread_t thread;
	int status = pthread_create(&thread, NULL, run_thread, &run);

	if (status != 0)
		run.status = covey_error_set(&run.error, -status, "no thread can be started: %s",
					     strerror(status));
	else
		pthread_join(thread, NULL);
	return (struct offload_result){
		.verdict = run.status == 0          ? OFFLOAD_WORKS
			   : run.status == ABSENT   ? OFFLOAD_ABSENT
			   : run.status == -EBADMSG ? OFFLOAD_SPOILS
						    : OFFLOAD_UNTESTED,
		.why = run.error,
	};
}

static struct self_test plan(const struct offload_test *test, const struct port *from,
			     const struct port *to)
{
	bool ipv6 = test->family == AF_INET6;
	struct self_test plan = {
		.from = from,
		.to = to,
		.pool = test->pool,
		.bursts = BURSTS,
		.patience_ms = PATIENCE_MS,
		.seed = 1,
	};

	covey_addr_parse(ipv6 ? "fd00::1" : "10.0.0.1", &plan.source);
	covey_addr_parse(ipv6 ? "fd00::2" : "10.0.0.2", &plan.destination);
	return plan;
}

/* --- sockets --------------------------------------------------------------------------------- */

/*
 *   namespace with "from" and its port  ---- veth pair ----  namespace with "to" and its port
 *
 * The pair is like a card that leaves all to the kernel: it does not take what is not cut, and what
 * comes is gathered behind it. veth gathers only what comes from an end that cuts TCP, too.
 */
static const struct {
	const char *interface, *name;
	bool on;
} features[] = {
	{"from", "tx-udp-segmentation", false},          {"from", "tx-tcp-segmentation", false},
	{"from", "tx-tcp6-segmentation", false},         {"from", "tx-tcp-ecn-segmentation", false},
	{"from", "tx-tcp-mangleid-segmentation", false}, {"to", "rx-gro", true},
};

/* Those of one end, where the thread is. */
static int set_features(const char *name, struct covey_error *error)
{
	struct features *now = NULL;
	int status = features_read(name, &now);

	for (unsigned i = 0; status == 0 && i < sizeof(features) / sizeof(features[0]); i++) {
		if (strcmp(features[i].interface, name) != 0)
			continue;
		status = features_set(now, name, features[i].name, features[i].on);
		if (status == -EOPNOTSUPP) /* of a kernel that does not have the feature */
			status = 0;
	}
	features_free(now);
	if (status)
		return covey_error_set(error, status, "%s: its features cannot be set: %s", name,
				       strerror(-status));
	return 0;
}

static int set_up_end(const char *name, const struct covey_addr *address, uint16_t mtu,
		      struct covey_error *error)
{
	int status = link_set_up(name, NULL, mtu, false, error);

	return status ? status
		      : link_add_address(name, address, address->family == AF_INET6 ? 64 : 24,
					 error);
}

static int set_up_wire(const struct offload_test *test, const struct self_test *plan,
		       const int spaces[2], struct covey_error *error)
{
	int status;

	if ((status = link_space_add_veth("from", "to", spaces[1], error)) ||
	    (status = set_features("from", error)) ||
	    (status = set_up_end("from", &plan->source, test->fabric_mtu, error)) ||
	    (status = link_space_enter(spaces[1], error)) || (status = set_features("to", error)))
		return status;
	return set_up_end("to", &plan->destination, test->fabric_mtu, error);
}

static int open_socket_port(const struct offload_test *test, int space,
			    const struct covey_addr *vtep, struct port **ret_port,
			    struct covey_error *error)
{
	const struct port_kernel_config config = {
		.name = "self-test",
		.vtep = *vtep,
		.vpe_port = VPE_PORT,
		.mtu = test->fabric_mtu,
		.queues = 1,
		.offload = true,
	};
	int status = link_space_enter(space, error);

	return status ? status : port_open_kernel(&config, test->pool, ret_port, error);
}

static int test_between(const struct offload_test *test, const int spaces[2],
			struct covey_error *error)
{
	struct port *from = NULL, *to = NULL;
	struct self_test sockets = plan(test, NULL, NULL);
	int status = set_up_wire(test, &sockets, spaces, error);

	sockets.udp_port = VPE_PORT;
	sockets.mtu = test->fabric_mtu;
	if (status == 0)
		status = open_socket_port(test, spaces[1], &sockets.destination, &to, error);
	if (status == 0)
		status = open_socket_port(test, spaces[0], &sockets.source, &from, error);
	sockets.from = from;
	sockets.to = to;
	if (status == 0)
		status = self_test_sockets(&sockets, error);
	port_close(from);
	port_close(to);
	return status;
}

static int test_sockets(const struct offload_test *test, struct covey_error *error)
{
	int spaces[2] = {-1, -1}, status = 0;

	spaces[1] = link_space_new(error);
	if (spaces[1] < 0)
		return spaces[1];
	spaces[0] = link_space_new(error);
	status = spaces[0] < 0 ? spaces[0] : test_between(test, spaces, error);
	if (spaces[0] >= 0)
		close(spaces[0]);
	close(spaces[1]);
	return status;
}

/* --- TAP devices ----------------------------------------------------------------------------- */

/*
 *   "from" and its port  ---- bridge ----  "to" and its port
 *
 * What is joined and written to the first comes out of the second as a super-frame, or cut by the
 * kernel, if the second port takes none.
 */
static int open_tap_port(const struct offload_test *test, const char *name,
			 enum port_tap_offload offload, struct port **ret_port,
			 struct covey_error *error)
{
	const struct port_tap_config config = {
		.name = name, .mtu = test->host_mtu, .queues = 1, .offload = offload};
	int status = port_open_tap(&config, test->pool, ret_port, error);

	if (status)
		return status;
	link_silence(name);
	return link_set_up(name, NULL, test->host_mtu, false, error);
}

/* What each port may join. */
struct taps {
	enum port_tap_offload from, to;
};

static int test_bridged(const struct offload_test *test, int space, const struct taps *wish,
			struct covey_error *error)
{
	static const char *const names[] = {"from", "to"};
	struct port *from = NULL, *to = NULL;
	struct self_test taps;
	int status;

	status = open_tap_port(test, "from", wish->from, &from, error);
	if (status == 0 && port_tap_offload(from) != wish->from)
		status = covey_error_set(error, ABSENT, "TAP devices have no %s",
					 wish->from == PORT_TAP_BATCHES ? "UDP GSO" : "tunnel GSO");
	if (status == 0 && (status = open_tap_port(test, "to", wish->to, &to, error)) == 0)
		status = link_add_bridge("bridge", names, 2, error);
	taps = plan(test, from, to);
	taps.udp_port = VXLAN_PORT;
	taps.mtu = test->host_mtu;
	/* The kernel gives each datagram of a batch a checksum. */
	taps.checksums = wish->from == PORT_TAP_BATCHES;
	if (status == 0)
		status = self_test_taps(&taps, error);
	port_close(from);
	port_close(to);
	return status;
}

typedef int space_function(const struct offload_test *test, int space, const struct taps *wish,
			   struct covey_error *error);

static int in_a_space(const struct offload_test *test, space_function *function,
		      const struct taps *wish, struct covey_error *error)
{
	int space = link_space_new(error);
	int status = space < 0 ? space : function(test, space, wish, error);

	if (space >= 0)
		close(space);
	return status;
}

static int test_taps(const struct offload_test *test, struct covey_error *error)
{
	static const struct taps whole = {PORT_TAP_SUPER_FRAMES, PORT_TAP_SUPER_FRAMES};
	static const struct taps cut = {PORT_TAP_SUPER_FRAMES, PORT_TAP_SINGLES};
	int status = in_a_space(test, test_bridged, &whole, error);

	return status ? status : in_a_space(test, test_bridged, &cut, error);
}

/* --- a veth pair beside a TAP device --------------------------------------------------------- */

/*
 * A pair with these features hands over super-frames as they are. No super-frame is sent to see
 * it: the kernel cuts none on this way. Only a VXLAN device could make one. A packet socket cannot:
 * the kernel looks into what a process hands over for cutting, finds UDP outside where the header
 * speaks of TCP, and drops it.
 */
static int check_pair(const struct offload_test *test, int space, const struct taps *none,
		      struct covey_error *error)
{
	static const char *const needed[] = {"tx-udp_tnl-segmentation",
					     "tx-udp_tnl-csum-segmentation", "tx-tcp-segmentation",
					     "tx-tcp6-segmentation"};
	struct features *found = NULL;
	int status = link_space_add_veth("from", "to", space, error);

	if (status == 0 && (status = features_read("from", &found)) != 0)
		covey_error_set(error, status, "features of a veth pair cannot be read: %s",
				strerror(-status));
	for (unsigned i = 0; status == 0 && i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!features_are_on(found, needed[i]))
			status = covey_error_set(error, ABSENT, "veth pairs have no %s", needed[i]);
	features_free(found);
	return status;
}

static int test_pair(const struct offload_test *test, struct covey_error *error)
{
	static const struct taps batches = {PORT_TAP_BATCHES, PORT_TAP_SINGLES};
	int status = in_a_space(test, check_pair, NULL, error);

	return status ? status : in_a_space(test, test_bridged, &batches, error);
}

/* A kernel that spoils packets does it again. What else may lose one does not. */
static struct offload_result twice(const struct offload_test *test, test_function *function)
{
	struct offload_result result = in_a_thread(test, function);

	return result.verdict == OFFLOAD_SPOILS ? in_a_thread(test, function) : result;
}

struct offload_result offload_test_fabric(const struct offload_test *test)
{
	return twice(test, test_sockets);
}

struct offload_result offload_test_host(const struct offload_test *test)
{
	return twice(test, test_taps);
}

struct offload_result offload_test_pair(const struct offload_test *test)
{
	return twice(test, test_pair);
}
