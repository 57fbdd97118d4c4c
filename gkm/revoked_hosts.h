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

struct crl_watch;
struct manager;
struct revoked_hosts;

/*
 * Read the lists at path, a file or a directory, and watch them. demanded: a list must exist. The
 * result is stored in manager->revoked_hosts. It is told of each certificate with which a host is
 * let in.
 */
int revoked_hosts_open(struct manager *manager, const char *path, bool demanded,
		       struct revoked_hosts **ret_revoked, struct covey_error *error);
void revoked_hosts_close(struct revoked_hosts *revoked);

/* Read the lists now. */
void revoked_hosts_reload(struct revoked_hosts *revoked);

/* The lists; belong to revoked. */
const struct crl_watch *revoked_hosts_lists(const struct revoked_hosts *revoked);
json_t *revoked_hosts_show(const struct revoked_hosts *revoked);
