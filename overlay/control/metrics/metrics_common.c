/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics_common.h"

#include <log.h>
#include <own_watch.h>
#include <string.h>

static const struct metrics_family build = {"covey_build", METRICS_INFO, NULL,
					    "The program that answers, and its version."};
static const struct metrics_family ends = {
	"covey_certificate_end_timestamp_seconds", METRICS_GAUGE, "seconds",
	"When a certificate that the program shows ends, in seconds since 1970."};
static const struct metrics_family usable = {
	"covey_certificate_files_usable", METRICS_GAUGE, NULL,
	"0 while the files of key, certificate and CAs cannot be used, so those from before are."};

static const char *role_of(size_t index)
{
	return index == 0 ? "own" : "issuer";
}

static void add_certificates(struct metrics_page *page, const struct own_watch *own)
{
	const struct own_chain *chain = own ? own_watch_chain(own) : NULL;

	metrics_begin(page, &ends);
	for (size_t i = 0; chain && i < chain->count; i++)
		metrics_add_real(page,
				 METRICS_LABELS({"certificate", role_of(i)},
						{"subject", chain->list[i].subject},
						{"serial", chain->list[i].serial}),
				 (double)chain->list[i].not_after);
	metrics_one(page, &usable, !(own && own_watch_problem(own)));
}

void metrics_add_common(struct metrics_page *page, const char *program, const struct own_watch *own)
{
	metrics_begin(page, &build);
	metrics_add(page, METRICS_LABELS({"program", program}, {"version", COVEY_VERSION}), 1);
	add_certificates(page, own);
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
