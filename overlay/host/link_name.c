/* SPDX-License-Identifier: BSD-3-Clause */

#include "link_name.h"

#include <errno.h>
#include <string.h>

int link_name_resolve(const char *name, char ret_name[IFNAMSIZ])
{
	char own[IFNAMSIZ];
	unsigned index = if_nametoindex(name);

	if (index == 0 || !if_indextoname(index, own))
		return -ENODEV;
	memcpy(ret_name, own, sizeof(own));
	return 0;
}
