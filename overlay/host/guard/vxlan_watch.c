/* SPDX-License-Identifier: BSD-3-Clause */

#include "vxlan_watch.h"

#include <clock.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <log.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <peer_log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge_mtu.h"
#include "clear_check.h"
#include "device_marks.h"
#include "group_joins.h"
#include "group_limit.h"
#include "guard_events.h"
#include "guard_nft.h"
#include "guard_restores.h"
#include "link_events.h"
#include "port_services.h"
#include "vni_groups.h"
#include "vxlan_devices.h"

/* What could not be done is tried again after this time. */
#define RETRY_MS 500u
/* How often to look without an event, in case one was lost. */
#define LOOK_MS 30000u

struct vxlan_watch {
	struct vxlan_watch_config config;
	struct port_services services;
	struct device_marks marks, looks;
	struct guard_vnis accepted;
	struct vxlan_devices devices; /* without the holders */
	struct group_joins joins;
	size_t crowded;             /* groups of which this was told last; 0: they fit */
	char misplaced[IFNAMSIZ];   /* of which this was told last */
	struct covey_error failing; /* why the last try failed; empty: it did not */
	struct covey_error waiting; /* why it must wait before it puts marks back; empty: no need */
	struct guard_events marks_rules, looks_rules;
	int links_fd;
	struct event *on_marks, *on_looks, *on_links, *again;
	struct bridge_told bridges; /* those whose MTU is too large */
	struct peer_log *log;       /* for what uplinks whose MTU changes often can cause */
};

/* --- devices ---------------------------------------------------------------------------------- */

static bool is_same(const struct vxlan_devices *a, const struct vxlan_devices *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (a->list[i].index != b->list[i].index ||
		    strcmp(a->list[i].name, b->list[i].name) != 0)
			return false;
	}
	return true;
}

static bool had_same_mtu(const struct vxlan_devices *devices, const struct vxlan_device *device)
{
	for (size_t i = 0; i < devices->count; i++) {
		if (devices->list[i].index == device->index)
			return devices->list[i].mtu == device->mtu;
	}
	return false;
}

/* Tell of devices whose MTU is too large. before: those of which this was told, if there was
 * something to tell. */
static void tell_too_large(const struct vxlan_watch *watch, const struct vxlan_devices *before)
{
	struct covey_error what;

	for (size_t i = 0; i < watch->devices.count && watch->config.mtu; i++) {
		const struct vxlan_device *device = &watch->devices.list[i];

		if (!had_same_mtu(before, device) &&
		    vxlan_mtu_explain(device, watch->config.family, watch->config.mtu,
				      VXLAN_LONG_CUT, &what))
			peer_log_line(watch->log, LOG_LEVEL_WARNING, device->name, "%s", what.text);
	}
}

/* A list of all interfaces is long, so this is not done at each event. */
static void tell_bridges(struct vxlan_watch *watch)
{
	bridge_mtu_tell(&watch->bridges, &watch->devices, watch->config.family, watch->config.mtu,
			watch->log);
}

/* config.joins: only where the kernel keeps its card. */
const char *vxlan_watch_misplaced(const struct vxlan_watch *watch)
{
	unsigned host = if_nametoindex(watch->config.local.host_interface);

	for (size_t i = 0; i < watch->devices.count && watch->config.joins && host; i++) {
		if (watch->devices.list[i].under == host)
			return watch->devices.list[i].name;
	}
	return NULL;
}

void vxlan_watch_set_mtu(struct vxlan_watch *watch, uint16_t mtu)
{
	static const struct vxlan_devices none;

	watch->config.mtu = mtu;
	tell_too_large(watch, &none);
	tell_bridges(watch);
}

size_t vxlan_watch_bridges(const struct vxlan_watch *watch, const struct bridge_excess **ret_list)
{
	*ret_list = watch->bridges.list;
	return watch->bridges.count;
}

size_t vxlan_watch_read(const struct vxlan_watch *watch, struct vxlan_excess *ret_list, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < watch->devices.count && watch->config.mtu && count < max; i++) {
		const struct vxlan_device *device = &watch->devices.list[i];
		struct vxlan_excess *excess = &ret_list[count];

		if (!vxlan_mtu_exceeds(device, watch->config.family, watch->config.mtu,
				       &excess->mtu))
			continue;
		memcpy(excess->name, device->name, sizeof(excess->name));
		excess->has = device->mtu;
		count++;
	}
	return count;
}

uint32_t vxlan_watch_longest(const struct vxlan_watch *watch)
{
	uint32_t longest = 0;

	for (size_t i = 0; i < watch->devices.count; i++) {
		uint32_t length = vxlan_mtu_packet(&watch->devices.list[i], watch->config.family);

		if (length > longest)
			longest = length;
	}
	return longest;
}

const char *vxlan_watch_failing(const struct vxlan_watch *watch)
{
	if (watch->failing.text[0] != '\0')
		return watch->failing.text;
	return watch->waiting.text[0] != '\0' ? watch->waiting.text : NULL;
}

/* Returns 0 also if it must wait: whoever changes the rules all the time must not fill the log. */
static int keep_rules(struct vxlan_watch *watch, struct device_marks *rules,
		      struct covey_error *error)
{
	struct covey_error reason;
	int status = device_marks_keep(rules, &watch->devices, clock_ms(), &reason);

	if (status == -EAGAIN)
		watch->waiting = reason;
	else if (status)
		*error = reason;
	return status == -EAGAIN ? 0 : status;
}

/* What only covey0 delivers needs no look. */
static int keep_marks(struct vxlan_watch *watch, struct covey_error *error)
{
	struct covey_error second;
	int status;

	watch->waiting.text[0] = '\0';
	status = keep_rules(watch, &watch->marks, error);
	if (keep_rules(watch, &watch->looks, status ? &second : error))
		status = status ? status : -EIO;
	return status;
}

/* Nothing is sent in clear, but what is for the other uplink does not get there. */
static void tell_shared(struct vxlan_watch *watch)
{
	const struct group_join *join;
	unsigned before;

	while ((join = group_joins_next_shared(&watch->joins, &before))) {
		char group[COVEY_ADDR_STRLEN], last[IFNAMSIZ] = "?", first[IFNAMSIZ] = "?";

		if_indextoname(join->uplink, last);
		if_indextoname(before, first);
		covey_addr_format(&join->group, group);
		peer_log_line(watch->log, LOG_LEVEL_WARNING, group,
			      "VXLAN devices on %s and on %s have the same multicast group %s. All "
			      "that is sent to it leaves by %s, which joined it last. Give the "
			      "devices on one of the two another group",
			      first, last, group, last);
	}
}

static void tell_misplaced(struct vxlan_watch *watch)
{
	const char *name = vxlan_watch_misplaced(watch), *host = watch->config.local.host_interface;

	if (name && strcmp(name, watch->misplaced) != 0)
		peer_log_line(watch->log, LOG_LEVEL_WARNING, name, VXLAN_MISPLACED, name, host);
	snprintf(watch->misplaced, sizeof(watch->misplaced), "%s", name ? name : "");
}

/* Whoever sets such a device up is only told that there is no buffer space. */
static void tell_crowded(struct vxlan_watch *watch)
{
	size_t wanted = group_limit_wanted(&watch->devices, watch->config.port);
	struct covey_error what;

	if (!group_limit_explain(&watch->devices, watch->config.port, group_limit_read(), &what))
		wanted = 0;
	if (wanted && wanted != watch->crowded)
		peer_log_line(watch->log, LOG_LEVEL_WARNING, "", "%s", what.text);
	watch->crowded = wanted;
}

static int update(struct vxlan_watch *watch, struct covey_error *error)
{
	struct vxlan_devices devices, before;
	int status = vxlan_devices_list_all(&devices, error);
	struct covey_error second;

	if (status)
		return status;
	port_services_keep(&watch->services, &devices);
	if (!is_same(&devices, &watch->devices)) {
		device_marks_forget(&watch->marks);
		if (watch->accepted.count)
			device_marks_forget(&watch->looks);
	}
	before = watch->devices;
	watch->devices = devices;
	tell_too_large(watch, &before);
	tell_misplaced(watch);
	tell_crowded(watch);
	vxlan_devices_free(&before);
	/* If the port fails, the marks are set all the same. */
	status = port_services_settle(&watch->services, &watch->devices, error);
	if (watch->config.joins &&
	    group_joins_follow(&watch->joins, &watch->devices,
			       if_nametoindex(watch->config.local.host_interface),
			       status ? &second : error))
		status = status ? status : -EIO;
	tell_shared(watch);
	if (keep_marks(watch, status ? &second : error))
		status = status ? status : -EIO;
	return status;
}

static void schedule(struct vxlan_watch *watch, unsigned ms)
{
	const struct timeval rest = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_add(watch->again, &rest);
}

static void look(struct vxlan_watch *watch)
{
	struct covey_error error;

	if (update(watch, &error)) {
		if (strcmp(watch->failing.text, error.text) != 0)
			log_error("%s; trying again, and until then VXLAN is dropped", error.text);
		watch->failing = error;
		schedule(watch, RETRY_MS);
		return;
	}
	if (watch->failing.text[0] != '\0')
		log_notice("VXLAN devices are served again");
	watch->failing.text[0] = '\0';
	if (watch->waiting.text[0] != '\0')
		schedule(watch, 1000 / GUARD_RESTORES_PER_S);
	else if (!event_pending(watch->again, EV_TIMEOUT, NULL)) /* events do not put it off */
		schedule(watch, LOOK_MS);
}

static bool holds(const struct guard_vnis *vnis, const struct guard_vnis *part)
{
	size_t at = 0;

	for (size_t i = 0; i < part->count; i++) {
		while (at < vnis->count && vnis->list[at] < part->list[i])
			at++;
		if (at == vnis->count || vnis->list[at] != part->list[i])
			return false;
	}
	return true;
}

int vxlan_watch_set_accepted(struct vxlan_watch *watch, const struct guard_vnis *accepted,
			     struct covey_error *error)
{
	struct guard_vnis other;
	bool wider;

	if (guard_vnis_same(accepted, &watch->accepted))
		return 0;
	if (guard_vnis_copy(accepted, &other))
		return covey_error_set(error, -ENOMEM, "out of memory");
	wider = !holds(&watch->accepted, accepted);
	free(watch->accepted.list);
	watch->accepted = other;
	device_marks_forget(&watch->looks);
	look(watch);
	if (!wider || watch->looks.listing)
		return 0;
	return covey_error_set(error, -EAGAIN, "VXLAN cannot be let in in clear: %.400s",
			       vxlan_watch_failing(watch) ? vxlan_watch_failing(watch)
							  : "no device looks at it");
}

/* --- events ----------------------------------------------------------------------------------- */

/* The message says which device it was: it may have gone before it was listed. */
static void tell_moved(const struct vxlan_watch *watch, struct nlmsghdr *header)
{
	struct nlattr *link[IFLA_MAX + 1];
	struct vxlan_device device;

	if (header->nlmsg_type != RTM_DELLINK ||
	    nlmsg_parse(header, sizeof(struct ifinfomsg), link, IFLA_MAX, NULL) ||
	    !link[IFLA_NEW_NETNSID] || !vxlan_devices_read(header, &device) || device.holder ||
	    !port_services_has(&watch->services, &device))
		return;
	log_warning("VXLAN device %s was moved to another network namespace: %s", device.name,
		    watch->config.local.elsewhere
			    ? "what comes from there passes (covey_vxlan_elsewhere)"
			    : "what it sends is dropped, unless covey_vxlan_elsewhere is true in "
			      "the inventory");
}

static void read_links(struct vxlan_watch *watch)
{
	_Alignas(struct nlmsghdr) uint8_t buffer[32768];

	for (;;) {
		ssize_t len = recv(watch->links_fd, buffer, sizeof(buffer), MSG_DONTWAIT);
		struct nlmsghdr *header = (void *)buffer;
		int left = (int)len;

		if (len < 0 && (errno == ENOBUFS || errno == EINTR))
			continue; /* the list of devices shows what was lost */
		if (len <= 0)
			return;
		for (; nlmsg_ok(header, left); header = nlmsg_next(header, &left))
			tell_moved(watch, header);
	}
}

static void links_changed(evutil_socket_t fd, short what, void *arg)
{
	struct vxlan_watch *watch = arg;

	read_links(watch);
	look(watch);
}

static bool have_changed(struct guard_events *rules, struct device_marks *marks)
{
	struct guard_changes changes;

	if (!guard_events_read(rules, marks->table, "", &changes) ||
	    changes.last.pid == (uint32_t)getpid())
		return false;
	device_marks_doubt(marks, &changes.last);
	return true;
}

static void marks_changed(evutil_socket_t fd, short what, void *arg)
{
	struct vxlan_watch *watch = arg;

	if (have_changed(&watch->marks_rules, &watch->marks))
		look(watch);
}

static void looks_changed(evutil_socket_t fd, short what, void *arg)
{
	struct vxlan_watch *watch = arg;

	if (have_changed(&watch->looks_rules, &watch->looks))
		look(watch);
}

static void look_again(evutil_socket_t fd, short what, void *arg)
{
	struct vxlan_watch *watch = arg;

	device_marks_doubt(&watch->marks, NULL);
	device_marks_doubt(&watch->looks, NULL);
	look(watch);
	tell_bridges(watch);
}

/* --- life ------------------------------------------------------------------------------------- */

static int listen_to(struct vxlan_watch *watch, struct covey_error *error)
{
	struct event_base *base = watch->config.base;
	int status = guard_events_open(&watch->marks_rules, error);

	if (status == 0)
		status = guard_events_open(&watch->looks_rules, error);
	if (status)
		return status;
	watch->links_fd = link_events_open(error);
	if (watch->links_fd < 0)
		return watch->links_fd;
	vni_groups_watch(watch->links_fd);
	watch->on_marks =
		event_new(base, watch->marks_rules.fd, EV_READ | EV_PERSIST, marks_changed, watch);
	watch->on_looks =
		event_new(base, watch->looks_rules.fd, EV_READ | EV_PERSIST, looks_changed, watch);
	watch->on_links =
		event_new(base, watch->links_fd, EV_READ | EV_PERSIST, links_changed, watch);
	watch->again = evtimer_new(base, look_again, watch);
	watch->log = peer_log_new(base);
	if (!watch->on_marks || !watch->on_looks || !watch->on_links || !watch->again ||
	    !watch->log || event_add(watch->on_marks, NULL) < 0 ||
	    event_add(watch->on_looks, NULL) < 0 || event_add(watch->on_links, NULL) < 0)
		return covey_error_set(error, -ENOMEM, "out of memory");
	return 0;
}

int vxlan_watch_new(const struct vxlan_watch_config *config, struct vxlan_watch **ret_watch,
		    struct covey_error *error)
{
	struct vxlan_watch *watch = calloc(1, sizeof(*watch));
	int status;

	if (!watch)
		return covey_error_set(error, -ENOMEM, "out of memory");
	watch->config = *config;
	watch->joins.handlers = config->joins;
	watch->marks_rules.fd = watch->looks_rules.fd = watch->links_fd = -1;
	device_marks_init(&watch->marks, &watch->config.local, NULL);
	device_marks_init(&watch->looks, &watch->config.local, &watch->accepted);
	status = guard_vnis_copy(&config->accepted, &watch->accepted);
	if (status) {
		free(watch);
		return covey_error_set(error, status, "out of memory");
	}
	status = port_services_init(&watch->services, &watch->config, error);
	if (status == 0)
		status = listen_to(watch, error);
	/* Remove an earlier run's holder. Nothing is delivered to the port in the meantime. */
	if (status == 0)
		status = port_services_end(&watch->services, error);
	if (status) {
		vxlan_watch_free(watch);
		return status;
	}
	look(watch);
	tell_bridges(watch);
	*ret_watch = watch;
	return 0;
}

static void free_event(struct event *event)
{
	if (event)
		event_free(event);
}

void vxlan_watch_free(struct vxlan_watch *watch)
{
	struct covey_error error;

	if (!watch)
		return;
	if (port_services_are_on(&watch->services) && port_services_end(&watch->services, &error))
		log_error("%s", error.text);
	free_event(watch->again);
	free_event(watch->on_links);
	free_event(watch->on_looks);
	free_event(watch->on_marks);
	if (watch->links_fd >= 0)
		close(watch->links_fd);
	guard_events_close(&watch->marks_rules);
	guard_events_close(&watch->looks_rules);
	peer_log_free(watch->log);
	group_joins_clear(&watch->joins);
	device_marks_end(&watch->marks);
	device_marks_end(&watch->looks);
	free(watch->accepted.list);
	vxlan_devices_free(&watch->devices);
	free(watch);
}

static void remove_tables(const char *host_interface)
{
	char *rules = NULL;
	size_t len;
	FILE *stream = open_memstream(&rules, &len);

	if (!stream)
		return;
	guard_local_write_marks_removal(stream, host_interface);
	clear_check_write_removal(stream, host_interface);
	if (fclose(stream) == 0)
		guard_nft_run(rules, NULL);
	free(rules);
}

void vxlan_watch_forget(const char *host_interface)
{
	port_services_forget(host_interface);
	remove_tables(host_interface);
}
