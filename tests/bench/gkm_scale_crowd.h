/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* All members, and the order in which they come. */

#include <covey/error.h>
#include <event2/event.h>
#include <openssl/ssl.h>

#include "gkm_scale_member.h"
#include "gkm_scale_pki.h"

struct crowd {
	struct event_base *base;
	SSL_CTX *tls;
	const struct scale_pki *pki;
	uint16_t port;
	size_t at_once;  /* so many may be on their way into the group */
	bool one_by_one; /* the next one comes when the one before sends */
	bool quiet;      /* no progress */
	struct scale_member *members;
	size_t count;
	struct event *pulse;
	struct event *signals[2]; /* to leave nothing behind */

	double began;
	double told;
	size_t connected; /* begun */
	size_t joined;
	size_t active;
	uint32_t newest; /* SPI */
	char failure[256];
};

double crowd_now(void);

int crowd_new(struct crowd *crowd, struct covey_error *error);
void crowd_free(struct crowd *crowd);

/* Until all send on the newest SA; not longer than so many seconds. */
int crowd_run(struct crowd *crowd, double seconds, struct covey_error *error);

/* --- told by members ------------------------------------------------------------------------ */

void crowd_joined(struct scale_member *member);
void crowd_activated(struct scale_member *member);
__attribute__((format(printf, 2, 3))) void crowd_fail(struct crowd *crowd, const char *format, ...);
