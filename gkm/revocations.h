/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Revoked certificates: the lists, which host showed which certificate, and what happens when one
 * of those is revoked.
 *
 * A host whose certificate is revoked is treated as evicted from all its groups, whether it is
 * connected or not. There is one difference: with a certificate that is not revoked it may come
 * back. The state file needs nothing of this. The lists are files themselves, and after a restart
 * there is no SA that somebody could have got with a revoked certificate.
 */

#include <covey/error.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct manager;
struct revocations;

/*
 * Read the lists at path, a file or a directory, and watch them. demanded: a list must exist. The
 * result is stored in manager->revocations. It is told of each certificate with which a host is let
 * in.
 */
int revocations_open(struct manager *manager, const char *path, bool demanded,
		     struct revocations **ret_revocations, struct covey_error *error);
void revocations_close(struct revocations *revocations);

/* Read the lists now. */
void revocations_reload(struct revocations *revocations);

json_t *revocations_show(const struct revocations *revocations);
