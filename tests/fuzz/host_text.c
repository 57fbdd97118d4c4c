/* SPDX-License-Identifier: BSD-3-Clause */
#include "host_text.h"
#include "must.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[HOST_TEXT_HOSTS] = {"hv1", "hv2", "h-3", "hv1.x"};

unsigned host_text_choose(struct host_text *text, unsigned limit)
{
	return text->at < text->count ? text->choices[text->at++] % limit : 0;
}

__attribute__((format(printf, 2, 3))) static void put(struct host_text *text, const char *format,
						      ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text->text + text->len, HOST_TEXT_SIZE - text->len, format, args);
	va_end(args);
	must(len >= 0 && text->len + (size_t)len < HOST_TEXT_SIZE);
	text->len += (size_t)len;
}

static void indent(struct host_text *text, unsigned depth)
{
	put(text, "%*s", (int)depth, "");
}

/* The end of a line, and what may come between two: comments of any depth, and nothing. */
static void finish(struct host_text *text, unsigned depth)
{
	unsigned more = host_text_choose(text, 8);

	if (more == 1)
		put(text, "  # at the end: ä, [hv1], 'x");
	put(text, "%s", text->end);
	if (more == 2) {
		indent(text, host_text_choose(text, depth + 3));
		put(text, "# - hv2: {a line \"of its own%s", text->end);
	} else if (more == 3) {
		put(text, "%s", text->end);
	}
}

/* As YAML takes the same word. */
static void put_word(struct host_text *text, const char *word)
{
	static const char *const quotes[] = {"", "", "\"", "'"};
	const char *quote = quotes[host_text_choose(text, 4)];

	put(text, "%s%s%s", quote, word, quote);
}

static void put_address(struct host_text *text, unsigned host)
{
	if (text->is_v6)
		put(text, "\"2001:db8::%u\"", host + 1);
	else
		put(text, "10.0.0.%u", host + 1);
}

/* --- lists of members --------------------------------------------------------------------------
 */

static void put_list(struct host_text *text, unsigned depth, const char *key,
		     const char *const *words, unsigned count)
{
	unsigned how = host_text_choose(text, 4), first = depth + (how == 3 ? text->step : 0);

	indent(text, depth);
	put(text, "%s:", key);
	if (how > 1) {
		for (unsigned i = 0; i < count; i++) {
			finish(text, first);
			indent(text, first);
			put(text, "-%*s", 1 + (int)host_text_choose(text, 2), "");
			put_word(text, words[i]);
		}
	} else {
		put(text, " [");
		for (unsigned i = 0; i < count; i++) {
			put_word(text, words[i]);
			put(text, "%s", i + 1 < count ? "," : "");
			if (i + 1 < count && how)
				finish(text, depth + 2);
			put(text, "%*s", i + 1 < count ? 1 + (int)depth : 0, "");
		}
		put(text, "]");
	}
	finish(text, depth);
}

static void put_groups(struct host_text *text, unsigned depth)
{
	const char *rack[] = {"rack"}, *some[HOST_TEXT_HOSTS];
	unsigned from = host_text_choose(text, text->hosts);

	for (unsigned i = from; i < text->hosts; i++)
		some[i - from] = names[i];
	indent(text, depth);
	put(text, "covey_groups:");
	finish(text, depth);
	indent(text, depth + text->step);
	put(text, "all-of-them: {vnis: [1], members: [rack]}");
	finish(text, depth + text->step);
	indent(text, depth + text->step);
	put(text, "some:");
	finish(text, depth + text->step);
	depth += 2 * text->step;
	put_list(text, depth, "members", some, text->hosts - from);
	indent(text, depth);
	put(text, "vnis: [2]");
	finish(text, depth);
	if (host_text_choose(text, 2))
		put_list(text, depth, "send", host_text_choose(text, 2) ? some : rack, 1);
}

/* --- hosts -------------------------------------------------------------------------------------
 */

static void put_host_in_braces(struct host_text *text, unsigned depth, unsigned host)
{
	bool over_lines = host_text_choose(text, 3) == 2;

	put_word(text, names[host]);
	put(text, ": {%*scovey_vtep: ", (int)host_text_choose(text, 2), "");
	put_address(text, host);
	if (over_lines) {
		put(text, ",");
		finish(text, depth + 1);
		indent(text, depth + 1);
		put(text, "covey_cores: \"1\"");
	}
	put(text, "%*s}", (int)host_text_choose(text, 2), "");
}

static void put_host_in_lines(struct host_text *text, unsigned depth, unsigned host)
{
	bool explicit = host_text_choose(text, 6) == 5;

	put(text, "%s", explicit ? "? " : "");
	put_word(text, names[host]);
	if (explicit) {
		finish(text, depth);
		indent(text, depth);
	}
	put(text, ":");
	finish(text, depth + text->step);
	if (host_text_choose(text, 3) == 2) {
		indent(text, depth + text->step);
		put(text, "note: |%s%*s# no comment%s", text->end, (int)(depth + 2 * text->step),
		    "", text->end);
	}
	indent(text, depth + text->step);
	put(text, "covey_vtep: ");
	put_address(text, host);
}

static void put_hosts(struct host_text *text, unsigned depth, unsigned from, unsigned to)
{
	bool in_braces = host_text_choose(text, 4) == 3;

	indent(text, depth);
	put(text, "hosts:");
	put(text, "%s", in_braces ? " {" : "");
	for (unsigned i = from; i < to; i++) {
		if (in_braces) {
			put_host_in_braces(text, depth, i);
			put(text, "%s", i + 1 < to ? "," : "");
			if (i + 1 < to && host_text_choose(text, 2))
				finish(text, depth + 2);
			put(text, "%*s", i + 1 < to ? 1 + (int)depth : 0, "");
			continue;
		}
		finish(text, depth + text->step);
		indent(text, depth + text->step);
		if (host_text_choose(text, 2))
			put_host_in_braces(text, depth + text->step, i);
		else
			put_host_in_lines(text, depth + text->step, i);
	}
	put(text, "%s", in_braces ? "}" : "");
}

static void put_children(struct host_text *text)
{
	unsigned depth = 2 * text->step, half = host_text_choose(text, text->hosts + 1);

	put(text, "%*schildren:%s", (int)text->step, "", text->end);
	indent(text, depth);
	put(text, "rack:");
	finish(text, depth);
	if (half == 0 || half == text->hosts) {
		put_hosts(text, depth + text->step, 0, text->hosts);
	} else { /* some of them in a group below */
		put_hosts(text, depth + text->step, 0, half);
		finish(text, depth);
		put(text, "%*schildren:%s", (int)(depth + text->step), "", text->end);
		put(text, "%*sinner:%s", (int)(depth + 2 * text->step), "", text->end);
		put_hosts(text, depth + 3 * text->step, half, text->hosts);
	}
	if (host_text_choose(text, 2)) {
		finish(text, depth);
		put(text, "%*sother: {hosts: {gkm: {}}}", (int)depth, "");
	}
}

/* --- all ---------------------------------------------------------------------------------------
 */

/* Rarely, a byte is another one. */
static void spoil(struct host_text *text)
{
	unsigned high;

	if (host_text_choose(text, 8) != 7)
		return;
	high = host_text_choose(text, 256);
	text->text[(high * 256 + host_text_choose(text, 256)) % text->len] =
		(char)host_text_choose(text, 256);
}

void host_text_make(struct host_text *text, const uint8_t *choices, size_t count)
{
	text->choices = choices;
	text->count = count;
	text->at = text->len = 0;
	text->end = host_text_choose(text, 5) == 4 ? "\r\n" : "\n";
	text->step = 1 + (host_text_choose(text, 4) + 1) % 4;
	text->hosts = 1 + (host_text_choose(text, HOST_TEXT_HOSTS) + 1) % HOST_TEXT_HOSTS;
	text->is_v6 = host_text_choose(text, 4) == 3;
	put(text, "%sall:%s%*svars:", host_text_choose(text, 2) ? "# ä€ above\n" : "", text->end,
	    (int)text->step, "");
	finish(text, text->step);
	put(text, "%*scovey_fabric: f%s%*scovey_gkm: 192.0.2.1%s", 2 * (int)text->step, "",
	    text->end, 2 * (int)text->step, "", text->end);
	put_groups(text, 2 * text->step);
	put_children(text);
	if (host_text_choose(text, 4) != 3)
		finish(text, 0);
	spoil(text);
}
