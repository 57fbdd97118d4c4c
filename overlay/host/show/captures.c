/* SPDX-License-Identifier: BSD-3-Clause */

#include "captures.h"

#include <dataplane.h>
#include <errno.h>
#include <inttypes.h>
#include <inventory.h>
#include <local_json.h>
#include <log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard_watch.h"
#include "host.h"

/* Packets in one answer. */
#define TAKE_MAX 512
/* Who does not ask for so long is gone. */
#define LEASE_SECONDS 5

struct captures {
	const struct host *host;
	struct event *lease;
	uint64_t id; /* of the capture that is on, or was last */
	bool on;
	uint64_t given, missed; /* packets */
	struct dataplane_captured list[TAKE_MAX];
};

/* --- the life of a capture of drops --------------------------------------------------------- */

static void renew(struct captures *captures)
{
	static const struct timeval lease = {.tv_sec = LEASE_SECONDS};

	evtimer_add(captures->lease, &lease);
}

static void stop(struct captures *captures, const char *why)
{
	dataplane_capture_end(captures->host->dataplane);
	evtimer_del(captures->lease);
	captures->on = false;
	log_notice("capture of drops ends%s: %" PRIu64 " packets given, %" PRIu64
		   " not, as they came too fast",
		   why, captures->given, captures->missed);
}

static void on_lease(evutil_socket_t fd, short what, void *arg)
{
	stop(arg, ", as who asked for it is gone");
}

static int start(struct captures *captures, struct covey_error *error)
{
	int status = dataplane_capture_begin(captures->host->dataplane);

	if (status == -EBUSY)
		return covey_error_set(error, status,
				       "somebody captures drops already: one at a time");
	if (status)
		return covey_error_set(error, status, "out of memory");
	captures->id++;
	captures->on = true;
	captures->given = captures->missed = 0;
	renew(captures);
	return 0;
}

/* --- its packets ---------------------------------------------------------------------------- */

static json_t *packet_json(const struct dataplane_captured *packet)
{
	static const char digits[] = "0123456789abcdef";
	char hex[2 * DATAPLANE_CAPTURE_BYTES];

	for (uint32_t i = 0; i < packet->len; i++) {
		hex[2 * i] = digits[packet->bytes[i] >> 4];
		hex[2 * i + 1] = digits[packet->bytes[i] & 15];
	}
	return json_pack("{s:I, s:s, s:I, s:s%}", "ns", (json_int_t)packet->ns, "reason",
			 covey_drop_names[packet->reason], "len", (json_int_t)packet->full_len,
			 "bytes", hex, (size_t)2 * packet->len);
}

static json_t *take(struct captures *captures)
{
	size_t count = dataplane_capture_take(captures->host->dataplane, captures->list, TAKE_MAX,
					      &captures->missed);
	json_t *packets = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(packets, packet_json(&captures->list[i]));
	captures->given += count;
	return json_pack("{s:b, s:o, s:I, s:b}", "ok", 1, "packets", packets, "missed",
			 (json_int_t)captures->missed, "more", count == TAKE_MAX);
}

static void go_on(struct captures *captures, struct local_client *client, const json_t *request)
{
	if (!captures->on ||
	    json_integer_value(json_object_get(request, "id")) != (json_int_t)captures->id) {
		local_answer_error(client, "this capture has ended: begin another one");
		return;
	}
	renew(captures);
	local_answer_json(client, take(captures));
	if (json_is_true(json_object_get(request, "end")))
		stop(captures, "");
}

/* --- beginning ------------------------------------------------------------------------------- */

/* By which interfaces encrypted packets leave and come in. */
static json_t *uplinks(const struct host *host)
{
	json_t *names = json_array();
	struct guard_status guard;

	if (host->guard)
		guard_watch_read(host->guard, &guard);
	if (host->guard && guard.steer)
		for (size_t i = 0; i < guard.steer->uplink_count; i++)
			json_array_append_new(names, json_string(guard.steer->uplinks[i].name));
	else if (host->self->fabric_interface)
		json_array_append_new(names, json_string(host->self->fabric_interface));
	return names;
}

static json_t *places(const struct host *host, const char *what)
{
	if (strcmp(what, "inside") == 0)
		return json_pack("[s]", host->self->host_interface);
	return strcmp(what, "outside") == 0 ? uplinks(host) : json_array();
}

static void format_mac(const uint8_t *mac, char text[18])
{
	snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5]);
}

static json_t *begun(const struct captures *captures, const char *what)
{
	const struct host *host = captures->host;
	struct dataplane_port_status ports[2];
	char own[COVEY_ADDR_STRLEN], mac[18] = "";

	if (host->source_mac)
		format_mac(host->source_mac, mac);
	dataplane_read_ports(host->dataplane, ports);
	return json_pack("{s:b, s:s, s:I, s:o, s:s, s:i, s:i, s:i, s:s, s:s}", "ok", 1, "daemon",
			 "covey-host", "id", (json_int_t)captures->id, "interfaces",
			 places(host, what), "fabric_driver", ports[0].driver, "vpe_port",
			 host->inventory->vpe_port, "vpe_protocol", host->inventory->vpe_protocol,
			 "vxlan_port", host->inventory->vxlan_port, "vtep",
			 covey_addr_format(&host->self->vtep, own), "source_mac", mac);
}

static bool is_known(const char *what)
{
	return what && (strcmp(what, "inside") == 0 || strcmp(what, "outside") == 0 ||
			strcmp(what, "drops") == 0);
}

static void begin(struct captures *captures, struct local_client *client, const json_t *request,
		  pid_t pid)
{
	const char *what = json_string_value(json_object_get(request, "what"));
	json_int_t count = json_integer_value(json_object_get(request, "count"));
	json_int_t seconds = json_integer_value(json_object_get(request, "seconds"));
	struct covey_error error;

	if (!is_known(what)) {
		local_answer_error(client,
				   "what is to be captured? There are inside, outside and drops");
		return;
	}
	if (strcmp(what, "drops") == 0 && start(captures, &error)) {
		local_answer_error(client, error.text);
		return;
	}
	log_notice("capture of %s begins, for root's process %d: at most %" JSON_INTEGER_FORMAT
		   " packets in %" JSON_INTEGER_FORMAT " s%s",
		   strcmp(what, "drops") == 0 ? "drops" : what, (int)pid, count, seconds,
		   strcmp(what, "outside") == 0 ? "" : ", tenants' packets in clear among them");
	local_answer_json(client, begun(captures, what));
}

void captures_request(struct captures *captures, struct local_client *client, const json_t *request)
{
	struct ucred peer;

	if (local_client_peer(client, &peer) || peer.uid != 0) {
		local_answer_error(client, "only root may capture packets: run this as root");
		return;
	}
	if (json_object_get(request, "id"))
		go_on(captures, client, request);
	else
		begin(captures, client, request, peer.pid);
}

/* --- life ------------------------------------------------------------------------------------ */

int captures_new(struct event_base *base, const struct host *host, struct captures **ret_captures,
		 struct covey_error *error)
{
	struct captures *captures = calloc(1, sizeof(*captures));

	if (captures)
		captures->lease = evtimer_new(base, on_lease, captures);
	if (!captures || !captures->lease) {
		free(captures);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	captures->host = host;
	*ret_captures = captures;
	return 0;
}

void captures_end(struct captures *captures)
{
	if (captures->on)
		stop(captures, ", as covey-host does");
}

void captures_free(struct captures *captures)
{
	if (!captures)
		return;
	event_free(captures->lease);
	free(captures);
}
