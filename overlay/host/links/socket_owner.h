/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Whose a UNIX socket is, whatever it does: sock_diag(7). */

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * The user that made the socket with this abstract name, in our network namespace. 0, -ENOENT when
 * nobody has the name, or another negative errno.
 */
int socket_owner(const struct sockaddr_un *address, socklen_t len, uid_t *ret_uid);
