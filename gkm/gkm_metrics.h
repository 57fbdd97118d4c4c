/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The same as `covey show` says, as metrics. docs/metrics.md lists them.
 */

struct metrics_page;
struct manager;

/* For metrics_config.fill; arg: struct manager. */
void gkm_metrics_fill(struct metrics_page *page, void *arg);

/* In gkm_metrics_groups.c: groups, and their SAs. */
void gkm_metrics_groups(struct metrics_page *page, const struct manager *manager);
