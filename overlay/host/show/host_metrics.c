/* SPDX-License-Identifier: BSD-3-Clause */

#include "host_metrics.h"

#include <dataplane.h>
#include <inventory.h>
#include <metrics_common.h>
#include <metrics_page.h>

#include "guard_watch.h"
#include "health.h"
#include "host.h"
#include "member.h"

/* --- the host and its session ---------------------------------------------------------------- */

static const struct metrics_family info = {"covey_host", METRICS_INFO, NULL,
					   "The host's name, fabric and VTEP address."};
static const struct metrics_family ready = {
	"covey_host_ready", METRICS_GAUGE, NULL,
	"1 while the host forwards, is guarded and has a key for each of its groups."};
static const struct metrics_family workers = {"covey_host_workers", METRICS_GAUGE, NULL,
					      "Threads that encrypt and decrypt."};
static const struct metrics_family connected = {"covey_host_gkm_connected", METRICS_GAUGE, NULL,
						"1 while there is a session with the key manager."};
static const struct metrics_family session_with = {
	"covey_host_gkm_session", METRICS_GAUGE, NULL,
	"1 for the key manager with which there is a session, 0 for the others of the inventory."};
static const struct metrics_family sessions = {"covey_host_gkm_sessions", METRICS_COUNTER, NULL,
					       "Sessions that the key manager has welcomed."};
static const struct metrics_family lost = {
	"covey_host_gkm_sessions_lost", METRICS_COUNTER, NULL,
	"Sessions with the key manager that ended with none in their place."};
static const struct metrics_family guarded = {
	"covey_host_guard_in_place", METRICS_GAUGE, NULL,
	"1 while the guard is as it should be, as of the last look."};
static const struct metrics_family restored = {
	"covey_host_guard_restored", METRICS_COUNTER, NULL,
	"How often somebody took the guard away or changed it, and it was put back."};

static void add_session(struct metrics_page *page, const struct host *host)
{
	const struct covey_gkms *gkms = member_read_gkms(host->member);
	char address[COVEY_ADDR_STRLEN];
	struct member_status status;

	member_read_status(host->member, &status);
	metrics_one(page, &connected, status.link == MEMBER_CONNECTED);
	metrics_begin(page, &session_with);
	for (size_t i = 0; i < gkms->count; i++)
		metrics_add(page,
			    METRICS_LABELS({"address", covey_addr_format(&gkms->list[i], address)}),
			    status.link == MEMBER_CONNECTED &&
				    covey_addr_equal(&gkms->list[i], &status.gkm_address));
	metrics_one(page, &sessions, status.sessions);
	metrics_one(page, &lost, status.lost);
}

static void add_guard(struct metrics_page *page, const struct host *host)
{
	struct guard_status status;

	if (!host->guard)
		return;
	guard_watch_last(host->guard, &status);
	metrics_one(page, &guarded, !status.off && status.failing[0] == '\0');
	metrics_one(page, &restored, status.restored);
}

static void add_host(struct metrics_page *page, const struct host *host)
{
	char vtep[COVEY_ADDR_STRLEN];

	covey_addr_format(&host->self->vtep, vtep);
	metrics_begin(page, &info);
	metrics_add(page,
		    METRICS_LABELS({"host", host->self->name}, {"fabric", host->inventory->fabric},
				   {"vtep", vtep}),
		    1);
	metrics_one(page, &ready, health_is_ready(host));
	metrics_one(page, &workers, dataplane_workers(host->dataplane));
}

/* --- packets --------------------------------------------------------------------------------- */

static const struct metrics_family encrypted_packets = {
	"covey_host_encrypted_packets", METRICS_COUNTER, NULL, "Packets encrypted."};
static const struct metrics_family encrypted_bytes = {
	"covey_host_encrypted_bytes", METRICS_COUNTER, "bytes",
	"IP bytes of packets before they were encrypted."};
static const struct metrics_family decrypted_packets = {
	"covey_host_decrypted_packets", METRICS_COUNTER, NULL, "Packets decrypted."};
static const struct metrics_family decrypted_bytes = {"covey_host_decrypted_bytes", METRICS_COUNTER,
						      "bytes",
						      "IP bytes of packets that were decrypted."};
static const struct metrics_family bypassed = {
	"covey_host_bypassed_packets", METRICS_COUNTER, NULL,
	"Packets that are not the fabric's and passed a bump in the wire unchanged."};
static const struct metrics_family clear = {
	"covey_host_clear_packets", METRICS_COUNTER, NULL,
	"VXLAN that covey-host let pass in clear, because its group does not enforce."};
static const struct metrics_family drops = {
	"covey_host_dropped_packets", METRICS_COUNTER, NULL,
	"Packets dropped by the dataplane, by the reason that covey show drops names."};
static const struct metrics_family would_drop = {
	"covey_host_would_drop_packets", METRICS_COUNTER, NULL,
	"Packets that passed and would be dropped if their group enforced."};
static const struct metrics_family icv_failures = {"covey_host_icv_failures", METRICS_COUNTER, NULL,
						   "Packets that failed authentication."};
static const struct metrics_family icv_causes = {
	"covey_host_icv_failures_explained", METRICS_COUNTER, NULL,
	"Those of them of which it is known by now whether they were forged or spoiled."};
static const struct metrics_family misses = {
	"covey_host_steering_misses", METRICS_COUNTER, NULL,
	"Packets that came to another worker than the one that has their replay window."};
static const struct metrics_family too_big = {
	"covey_host_too_big_answers", METRICS_COUNTER, NULL,
	"ICMP errors to those on this host whose packet does not fit."};

static void add_traffic(struct metrics_page *page, const struct dataplane_counters *counters)
{
	metrics_one(page, &encrypted_packets, counters->encrypted_packets);
	metrics_one(page, &encrypted_bytes, counters->encrypted_bytes);
	metrics_one(page, &decrypted_packets, counters->decrypted_packets);
	metrics_one(page, &decrypted_bytes, counters->decrypted_bytes);
	metrics_begin(page, &bypassed);
	metrics_add(page, METRICS_LABELS({"direction", "out"}), counters->bypassed_out);
	metrics_add(page, METRICS_LABELS({"direction", "in"}), counters->bypassed_in);
	metrics_begin(page, &clear);
	metrics_add(page, METRICS_LABELS({"direction", "out"}), counters->clear_out);
	metrics_add(page, METRICS_LABELS({"direction", "in"}), counters->clear_in);
	metrics_one(page, &misses, counters->handed_over);
	metrics_one(page, &too_big, counters->told_too_big);
}

static void add_by_reason(struct metrics_page *page, const struct metrics_family *family,
			  const uint64_t counts[COVEY_DROP_COUNT])
{
	metrics_begin(page, family);
	for (size_t i = 0; i < COVEY_DROP_COUNT; i++)
		metrics_add(page, METRICS_LABELS({"reason", covey_drop_names[i]}), counts[i]);
}

static void add_drops(struct metrics_page *page, const struct dataplane_counters *counters)
{
	add_by_reason(page, &drops, counters->drops);
	add_by_reason(page, &would_drop, counters->would_drop);
	metrics_one(page, &icv_failures, counters->drops[COVEY_DROP_IN_ICV]);
	metrics_begin(page, &icv_causes);
	metrics_add(page, METRICS_LABELS({"cause", "forged"}), counters->forged);
	metrics_add(page, METRICS_LABELS({"cause", "spoiled-alone"}), counters->spoiled_alone);
	metrics_add(page, METRICS_LABELS({"cause", "spoiled-gathered"}),
		    counters->spoiled_gathered);
}

/* --- ports ----------------------------------------------------------------------------------- */

static const struct metrics_family port_info = {
	"covey_host_port", METRICS_INFO, NULL,
	"A port's interface and driver, and what the kernel joins and cuts for it."};
static const struct metrics_family port_packets = {"covey_host_port_packets", METRICS_COUNTER, NULL,
						   "Packets through a port."};
static const struct metrics_family port_bytes = {"covey_host_port_bytes", METRICS_COUNTER, "bytes",
						 "Bytes through a port."};
static const struct metrics_family port_missed = {
	"covey_host_port_missed_packets", METRICS_COUNTER, NULL,
	"Packets that a port received and nobody fetched in time."};
static const struct metrics_family port_errors = {"covey_host_port_send_errors", METRICS_COUNTER,
						  NULL, "Packets that a port could not send."};
static const struct metrics_family port_mtu = {"covey_host_port_mtu_bytes", METRICS_GAUGE, "bytes",
					       "The longest IP packet of a port."};
static const struct metrics_family buffers = {"covey_host_buffers", METRICS_GAUGE, NULL,
					      "Packet buffers."};
static const struct metrics_family buffers_free = {"covey_host_buffers_free", METRICS_GAUGE, NULL,
						   "Packet buffers that are not in use."};
static const struct metrics_family offload_stopped = {
	"covey_host_offload_stopped", METRICS_GAUGE, NULL,
	"1 while the kernel gathers no packets for covey-host (UDP_GRO) because it spoiled some."};
static const struct metrics_family offload_stops = {
	"covey_host_offload_stops", METRICS_COUNTER, NULL,
	"How often gathering was stopped because it spoiled packets."};

static const char *const roles[] = {"fabric", "host"};

static void add_port_counters(struct metrics_page *page,
			      const struct dataplane_port_status ports[2])
{
	metrics_begin(page, &port_packets);
	for (size_t i = 0; i < 2; i++) {
		metrics_add(page, METRICS_LABELS({"port", roles[i]}, {"direction", "in"}),
			    ports[i].rx_packets);
		metrics_add(page, METRICS_LABELS({"port", roles[i]}, {"direction", "out"}),
			    ports[i].tx_packets);
	}
	metrics_begin(page, &port_bytes);
	for (size_t i = 0; i < 2; i++) {
		metrics_add(page, METRICS_LABELS({"port", roles[i]}, {"direction", "in"}),
			    ports[i].rx_bytes);
		metrics_add(page, METRICS_LABELS({"port", roles[i]}, {"direction", "out"}),
			    ports[i].tx_bytes);
	}
	metrics_begin(page, &port_missed);
	for (size_t i = 0; i < 2; i++)
		metrics_add(page, METRICS_LABELS({"port", roles[i]}), ports[i].rx_missed);
	metrics_begin(page, &port_errors);
	for (size_t i = 0; i < 2; i++)
		metrics_add(page, METRICS_LABELS({"port", roles[i]}), ports[i].tx_errors);
}

static void add_ports(struct metrics_page *page, const struct host *host)
{
	struct dataplane_port_status ports[2];
	struct dataplane_buffers pool;

	dataplane_read_ports(host->dataplane, ports);
	dataplane_read_buffers(host->dataplane, &pool);
	metrics_begin(page, &port_info);
	for (size_t i = 0; i < 2; i++)
		metrics_add(page,
			    METRICS_LABELS({"port", roles[i]}, {"interface", ports[i].name},
					   {"driver", ports[i].driver},
					   {"offload", ports[i].offload}),
			    1);
	metrics_begin(page, &port_mtu);
	for (size_t i = 0; i < 2; i++)
		metrics_add(page, METRICS_LABELS({"port", roles[i]}), ports[i].mtu);
	add_port_counters(page, ports);
	metrics_one(page, &buffers, pool.total);
	metrics_one(page, &buffers_free, pool.free);
}

static void add_offload(struct metrics_page *page, const struct host *host)
{
	uint64_t stops = 0;
	bool stopped = host->offload_stopped && host->offload_stopped(host->arg, &stops);

	metrics_one(page, &offload_stopped, stopped);
	metrics_one(page, &offload_stops, stops);
}

void host_metrics_fill(struct metrics_page *page, void *arg)
{
	const struct host *host = arg;
	struct dataplane_counters counters;

	metrics_add_common(page, "covey-host", host->own, host->lists);
	add_host(page, host);
	add_session(page, host);
	add_guard(page, host);
	dataplane_read_counters(host->dataplane, &counters);
	add_traffic(page, &counters);
	add_drops(page, &counters);
	add_ports(page, host);
	add_offload(page, host);
	host_metrics_groups(page, host);
}
