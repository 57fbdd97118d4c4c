/* SPDX-License-Identifier: BSD-3-Clause */

/* Prints the hosts of an inventory with their resolved variables as JSON, for precedence.py. */

#include <stdio.h>

#include "inventory.h"

static void print_host(const struct inventory_host *host)
{
	static const char *const fabric_ports[] = {"auto", "af_xdp", "af_packet", "device",
						   "kernel"};
	static const char *const hugepages[] = {"none", "auto"};
	static const char *const host_ports[] = {"veth", "tap", "device", "auto"};
	static const char *const foreign[] = {"warn", "drop", "pass"};
	static const char *const weak[] = {"refuse", "allow"};
	char vtep[COVEY_ADDR_STRLEN];

	printf("\"%s\": {\"covey_vtep\": \"%s\", \"covey_fabric_interface\": \"%s\", "
	       "\"covey_host_interface\": \"%s\", \"covey_fabric_port\": \"%s\", "
	       "\"covey_host_port\": \"%s\", \"covey_cores\": \"%s\", \"covey_hugepages\": \"%s\", "
	       "\"covey_foreign_vxlan\": \"%s\", \"covey_weak_guard\": \"%s\", "
	       "\"covey_fabric_mtu\": %u, \"covey_sender_id\": %u, \"covey_mark_bit\": %u, "
	       "\"covey_vxlan_elsewhere\": %s, \"covey_path_probes\": %s}",
	       host->name, covey_addr_format(&host->vtep, vtep),
	       host->fabric_interface ? host->fabric_interface : "", host->host_interface,
	       fabric_ports[host->fabric_port], host_ports[host->host_port],
	       host->cores ? host->cores : "", hugepages[host->hugepages],
	       foreign[host->foreign_vxlan], weak[host->weak_guard], host->fabric_mtu,
	       host->sender_id, host->mark_bit, host->vxlan_elsewhere ? "true" : "false",
	       host->path_probes ? "true" : "false");
}

int main(int argc, char **argv)
{
	struct diagnostics diagnostics;
	struct inventory *inventory = NULL;
	int status = 1;

	diagnostics_init(&diagnostics);
	if (argc == 2 && inventory_load(argv[1], &diagnostics, &inventory) == 0) {
		printf("{");
		for (size_t i = 0; i < inventory->host_count; i++) {
			printf("%s\n", i ? "," : "");
			print_host(&inventory->hosts[i]);
		}
		printf("}\n");
		status = 0;
	}
	diagnostics_print(&diagnostics, stderr);
	diagnostics_free(&diagnostics);
	inventory_free(inventory);
	return status;
}
