/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The process that takes the carrier away when covey-host ends, whether in order or not. It listens
 * to nothing else, and only a SIGKILL sent to it ends it earlier.
 */

/* Runs in the new process. fd: its end of a pair of SOCK_SEQPACKET sockets. */
__attribute__((noreturn)) void carrier_keeper_run(int fd, const char *interface);
/* Call this with the other end: it says that covey-host ends in order, so nothing has to be
 * logged. */
void carrier_keeper_end(int fd);
