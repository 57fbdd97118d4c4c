/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which host of the inventory this machine is.
 */

#define OWN_NAME_FILE "/etc/covey/name"
#define OWN_NAME_SIZE 65 /* HOST_NAME_MAX and a zero */

/*
 * The first line of file (OWN_NAME_FILE), which `covey deploy` writes: a machine may have another
 * name in the inventory than it calls itself. Without that file, or if it is empty, the machine's
 * full host name; empty when that cannot be read.
 */
void own_name_read(const char *file, char ret_name[OWN_NAME_SIZE]);
