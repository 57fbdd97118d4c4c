/* SPDX-License-Identifier: BSD-3-Clause */

#include "gather_watch.h"

#include <clock.h>
#include <dataplane.h>
#include <errno.h>
#include <inttypes.h>
#include <log.h>
#include <port.h>
#include <stdlib.h>
#include <string.h>

#include "gather_rule.h"

#define LOOK_MS 1000

struct gather_watch {
	const struct dataplane *dataplane;
	struct port *fabric;
	struct event *timer;
	struct gather_rule rule;
	uint64_t stops;
	char note[PORT_NOTE_MAX]; /* the port's own, while it gathers */
};

static void stop(struct gather_watch *watch, const struct dataplane_counters *counters)
{
	watch->stops++;
	port_kernel_gather(watch->fabric, false);
	port_set_note(watch->fabric, "UDP_GRO spoiled packets");
	log_warning("packets that this kernel had gathered (UDP_GRO) failed authentication, and "
		    "were genuine (the latest of SenderID %" PRIu64 "): it gathers none for 10 "
		    "minutes, which is slower. Update the kernel here; covey_offload: off leaves "
		    "gathering out",
		    counters->spoiled_sender);
}

static void absolve(struct gather_watch *watch, const struct dataplane_counters *counters)
{
	port_kernel_gather(watch->fabric, true);
	port_set_note(watch->fabric, watch->note);
	log_warning("packets still fail authentication that are genuine and that this kernel did "
		    "not gather: it gathers again. Their sender, SenderID %" PRIu64
		    ", or the way from there spoils them: set covey_offload: off on that host, "
		    "and look at its network card and kernel",
		    counters->spoiled_sender);
}

static void resume(struct gather_watch *watch)
{
	port_kernel_gather(watch->fabric, true);
	port_set_note(watch->fabric, watch->note);
	log_notice("the kernel gathers packets again (UDP_GRO): will they authenticate now?");
}

static void look(evutil_socket_t fd, short what, void *arg)
{
	struct gather_watch *watch = arg;
	struct dataplane_counters counters;

	(void)fd, (void)what;
	dataplane_read_counters(watch->dataplane, &counters);
	switch (gather_rule_judge(&watch->rule,
				  &(struct gather_counts){
					  .spoiled_gathered = counters.spoiled_gathered,
					  .spoiled_alone = counters.spoiled_alone,
					  .forged = counters.forged,
				  },
				  clock_ms())) {
	case GATHER_GO_ON:
		break;
	case GATHER_STOP:
		stop(watch, &counters);
		break;
	case GATHER_ABSOLVE:
		absolve(watch, &counters);
		break;
	case GATHER_RESUME:
		resume(watch);
		break;
	}
}

int gather_watch_new(struct event_base *base, const struct dataplane *dataplane,
		     struct port *fabric, struct gather_watch **ret_watch,
		     struct covey_error *error)
{
	const struct timeval interval = clock_timeval(LOOK_MS);
	struct gather_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return covey_error_set(error, -ENOMEM, "out of memory");
	watch->dataplane = dataplane;
	watch->fabric = fabric;
	memcpy(watch->note, fabric->note, sizeof(watch->note));
	watch->timer = event_new(base, -1, EV_PERSIST, look, watch);
	if (!watch->timer || event_add(watch->timer, &interval) < 0) {
		gather_watch_free(watch);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	*ret_watch = watch;
	return 0;
}

bool gather_watch_stopped(const struct gather_watch *watch, uint64_t *ret_stops)
{
	*ret_stops = watch ? watch->stops : 0;
	return watch && watch->rule.state == GATHER_STOPPED;
}

void gather_watch_free(struct gather_watch *watch)
{
	if (!watch)
		return;
	if (watch->timer)
		event_free(watch->timer);
	free(watch);
}
