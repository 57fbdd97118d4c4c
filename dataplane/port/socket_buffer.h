/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What waits in the kernel's sockets of a port. */

#include <stdint.h>

/* Make room for some milliseconds of a fast link, to receive or to send. */
void socket_buffer_receive(int fd);
void socket_buffer_send(int fd);

/* How many packets the socket had no room for. */
uint64_t socket_buffer_missed(int fd);
