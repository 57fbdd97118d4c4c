/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * An inventory as a report may have it. It is Ansible's, so it may have passwords, under any name.
 */

/*
 * A copy of text, line by line: names, and values of covey's variables and of those by which
 * Ansible finds a machine. Other values, and comments, are left out, and what comes behind a
 * mistake. Free it with free(). NULL when there is no memory.
 */
char *report_inventory(const char *text);
