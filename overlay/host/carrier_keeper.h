/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The process that takes the carrier away when covey-host ends, in order or not. It hears of
 * nobody else, and only SIGKILL of its own ends it before.
 */

/* In the new process, with its end of a pair of SOCK_SEQPACKET sockets. */
__attribute__((noreturn)) void carrier_keeper_run(int fd, const char *interface);
/* From the other end: this is an end in order, which needs no word in the log. */
void carrier_keeper_end(int fd);
