/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Two network namespaces with a wire between them, for ports that are the kernel's. They go with
 * the process. */

/* Make both. Interface "wire" in each, with 10.0.0.1 and fd00::1 in the first, and 10.0.0.2 and
 * fd00::2 in the second. The process is in the first one afterwards. */
void namespaces_open(void);
void namespaces_close(void);

/* Another wire, of this name in both, without IPv4 addresses. */
void namespaces_add_wire(const char *name);

/* Move into the first (0) or the second (1) one. */
void namespaces_enter(unsigned which);

/* Run a command of the shell, which must succeed. */
void namespaces_run(const char *command);
