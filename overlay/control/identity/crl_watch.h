/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Revocation lists that are read again when they change: inotify on the directories that they are
 * in, so that a rename into place is seen, and once an hour whatever is seen.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>

struct crl;
struct crl_watch;
struct tls;

struct crl_watch_config {
	struct event_base *base;
	struct tls *tls;
	const char *path; /* a file or a directory; copied */
	bool demanded;    /* false: as long as there was none, there need be none */
	/*
	 * All is well: they are in force; or there are none, and need be none. changed: they are
	 * other ones than before. Called from the event loop and from crl_watch_reload().
	 */
	void (*loaded)(bool changed, void *arg);
	/* They are no good, or not watched any more; those from before stay in force. */
	void (*failed)(const struct covey_error *error, void *arg);
	void *arg;
};

/* Reads them at once, without a call of loaded() or failed(). 0 or a negative errno. */
int crl_watch_new(const struct crl_watch_config *config, struct crl_watch **ret_watch,
		  struct covey_error *error);
void crl_watch_free(struct crl_watch *watch);

/* Now, asked by a person. */
void crl_watch_reload(struct crl_watch *watch);

const char *crl_watch_path(const struct crl_watch *watch);
/* The lists in force, NULL: none. */
const struct crl *crl_watch_lists(const struct crl_watch *watch);
