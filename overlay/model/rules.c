/* SPDX-License-Identifier: BSD-3-Clause */
#include "rules.h"

#include <covey/addr.h>
#include <covey/limits.h>
#include <ctype.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* The first character is a letter or digit: no hidden files, no command line flags, no "..". */
static bool is_name(const char *text, const char *accept)
{
	size_t len = strlen(text);

	return len > 0 && len <= COVEY_NAME_MAX && isalnum((unsigned char)text[0]) &&
	       strspn(text, accept) == len;
}

const char *fabric_name_rule(const char *text)
{
	if (is_name(text, LOWER DIGITS "._-"))
		return NULL;
	return "a name of 1 to 63 of a-z 0-9 . _ - (it becomes the trust domain of the "
	       "certificates)";
}

const char *host_name_rule(const char *text)
{
	if (strcmp(text, "gkm") == 0 || strcmp(text, "ca") == 0)
		return "another name: gkm and ca name the key manager's and the authority's "
		       "certificates";
	if (is_name(text, LOWER UPPER DIGITS "._-"))
		return NULL;
	return "a name of 1 to 63 of a-z A-Z 0-9 . _ - that begins with a letter or digit (it "
	       "becomes part of the host's certificate)";
}

const char *group_name_rule(const char *text)
{
	if (is_name(text, LOWER UPPER DIGITS "._-"))
		return NULL;
	return "a name of 1 to 63 of a-z A-Z 0-9 . _ - that begins with a letter or digit";
}

/* ALTIFNAMSIZ of <linux/if.h>, which cannot be included together with <net/if.h>. */
#define ALTNAME_SIZE 128

/* The kernel's dev_valid_name(). */
static bool is_interface(const char *text, size_t size)
{
	size_t len = strlen(text);

	return len > 0 && len < size && strcmp(text, ".") != 0 && strcmp(text, "..") != 0 &&
	       strpbrk(text, "/: \t\n\v\f\r") == NULL;
}

const char *fabric_interface_rule(const char *text)
{
	if (is_interface(text, ALTNAME_SIZE))
		return NULL;
	return "an interface name of 1 to 15 characters or an alternative one of 1 to 127, without "
	       "slash, colon and space";
}

const char *interface_rule(const char *text)
{
	if (is_interface(text, IFNAMSIZ))
		return NULL;
	return "an interface name of 1 to 15 characters, without slash, colon and space";
}

const char *device_rule(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (!isgraph((unsigned char)text[i]))
			len = 0;
	if (len > 0 && len <= 255)
		return NULL;
	return "a DPDK device of 1 to 255 characters, like 0000:65:00.0 or net_tap0,iface=x";
}

#define CORE_MAX 1023

/* Read a core number and move on. -1 when there is none. */
static long take_core(const char **text)
{
	char *end;
	long core;

	if (!isdigit((unsigned char)**text))
		return -1;
	core = strtol(*text, &end, 10);
	*text = end;
	return core <= CORE_MAX ? core : -1;
}

static bool is_core_list(const char *text)
{
	for (;;) {
		long first = take_core(&text), last = first;

		if (first >= 0 && *text == '-') {
			text++;
			last = take_core(&text);
		}
		if (first < 0 || last < first)
			return false;
		if (*text == '\0')
			return true;
		if (*text++ != ',')
			return false;
	}
}

const char *cores_rule(const char *text)
{
	return is_core_list(text) ? NULL
				  : "a list of CPUs like \"2,3\" or \"4-7\", each below 1024";
}

/* sun_path of <sys/un.h>, with its zero. */
#define SOCKET_PATH_SIZE 108
#define UNIX             "unix:"

/* "127.0.0.1:9798" or "[::1]:9798". */
static bool is_address_with_port(const char *text)
{
	char address[COVEY_ADDR_STRLEN + 2];
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool brackets = text[0] == '[' && len > 2 && text[len - 1] == ']';
	struct covey_addr parsed;

	if (len == 0 || len >= sizeof(address) || strlen(colon + 1) > 5 ||
	    strspn(colon + 1, DIGITS) != strlen(colon + 1) || atoi(colon + 1) < 1 ||
	    atoi(colon + 1) > UINT16_MAX)
		return false;
	memcpy(address, text + brackets, len - 2 * brackets);
	address[len - 2 * brackets] = '\0';
	return covey_addr_parse(address, &parsed) && (parsed.family == AF_INET6) == brackets;
}

const char *metrics_rule(const char *text)
{
	size_t prefix = strlen(UNIX);

	if (strcmp(text, "off") == 0 || is_address_with_port(text) ||
	    (strncmp(text, UNIX "/", prefix + 1) == 0 && strlen(text + prefix) < SOCKET_PATH_SIZE &&
	     text[prefix + 1] != '\0'))
		return NULL;
	return "an address with a port, like 127.0.0.1:9798 or \"[::1]:9798\", unix:/path, or off";
}
