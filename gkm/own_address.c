/* SPDX-License-Identifier: BSD-3-Clause */
#include "own_address.h"

#include <errno.h>
#include <ifaddrs.h>
#include <stdbool.h>
#include <string.h>

/* False: of no family that a key manager listens on. */
static bool read_address(const struct sockaddr *address, struct covey_addr *ret_address)
{
	struct covey_addr found = {0};

	if (!address || (address->sa_family != AF_INET && address->sa_family != AF_INET6))
		return false;
	found.family = address->sa_family;
	if (address->sa_family == AF_INET)
		memcpy(found.bytes, &((const struct sockaddr_in *)address)->sin_addr, 4);
	else
		memcpy(found.bytes, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
	*ret_address = found;
	return true;
}

/* Those of the list that this machine has, each once. */
static int find_here(const struct covey_gkms *gkms, struct covey_gkms *ret_here,
		     struct covey_error *error)
{
	struct ifaddrs *all;
	struct covey_addr address;

	if (getifaddrs(&all) < 0)
		return covey_error_set(error, -errno,
				       "cannot read the addresses of this machine: %s: say which "
				       "one of covey_gkm is ours with --address",
				       strerror(errno));
	ret_here->count = 0;
	for (const struct ifaddrs *one = all; one; one = one->ifa_next)
		if (read_address(one->ifa_addr, &address) &&
		    covey_gkms_find(gkms, &address) < gkms->count &&
		    covey_gkms_find(ret_here, &address) == ret_here->count)
			ret_here->list[ret_here->count++] = address;
	freeifaddrs(all);
	return 0;
}

static int take_given(const struct covey_gkms *gkms, const char *given,
		      struct covey_addr *ret_address, struct covey_error *error)
{
	char list[COVEY_GKMS_STRLEN];
	struct covey_addr address;

	if (!covey_addr_parse(given, &address))
		return covey_error_set(error, -EINVAL,
				       "--address %.64s is no IP address, like 192.0.2.1", given);
	if (covey_gkms_find(gkms, &address) == gkms->count)
		return covey_error_set(error, -EINVAL,
				       "--address %.64s is none of the inventory's key managers "
				       "(covey_gkm: %s)",
				       given, covey_gkms_format(gkms, list));
	*ret_address = address;
	return 0;
}

int own_address_find(const struct covey_gkms *gkms, const char *given,
		     struct covey_addr *ret_address, struct covey_error *error)
{
	char list[COVEY_GKMS_STRLEN];
	struct covey_gkms here;
	int status;

	if (given)
		return take_given(gkms, given, ret_address, error);
	if (gkms->count == 1) {
		*ret_address = gkms->list[0];
		return 0;
	}
	status = find_here(gkms, &here, error);
	if (status < 0)
		return status;
	if (here.count == 0)
		return covey_error_set(
			error, -EADDRNOTAVAIL,
			"this machine has none of the inventory's key manager "
			"addresses (covey_gkm: %s): add one of them to an interface, "
			"or add this machine's to covey_gkm",
			covey_gkms_format(gkms, list));
	if (here.count > 1)
		return covey_error_set(error, -EEXIST,
				       "this machine has several of the inventory's key manager "
				       "addresses (%s): say which one is ours with --address",
				       covey_gkms_format(&here, list));
	*ret_address = here.list[0];
	return 0;
}

int own_address_check(const struct covey_gkms *gkms, const struct covey_addr *ours,
		      struct covey_error *error)
{
	char list[COVEY_GKMS_STRLEN], address[COVEY_ADDR_STRLEN];

	if (covey_gkms_find(gkms, ours) < gkms->count)
		return 0;
	return covey_error_set(
		error, -ENOENT,
		"covey_gkm is %s now, but this covey-gkm listens on %s: hosts leave "
		"it as soon as they have this inventory; move it there, or restart it",
		covey_gkms_format(gkms, list), covey_addr_format(ours, address));
}
