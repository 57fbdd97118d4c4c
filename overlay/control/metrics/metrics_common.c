/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics_common.h"

#include <crl.h>
#include <crl_watch.h>
#include <log.h>
#include <own_watch.h>
#include <string.h>

static const struct metrics_family build = {"covey_build", METRICS_INFO, NULL,
					    "The program that answers, and its version."};
static const struct metrics_family ends = {"covey_certificate_end_timestamp_seconds", METRICS_GAUGE,
					   "seconds",
					   "When a certificate that the program shows, or a CA in "
					   "ca.crt, ends, in seconds since 1970."};
static const struct metrics_family usable = {
	"covey_certificate_files_usable", METRICS_GAUGE, NULL,
	"0 while the files of key, certificate and CAs cannot be used, so those from before are."};

static const struct metrics_family list_end = {"covey_revocation_list_end_timestamp_seconds",
					       METRICS_GAUGE, "seconds",
					       "When the first revocation list should be replaced, "
					       "in seconds since 1970; only if it says."};

static void add_certificates(struct metrics_page *page, const struct own_watch *own)
{
	const struct own_chain *chain = own ? own_watch_chain(own) : NULL;

	metrics_begin(page, &ends);
	for (size_t i = 0; chain && i < chain->count; i++)
		metrics_add_real(page,
				 METRICS_LABELS({"certificate", own_role_name(chain->list[i].role)},
						{"subject", chain->list[i].subject},
						{"serial", chain->list[i].serial}),
				 (double)chain->list[i].not_after);
	metrics_one(page, &usable, !(own && own_watch_problem(own)));
}

static void add_lists(struct metrics_page *page, const struct crl_watch *lists)
{
	struct crl_summary summary;

	metrics_begin(page, &list_end);
	if (lists && crl_watch_summarise(lists, &summary) && summary.next_update)
		metrics_add_real(page, METRICS_LABELS({"path", crl_watch_path(lists)}),
				 (double)summary.next_update);
}

void metrics_add_common(struct metrics_page *page, const char *program, const struct own_watch *own,
			const struct crl_watch *lists)
{
	metrics_begin(page, &build);
	metrics_add(page, METRICS_LABELS({"program", program}, {"version", COVEY_VERSION}), 1);
	add_certificates(page, own);
	add_lists(page, lists);
}

void metrics_add_states(struct metrics_page *page, const char *group, const char *name,
			const char *const *words, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		metrics_add(page, METRICS_LABELS({"group", group}, {name, words[i]}),
			    strcmp(words[i], word) == 0);
}

void metrics_log_told(const char *place, const char *why, void *arg)
{
	if (why)
		log_warning("metrics: %s; it is tried again all the time", why);
	else
		log_notice("metrics: at %s, /metrics", place);
}
