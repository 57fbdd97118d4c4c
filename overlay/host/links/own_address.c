/* SPDX-License-Identifier: BSD-3-Clause */

#include "own_address.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

static bool is_it(const struct sockaddr *here, const struct covey_addr *address)
{
	if (!here || here->sa_family != address->family)
		return false;
	if (here->sa_family == AF_INET)
		return memcmp(&((const struct sockaddr_in *)here)->sin_addr, address->bytes, 4) ==
		       0;
	return memcmp(&((const struct sockaddr_in6 *)here)->sin6_addr, address->bytes, 16) == 0;
}

/* The interface NULL: any. */
static bool find(const char *interface, const struct covey_addr *address, bool unknown)
{
	struct ifaddrs *list;
	bool found = false;

	if (getifaddrs(&list) < 0)
		return unknown;
	for (const struct ifaddrs *at = list; at && !found; at = at->ifa_next)
		found = (!interface || strcmp(at->ifa_name, interface) == 0) &&
			is_it(at->ifa_addr, address);
	freeifaddrs(list);
	return found;
}

bool own_address(const struct covey_addr *address)
{
	return find(NULL, address, true);
}

bool own_address_at(const char *interface, const struct covey_addr *address)
{
	return find(interface, address, false);
}
