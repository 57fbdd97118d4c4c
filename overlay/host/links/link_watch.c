/* SPDX-License-Identifier: BSD-3-Clause */

#include "link_watch.h"

#include <clock.h>
#include <errno.h>
#include <log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "link.h"
#include "link_change.h"
#include "link_events.h"
#include "link_program.h"

/* How often to look without a message. None comes when queues change, or when a program ends with
 * the process that attached it. */
#define LOOK_MS 1000

struct watched {
	const char *name; /* the operator's name for it */
	unsigned index;
	struct link_watch_wish wish;
	struct link_needs needs;
	struct link_state was;
	struct link_program program;
	struct repairs repairs;
	struct repairs mac_repairs;
	bool other_mac; /* it was told already */
	bool deaf;
};

struct link_watch {
	struct link_watch_handlers handlers;
	void (*up)(void *arg); /* NULL: nobody asks */
	void *arg;
	struct event *readable;
	struct event *timer;
	int fd;
	bool done;
	bool started;
	struct watched links[LINK_WATCH_MAX];
	size_t count;
};

static void lose(struct link_watch *watch, const struct covey_error *what)
{
	watch->done = true;
	event_del(watch->readable);
	event_del(watch->timer);
	watch->handlers.lost(what->text, watch->arg);
}

/* --- looking --------------------------------------------------------------------------------- */

/* Returns 0, or a negative errno when the state cannot be read now; the next look tries again. */
static int look(const struct watched *link, struct link_state *ret_state)
{
	struct link_state state = {.there = true};
	struct link_info info = {0};
	int status = link_get_index(link->index, &info, NULL);

	if (status == -ENODEV) {
		state.there = false;
		state.name_taken = link_get(link->was.name, &info, NULL) == 0;
	} else if (status) {
		return status;
	}
	if (state.there && link->needs.af_xdp) {
		status = link_program_id(link->index, &state.program);
		if (status)
			return status;
	}
	memcpy(state.name, info.name, sizeof(state.name));
	memcpy(state.mac, info.mac, sizeof(state.mac));
	state.mtu = info.mtu;
	state.rx_queues = info.rx_queues;
	state.carrier_changes = info.carrier_changes;
	state.up = info.up;
	state.running = info.running;
	*ret_state = state;
	return 0;
}

/* --- what is put right ----------------------------------------------------------------------- */

static void go_deaf(struct watched *link, const struct covey_error *what, uint64_t wait)
{
	if (link->deaf)
		return;
	link->deaf = true;
	if (wait > 0)
		log_warning("%s, again: number %u in a row. Nothing comes in there until it is put "
			    "back in %llu s; find out which program does this",
			    what->text, link->repairs.count + 1,
			    (unsigned long long)(wait + 999) / 1000);
}

/* Returns 0, or a negative errno: the port is lost. */
static int put_back(struct watched *link, struct covey_error *what)
{
	uint64_t now = clock_ms(), wait = repairs_wait(&link->repairs, now);
	struct covey_error why;
	int status;

	go_deaf(link, what, wait);
	if (wait > 0)
		return 0;
	status = link_program_attach(link->index, &link->program, &why);
	if (status) {
		const struct covey_error off = *what;

		covey_error_set(what, 0, "%.300s; %.150s", off.text, why.text);
		return status;
	}
	repairs_note(&link->repairs, now);
	link->deaf = false;
	log_warning("%s: it is attached again, and packets come in", what->text);
	return 0;
}

static void go_other_mac(struct watched *link, const char *mac, uint64_t wait)
{
	if (link->other_mac)
		return;
	link->other_mac = true;
	if (wait > 0)
		log_warning(
			"somebody gave %s the MAC address %s, again: number %u in a row. It gets "
			"its own back in %llu s; find out which program does this",
			link->name, mac, link->mac_repairs.count + 1,
			(unsigned long long)(wait + 999) / 1000);
}

/* Not lost meanwhile: packets pass, with the old one as source. A failure is tried again. */
static void keep_mac(struct watched *link, const struct link_state *now)
{
	uint64_t at = clock_ms(), wait = repairs_wait(&link->mac_repairs, at);
	struct covey_error why;
	char mac[LINK_MAC_TEXT_SIZE];

	if (!link->wish.mac || !now->there || memcmp(now->mac, link->wish.mac, LINK_MAC_LEN) == 0) {
		link->other_mac = false;
		return;
	}
	link_mac_text(now->mac, mac);
	go_other_mac(link, mac, wait);
	if (wait > 0)
		return;
	repairs_note(&link->mac_repairs, at);
	if (link_set_mac(now->name, link->wish.mac, &why) != 0) {
		log_warning("somebody gave %s the MAC address %s: %s", link->name, mac, why.text);
		return;
	}
	link->other_mac = false;
	log_warning("somebody gave %s the MAC address %s: it has its own again", link->name, mac);
}

/* A link that is down is not lost: it may come back, and its port works again then. */
static void report_running(struct watched *link, const struct link_state *now)
{
	bool is = link->wish.wire ? now->running : now->up;
	bool was = link->wish.wire ? link->was.running : link->was.up;

	link->was.running = now->running;
	link->was.up = now->up;
	if (is == was || link->wish.switched)
		return;
	if (is)
		log_notice("interface %s is up again", link->name);
	else
		log_warning("interface %s is down: no packet passes until it is up again",
			    link->name);
}

/* Events may be late, and two may come as one: the carrier may have gone and come back since the
 * last look. */
static void report_up(const struct link_watch *watch, struct watched *link,
		      const struct link_state *now)
{
	bool changed = now->carrier_changes != link->was.carrier_changes ||
		       now->running != link->was.running;

	link->was.carrier_changes = now->carrier_changes;
	if (now->running && changed && watch->up)
		watch->up(watch->arg);
}

/* The kernel takes the program off an interface that goes away, and a moment later it is gone. */
static void find_why(const struct watched *link, struct covey_error *what)
{
	struct covey_error gone;
	struct link_state now;

	if (look(link, &now) == 0 &&
	    link_change_find(&link->was, &now, &link->needs, &gone) == LINK_LOST)
		*what = gone;
}

static void check(struct link_watch *watch, struct watched *link)
{
	struct covey_error what;
	struct link_state now;

	if (look(link, &now))
		return;
	switch (link_change_find(&link->was, &now, &link->needs, &what)) {
	case LINK_SAME:
		link->deaf = false;
		break;
	case LINK_PROGRAM_OFF:
		if (put_back(link, &what) == 0)
			break;
		find_why(link, &what);
		__attribute__((fallthrough));
	case LINK_LOST:
		lose(watch, &what);
		return;
	}
	keep_mac(link, &now);
	report_up(watch, link, &now);
	report_running(link, &now);
}

static void tell(struct link_watch *watch)
{
	bool carries = true;

	for (size_t i = 0; i < watch->count; i++)
		carries &= !watch->links[i].deaf &&
			   (!watch->links[i].wish.wire || watch->links[i].was.running);
	if (watch->started && !watch->done)
		watch->handlers.carries(carries, watch->arg);
}

static void check_all(struct link_watch *watch)
{
	for (size_t i = 0; i < watch->count && !watch->done; i++)
		check(watch, &watch->links[i]);
	tell(watch);
}

/* --- when to look ---------------------------------------------------------------------------- */

static void on_message(evutil_socket_t fd, short what, void *arg)
{
	link_events_drain(fd);
	check_all(arg);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	check_all(arg);
}

int link_watch_new(struct event_base *base, const struct link_watch_handlers *handlers, void *arg,
		   struct link_watch **ret_watch, struct covey_error *error)
{
	struct link_watch *watch;
	int fd = link_events_open(error);

	if (fd < 0)
		return fd;
	watch = calloc(1, sizeof(*watch));
	if (!watch) {
		close(fd);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	watch->handlers = *handlers;
	watch->arg = arg;
	watch->fd = fd;
	watch->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_message, watch);
	watch->timer = event_new(base, -1, EV_PERSIST, on_timer, watch);
	if (!watch->readable || !watch->timer) {
		link_watch_free(watch);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	*ret_watch = watch;
	return 0;
}

void link_watch_on_up(struct link_watch *watch, void (*up)(void *arg))
{
	watch->up = up;
}

void link_watch_free(struct link_watch *watch)
{
	if (!watch)
		return;
	for (size_t i = 0; i < watch->count; i++)
		link_program_release(&watch->links[i].program);
	if (watch->readable)
		event_free(watch->readable);
	if (watch->timer)
		event_free(watch->timer);
	close(watch->fd);
	free(watch);
}

/* --- what to look at ------------------------------------------------------------------------- */

int link_watch_add(struct link_watch *watch, const char *name, const struct link_watch_wish *wish,
		   struct covey_error *error)
{
	struct watched link = {.name = name, .wish = *wish, .program.fd = -1};
	struct link_info info;
	int status = link_get(name, &info, error);

	if (status)
		return status;
	if (watch->count == LINK_WATCH_MAX)
		return covey_error_set(error, -ENOSPC, "%s: too many interfaces to watch", name);
	link.index = info.index;
	link.needs.mtu = wish->fixed_mtu;
	memcpy(link.was.name, info.name, sizeof(link.was.name));
	status = look(&link, &link.was);
	if (status)
		return covey_error_set(error, status, "interface %s cannot be watched: %s", name,
				       strerror(-status));
	watch->links[watch->count++] = link;
	return 0;
}

int link_watch_hold_program(struct link_watch *watch, const char *name, struct covey_error *error)
{
	for (size_t i = 0; i < watch->count; i++) {
		struct watched *link = &watch->links[i];
		struct covey_error why;
		int status;

		if (strcmp(link->name, name) != 0)
			continue;
		status = link_program_hold(link->index, &link->program, &why);
		if (status)
			return covey_error_set(error, status, "interface %s: %s", name, why.text);
		link->needs.af_xdp = true;
		link->was.program = link->program.id;
		return 0;
	}
	return covey_error_set(error, -ENOENT, "interface %s is not watched", name);
}

int link_watch_start(struct link_watch *watch, struct covey_error *error)
{
	const struct timeval interval = clock_timeval(LOOK_MS);

	if (event_add(watch->readable, NULL) < 0 || event_add(watch->timer, &interval) < 0)
		return covey_error_set(error, -ENOMEM, "out of memory");
	watch->started = true;
	check_all(watch);
	return 0;
}
