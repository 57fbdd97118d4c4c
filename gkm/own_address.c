/* SPDX-License-Identifier: BSD-3-Clause */
#include "own_address.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* Asked of bind(): a list of all addresses comes by netlink, which the service may not use. */
static int has_address(const struct covey_addr *address, bool *ret_here)
{
	struct sockaddr_storage storage;
	socklen_t len = covey_addr_to_socket(address, 0, &storage);
	int fd = socket(address->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int status = 0;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&storage, len) < 0)
		status = -errno;
	close(fd);
	if (status < 0 && status != -EADDRNOTAVAIL)
		return status;
	*ret_here = status == 0;
	return 0;
}

/* Those of the list that this machine has. */
static int find_here(const struct covey_gkms *gkms, struct covey_gkms *ret_here,
		     struct covey_error *error)
{
	ret_here->count = 0;
	for (size_t i = 0; i < gkms->count; i++) {
		bool here = false;
		int status = has_address(&gkms->list[i], &here);

		if (status < 0)
			return covey_error_set(error, status,
					       "cannot find out which address of covey_gkm this "
					       "machine has: %s: say which one is ours with "
					       "--address",
					       strerror(-status));
		if (here)
			ret_here->list[ret_here->count++] = gkms->list[i];
	}
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
