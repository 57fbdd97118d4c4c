/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Revocation lists that are read again when they change. Uses inotify on the directories that they
 * are in, so that a file that is renamed into place is noticed. They are also read once an hour in
 * any case.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>

struct crl;
struct crl_summary;
struct crl_watch;
struct tls;

struct crl_watch_config {
	struct event_base *base;
	struct tls *tls;
	const char *path; /* a file or a directory; copied */
	bool demanded;    /* false: as long as no list has existed, none is needed */
	/*
	 * All is well: the lists are in force, or there are none and none are needed. changed: they
	 * are others than before. Called from the event loop and from crl_watch_reload().
	 */
	void (*loaded)(bool changed, void *arg);
	/* The lists are not good, or are not watched any more. The earlier ones stay in force. */
	void (*failed)(const struct covey_error *error, void *arg);
	void *arg;
};

/* Reads the lists at once, without calling loaded() or failed(). Returns 0 or a negative errno. */
int crl_watch_new(const struct crl_watch_config *config, struct crl_watch **ret_watch,
		  struct covey_error *error);
void crl_watch_free(struct crl_watch *watch);

/* Read them now, because a person asks for it. */
void crl_watch_reload(struct crl_watch *watch);

/*
 * Is it time to warn that a list ends: for the first time after the lists were read, or 30, 7 or 1
 * days before? Not while it is late, and not in the first half of its time.
 */
bool crl_watch_warns(struct crl_watch *watch);

const char *crl_watch_path(const struct crl_watch *watch);
/* The lists in force; NULL when there are none. */
const struct crl *crl_watch_lists(const struct crl_watch *watch);
/* What is in them. False, with all of it zero, when there are none. */
bool crl_watch_summarise(const struct crl_watch *watch, struct crl_summary *ret_summary);
