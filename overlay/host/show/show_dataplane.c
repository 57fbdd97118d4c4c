/* SPDX-License-Identifier: BSD-3-Clause */

#include "show_dataplane.h"

#include <covey/wire.h>
#include <dataplane.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Far more than fit on a screen; the SAs say how many windows there are. */
#define WINDOWS_MAX 16384

static json_t *show_window(const struct dataplane_window_status *window)
{
	char esn[17];
	json_t *object;

	snprintf(esn, sizeof(esn), "%016" PRIx64, window->esn);
	object = json_pack("{s:I, s:i, s:i, s:i, s:s, s:i, s:s, s:b}", "spi",
			   (json_int_t)window->spi, "sender_id", (int)window->sender_id,
			   "window_id", (int)window->window_id, "class",
			   (int)covey_window_class(window->window_id), "cast",
			   covey_window_cast(window->window_id) ? "multicast" : "unicast", "path",
			   (int)(window->window_id & (COVEY_WINDOW_PATHS - 1)), "esn", esn,
			   "sending", window->sending);
	if (window->sending)
		return object;
	json_object_set_new(object, "packets", json_integer((json_int_t)window->packets));
	json_object_set_new(object, "bytes", json_integer((json_int_t)window->bytes));
	if (window->heard_ms != DATAPLANE_NOT_HEARD)
		json_object_set_new(object, "heard_ms", json_integer((json_int_t)window->heard_ms));
	return object;
}

json_t *show_windows(const struct dataplane *dataplane)
{
	struct dataplane_window_status *windows = calloc(WINDOWS_MAX, sizeof(*windows));
	json_t *array = json_array();
	size_t count;

	if (!windows || !array) {
		free(windows);
		json_decref(array);
		return NULL;
	}
	count = dataplane_read_windows(dataplane, windows, WINDOWS_MAX);
	for (size_t i = 0; i < count && i < WINDOWS_MAX; i++)
		json_array_append_new(array, show_window(&windows[i]));
	free(windows);
	return array;
}

/* --- groups and their senders ---------------------------------------------------------------- */

json_t *show_traffic(const struct dataplane *dataplane, uint32_t group)
{
	struct dataplane_group_counters counters;
	json_t *classes = json_array();
	json_int_t packets = 0, bytes = 0;

	dataplane_read_group(dataplane, group, &counters);
	for (size_t i = 0; i < COVEY_CLASSES; i++) {
		const struct dataplane_traffic *sent = &counters.sent[i];

		packets += (json_int_t)sent->packets;
		bytes += (json_int_t)sent->bytes;
		if (sent->packets > 0)
			json_array_append_new(classes,
					      json_pack("{s:i, s:I, s:I}", "class", (int)i,
							"packets", (json_int_t)sent->packets,
							"bytes", (json_int_t)sent->bytes));
	}
	return json_pack("{s:I, s:I, s:I, s:I, s:o}", "sent_packets", packets, "sent_bytes", bytes,
			 "received_packets", (json_int_t)counters.received.packets,
			 "received_bytes", (json_int_t)counters.received.bytes, "sent_by_class",
			 classes);
}

struct show_received show_received_read(const struct dataplane *dataplane, uint32_t group)
{
	struct show_received received = {.count =
						 dataplane_read_senders(dataplane, group, NULL, 0)};

	received.list = calloc(received.count + 1, sizeof(*received.list));
	if (!received.list)
		received.count = 0;
	dataplane_read_senders(dataplane, group, received.list, received.count);
	return received;
}

static int compare(const void *key, const void *entry)
{
	const struct dataplane_sender_counters *counters = entry;

	return *(const uint16_t *)key - counters->sender_id;
}

void show_received(const struct show_received *received, uint16_t sender_id, json_t *object)
{
	const struct dataplane_sender_counters *found, none = {.heard_ms = DATAPLANE_NOT_HEARD};

	found = bsearch(&sender_id, received->list, received->count, sizeof(*received->list),
			compare);
	if (!found)
		found = &none;
	json_object_set_new(object, "received_packets",
			    json_integer((json_int_t)found->received.packets));
	json_object_set_new(object, "received_bytes",
			    json_integer((json_int_t)found->received.bytes));
	if (found->heard_ms != DATAPLANE_NOT_HEARD)
		json_object_set_new(object, "heard_ms", json_integer((json_int_t)found->heard_ms));
}

void show_received_end(struct show_received *received)
{
	free(received->list);
}

/* --- all of the dataplane -------------------------------------------------------------------- */

json_t *show_counters(const struct dataplane *dataplane)
{
	struct dataplane_counters counters;

	dataplane_read_counters(dataplane, &counters);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "encrypted_packets",
			 (json_int_t)counters.encrypted_packets, "encrypted_bytes",
			 (json_int_t)counters.encrypted_bytes, "decrypted_packets",
			 (json_int_t)counters.decrypted_packets, "decrypted_bytes",
			 (json_int_t)counters.decrypted_bytes, "bypassed_out",
			 (json_int_t)counters.bypassed_out, "bypassed_in",
			 (json_int_t)counters.bypassed_in, "handed_over",
			 (json_int_t)counters.handed_over, "told_too_big",
			 (json_int_t)counters.told_too_big);
}

json_t *show_drops(const struct dataplane *dataplane)
{
	struct dataplane_counters counters;
	json_t *object = json_object();

	dataplane_read_counters(dataplane, &counters);
	for (size_t i = 0; i < COVEY_DROP_COUNT; i++)
		json_object_set_new(object, covey_drop_names[i],
				    json_integer((json_int_t)counters.drops[i]));
	return object;
}

static json_t *show_port(const struct dataplane_port_status *port, const char *role)
{
	const char *offload = port->offload[0] != '\0' ? port->offload : NULL;

	return json_pack("{s:s, s:s, s:s, s:s?, s:i, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:I}",
			 "role", role, "name", port->name, "driver", port->driver, "offload",
			 offload, "mtu", (int)port->mtu, "rx_queues", (int)port->rx_queues,
			 "tx_queues", (int)port->tx_queues, "rx_packets",
			 (json_int_t)port->rx_packets, "rx_bytes", (json_int_t)port->rx_bytes,
			 "rx_missed", (json_int_t)port->rx_missed, "tx_packets",
			 (json_int_t)port->tx_packets, "tx_bytes", (json_int_t)port->tx_bytes,
			 "tx_errors", (json_int_t)port->tx_errors);
}

json_t *show_ports(const struct dataplane *dataplane)
{
	struct dataplane_port_status ports[2];

	dataplane_read_ports(dataplane, ports);
	return json_pack("[o, o]", show_port(&ports[0], "fabric"), show_port(&ports[1], "host"));
}

json_t *show_buffers(const struct dataplane *dataplane)
{
	struct dataplane_buffers buffers;

	dataplane_read_buffers(dataplane, &buffers);
	return json_pack("{s:i, s:i}", "total", (int)buffers.total, "free", (int)buffers.free);
}
