/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The same as `covey show` says, as metrics. docs/metrics.md lists them.
 */

struct metrics_page;
struct host;

/* For metrics_config.fill; arg: struct host. */
void host_metrics_fill(struct metrics_page *page, void *arg);

/* In host_metrics_groups.c: groups, and their SAs. */
void host_metrics_groups(struct metrics_page *page, const struct host *host);
