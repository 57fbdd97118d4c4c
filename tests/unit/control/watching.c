/* SPDX-License-Identifier: BSD-3-Clause */
#include "watching.h"

#include <stdio.h>
#include <string.h>

#include "pki.h"
#include "shell.h"

#define PATIENCE_S 20

static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

time_t watching_patience(void)
{
	return now_s() + PATIENCE_S;
}

bool watching_is_over(time_t end)
{
	return now_s() > end;
}

void watching_turn(const struct watching *watching)
{
	event_base_loopexit(watching->base, &(struct timeval){.tv_usec = 20000});
	event_base_dispatch(watching->base);
}

void watching_issue(const char *directory, const char *name, long seconds)
{
	enum identity_role role = strcmp(name, "gkm") == 0 ? IDENTITY_GKM : IDENTITY_HOST;
	struct covey_error error;

	if (pki_issue(directory, role, "lab", name, 0, -60, seconds, true, &error) < 0)
		fail_msg("%s", error.text);
}

void watching_begin(struct watching *watching, unsigned ca_days, const char *name, long seconds)
{
	enum tls_role role = strcmp(name, "gkm") == 0 ? TLS_GKM : TLS_MEMBER;
	char paths[3][PATH_MAX + 16];
	struct covey_error error;

	*watching = (struct watching){.base = event_base_new()};
	directory_make(watching->directory);
	snprintf(paths[0], sizeof(paths[0]), "%s/ca.crt", watching->directory);
	snprintf(paths[1], sizeof(paths[1]), "%s/%s.crt", watching->directory, name);
	snprintf(paths[2], sizeof(paths[2]), "%s/%s.key", watching->directory, name);
	if (pki_init(watching->directory, "lab", ca_days, &error) < 0)
		fail_msg("%s", error.text);
	watching_issue(watching->directory, name, seconds);
	if (tls_new(role, "lab", paths[0], paths[1], paths[2], &watching->tls, &error) < 0)
		fail_msg("%s", error.text);
}

void watching_end(struct watching *watching)
{
	tls_free(watching->tls);
	event_base_free(watching->base);
	directory_remove(watching->directory);
}

void watching_loaded(bool changed, void *arg)
{
	struct watching *watching = arg;

	watching->loaded++;
	watching->changed += changed;
}

void watching_failed(const struct covey_error *error, void *arg)
{
	struct watching *watching = arg;

	watching->failed++;
	watching->error = *error;
}
