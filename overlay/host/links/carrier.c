/* SPDX-License-Identifier: BSD-3-Clause */

#include "carrier.h"

#include <clock.h>
#include <errno.h>
#include <inttypes.h>
#include <inventory.h>
#include <log.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "carrier_keeper.h"
#include "lasting_fault.h"
#include "link.h"
#include "link_change.h"
#include "link_switch.h"

/* The most time to wait for the kernel to notice a carrier. It takes a moment, and drops what is
 * sent until then. */
#define SETTLE_MS 1000

struct carrier {
	const struct inventory_host *host; /* its interfaces' names may change: see startup.h */
	char peer[IFNAMSIZ];               /* empty: no veth pair */
	bool has_interface;                /* the kernel has an interface */
	bool bound;
	bool on;
	bool undone; /* somebody set the other end down, and that was logged */
	struct repairs repairs;
	struct lasting_fault fault; /* it cannot be switched */
	unsigned index;             /* of peer, or of the interface itself */
	int keeper;                 /* socket to the other process; -1: none */
	pid_t keeper_process;
	struct event *gone;
};

static int make_name(const struct inventory_host *host, char end, char *ret_name,
		     struct covey_error *error)
{
	if (snprintf(ret_name, IFNAMSIZ, "%s%c", host->host_interface, end) < IFNAMSIZ)
		return 0;
	return covey_error_set(error, -ENAMETOOLONG,
			       "covey_host_interface %s is too long: at most %d characters",
			       host->host_interface, IFNAMSIZ - 2);
}

int carrier_peer_name(const struct inventory_host *host, char ret_name[static IFNAMSIZ],
		      struct covey_error *error)
{
	return make_name(host, 'p', ret_name, error);
}

int carrier_steered_name(const struct inventory_host *host, char ret_name[static IFNAMSIZ],
			 struct covey_error *error)
{
	return make_name(host, 's', ret_name, error);
}

static int start_keeper(struct carrier *carrier, struct covey_error *error)
{
	int ends[2];
	pid_t process;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return covey_error_set(error, -errno, "cannot make a pair of sockets: %s",
				       strerror(errno));
	process = fork();
	if (process == 0) {
		close(ends[0]);
		carrier_keeper_run(ends[1], carrier->host->host_interface);
	}
	close(ends[1]);
	if (process < 0) {
		close(ends[0]);
		return covey_error_set(error, -errno, "cannot start a process: %s",
				       strerror(errno));
	}
	carrier->keeper = ends[0];
	carrier->keeper_process = process;
	return 0;
}

int carrier_new(const struct inventory_host *host, struct carrier **ret_carrier,
		struct covey_error *error)
{
	struct carrier *carrier = calloc(1, sizeof(*carrier));
	int status = 0;

	if (!carrier)
		return covey_error_set(error, -ENOMEM, "out of memory");
	carrier->host = host;
	carrier->has_interface = host->host_port != HOST_PORT_DEVICE;
	carrier->keeper = -1;
	if (host->host_port == HOST_PORT_VETH || host->host_port == HOST_PORT_AUTO) {
		status = carrier_peer_name(host, carrier->peer, error);
		if (!status)
			status = start_keeper(carrier, error);
	}
	if (status) {
		free(carrier);
		return status;
	}
	*ret_carrier = carrier;
	return 0;
}

static void keeper_gone(evutil_socket_t fd, short what, void *arg)
{
	const struct carrier *carrier = arg;

	log_warning("the process that takes %s's carrier away after a crash has ended: if "
		    "covey-host is killed now, %s keeps its carrier; restart covey-host to have "
		    "that process again",
		    carrier->host->host_interface, carrier->host->host_interface);
	event_del(carrier->gone);
}

int carrier_watch(struct carrier *carrier, struct event_base *base, struct covey_error *error)
{
	if (carrier->keeper < 0)
		return 0;
	carrier->gone =
		event_new(base, carrier->keeper, EV_READ | EV_PERSIST, keeper_gone, carrier);
	if (!carrier->gone || event_add(carrier->gone, NULL) < 0)
		return covey_error_set(error, -ENOMEM, "out of memory");
	return 0;
}

static void end_keeper(struct carrier *carrier)
{
	if (carrier->keeper < 0)
		return;
	carrier_keeper_end(carrier->keeper);
	close(carrier->keeper);
	while (waitpid(carrier->keeper_process, NULL, 0) < 0 && errno == EINTR)
		;
	carrier->keeper = -1;
}

int carrier_bind(struct carrier *carrier, bool pair, struct covey_error *error)
{
	const char *name = pair ? carrier->peer : carrier->host->host_interface;
	struct link_info info;
	int status;

	if (!carrier->has_interface)
		return 0;
	if (!pair) {
		carrier_unwatch(carrier);
		end_keeper(carrier);
		carrier->peer[0] = '\0';
	}
	status = link_get(name, &info, error);
	if (status)
		return status;
	carrier->index = info.index;
	carrier->bound = true;
	if (carrier->keeper < 0) {
		carrier->on = true; /* a TAP has its carrier from the start */
		return 0;
	}
	if (send(carrier->keeper, &carrier->index, sizeof(carrier->index), MSG_NOSIGNAL) < 0)
		return covey_error_set(error, -errno,
				       "the process that looks after %s's carrier is gone: %s",
				       carrier->host->host_interface, strerror(errno));
	return 0;
}

static void wait_until(const char *interface, bool on)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	uint64_t deadline = clock_ms() + SETTLE_MS;
	struct link_info info;

	while (link_get(interface, &info, NULL) == 0 && info.up && info.running != on &&
	       clock_ms() < deadline)
		nanosleep(&nap, NULL);
}

static int change(const struct carrier *carrier, bool on, struct covey_error *error)
{
	return carrier->peer[0] != '\0' ? link_switch(carrier->index, on, error)
					: link_set_carrier(carrier->index, on, error);
}

/* Find and log that somebody set the other end down. True when it is to be set up again now. */
static bool is_undone(struct carrier *carrier)
{
	uint64_t now = clock_ms(), wait = repairs_wait(&carrier->repairs, now);
	struct link_info info;

	if (carrier->peer[0] == '\0' || link_get_index(carrier->index, &info, NULL) || info.up) {
		carrier->undone = false;
		return false;
	}
	if (wait == 0)
		log_warning("somebody set %s down, which is covey's: it is set up again",
			    carrier->peer);
	else if (!carrier->undone)
		log_warning("somebody set %s down, which is covey's, number %u in a row: no packet "
			    "passes %s until it is set up again in %u s; find out which program "
			    "does this",
			    carrier->peer, carrier->repairs.count + 1,
			    carrier->host->host_interface, (unsigned)((wait + 999) / 1000));
	carrier->undone = true;
	if (wait == 0)
		repairs_note(&carrier->repairs, now);
	return wait == 0;
}

/* It is tried again at each look at the interfaces, which is each second. */
static void log_fault(struct carrier *carrier, bool on, const struct covey_error *why)
{
	if (!lasting_fault_note(&carrier->fault, clock_ms()))
		return;
	log_warning("%s: its carrier cannot be switched %s: %s; this is tried again and again "
		    "(tries that failed: %" PRIu64 ")",
		    carrier->host->host_interface, on ? "on" : "off", why->text,
		    carrier->fault.times);
}

static void log_end_of_fault(struct carrier *carrier)
{
	uint64_t times = lasting_fault_end(&carrier->fault);

	if (times > 0)
		log_notice("%s: its carrier is as it should be again (tries that failed: %" PRIu64
			   ")",
			   carrier->host->host_interface, times);
}

void carrier_set(struct carrier *carrier, bool on)
{
	struct covey_error error;

	if (!carrier || !carrier->bound)
		return;
	if (on == carrier->on && !(on && is_undone(carrier))) {
		if (!carrier->undone)
			log_end_of_fault(carrier);
		return;
	}
	if (change(carrier, on, &error)) {
		log_fault(carrier, on, &error);
		return;
	}
	log_end_of_fault(carrier);
	carrier->on = on;
	wait_until(carrier->host->host_interface, on);
	log_notice("%s %s", carrier->host->host_interface,
		   on ? "has a carrier" : "has no carrier any more");
}

void carrier_unwatch(struct carrier *carrier)
{
	if (!carrier || !carrier->gone)
		return;
	event_free(carrier->gone);
	carrier->gone = NULL;
}

void carrier_free(struct carrier *carrier)
{
	if (!carrier)
		return;
	carrier_unwatch(carrier);
	end_keeper(carrier);
	free(carrier);
}

int carrier_take_away(const struct inventory_host *host, struct covey_error *error)
{
	struct link_info info;
	char peer[IFNAMSIZ];
	int status;

	if (host->host_port != HOST_PORT_VETH && host->host_port != HOST_PORT_AUTO)
		return 0; /* a TAP ends with its process */
	status = carrier_peer_name(host, peer, error);
	if (status)
		return status;
	status = link_get(peer, &info, error);
	if (status == -ENODEV)
		return 0;
	return status ? status : link_switch(info.index, false, error);
}
