/* SPDX-License-Identifier: BSD-3-Clause */
#include "host_range.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE  512 /* of a pattern and of a name made from it */
#define RANGES_MAX 8   /* in one pattern */

struct range {
	long begin, end, step;
	int width; /* fill up with zeros to this many digits; 0: do not */
	bool letters;
};

struct expansion {
	int (*fn)(const char *name, void *arg);
	void *arg;
	const char **ret_reason;
};

/* Ansible's order: small letters, then capitals. */
static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

static int wrong(const struct expansion *expansion, const char *reason)
{
	*expansion->ret_reason = reason;
	return -EINVAL;
}

static bool parse_number(const char *text, long *ret_number)
{
	size_t len = strlen(text);

	if (len == 0 || len > 9 || strspn(text, "0123456789") != len)
		return false;
	*ret_number = strtol(text, NULL, 10);
	return true;
}

static bool parse_letter(const char *text, long *ret_letter)
{
	if (!isalpha((unsigned char)text[0]) || text[1])
		return false;
	*ret_letter = strchr(alphabet, text[0]) - alphabet;
	return true;
}

/* Read the inside of the brackets: BEGIN:END or BEGIN:END:STEP. Cuts the text apart. */
static int parse_range(const struct expansion *expansion, char *inside, struct range *ret_range)
{
	struct range range = {.step = 1};
	char *begin = strsep(&inside, ":");
	char *end = strsep(&inside, ":");
	char *step = strsep(&inside, ":");

	if (!end || inside || !*end)
		return wrong(expansion, "a host range is [BEGIN:END] or [BEGIN:END:STEP]");
	if (!*begin)
		begin = "0";
	if (step && (!parse_number(step, &range.step) || range.step == 0))
		return wrong(expansion, "the step of a host range is a number from 1");
	if (begin[0] == '0' && begin[1]) {
		range.width = (int)strlen(begin);
		if (strlen(end) != strlen(begin))
			return wrong(expansion, "a host range with leading zeros needs begin and "
						"end of one length");
	}
	range.letters = parse_letter(begin, &range.begin) && parse_letter(end, &range.end);
	if (!range.letters && !(parse_number(begin, &range.begin) && parse_number(end, &range.end)))
		return wrong(expansion, "a host range goes from number to number or from letter to "
					"letter");
	if (range.begin > range.end)
		return wrong(expansion, "a host range must not begin behind its end");
	*ret_range = range;
	return 0;
}

static int expand(const struct expansion *expansion, const char *pattern, unsigned ranges)
{
	char copy[NAME_SIZE], name[NAME_SIZE];
	struct range range;
	char *open, *close;
	int status;

	if (!strchr(pattern, '['))
		return expansion->fn(pattern, expansion->arg);
	if (ranges == RANGES_MAX)
		return wrong(expansion, "too many ranges in one host name");
	strcpy(copy, pattern);
	open = strchr(copy, '[');
	close = strchr(open, ']');
	if (!close)
		return wrong(expansion, "the [ of this host range has no ]");
	*open = *close = '\0';
	status = parse_range(expansion, open + 1, &range);
	for (long i = range.begin; status == 0 && i <= range.end; i += range.step) {
		int len = range.letters ? snprintf(name, sizeof(name), "%s%c%s", copy, alphabet[i],
						   close + 1)
					: snprintf(name, sizeof(name), "%s%0*ld%s", copy,
						   range.width, i, close + 1);

		if ((size_t)len >= sizeof(name))
			return wrong(expansion, "the host name is too long");
		status = expand(expansion, name, ranges + 1);
	}
	return status;
}

/* The length of the range that begins with the [ at text, brackets included. 0: it is no range. */
static size_t range_len(const char *text)
{
	size_t len = text[0] == '[' ? 1 + strcspn(text + 1, "[]") : 0;

	return len && text[len] == ']' && memchr(text, ':', len) ? len + 1 : 0;
}

/* True for what Ansible accepts as an address or a name. A range stands for one character. */
static bool is_host(const char *text)
{
	char plain[NAME_SIZE];
	struct in6_addr address;
	size_t used = 0;

	for (const char *p = text; *p != '\0'; used++) {
		size_t len = range_len(p);

		plain[used] = *p;
		if (len)
			plain[used] = '1';
		p += len ? len : 1;
	}
	plain[used] = '\0';
	plain[strchr(plain, ':') ? strcspn(plain, "%") : used] = '\0'; /* without the zone */
	if (inet_pton(AF_INET6, plain, &address) == 1)
		return true;
	for (size_t i = 0; i < used; i++) {
		bool first = i == 0 || plain[i - 1] == '.';
		bool last = i + 1 == used || plain[i + 1] == '.';

		if (plain[i] == '.' ? first || i + 1 == used
				    : !isalnum((unsigned char)plain[i]) && plain[i] != '_' &&
					      plain[i] != '-')
			return false;
		if ((first && plain[i] == '-') || (last && strchr("-_", plain[i])))
			return false;
	}
	return used > 0;
}

/* The colon of a port at the end. NULL: there is no port. */
static char *find_port(char *pattern)
{
	char *colon = strrchr(pattern, ':');

	return colon && colon[1] && colon[1 + strspn(colon + 1, "0123456789")] == '\0' ? colon
										       : NULL;
}

/* hv1:2222 is host hv1; an IPv6 address has more colons, and stays. */
static void cut_port(char *pattern)
{
	char *colon = find_port(pattern);
	bool inside = false;

	for (const char *p = pattern; colon && p < colon; p++) {
		if (*p == '[' || *p == ']')
			inside = *p == '[';
		else if (*p == ':' && !inside)
			return;
	}
	if (colon && !inside)
		*colon = '\0';
}

/* [2001:db8::1]:22 is host 2001:db8::1, and [hv1]:22 is hv1. */
static void cut_bracketed_port(char *pattern)
{
	char *colon = pattern[0] == '[' ? find_port(pattern) : NULL;

	if (!colon || colon - pattern < 3 || colon[-1] != ']')
		return;
	colon[-1] = '\0';
	memmove(pattern, pattern + 1, strlen(pattern + 1) + 1);
}

/* Like Ansible's parse_address(): if what is left without the port is no host, the pattern stays
 * whole. */
static void strip_port(char *pattern)
{
	char copy[NAME_SIZE];

	strcpy(copy, pattern);
	cut_bracketed_port(copy);
	cut_port(copy);
	if (is_host(copy))
		strcpy(pattern, copy);
}

int host_range_expand(const char *pattern, int (*fn)(const char *name, void *arg), void *arg,
		      const char **ret_reason)
{
	const struct expansion expansion = {.fn = fn, .arg = arg, .ret_reason = ret_reason};
	char copy[NAME_SIZE];

	if (strlen(pattern) >= sizeof(copy))
		return wrong(&expansion, "the host name is too long");
	strcpy(copy, pattern);
	strip_port(copy);
	if (!*copy)
		return wrong(&expansion, "the host name is empty");
	return expand(&expansion, copy, 0);
}
