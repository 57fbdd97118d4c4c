/* SPDX-License-Identifier: BSD-3-Clause */
#include "log_limit.h"

#include <covey/limits.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 4096u
/* The name for peers beyond the limit. No peer has this name. */
#define OTHERS "\001others"

struct entry {
	struct entry *next;
	char *who;
	const char *kind;
	uint64_t since_ms; /* when the interval began */
	unsigned said;     /* lines written in this interval */
	uint64_t unsaid;
	enum log_level level; /* of the last line that was kept back */
	char *text;           /* of that line; NULL: none, or no memory */
};

struct log_limit {
	struct entry *buckets[BUCKETS];
	unsigned count;
};

struct log_limit *log_limit_new(void)
{
	return calloc(1, sizeof(struct log_limit));
}

static void entry_free(struct entry *entry)
{
	free(entry->who);
	free(entry->text);
	free(entry);
}

void log_limit_free(struct log_limit *limit)
{
	if (!limit)
		return;
	for (unsigned i = 0; i < BUCKETS; i++) {
		struct entry *entry;

		while ((entry = limit->buckets[i])) {
			limit->buckets[i] = entry->next;
			entry_free(entry);
		}
	}
	free(limit);
}

unsigned log_limit_count(const struct log_limit *limit)
{
	return limit->count;
}

/* FNV-1a. Names come from certificates of our CA, so nobody can choose many that fall into one
 * bucket. */
static unsigned bucket_of(const char *who, const char *kind)
{
	uint32_t hash = 2166136261u;

	for (; *who; who++)
		hash = (hash ^ (uint8_t)*who) * 16777619u;
	for (; *kind; kind++)
		hash = (hash ^ (uint8_t)*kind) * 16777619u;
	return hash % BUCKETS;
}

static struct entry *find(const struct log_limit *limit, const char *who, const char *kind)
{
	struct entry *entry = limit->buckets[bucket_of(who, kind)];

	while (entry && (strcmp(entry->kind, kind) != 0 || strcmp(entry->who, who) != 0))
		entry = entry->next;
	return entry;
}

static struct entry *add(struct log_limit *limit, const char *who, const char *kind,
			 uint64_t now_ms)
{
	struct entry **bucket = &limit->buckets[bucket_of(who, kind)];
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->who = strdup(who);
	if (!entry->who) {
		free(entry);
		return NULL;
	}
	entry->kind = kind;
	entry->since_ms = now_ms;
	entry->next = *bucket;
	*bucket = entry;
	limit->count++;
	return entry;
}

/* Find an entry, or make one. Peers beyond the limit share one entry for each kind. There are few
 * such entries, because a program has a limited number of lines. */
static struct entry *need(struct log_limit *limit, const char *who, const char *kind,
			  uint64_t now_ms)
{
	struct entry *entry = find(limit, who, kind);

	if (entry)
		return entry;
	if (limit->count < COVEY_LOG_PEERS_MAX)
		return add(limit, who, kind, now_ms);
	entry = find(limit, OTHERS, kind);
	return entry ? entry : add(limit, OTHERS, kind, now_ms);
}

static bool is_over(const struct entry *entry, uint64_t now_ms)
{
	return now_ms == UINT64_MAX || now_ms - entry->since_ms >= LOG_LIMIT_INTERVAL_MS;
}

static void keep_back(struct entry *entry, enum log_level level, const char *text)
{
	entry->unsaid++;
	entry->level = level;
	free(entry->text);
	entry->text = strndup(text, LOG_LIMIT_TEXT_MAX);
}

bool log_limit_lets(struct log_limit *limit, enum log_level level, const char *who,
		    const char *kind, const char *text, uint64_t now_ms)
{
	struct entry *entry = need(limit, who, kind, now_ms);

	if (!entry)
		return true;
	if (entry->unsaid == 0 && is_over(entry, now_ms)) {
		entry->said = 0;
		entry->since_ms = now_ms;
	}
	if (entry->said < LOG_LIMIT_BURST) {
		entry->said++;
		return true;
	}
	keep_back(entry, level, text);
	return false;
}

/* Report what was kept back. If the flood continues, only the count is reported again at the end of
 * the interval that begins now. */
static void say(struct entry *entry, uint64_t now_ms,
		void (*each)(const struct log_summary *summary, void *arg), void *arg)
{
	const struct log_summary summary = {
		.level = entry->level,
		.text = entry->text ? entry->text : entry->kind,
		.count = entry->unsaid,
		.during_ms =
			now_ms == UINT64_MAX ? LOG_LIMIT_INTERVAL_MS : now_ms - entry->since_ms,
	};

	each(&summary, arg);
	entry->unsaid = 0;
	entry->since_ms = now_ms;
}

void log_limit_summarise(struct log_limit *limit, uint64_t now_ms,
			 void (*each)(const struct log_summary *summary, void *arg), void *arg)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		struct entry **at = &limit->buckets[i];

		while (*at) {
			struct entry *entry = *at;
			bool over = is_over(entry, now_ms);

			if (over && entry->unsaid) {
				say(entry, now_ms, each, arg);
			} else if (over) {
				*at = entry->next;
				limit->count--;
				entry_free(entry);
				continue;
			}
			at = &entry->next;
		}
	}
}
