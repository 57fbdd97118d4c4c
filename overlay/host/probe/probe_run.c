/* SPDX-License-Identifier: BSD-3-Clause */

#include "probe_run.h"

#include <clock.h>
#include <errno.h>
#include <inventory.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vxlan_devices.h>

#include "probe_listen.h"
#include "probe_report.h"
#include "probe_socket.h"

#define GAP_MS    5    /* between two probes */
#define ANSWER_MS 400  /* so long a sender waits for answers to the last one, at most */
#define LATE_MS   150  /* and if some have come, so long and four times what they took */
#define DRAIN_MS  60   /* so long packets that are on the way are waited for */
#define LISTEN_MS 3000 /* so long one listens for a sender that was lost */

static void wake_in(struct probe_run *run, uint64_t ms)
{
	struct timeval wait = clock_timeval(ms);

	evtimer_add(run->timer, &wait);
}

static void end(struct probe_run *run)
{
	evtimer_del(run->timer);
	probe_listen_close(run);
	if (run->fd >= 0)
		close(run->fd);
	run->fd = -1;
	run->id = 0;
}

static void report_soon(struct probe_run *run)
{
	run->ending = true;
	wake_in(run, DRAIN_MS);
}

/* --- sending --------------------------------------------------------------------------------- */

static const uint8_t *tag_of(const struct probe_run *run, uint16_t number, bool answer)
{
	return run->tags[(answer ? run->length_count : 0) + number];
}

static void send_frame(struct probe_run *run, uint16_t number, bool answer)
{
	struct probe_frame frame = {.number = number, .answer = answer};
	uint8_t payload[COVEY_PROBE_LENGTH_MAX];
	size_t len;

	memcpy(frame.tag, tag_of(run, number, answer), sizeof(frame.tag));
	len = probe_frame_write(&frame, run->vni, &run->out.peer, run->lengths[number], payload);
	run->sent_us[number] = clock_us();
	if (send(run->fd, payload, len, 0) >= 0)
		run->out.sent |= 1u << number;
	else if (errno == EMSGSIZE)
		covey_error_set(&run->trouble, 0,
				"VXLAN packets of %u bytes are longer than the MTU of the "
				"interface by which they would leave",
				run->lengths[number]);
	else
		covey_error_set(&run->trouble, 0, "a probe cannot be sent: %s", strerror(errno));
}

/* What does not pass is never answered. */
static uint64_t answers_take(const struct probe_run *run)
{
	uint64_t longest = 0, most;

	for (size_t i = 0; i < run->length_count; i++)
		if (run->round_trip_us[i] > longest)
			longest = run->round_trip_us[i];
	most = LATE_MS + 4 * longest / 1000;
	return longest && most < ANSWER_MS ? most : ANSWER_MS;
}

static void send_next(struct probe_run *run)
{
	send_frame(run, (uint16_t)run->next++, false);
	if (run->next < run->length_count)
		wake_in(run, GAP_MS);
	else if (run->answered)
		wake_in(run, answers_take(run));
	else
		report_soon(run);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct probe_run *run = arg;

	if (run->role == COVEY__PROBE_ROLE__PROBE_ROLE_SEND && run->next < run->length_count) {
		send_next(run);
		return;
	}
	probe_listen_take_overflown(run);
	probe_report_done(run);
	end(run);
}

/* --- what is seen ---------------------------------------------------------------------------- */

/* The direction of this packet: NULL when it is none of this run's. */
static struct probe_side *side_of(struct probe_run *run, const struct probe_packet *packet,
				  bool out)
{
	const struct covey_addr *own = &run->config.self->vtep;
	struct probe_side *side = out ? &run->out : &run->in;
	bool fits;

	if (out)
		fits = covey_addr_equal(&packet->from, own) &&
		       covey_addr_equal(&packet->to, &side->peer);
	else
		fits = covey_addr_equal(&packet->from, &side->peer) &&
		       (run->multicast ? covey_addr_is_multicast(&packet->to)
				       : covey_addr_equal(&packet->to, own));
	return fits ? side : NULL;
}

static void on_vpe(struct probe_run *run, struct probe_side *side,
		   const struct probe_packet *packet, size_t len)
{
	const bool sends = side == &run->out;

	for (size_t i = 0; i < run->length_count; i++) {
		if (len != (size_t)run->lengths[i] + run->wire.overhead)
			continue;
		/* What this host has not sent yet is not it. */
		if (sends && (side->sent & 1u << i) == 0)
			continue;
		/* One that is seen at two uplinks is one. */
		if ((side->encrypted & 1u << i) != 0 && side->esn[i] != packet->esn)
			side->crowded |= 1u << i;
		side->encrypted |= 1u << i;
		side->esn[i] = packet->esn;
		side->spi = packet->spi;
		side->sender_id = packet->sender_id;
		side->window_id = packet->window_id;
	}
}

/* Each once. Also what came in clear, which does not come by covey: so the way back is seen, too.
 */
static void reply(struct probe_run *run, const struct probe_frame *frame)
{
	const uint32_t bit = 1u << frame->number;

	if (run->role != COVEY__PROBE_ROLE__PROBE_ROLE_ANSWER || frame->answer ||
	    (run->replied & bit) != 0)
		return;
	run->replied |= bit;
	send_frame(run, frame->number, true);
}

/* A probe, or the answer to one that was sent. */
static void on_delivered(struct probe_run *run, const struct probe_frame *frame)
{
	const uint32_t bit = 1u << frame->number;
	const bool sends = run->role == COVEY__PROBE_ROLE__PROBE_ROLE_SEND;

	if (frame->answer != sends || (run->in.delivered & bit) != 0) {
		run->refused++;
		return;
	}
	run->in.delivered |= bit;
	if (sends && (run->out.sent & bit) != 0)
		run->round_trip_us[frame->number] =
			(uint32_t)(clock_us() - run->sent_us[frame->number]) + 1;
	reply(run, frame);
	if (sends && run->next == run->length_count && run->in.delivered == run->out.sent &&
	    !run->ending)
		report_soon(run);
}

/* Only who knows the order could make it; and a probe goes one way, its answer the other. */
static bool is_of_run(const struct probe_run *run, const struct probe_frame *frame, size_t len,
		      bool out)
{
	const bool sends = run->role == COVEY__PROBE_ROLE__PROBE_ROLE_SEND;

	return frame->number < run->length_count && len == run->lengths[frame->number] &&
	       frame->answer == (sends != out) &&
	       CRYPTO_memcmp(frame->tag, tag_of(run, frame->number, frame->answer),
			     PROBE_TAG_LEN) == 0;
}

static void on_frame(struct probe_run *run, bool uplink, struct probe_side *side,
		     const struct probe_packet *packet, size_t len, bool out)
{
	if (!side || !is_of_run(run, &packet->frame, len, out)) {
		/* On an uplink, the guard or the dataplane counts it. */
		run->refused += !uplink && !out;
		return;
	}
	if (uplink)
		side->clear |= 1u << packet->frame.number;
	if (uplink && !out)
		reply(run, &packet->frame);
	else if (!uplink && !out)
		on_delivered(run, &packet->frame);
}

static bool is_member(const struct probe_run *run, const struct inventory_group *group,
		      const struct covey_addr *vtep)
{
	const struct inventory_host *hosts = run->config.inventory->hosts;

	for (size_t i = 0; i < group->member_count; i++)
		if (!group->members[i].gone &&
		    covey_addr_equal(&hosts[group->members[i].host].vtep, vtep))
			return true;
	return false;
}

/* VXLAN in clear that is no probe: if it has one of the group's VNIs. */
static void on_other(struct probe_run *run, const struct probe_packet *packet, bool out)
{
	const struct inventory_group *group =
		inventory_find_group(run->config.inventory, run->group);

	for (size_t i = 0; run->look && group && i < group->vni_count; i++)
		if (group->vnis[i] == packet->vni)
			probe_heard_add(&run->heard, &packet->from,
					is_member(run, group, &packet->from), packet->vni, out);
}

static void on_seen(void *arg, bool uplink, const struct probe_packet *packet, size_t len, bool out)
{
	struct probe_run *run = arg;
	struct probe_side *side = side_of(run, packet, out);

	if (packet->kind == PROBE_CLEAR)
		on_frame(run, uplink, side, packet, len, out);
	else if (packet->kind == PROBE_OTHER && uplink)
		on_other(run, packet, out);
	else if (packet->kind == PROBE_VPE && uplink && side)
		on_vpe(run, side, packet, len);
}

/* --- the beginning --------------------------------------------------------------------------- */

/* Multicast takes the way of the VXLAN device that has this VNI: its group, and its interface. */
static int find_multicast(struct probe_run *run, struct covey_error *error)
{
	struct vxlan_devices devices;
	int status = vxlan_devices_list(&devices, error);

	if (status)
		return status;
	for (size_t i = 0; i < devices.count; i++) {
		const struct vxlan_device *device = &devices.list[i];

		if (device->vni != run->vni || !covey_addr_is_multicast(&device->remote) ||
		    device->remote.family != run->config.self->vtep.family ||
		    device->port != run->wire.vxlan_port)
			continue;
		run->out.peer = device->remote;
		run->interface = device->under;
	}
	vxlan_devices_free(&devices);
	if (run->out.peer.family != 0)
		return 0;
	return covey_error_set(error, -ENOENT,
			       "no VXLAN device here sends VNI %u to a multicast group", run->vni);
}

static int open_sender(struct probe_run *run, struct covey_error *error)
{
	struct probe_socket_wish wish = {
		.own = run->config.self->vtep,
		.to_port = run->wire.vxlan_port,
		.source_port = run->source_port,
		.dscp = run->dscp,
		.mark = UINT32_C(1) << run->config.self->mark_bit,
	};
	int status = 0;

	if (run->role == COVEY__PROBE_ROLE__PROBE_ROLE_LISTEN)
		return 0;
	if (run->multicast)
		status = find_multicast(run, error);
	if (status)
		return status;
	wish.to = run->out.peer;
	wish.interface = run->interface;
	return probe_socket_open(&wish, &run->fd, error);
}

static int make_tags(struct probe_run *run, const uint8_t nonce[COVEY_PROBE_NONCE_LEN])
{
	int status = 0;

	for (size_t i = 0; i < 2 * run->length_count && status == 0; i++)
		status = probe_frame_tag(nonce, (uint16_t)(i % run->length_count),
					 i >= run->length_count, run->tags[i]);
	return status;
}

/* -EPROTO: a length in which a probe has no room. */
static int take(struct probe_run *run, const Covey__ProbeOrder *order, struct covey_error *error)
{
	const struct covey_addr *own = &run->config.self->vtep;
	struct covey_addr peer;

	if (message_addr_get(&order->vteps[0], &peer) < 0 || peer.family != own->family)
		return covey_error_set(error, -EPROTO,
				       "the other host's VTEP is of another family");
	snprintf(run->group, sizeof(run->group), "%s", order->group);
	run->role = order->role;
	run->look = order->clear;
	run->multicast = order->multicast;
	run->answered = order->answered;
	run->vni = order->vni;
	run->dscp = (uint8_t)order->dscp;
	run->source_port = (uint16_t)order->source_port;
	run->length_count = order->n_lengths;
	for (size_t i = 0; i < order->n_lengths; i++) {
		run->lengths[i] = order->lengths[i];
		if (run->lengths[i] < PROBE_LENGTH_MIN + probe_ip_len(own))
			return covey_error_set(error, -EPROTO, "a probe does not fit into %u bytes",
					       run->lengths[i]);
	}
	if (make_tags(run, order->nonce.data) < 0)
		return covey_error_set(error, -EIO, "the cipher library makes no tags of probes");
	run->in = run->out = (struct probe_side){.peer = peer};
	if (run->multicast)
		run->out.peer.family = 0;
	return 0;
}

static int check_place(const struct probe_run *run, struct covey_error *error)
{
	if (run->config.self->host_port == HOST_PORT_DEVICE)
		return covey_error_set(error, -EOPNOTSUPP,
				       "its host port is a device of DPDK, and it has no kernel "
				       "behind covey that could send");
	return 0;
}

static void reset(struct probe_run *run)
{
	memset(run->sent_us, 0, sizeof(run->sent_us));
	memset(run->round_trip_us, 0, sizeof(run->round_trip_us));
	run->next = 0;
	run->replied = 0;
	run->heard = (struct probe_heard){.count = 0};
	run->interface = 0;
	run->ending = false;
	run->trouble.text[0] = '\0';
	dataplane_read_counters(run->config.dataplane, &run->before);
}

static void begin(struct probe_run *run, const Covey__ProbeOrder *order)
{
	struct covey_error error = {.text = ""};
	int status = check_place(run, &error);

	reset(run);
	if (status == 0 && (status = take(run, order, &error)) == 0 &&
	    (status = probe_listen_open(run, on_seen, &error)) == 0)
		status = open_sender(run, &error);
	if (status) {
		probe_report_failed(run, order, error.text);
		end(run);
		return;
	}
	run->id = order->id;
	if (run->role == COVEY__PROBE_ROLE__PROBE_ROLE_SEND) {
		send_next(run);
	} else {
		probe_report_ready(run);
		wake_in(run, LISTEN_MS);
	}
}

void probe_run_order(struct probe_run *run, const Covey__ProbeOrder *order)
{
	if (order->role == COVEY__PROBE_ROLE__PROBE_ROLE_END) {
		if (run->id == order->id && !run->ending)
			report_soon(run);
	} else if (run->id != 0) {
		probe_report_failed(run, order, "it is busy with other probes: try again");
	} else {
		begin(run, order);
	}
}

/* --- life ------------------------------------------------------------------------------------ */

struct probe_run *probe_run_new(const struct probe_run_config *config)
{
	const struct inventory *inventory = config->inventory;
	struct probe_run *run = calloc(1, sizeof(*run));

	if (!run)
		return NULL;
	run->config = *config;
	run->fd = -1;
	run->wire = (struct probe_wire){
		.vxlan_port = inventory->vxlan_port,
		.vpe_port = inventory->encapsulation == COVEY_ENCAPSULATION_UDP
				    ? inventory->vpe_port
				    : 0,
		.vpe_protocol = inventory->vpe_protocol,
		.overhead = inventory_overhead(inventory),
	};
	run->timer = evtimer_new(config->base, on_timer, run);
	if (run->timer)
		return run;
	free(run);
	return NULL;
}

void probe_run_free(struct probe_run *run)
{
	if (!run)
		return;
	end(run);
	event_free(run->timer);
	free(run);
}
