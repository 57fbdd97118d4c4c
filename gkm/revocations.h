/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Certificates that are revoked: the lists, which host showed which certificate, and what follows
 * when one of those is revoked.
 *
 * A host whose certificate is revoked is treated as evicted from all its groups, live or away, but
 * for one thing: with a certificate that is not revoked it may come back. Nothing of that needs to
 * be in the state file: the lists are files themselves, and after a restart there is no SA that a
 * revoked certificate could have obtained.
 */

#include <covey/error.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct manager;
struct revocations;

/*
 * Read the lists at path, a file or a directory, and watch them. demanded: there must be one.
 * Becomes manager->revocations, and is told of each certificate by which a host is let in.
 */
int revocations_open(struct manager *manager, const char *path, bool demanded,
		     struct revocations **ret_revocations, struct covey_error *error);
void revocations_close(struct revocations *revocations);

/* Read the lists now. */
void revocations_reload(struct revocations *revocations);

json_t *revocations_show(const struct revocations *revocations);
