/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Open a raw packet socket on interface, promiscuous, not blocking, that hears what comes in and
 * not what goes out. Returns its descriptor or negative errno.
 */
int socket_open(const char *interface);
