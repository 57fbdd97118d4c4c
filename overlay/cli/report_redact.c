/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_redact.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DASHES "-----"
#define BEGIN  DASHES "BEGIN "
#define END    DASHES "END "

/* Returns stream's text when it is closed; NULL when there was no memory. */
static char *finish(FILE *stream, char **text)
{
	bool failed = !stream || ferror(stream);

	if (stream && fclose(stream) != 0)
		failed = true;
	if (failed) {
		free(*text);
		*text = NULL;
	}
	return *text;
}

/* --- private keys ---------------------------------------------------------------------------- */

/* Is it a private key's, by the label behind BEGIN or END? It ends with the next dashes; a label
 * without an end may be one. */
static bool is_private(const char *label)
{
	const char *end = strstr(label, DASHES), *found = strstr(label, "PRIVATE");

	return found && (!end || found < end);
}

/* Where the text goes on behind the key. */
static const char *behind_key(const char *begin)
{
	const char *end = strstr(begin, END);

	if (end)
		end = strstr(end + strlen(END), DASHES);
	return end ? end + strlen(DASHES) : begin + strlen(begin);
}

/* The end of a log may begin within a key: then what comes before the key's end is left out. */
static const char *skip_rest_of_key(const char *text)
{
	const char *begin = text, *end = text;

	while ((begin = strstr(begin, BEGIN)) && !is_private(begin + strlen(BEGIN)))
		begin++;
	while ((end = strstr(end, END)) && (!begin || end < begin)) {
		if (is_private(end + strlen(END)))
			return behind_key(end);
		end++;
	}
	return text;
}

char *report_redact_text(const char *text)
{
	char *clean = NULL;
	size_t size;
	FILE *stream = open_memstream(&clean, &size);
	const char *begin;

	if (!stream)
		return NULL;
	text = skip_rest_of_key(text);
	while ((begin = strstr(text, BEGIN))) {
		if (is_private(begin + strlen(BEGIN))) {
			fprintf(stream, "%.*s[private key: " REPORT_HIDDEN "]", (int)(begin - text),
				text);
			text = behind_key(begin);
		} else {
			begin += strlen(BEGIN);
			fprintf(stream, "%.*s", (int)(begin - text), text);
			text = begin;
		}
	}
	fputs(text, stream);
	return finish(stream, &clean);
}

/* --- rules ----------------------------------------------------------------------------------- */

/* What comes before a secret. A statement or a comparison may be between. */
static const char *const before_secrets[] = {"meta priority", "@ll,48,48", "ether saddr"};

static size_t word(const char *text)
{
	return strcspn(text, " \t\n");
}

static bool is_word(const char *text, const char *wanted)
{
	return word(text) == strlen(wanted) && strncmp(text, wanted, strlen(wanted)) == 0;
}

/* How long what comes before a secret here is; 0: none does. */
static size_t before_secret(const char *at)
{
	static const char *const between[] = {"set", "!=", "=="};
	size_t len = 0;

	for (size_t i = 0; i < sizeof(before_secrets) / sizeof(before_secrets[0]) && !len; i++)
		if (strncmp(at, before_secrets[i], strlen(before_secrets[i])) == 0)
			len = strlen(before_secrets[i]);
	if (!len)
		return 0;
	len += strspn(at + len, " ");
	for (size_t i = 0; i < sizeof(between) / sizeof(between[0]); i++)
		if (is_word(at + len, between[i]))
			return len + strlen(between[i]) +
			       strspn(at + len + strlen(between[i]), " ");
	return len;
}

/* A set in braces is one secret. */
static size_t secret(const char *at)
{
	if (*at == '{')
		return strcspn(at, "}\n") + (at[strcspn(at, "}\n")] == '}');
	return word(at);
}

char *report_redact_rules(const char *rules)
{
	char *clean = NULL;
	size_t size, len;
	FILE *stream = open_memstream(&clean, &size);

	if (!stream)
		return NULL;
	while (*rules != '\0') {
		len = before_secret(rules);
		if (!len) {
			putc(*rules++, stream);
			continue;
		}
		fprintf(stream, "%.*s" REPORT_HIDDEN, (int)len, rules);
		rules += len;
		rules += secret(rules);
	}
	return finish(stream, &clean);
}

/* --- forwarding ------------------------------------------------------------------------------ */

char *report_redact_fdb(const char *entries)
{
	static const char flooded[] = "00:00:00:00:00:00 ";
	char *clean = NULL;
	size_t size, others = 0;
	FILE *stream = open_memstream(&clean, &size);

	if (!stream)
		return NULL;
	while (*entries != '\0') {
		size_t len = strcspn(entries, "\n");

		if (strncmp(entries, flooded, strlen(flooded)) == 0)
			fprintf(stream, "%.*s\n", (int)len, entries);
		else
			others++;
		entries += len + (entries[len] == '\n');
	}
	fprintf(stream, "[%zu other lines: " REPORT_HIDDEN "]\n", others);
	return finish(stream, &clean);
}
