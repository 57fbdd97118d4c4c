/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Virtual time: a heap of timers, and in front of it the functions of libevent that the programs
 * use. There are no sockets: what comes from outside comes from wire.c, by timers as well.
 */

#include <event2/event.h>
#include <stdlib.h>

#include "loop.h"
#include "simulation.h"

#define SPINS_MAX  1000
#define EVENTS_MAX 10000 /* at one time, of each host */

struct process *process_now;

/* --- clocks -------------------------------------------------------------------------------- */

#define PPM INT64_C(1000000)

static uint64_t scale(uint64_t us, int64_t by, int64_t from)
{
	return (uint64_t)((__int128)us * by / from);
}

uint64_t process_time_us(const struct process *process)
{
	return process->fleet->now_us + process->busy_us;
}

uint64_t process_clock_us(const struct process *process)
{
	return process->ahead_us + scale(process_time_us(process), PPM + process->fast_ppm, PPM);
}

/* Rounded up: a timer that fires early would find nothing due. */
uint64_t process_after_us(const struct process *process, uint64_t wait_us)
{
	uint64_t due = process_clock_us(process) + wait_us - process->ahead_us;
	uint64_t us = scale(due, PPM, PPM + process->fast_ppm);

	while (scale(us, PPM + process->fast_ppm, PPM) < due)
		us++;
	return us;
}

/* --- the heap ------------------------------------------------------------------------------ */

static bool is_before(const struct timer *a, const struct timer *b)
{
	return a->due_us < b->due_us || (a->due_us == b->due_us && a->order < b->order);
}

static void put(struct fleet *fleet, size_t at, struct timer *timer)
{
	fleet->heap[at] = timer;
	timer->slot = at + 1;
}

static void rise(struct fleet *fleet, size_t at, struct timer *timer)
{
	while (at > 0 && is_before(timer, fleet->heap[(at - 1) / 2])) {
		put(fleet, at, fleet->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	put(fleet, at, timer);
}

static void sink(struct fleet *fleet, size_t at, struct timer *timer)
{
	size_t child;

	while ((child = 2 * at + 1) < fleet->heap_count) {
		if (child + 1 < fleet->heap_count &&
		    is_before(fleet->heap[child + 1], fleet->heap[child]))
			child++;
		if (!is_before(fleet->heap[child], timer))
			break;
		put(fleet, at, fleet->heap[child]);
		at = child;
	}
	put(fleet, at, timer);
}

void timer_unset(struct timer *timer)
{
	struct fleet *fleet = fleet_now;
	size_t at = timer->slot - 1;
	struct timer *last;

	if (timer->slot == 0)
		return;
	timer->slot = 0;
	last = fleet->heap[--fleet->heap_count];
	if (last == timer)
		return;
	if (at > 0 && is_before(last, fleet->heap[(at - 1) / 2]))
		rise(fleet, at, last);
	else
		sink(fleet, at, last);
}

static void insert(struct fleet *fleet, struct timer *timer)
{
	if (fleet->heap_count == fleet->heap_room) {
		fleet->heap_room = fleet->heap_room ? 2 * fleet->heap_room : 64;
		fleet->heap = reallocarray(fleet->heap, fleet->heap_room, sizeof(*fleet->heap));
		if (!fleet->heap)
			abort();
	}
	rise(fleet, fleet->heap_count++, timer);
}

void timer_set(struct timer *timer, uint64_t due_us)
{
	struct fleet *fleet = fleet_now;

	timer_unset(timer);
	timer->due_us = due_us < fleet->now_us ? fleet->now_us : due_us;
	timer->order = fleet->orders++;
	insert(fleet, timer);
}

/* --- what happens next --------------------------------------------------------------------- */

void process_crash(struct process *process, bool powered)
{
	process->dead = true;
	process->powered = powered;
}

void process_enter(struct process *process)
{
	process_now = process;
}

void process_leave(struct process *process)
{
	process_now = NULL;
	if (process->busy_us) {
		process->stopped_us = process->fleet->now_us + process->busy_us;
		process->busy_us = 0;
	}
	if (process->dead)
		process->bury(process);
}

static void run(struct timer *timer)
{
	struct process *process = timer->process;

	if (!process) {
		timer->fire(timer);
		return;
	}
	process_enter(process);
	timer->fire(timer);
	process_leave(process);
}

/* One timer that is due again and again would take a processor for itself. */
static void look_for_spin(struct fleet *fleet, const struct timer *timer)
{
	if (fleet->spin_us != fleet->now_us)
		fleet->now_events = 0;
	if (fleet->spin_timer != timer || fleet->spin_us != fleet->now_us)
		fleet->spins = 0;
	if (++fleet->now_events == (uint64_t)EVENTS_MAX * fleet->plan->hosts)
		violate("spin: time does not go on");
	fleet->spin_timer = timer;
	fleet->spin_us = fleet->now_us;
	if (++fleet->spins == SPINS_MAX)
		violate("spin: %s does the same thing again and again",
			timer->process ? timer->process->name : "the world");
}

bool loop_step(struct fleet *fleet, uint64_t until_us)
{
	struct timer *timer;

	while (fleet->heap_count > 0) {
		timer = fleet->heap[0];
		if (timer->due_us > until_us)
			break;
		timer_unset(timer);
		fleet->now_us = timer->due_us;
		if (timer->process && timer->process->stopped_us > fleet->now_us) {
			/* Keeps its place among those that wait with it. */
			timer->due_us = timer->process->stopped_us;
			insert(fleet, timer);
			continue;
		}
		fleet->events++;
		look_for_spin(fleet, timer);
		run(timer);
		return true;
	}
	return false;
}

/* --- libevent ------------------------------------------------------------------------------ */

struct event_base {
	struct process *process;
};

struct event {
	struct timer timer;
	event_callback_fn callback;
	void *arg;
	struct timeval again; /* of a persistent one */
	short what;
};

struct event_base *loop_base_new(struct process *process)
{
	struct event_base *base = calloc(1, sizeof(*base));

	if (base)
		base->process = process;
	return base;
}

void loop_base_free(struct event_base *base)
{
	free(base);
}

static uint64_t timeval_us(const struct timeval *wait)
{
	return (uint64_t)wait->tv_sec * SECOND_US + (uint64_t)wait->tv_usec;
}

static void fire(struct timer *timer)
{
	struct event *event = timer->arg;

	if (event->what & EV_PERSIST)
		event_add(event, &event->again);
	event->callback(-1, EV_TIMEOUT, event->arg);
}

struct event *event_new(struct event_base *base, evutil_socket_t fd, short what,
			event_callback_fn callback, void *arg)
{
	struct event *event = calloc(1, sizeof(*event));

	if (fd != -1)
		abort();
	if (!event)
		return NULL;
	event->timer = (struct timer){.process = base->process, .fire = fire, .arg = event};
	event->callback = callback;
	event->arg = arg;
	event->what = what;
	return event;
}

int event_add(struct event *event, const struct timeval *wait)
{
	uint64_t us;

	if (!wait)
		abort();
	us = timeval_us(wait);
	event->again = *wait;
	if (breakage == BREAK_SPIN)
		us -= us % SECOND_US;
	timer_set(&event->timer, process_after_us(event->timer.process, us));
	return 0;
}

int event_del(struct event *event)
{
	timer_unset(&event->timer);
	return 0;
}

void event_active(struct event *event, int what, short calls)
{
	timer_set(&event->timer, process_time_us(event->timer.process));
}

int event_pending(const struct event *event, short what, struct timeval *ret_when)
{
	return event->timer.slot ? what : 0;
}

void event_free(struct event *event)
{
	timer_unset(&event->timer);
	free(event);
}

int event_base_loopbreak(struct event_base *base)
{
	loop_broken(base->process);
	return 0;
}
