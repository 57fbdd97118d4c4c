/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Ports that leave the kernel its interfaces: UDP sockets towards the fabric, and towards the
 * kernel a TAP device or a veth pair, to which the guard steers VXLAN.
 */

#include "kernel_ports.h"

#include <errno.h>
#include <inventory.h>
#include <link_features.h>
#include <link_pair.h>
#include <link_tap.h>
#include <net/if.h>
#include <port.h>
#include <possible_uplinks.h>
#include <rte_common.h>
#include <stdio.h>
#include <string.h>
#include <uplinks.h>

#include "carrier.h"
#include "former_bump.h"
#include "host_choice.h"
#include "host_port.h"
#include "link.h"
#include "link_redirect.h"
#include "offload_test.h"
#include "ports.h"
#include "uplink_watch.h"

/* Of the host interface. The frames that the fabric's port makes are addressed to it. It is locally
 * administered, and no frame with it ever leaves the host. */
static const uint8_t host_mac[LINK_MAC_LEN] = {0x02};

static int report_no_uplink(const struct inventory_host *host, const struct covey_error *why,
			    struct covey_error *error)
{
	if (host->uplink_count > 0)
		return covey_error_set(error, -ENODEV,
				       "host %s has none of its covey_fabric_interface: %.300s",
				       host->name, why->text);
	return covey_error_set(error, -ENODEV,
			       "host %s: no route leads to a covey_vtep of another host by an "
			       "Ethernet interface, and none but lo has the own one. Give it its "
			       "address and routes, "
			       "or name the interface in covey_fabric_interface",
			       host->name);
}

/* What the MTU may become when uplinks with smaller ones go, and others come. */
static uint16_t find_mtu_max(const struct inventory *inventory, const struct inventory_host *host,
			     const struct uplinks_mtu *now)
{
	const struct uplinks_wanted wanted = uplinks_wanted_of(inventory, host);
	uint16_t possible = inventory_limit_mtu(host, possible_uplinks_mtu(&wanted));

	return (uint16_t)RTE_MAX(now->smallest,
				 RTE_MIN(RTE_MAX(now->largest, possible), PORTS_NETWORK_MTU_MAX));
}

/* Of the interfaces that the inventory names, tell of those that VXLAN cannot leave by now.
 * *ret_why says it of the last one; if there is none, it is left alone. */
static void note_unfit(struct ports *ports, const struct inventory_host *host,
		       struct covey_error *ret_why)
{
	struct link_info link;

	for (size_t i = 0; i < host->uplink_count; i++) {
		if (link_get(host->uplinks[i], &link, ret_why)) {
			ports_note(ports,
				   "%.300s: what would leave there is dropped until it comes",
				   ret_why->text);
		} else if (!link.ethernet) {
			covey_error_set(ret_why, 0,
					"the frames of interface %s have no Ethernet header",
					link.name);
			ports_note(ports, "%.300s: what would leave there is dropped",
				   ret_why->text);
		}
	}
}

static int measure(const struct inventory *inventory, const struct inventory_host *host,
		   struct ports *ports, struct covey_error *error)
{
	struct covey_error why = {.text = ""};
	struct uplinks_mtu mtu;

	note_unfit(ports, host, &why);
	mtu = uplinks_mtu(inventory, host);
	ports->fabric_mtu = mtu.smallest;
	ports->mtu_max = find_mtu_max(inventory, host, &mtu);
	if (ports->fabric_mtu == 0)
		return report_no_uplink(host, &why, error);
	return 0;
}

/* --- offload --------------------------------------------------------------------------------- */

#define USED                                                                                       \
	"It is used all the same, as far as this kernel has it; covey_offload: off leaves it out"
#define UNUSED "It is not used"

/* Tell the operator what a self-test has found, unless it has found nothing. untested: what becomes
 * of an offload of which nothing is known. */
static void note_result(struct ports *ports, const struct offload_result *result, const char *what,
			const char *untested)
{
	if (result->verdict == OFFLOAD_UNTESTED)
		ports_note(ports,
			   "%s: it is not known whether this kernel does it right, for the "
			   "self-test could not run: %.200s. %s",
			   what, result->why.text, untested);
	if (result->verdict == OFFLOAD_SPOILS)
		ports_note(ports,
			   "%s: this kernel spoils packets (self-test: %.200s). It is switched "
			   "off: packets go one by one, at a fraction of the speed. Update the "
			   "kernel; covey_offload: off leaves out the test and this warning",
			   what, result->why.text);
}

static struct offload_test test_of(const struct inventory_host *host, const struct ports *ports)
{
	return (struct offload_test){
		.family = host->vtep.family,
		.fabric_mtu = ports->fabric_mtu,
		.host_mtu = ports->host_mtu,
		.pool = ports->pool,
	};
}

/* What people are told of a port's offload, and if it was not tested, why. */
static void set_note(struct port *port, const char *note, const struct offload_result *result)
{
	char text[PORT_NOTE_MAX];

	snprintf(text, sizeof(text), "%.40s: %.150s", note, result->why.text);
	port_set_note(port, result->verdict == OFFLOAD_UNTESTED ? text : note);
}

static const char *fabric_note(enum offload_verdict verdict)
{
	if (verdict == OFFLOAD_UNTESTED)
		return HOST_CHOICE_UNTESTED;
	return verdict == OFFLOAD_SPOILS ? "failed the self-test" : "";
}

/* Whether the fabric port uses the kernel's offload; what a self-test found, unless there was none,
 * in *ret_result. */
static bool choose_fabric(const struct inventory_host *host, struct ports *ports,
			  struct offload_result *ret_result)
{
	const struct offload_test test = test_of(host, ports);

	*ret_result = (struct offload_result){.verdict = OFFLOAD_ABSENT};
	if (host->offload == OFFLOAD_OFF)
		return false;
	*ret_result = offload_test_fabric(&test);
	note_result(ports, ret_result, "offload of the fabric port (UDP_SEGMENT, UDP_GRO)", USED);
	return ret_result->verdict != OFFLOAD_SPOILS;
}

/* --- buffers --------------------------------------------------------------------------------- */

/* For all that may come, or at least for what is there. */
static struct rte_mempool *new_pool(struct ports *ports, struct covey_error *error)
{
	struct rte_mempool *pool = port_pool_new(ports->mtu_max, ports->plan.demands, error);

	if (pool || ports->mtu_max == ports->fabric_mtu)
		return pool;
	pool = port_pool_new(ports->fabric_mtu, ports->plan.demands, NULL);
	if (pool)
		ports_note(ports,
			   "packet buffers are made for the present MTU of %u, not for %u: %s",
			   ports->fabric_mtu, ports->mtu_max, error->text);
	ports->cramped = true;
	ports->mtu_max = ports->fabric_mtu;
	return pool;
}

/* As they suit a host port of this kind. AF_XDP's always hold port_af_xdp_mtu_max() bytes. */
static int make_pool(const struct inventory_host *host, enum host_port_kind kind,
		     struct ports *ports, struct covey_error *error)
{
	struct inventory_host chosen = *host;

	chosen.host_port = kind;
	port_pool_free(ports->pool);
	port_plan_make(&chosen, 0, port_workers(), ports->fabric_mtu, &ports->plan);
	ports->pool = ports->plan.demands[PORT_HOST].af_xdp
			      ? port_pool_new(ports->fabric_mtu, ports->plan.demands, error)
			      : new_pool(ports, error);
	return ports->pool ? 0 : -ENOMEM;
}

static struct offload_result test_tap(const struct offload_test *test, struct ports *ports)
{
	const struct offload_result result = offload_test_host(test);

	note_result(ports, &result, "offload of the host port (tunnel GSO)", USED);
	return result;
}

static enum offload_verdict test_pair(const struct offload_test *test, struct ports *ports)
{
	const struct offload_result result = offload_test_pair(test);

	note_result(ports, &result, "offload of the host port (UDP GSO)", UNUSED);
	return result.verdict;
}

/* The tests need buffers that suit a TAP device, which it mostly is. What that of the TAP device
 * found, unless there was none, is in *ret_tap. */
static int choose_host(const struct inventory_host *host, struct ports *ports,
		       struct host_choice *ret_choice, struct offload_result *ret_tap,
		       struct covey_error *error)
{
	struct host_verdicts verdicts = {OFFLOAD_ABSENT, OFFLOAD_ABSENT};
	struct offload_test test;
	int status;

	*ret_tap = (struct offload_result){.verdict = OFFLOAD_ABSENT};
	if (host_choice_is_open(host)) {
		status = make_pool(host, HOST_PORT_TAP, ports, error);
		if (status)
			return status;
		test = test_of(host, ports);
		*ret_tap = test_tap(&test, ports);
		verdicts.tap = ret_tap->verdict;
		if (verdicts.tap == OFFLOAD_ABSENT || verdicts.tap == OFFLOAD_SPOILS)
			verdicts.pair = test_pair(&test, ports);
	}
	*ret_choice = host_choice_make(host, &verdicts);
	if (host_choice_is_open(host) && ret_choice->kind == HOST_PORT_TAP)
		return 0;
	return make_pool(host, ret_choice->kind, ports, error);
}

/* --- opening --------------------------------------------------------------------------------- */

/* Here no packet is too long: what does not fit the fabric is cut or answered by covey. */
#define PAIR_MTU 65535u

/* Packet sockets cannot tell of super-frames that are not TCP's or UDP's, and lose them: the kernel
 * has to cut these before. */
static int cut_before(const char *name, struct covey_error *error)
{
	static const char *const unknown[] = {"tx-sctp-segmentation", "tx-gso-list"};
	struct features *now = NULL;
	int status = features_read(name, &now);

	for (size_t i = 0; status == 0 && i < RTE_DIM(unknown); i++)
		if (features_are_on(now, unknown[i]))
			status = features_set(now, name, unknown[i], false);
	features_free(now);
	if (status)
		covey_error_set(error, status, "%s: its features cannot be set: %s", name,
				strerror(-status));
	return status;
}

/* A pair of an earlier run is used as it is, unless this run needs none. */
static int make_steered(const struct inventory_host *host, const struct host_choice *choice,
			struct ports *ports, struct covey_error *error)
{
	char peer[IFNAMSIZ];
	int status = carrier_steered_name(host, ports->steer_to, error);

	if (status)
		return status;
	if (!choice->pair) {
		status = link_pair_remove(ports->steer_to, error);
		snprintf(ports->steer_to, sizeof(ports->steer_to), "%s", host->host_interface);
		return status;
	}
	if ((status = carrier_peer_name(host, peer, error)) ||
	    (status = link_pair_make(ports->steer_to, peer, error)))
		return status;
	link_silence(ports->steer_to);
	link_silence(peer);
	status = cut_before(ports->steer_to, error);
	if (status)
		return status;
	if ((status = link_set_group(ports->steer_to, LINK_GROUP_COVEY, error)) ||
	    (status = link_set_group(peer, LINK_GROUP_COVEY, error)) ||
	    (status = link_set_up(peer, NULL, PAIR_MTU, false, error)))
		return status;
	return link_set_up(ports->steer_to, NULL, PAIR_MTU, false, error);
}

static int open_tap(const struct inventory *inventory, const struct inventory_host *host,
		    const struct host_choice *choice, struct ports *ports,
		    struct covey_error *error)
{
	char peer[IFNAMSIZ];
	struct port_tap_config config = {
		.name = host->host_interface,
		.mtu = ports->host_mtu,
		.queues = port_workers(),
		.vxlan_port = inventory->vxlan_port,
		.offload = !choice->offload ? PORT_TAP_SINGLES
			   : choice->pair   ? PORT_TAP_BATCHES
					    : PORT_TAP_SUPER_FRAMES,
		.read_at = choice->pair ? peer : NULL,
	};
	int status = link_tap_make(host->host_interface, error);

	if (!status)
		status = make_steered(host, choice, ports, error);
	if (!status)
		status = carrier_peer_name(host, peer, error);
	memcpy(config.mac, host_mac, sizeof(config.mac));
	ports->mtu_max = port_pool_mtu_max(ports->pool);
	return status ? status : port_open_tap(&config, ports->pool, &ports->host, error);
}

/* VXLAN devices may send packets that are too long for the fabric: they have to reach covey. */
static int open_pair(const struct inventory *inventory, const struct inventory_host *host,
		     const struct host_choice *choice, struct ports *ports,
		     struct covey_error *error)
{
	char peer[IFNAMSIZ];
	struct port_fit_config config = {
		.mtu = ports->host_mtu,
		.vxlan_port = inventory->vxlan_port,
		.answers_by = peer,
	};
	int status = carrier_peer_name(host, peer, error);

	memcpy(config.mac, host_mac, sizeof(config.mac));
	if (ports->plan.demands[PORT_HOST].af_xdp)
		ports->mtu_max = port_af_xdp_mtu_max();
	if (status || (status = make_steered(host, choice, ports, error)) ||
	    (status = link_pair_make(host->host_interface, peer, error)) ||
	    (status = host_port_open_pair(host, peer, ports->mtu_max, host_mac, ports, error)))
		return status;
	return port_fit(ports->host, &config, error);
}

static int open_host(const struct inventory *inventory, const struct inventory_host *host,
		     struct ports *ports, struct covey_error *error)
{
	struct host_choice choice;
	struct offload_result tap;
	int status = choose_host(host, ports, &choice, &tap, error);

	if (status)
		return status;
	ports->host_kind = choice.kind;
	status = choice.kind == HOST_PORT_TAP ? open_tap(inventory, host, &choice, ports, error)
					      : open_pair(inventory, host, &choice, ports, error);
	if (status)
		return status;
	set_note(ports->host, choice.note, &tap);
	return link_tap_set_up(host->host_interface, host->vtep.family, host_mac, ports->host_mtu,
			       error);
}

static void name_uplinks(const struct inventory_host *host, struct ports *ports)
{
	size_t len = 0;

	if (host->uplink_count == 0)
		snprintf(ports->uplinks, sizeof(ports->uplinks), "uplinks");
	for (size_t i = 0; i < host->uplink_count && len < sizeof(ports->uplinks); i++)
		len += (size_t)snprintf(ports->uplinks + len, sizeof(ports->uplinks) - len, "%s%s",
					i ? " " : "", host->uplinks[i]);
}

static int open_fabric(const struct inventory *inventory, const struct inventory_host *host,
		       struct ports *ports, struct covey_error *error)
{
	struct offload_result result;
	bool offload = choose_fabric(host, ports, &result);
	struct port_kernel_config config = {
		.name = ports->uplinks,
		.vtep = host->vtep,
		.vpe_port = inventory->vpe_port,
		.mtu = ports->fabric_mtu,
		.queues = port_workers(),
		.offload = offload,
		.mark = UINT32_C(1) << host->mark_bit,
	};
	int status;

	memcpy(config.host_mac, host_mac, sizeof(config.host_mac));
	snprintf(ports->fabric_driver, sizeof(ports->fabric_driver), "kernel");
	status = port_open_kernel(&config, ports->pool, &ports->fabric, error);
	if (status)
		return status;
	set_note(ports->fabric, fabric_note(result.verdict), &result);
	ports->gathers = offload && port_kernel_gather(ports->fabric, true);
	return 0;
}

/* What a bump on a card that is an uplink now has left, because it was killed. */
static void remove_left(const struct inventory_host *host)
{
	for (size_t i = 0; i < host->uplink_count; i++)
		link_redirect_remove_left(if_nametoindex(host->uplinks[i]));
}

int kernel_ports_open(const struct inventory *inventory, const struct inventory_host *host,
		      struct ports *ports, struct covey_error *error)
{
	int status = former_bump_check(host, error);

	name_uplinks(host, ports);
	remove_left(host);
	if (!status)
		status = measure(inventory, host, ports, error);
	if (!status)
		status = ports_check_mtu(inventory, ports->uplinks, ports->fabric_mtu, error);
	if (status)
		return status;
	ports->host_mtu = (uint16_t)(ports->fabric_mtu - inventory_overhead(inventory));
	status = open_host(inventory, host, ports, error);
	return status ? status : open_fabric(inventory, host, ports, error);
}

int kernel_ports_set_mtu(const struct inventory *inventory, const struct inventory_host *host,
			 struct ports *ports, uint16_t mtu, struct covey_error *error)
{
	uint16_t overhead = inventory_overhead(inventory);

	ports->fabric_mtu = mtu;
	ports->host_mtu = (uint16_t)(mtu > overhead ? mtu - overhead : 0);
	port_kernel_set_mtu(ports->fabric, mtu);
	if (ports->host_kind == HOST_PORT_TAP)
		port_tap_set_mtu(ports->host, ports->host_mtu);
	else
		port_fit_set_mtu(ports->host, ports->host_mtu);
	/* The kernel ends IPv6 on an interface with less, and VXLAN over IPv6 with it. */
	return link_set_up(host->host_interface, NULL,
			   RTE_MAX(ports->host_mtu, (uint16_t)PORTS_HOST_MTU_MIN), false, error);
}
