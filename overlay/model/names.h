/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Ansible groups and hosts by name: made when first named.
 */

#include "reader.h"

/* Find it or make it. NULL when memory is short or a limit is reached, which is reported at
 * mark. */
struct ansible_group *names_group(struct reader *reader, const char *name, const struct node *mark);
struct ansible_host *names_host(struct reader *reader, const char *name, const struct node *mark);
