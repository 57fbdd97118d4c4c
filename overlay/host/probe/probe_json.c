/* SPDX-License-Identifier: BSD-3-Clause */

#include "probe_json.h"

#include <errno.h>
#include <inventory.h>
#include <printable.h>
#include <stdlib.h>
#include <vxlan_devices.h>

#include "probe_frame.h"

#define COUNT_DEFAULT 4
/* Random lengths are so many bytes longer than the shortest, at most: each path carries them. */
#define LENGTH_SPREAD 400

/* --- request --------------------------------------------------------------------------------- */

/* -1 when it is no number or out of range; otherwise what is not there. */
static json_int_t number(const json_t *request, const char *name, json_int_t max,
			 json_int_t otherwise)
{
	const json_t *value = json_object_get(request, name);
	json_int_t read = json_integer_value(value);

	if (!value)
		return otherwise;
	return json_is_integer(value) && read >= 0 && read <= max ? read : -1;
}

static bool has_length(const struct probe_wish *wish, uint32_t length)
{
	for (size_t i = 0; i < wish->message.n_lengths; i++)
		if (wish->lengths[i] == length)
			return true;
	return false;
}

static void draw_lengths(struct probe_wish *wish, size_t count, uint32_t min)
{
	while (wish->message.n_lengths < count) {
		uint32_t length = min + arc4random_uniform(LENGTH_SPREAD);

		if (!has_length(wish, length))
			wish->lengths[wish->message.n_lengths++] = length;
	}
}

/* As long as the fabric carries by what this host knows. */
static void add_full(struct probe_wish *wish, uint32_t full, uint32_t min)
{
	if (full >= min && full <= COVEY_PROBE_LENGTH_MAX && !has_length(wish, full) &&
	    wish->message.n_lengths < COVEY_PROBES_PER_RUN_MAX)
		wish->lengths[wish->message.n_lengths++] = full;
}

static int read_sizes(const json_t *list, uint32_t min, struct probe_wish *wish,
		      struct covey_error *error)
{
	const uint32_t headers = min - PROBE_BODY_LEN;
	const json_t *item;
	size_t i;

	if (json_array_size(list) == 0 || json_array_size(list) > COVEY_PROBES_PER_RUN_MAX)
		return covey_error_set(error, -EINVAL, "1 to %u probes go at once",
				       COVEY_PROBES_PER_RUN_MAX);
	json_array_foreach(list, i, item) {
		json_int_t size = json_integer_value(item);

		if (size < PROBE_BODY_LEN || size > COVEY_PROBE_LENGTH_MAX - headers ||
		    has_length(wish, (uint32_t)size + headers))
			return covey_error_set(error, -EINVAL,
					       "probes have the size of a tenant's packet of %u to "
					       "%u bytes, each another one",
					       PROBE_BODY_LEN, COVEY_PROBE_LENGTH_MAX - headers);
		wish->lengths[wish->message.n_lengths++] = (uint32_t)size + headers;
	}
	return 0;
}

static int read_lengths(const json_t *request, const struct inventory_host *self, uint32_t full,
			struct probe_wish *wish, struct covey_error *error)
{
	const json_t *list = json_object_get(request, "sizes");
	const uint32_t min = (uint32_t)(PROBE_LENGTH_MIN + probe_ip_len(&self->vtep));
	int status = 0;

	wish->message.lengths = wish->lengths;
	if (list)
		status = read_sizes(list, min, wish, error);
	else
		draw_lengths(wish, COUNT_DEFAULT, min);
	if (status == 0 && json_is_true(json_object_get(request, "full")))
		add_full(wish, full, min);
	return status;
}

json_t *probe_json_sizes(const struct probe_wish *wish, const struct inventory_host *self)
{
	const uint32_t headers = (uint32_t)(PROBE_TAG_OFFSET + probe_ip_len(&self->vtep));
	json_t *sizes = json_array();

	for (size_t i = 0; i < wish->message.n_lengths; i++)
		json_array_append_new(sizes, json_integer(wish->lengths[i] - headers));
	return sizes;
}

static const struct inventory_host *read_host(const json_t *name, const struct inventory *inventory,
					      struct covey_error *error)
{
	const char *text = json_string_value(name);
	const struct inventory_host *host = text ? inventory_find_host(inventory, text) : NULL;

	if (!host)
		covey_error_set(error, 0, "the inventory has no host %.63s", text ? text : "?");
	return host;
}

static int read_hosts(const json_t *request, const struct inventory *inventory,
		      const struct inventory_host *self, struct probe_wish *wish,
		      struct covey_error *error)
{
	const json_t *from = json_object_get(request, "from"), *to = json_object_get(request, "to");
	const struct inventory_host *host = from ? read_host(from, inventory, error) : self;
	const json_t *item;
	size_t i;

	if (!host)
		return -EINVAL;
	wish->message.from = host->name;
	wish->message.to = wish->to;
	if (json_array_size(to) == 0 || json_array_size(to) > COVEY_PROBE_RECEIVERS_MAX)
		return covey_error_set(error, -EINVAL, "probes go to 1 to %u hosts",
				       COVEY_PROBE_RECEIVERS_MAX);
	json_array_foreach(to, i, item) {
		host = read_host(item, inventory, error);
		if (!host)
			return -EINVAL;
		if (host->name == wish->message.from)
			return covey_error_set(error, -EINVAL,
					       "%s cannot send probes to itself: name another host",
					       host->name);
		wish->to[wish->message.n_to++] = host->name;
	}
	return 0;
}

static bool has_both(const struct inventory *inventory, const struct inventory_group *group,
		     const struct probe_wish *wish)
{
	return inventory_find_member(inventory, group,
				     inventory_find_host(inventory, wish->message.from)) &&
	       inventory_find_member(inventory, group, inventory_find_host(inventory, wish->to[0]));
}

static const struct inventory_group *find_group(const json_t *request,
						const struct inventory *inventory,
						const struct probe_wish *wish,
						struct covey_error *error)
{
	const char *name = json_string_value(json_object_get(request, "group"));
	const struct inventory_group *group = name ? inventory_find_group(inventory, name) : NULL;

	if (name && !group)
		covey_error_set(error, 0, "the inventory has no group %.63s", name);
	for (size_t i = 0; !name && i < inventory->group_count && !group; i++)
		if (has_both(inventory, &inventory->groups[i], wish))
			group = &inventory->groups[i];
	if (!name && !group)
		covey_error_set(error, 0, "%s and %s have no group in common", wish->message.from,
				wish->to[0]);
	return group;
}

static bool sends(const struct vxlan_device *device, const struct inventory *inventory,
		  uint32_t vni, bool multicast)
{
	return device->vni == vni && device->port == inventory->vxlan_port &&
	       (!multicast || covey_addr_is_multicast(&device->remote));
}

/* Rather one that has a VXLAN device here: then there is one elsewhere, too. COVEY_VNI_MAX + 1:
 * multicast needs one, and there is none. */
static uint32_t choose_vni(const struct inventory *inventory, const struct inventory_group *group,
			   bool multicast)
{
	uint32_t vni = multicast ? COVEY_VNI_MAX + 1 : group->vnis[0];
	struct vxlan_devices devices;
	struct covey_error error;
	bool found = false;

	if (vxlan_devices_list(&devices, &error) < 0)
		return vni;
	for (size_t i = 0; i < group->vni_count && !found; i++)
		for (size_t j = 0; j < devices.count && !found; j++) {
			found = sends(&devices.list[j], inventory, group->vnis[i], multicast);
			if (found)
				vni = group->vnis[i];
		}
	vxlan_devices_free(&devices);
	return vni;
}

/* 64, which is none: the fabric has no such class. */
static uint32_t dscp_of(const struct inventory *inventory, unsigned class)
{
	uint32_t dscp = 0;

	while (dscp < 64 && inventory->class_by_dscp[dscp] != class)
		dscp++;
	return dscp;
}

int probe_json_read(const json_t *request, const struct inventory *inventory,
		    const struct inventory_host *self, uint32_t full, struct probe_wish *ret_wish,
		    struct covey_error *error)
{
	Covey__ProbeRequest *message = &ret_wish->message;
	json_int_t vni, dscp = number(request, "dscp", 63, 0);
	json_int_t class = number(request, "class", 7, 8);
	json_int_t port = number(request, "source_port", UINT16_MAX, 0);
	const struct inventory_group *group;

	covey__probe_request__init(message);
	if (read_hosts(request, inventory, self, ret_wish, error) < 0 ||
	    read_lengths(request, self, full, ret_wish, error) < 0)
		return -EINVAL;
	group = find_group(request, inventory, ret_wish, error);
	if (!group)
		return -EINVAL;
	message->multicast = json_is_true(json_object_get(request, "multicast"));
	message->clear = json_is_true(json_object_get(request, "clear"));
	vni = number(request, "vni", COVEY_VNI_MAX,
		     choose_vni(inventory, group, message->multicast));
	if (vni > COVEY_VNI_MAX)
		return covey_error_set(error, -ENODEV,
				       "no VXLAN device here sends a VNI of group %s to a "
				       "multicast group",
				       group->name);
	if (vni < 0 || class < 0 || dscp < 0 || port < 0)
		return covey_error_set(error, -EINVAL,
				       "a VNI has 24 bits, a class is 0 to 7, a DSCP 0 to 63, and "
				       "a port at most 65535");
	message->group = group->name;
	message->vni = (uint32_t)vni;
	message->dscp = class == 8 ? (uint32_t)dscp : dscp_of(inventory, (unsigned)class);
	message->source_port = (uint32_t)port;
	if (message->dscp > 63)
		return covey_error_set(error, -EINVAL, "the fabric has no DSCP of class %d",
				       (int)class);
	if (message->multicast || message->n_to == 1)
		return 0;
	return covey_error_set(error, -EINVAL, "only multicast goes to several hosts");
}

/* --- reports --------------------------------------------------------------------------------- */

static json_t *text_of(const char *text)
{
	char copy[COVEY_REASON_MAX + 1];

	printable_copy(copy, sizeof(copy), text);
	return json_string(copy);
}

static json_t *show_seen(const Covey__ProbeSeen *seen)
{
	json_t *times = json_array();
	struct covey_addr peer = {.family = 0};
	char text[COVEY_ADDR_STRLEN];

	message_addr_get(&seen->vtep, &peer);
	for (size_t i = 0; i < seen->n_round_trip_us && i < COVEY_PROBES_PER_RUN_MAX; i++)
		json_array_append_new(times, json_integer(seen->round_trip_us[i]));
	return json_pack("{s:s, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "peer",
			 covey_addr_format(&peer, text), "out", seen->out, "watched", seen->watched,
			 "sent", (json_int_t)seen->sent, "encrypted", (json_int_t)seen->encrypted,
			 "clear", (json_int_t)seen->clear, "delivered", (json_int_t)seen->delivered,
			 "crowded", (json_int_t)seen->crowded, "spi", (json_int_t)seen->spi,
			 "sender_id", (json_int_t)seen->sender_id, "window_id",
			 (json_int_t)seen->window_id, "round_trip_us", times);
}

static json_t *show_heard(const Covey__ProbeReport *report)
{
	json_t *list = json_array();

	for (size_t i = 0; i < report->n_heard; i++) {
		const Covey__ProbeHeard *heard = report->heard[i];
		struct covey_addr from = {.family = 0};
		char text[COVEY_ADDR_STRLEN];

		message_addr_get(&heard->from, &from);
		json_array_append_new(list,
				      json_pack("{s:s, s:I, s:I, s:b}", "from",
						covey_addr_format(&from, text), "vni",
						(json_int_t)heard->vni, "packets",
						(json_int_t)heard->packets, "out", heard->out));
	}
	return list;
}

json_t *probe_json_report(const Covey__ProbeReport *report)
{
	json_t *seen = json_array(), *drops = json_object();

	for (size_t i = 0; i < report->n_seen; i++)
		json_array_append_new(seen, show_seen(report->seen[i]));
	for (size_t i = 0; i < report->n_drops; i++) {
		char name[COVEY_PROBE_DROP_NAME_MAX + 1];

		printable_copy(name, sizeof(name), report->drops[i]->name);
		json_object_set_new(drops, name,
				    json_integer((json_int_t)report->drops[i]->packets));
	}
	return json_pack("{s:o, s:b, s:o, s:o, s:o, s:o, s:b, s:o, s:b}", "host",
			 text_of(report->host), "done",
			 report->state == COVEY__PROBE_STATE__PROBE_STATE_DONE, "reason",
			 text_of(report->reason), "blind", text_of(report->blind), "seen", seen,
			 "drops", drops, "looked", report->looked, "heard", show_heard(report),
			 "heard_more", report->heard_more);
}
