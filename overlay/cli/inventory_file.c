/* SPDX-License-Identifier: BSD-3-Clause */
#include "inventory_file.h"

#include <stdio.h>

#include "inventory_json.h"

struct inventory *inventory_file_load(const struct cli *cli)
{
	struct diagnostics diagnostics;
	struct inventory *inventory = NULL;

	diagnostics_init(&diagnostics);
	inventory_load(cli->inventory, &diagnostics, &inventory);
	if (!inventory && cli->json)
		inventory_json_print(NULL, &diagnostics);
	else
		diagnostics_print(&diagnostics, stderr);
	diagnostics_free(&diagnostics);
	return inventory;
}
