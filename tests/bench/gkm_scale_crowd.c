/* SPDX-License-Identifier: BSD-3-Clause */
#include "gkm_scale_crowd.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gkm_scale_probe.h"
#include "gkm_scale_trigger.h"
#include "gkm_scale_wire.h"

#define PULSE_S      5
#define TELL_EVERY_S 1.0

double crowd_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void crowd_fail(struct crowd *crowd, const char *format, ...)
{
	va_list args;

	if (!crowd->failure[0]) {
		va_start(args, format);
		vsnprintf(crowd->failure, sizeof(crowd->failure), format, args);
		va_end(args);
	}
	event_base_loopbreak(crowd->base);
}

/* --- progress ------------------------------------------------------------------------------ */

static void tell(struct crowd *crowd)
{
	double now = crowd_now();

	if (crowd->quiet || now - crowd->told < TELL_EVERY_S)
		return;
	crowd->told = now;
	fprintf(stderr, "%s%7.1f s  %zu of %zu connected, %zu joined, ",
		isatty(STDERR_FILENO) ? "\r" : "", now - crowd->began, crowd->connected,
		crowd->target, crowd->joined);
	if (crowd->group_count > 1)
		fprintf(stderr, "%.0f %% of all seats send, all in %zu of %zu groups",
			(double)crowd->active * 100 / (double)crowd->target /
				(double)crowd->group_count,
			crowd->complete, crowd->group_count);
	else
		fprintf(stderr, "%zu send", crowd->active);
	fputs(isatty(STDERR_FILENO) ? "   " : "\n", stderr);
}

/* --- one after the other ------------------------------------------------------------------- */

static void connect_next(struct crowd *crowd)
{
	/* One by one there is one group. */
	size_t done = crowd->one_by_one ? crowd->active : crowd->joined;
	size_t at_once = crowd->one_by_one ? 1 : crowd->at_once;

	while (crowd->connected < crowd->target && crowd->connected < done + at_once) {
		int status = scale_member_connect(&crowd->members[crowd->connected]);

		if (status < 0) {
			crowd_fail(crowd, "member %zu cannot connect: error %d",
				   crowd->connected + 1, -status);
			return;
		}
		crowd->connected++;
	}
	tell(crowd);
}

void crowd_joined(struct scale_member *member)
{
	struct crowd *crowd = member->crowd;

	member->joined_at = crowd_now() - crowd->began;
	crowd->joined++;
	connect_next(crowd);
}

void crowd_reported(struct scale_member *member, const Covey__ProbeReport *report)
{
	struct crowd *crowd = member->crowd;

	crowd->reports++;
	if (member->number == 0 && crowd->reported)
		crowd->reported(crowd->reported_arg, report);
	else
		crowd_fail(crowd, "member %zu has not asked for probes", member->number + 1);
}

/* All send in the group, and on a newer SA than before the phase. */
static bool is_complete(const struct crowd *crowd, const struct crowd_group *group)
{
	return group->active == crowd->target && group->newest > crowd->beyond;
}

static void count_complete(struct crowd *crowd)
{
	crowd->complete = 0;
	for (size_t i = 0; i < crowd->group_count; i++)
		crowd->complete += is_complete(crowd, &crowd->groups[i]);
}

static bool is_over(const struct crowd *crowd)
{
	return crowd->rekey ? is_complete(crowd, &crowd->groups[0])
			    : crowd->complete == crowd->group_count;
}

void crowd_acked(struct scale_member *member, size_t group)
{
	struct crowd *crowd = member->crowd;
	double now = crowd_now() - crowd->began;

	if (!crowd->rekey || member->seats[group].installed <= crowd->beyond)
		return;
	if (group != 0) {
		crowd_fail(crowd, "the rekey of one group gives another one a new SA");
		return;
	}
	crowd->rekey->acked[member->number] = now;
	crowd->rekey->last_acked = now;
	crowd->acked++;
}

void crowd_activated(struct scale_member *member, size_t number, uint32_t before)
{
	struct crowd *crowd = member->crowd;
	struct crowd_group *group = &crowd->groups[number];
	uint32_t spi = member->seats[number].active;

	crowd->complete -= is_complete(crowd, group);
	if (spi > group->newest) {
		/* A newer SA than any before: nobody sends on it yet. */
		group->newest = spi;
		crowd->active -= group->active;
		group->active = 0;
	}
	if (spi == group->newest && spi != before) {
		group->active++;
		crowd->active++;
	}
	crowd->complete += is_complete(crowd, group);
	if (crowd->rekey && group->active == 1 && group->newest > crowd->beyond)
		crowd->rekey->told = crowd_now() - crowd->began;
	connect_next(crowd);
	if (is_over(crowd))
		event_base_loopbreak(crowd->base);
}

/* --- life ---------------------------------------------------------------------------------- */

static void on_pulse(evutil_socket_t fd, short what, void *arg)
{
	struct crowd *crowd = arg;

	for (size_t i = 0; i < crowd->connected; i++)
		scale_member_heartbeat(&crowd->members[i]);
	tell(crowd);
}

static void on_patience(evutil_socket_t fd, short what, void *arg)
{
	struct crowd *crowd = arg;

	event_base_loopbreak(crowd->base);
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	crowd_fail(arg, "ended by signal %d", (int)number);
}

static int set_up_signals(struct crowd *crowd)
{
	static const int numbers[] = {SIGINT, SIGTERM};

	for (size_t i = 0; i < 2; i++) {
		crowd->signals[i] = evsignal_new(crowd->base, numbers[i], on_signal, crowd);
		if (!crowd->signals[i] || event_add(crowd->signals[i], NULL) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int set_up_tls(struct crowd *crowd)
{
	crowd->tls = SSL_CTX_new(TLS_client_method());
	if (!crowd->tls)
		return -ENOMEM;
	SSL_CTX_set_min_proto_version(crowd->tls, TLS1_3_VERSION);
	/* As covey-host, that sends its certificate and not its CA's. */
	SSL_CTX_set_mode(crowd->tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_verify(crowd->tls, SSL_VERIFY_PEER, NULL);
	return X509_STORE_add_cert(SSL_CTX_get_cert_store(crowd->tls), crowd->pki->ca) == 1
		       ? 0
		       : -ENOMEM;
}

int crowd_new(struct crowd *crowd, struct covey_error *error)
{
	struct timeval pulse = {.tv_sec = PULSE_S};

	crowd->base = event_base_new();
	crowd->members = calloc(crowd->count, sizeof(*crowd->members));
	crowd->seats = calloc(crowd->count * crowd->group_count, sizeof(*crowd->seats));
	crowd->groups = calloc(crowd->group_count, sizeof(*crowd->groups));
	if (crowd->base) {
		crowd->pulse = event_new(crowd->base, -1, EV_PERSIST, on_pulse, crowd);
		crowd->patience = evtimer_new(crowd->base, on_patience, crowd);
	}
	if (!crowd->members || !crowd->seats || !crowd->groups || !crowd->pulse ||
	    !crowd->patience || set_up_tls(crowd) < 0 || set_up_signals(crowd) < 0 ||
	    event_add(crowd->pulse, &pulse) < 0) {
		crowd_free(crowd);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < crowd->count; i++)
		crowd->members[i] = (struct scale_member){
			.crowd = crowd,
			.number = i,
			.seats = &crowd->seats[i * crowd->group_count],
		};
	return 0;
}

void crowd_cut(struct crowd *crowd)
{
	for (size_t i = 0; i < crowd->connected; i++) {
		struct scale_member *member = &crowd->members[i];

		scale_member_free(member);
		scale_probe_free(member);
		*member = (struct scale_member){.crowd = crowd,
						.number = i,
						.seats = member->seats,
						.probe = member->probe};
	}
	memset(crowd->seats, 0, crowd->count * crowd->group_count * sizeof(*crowd->seats));
	memset(crowd->groups, 0, crowd->group_count * sizeof(*crowd->groups));
	crowd->connected = crowd->joined = crowd->active = crowd->complete = 0;
}

void crowd_free(struct crowd *crowd)
{
	for (size_t i = 0; crowd->members && i < crowd->connected; i++)
		scale_member_free(&crowd->members[i]);
	scale_wire_free(crowd);
	free(crowd->members);
	free(crowd->seats);
	free(crowd->groups);
	crowd->members = NULL;
	crowd->seats = NULL;
	crowd->groups = NULL;
	crowd->connected = 0;
	for (size_t i = 0; i < 2; i++)
		if (crowd->signals[i])
			event_free(crowd->signals[i]);
	crowd->signals[0] = crowd->signals[1] = NULL;
	if (crowd->pulse)
		event_free(crowd->pulse);
	crowd->pulse = NULL;
	if (crowd->patience)
		event_free(crowd->patience);
	crowd->patience = NULL;
	if (crowd->base)
		event_base_free(crowd->base);
	crowd->base = NULL;
	SSL_CTX_free(crowd->tls);
	crowd->tls = NULL;
}

/* --- phases -------------------------------------------------------------------------------- */

/* Until something breaks the loop, or the time is over. */
static int run(struct crowd *crowd, double seconds, struct covey_error *error)
{
	time_t whole = (time_t)seconds;
	struct timeval limit = {.tv_sec = whole,
				.tv_usec = (suseconds_t)((seconds - (double)whole) * 1e6)};

	event_add(crowd->patience, &limit);
	if (!crowd->failure[0])
		event_base_dispatch(crowd->base);
	event_del(crowd->patience);
	if (!crowd->quiet && isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	return crowd->failure[0] ? covey_error_set(error, -EPROTO, "%s", crowd->failure) : 0;
}

static int run_to_the_end(struct crowd *crowd, double seconds, struct covey_error *error)
{
	int status = run(crowd, seconds, error);

	if (status < 0 || is_over(crowd))
		return status;
	return covey_error_set(error, -ETIMEDOUT,
			       "after %.0f s %zu of %zu members have joined, %zu have acknowledged "
			       "the SA, %zu send in %zu groups, all of them in %zu",
			       seconds, crowd->joined, crowd->target, crowd->acked, crowd->active,
			       crowd->group_count, crowd->complete);
}

int crowd_gather(struct crowd *crowd, size_t target, bool one_by_one, double seconds,
		 struct covey_error *error)
{
	crowd->target = target;
	crowd->one_by_one = one_by_one;
	crowd->beyond = 0;
	crowd->began = crowd->told = crowd_now();
	count_complete(crowd);
	connect_next(crowd);
	return run_to_the_end(crowd, seconds, error);
}

int crowd_idle(struct crowd *crowd, double seconds, struct covey_error *error)
{
	return run(crowd, seconds, error);
}

int crowd_rekey(struct crowd *crowd, const char *socket, double seconds,
		struct crowd_rekey *ret_rekey, struct covey_error *error)
{
	struct trigger *trigger;
	int status;

	crowd->beyond = 0;
	for (size_t i = 0; i < crowd->group_count; i++)
		if (crowd->groups[i].newest > crowd->beyond)
			crowd->beyond = crowd->groups[i].newest;
	count_complete(crowd);
	crowd->acked = 0;
	crowd->rekey = ret_rekey;
	crowd->began = crowd->told = crowd_now();
	status = trigger_rekey(crowd, socket, &trigger, error);
	if (status == 0) {
		status = run_to_the_end(crowd, seconds, error);
		trigger_free(trigger);
	}
	ret_rekey->switched = crowd_now() - crowd->began;
	crowd->rekey = NULL;
	if (status == 0 && crowd->acked != crowd->target)
		status = covey_error_set(
			error, -EPROTO, "%zu of %zu members have acknowledged the SA, yet all send",
			crowd->acked, crowd->target);
	return status;
}
