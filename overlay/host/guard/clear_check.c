/* SPDX-License-Identifier: BSD-3-Clause */

#include "clear_check.h"

#include <stdlib.h>
#include <string.h>

#include "guard_rules.h"

#define CAME_CLEAR "meta priority & ffff:fff0 == 5eed:0 "

void clear_check_name(const char *host_interface, char *ret_name)
{
	guard_table_name(host_interface, ret_name);
	strcat(ret_name, "/in");
}

void clear_check_write_removal(FILE *stream, const char *host_interface)
{
	char name[CLEAR_CHECK_NAME_SIZE];

	clear_check_name(host_interface, name);
	fprintf(stream, "add table netdev %s\ndelete table netdev %s\n", name, name);
}

static int compare(const void *a, const void *b)
{
	uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;

	return (first > second) - (first < second);
}

static bool takes_clear(const struct vxlan_device *device, const struct guard_vnis *accepted)
{
	return device->vni == 0 || bsearch(&device->vni, accepted->list, accepted->count,
					   sizeof(*accepted->list), compare);
}

/* The chains have numbers as in guard_local_write_marks(). */
static void write_chain(FILE *stream, const struct vxlan_device *device, bool takes)
{
	fprintf(stream,
		"\tchain device%u {\n"
		"\t\ttype filter hook ingress device \"%s\" priority -500; policy accept;\n"
		"\t\t" CAME_CLEAR "%s\n\t}\n",
		device->index, device->name,
		takes ? "meta priority set none comment \"VXLAN in clear, by the group's mode\""
		      : "counter drop comment \"VXLAN in clear, behind another VNI\"");
}

void clear_check_write(FILE *stream, const char *host_interface,
		       const struct vxlan_devices *devices, const struct guard_vnis *accepted)
{
	char name[CLEAR_CHECK_NAME_SIZE];

	clear_check_write_removal(stream, host_interface);
	if (accepted->count == 0)
		return;
	clear_check_name(host_interface, name);
	fprintf(stream, "table netdev %s {\n", name);
	for (size_t i = 0; i < devices->count; i++)
		write_chain(stream, &devices->list[i], takes_clear(&devices->list[i], accepted));
	fprintf(stream, "}\n");
}
