/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnels.h"

#include <covey/tunnel.h>
#include <string.h>

#include "values.h"

void tunnels_read(struct reader *reader, const struct node *list)
{
	struct inventory *inventory = reader->inventory;

	if (list->kind != NODE_SEQUENCE || list->count == 0) {
		value_mismatch(reader, "covey_encapsulations", list,
			       "a list of encapsulations, like [vxlan, geneve]");
		return;
	}
	node_for_each_item(item, list) {
		const char *text = item->kind == NODE_SCALAR ? item->text : "";

		if (strcmp(text, "gpe") == 0)
			inventory->carries_gpe = true;
		else if (strcmp(text, "geneve") == 0)
			inventory->carries_geneve = true;
		else if (strcmp(text, "vxlan") != 0) /* which always is */
			value_mismatch(reader, "an encapsulation in covey_encapsulations", item,
				       "vxlan, gpe or geneve");
	}
}

static void check(struct reader *reader, const struct node *list, const char *name, uint16_t port)
{
	const struct inventory *inventory = reader->inventory;

	if (inventory->vxlan_port == port || inventory->vpe_port == port)
		reader_report(reader, list,
			      "covey_encapsulations has %s, whose port %u is %s: they must differ",
			      name, port,
			      inventory->vxlan_port == port ? "covey_vxlan_port"
							    : "covey_vpe_port");
}

void tunnels_check(struct reader *reader, const struct node *list)
{
	if (reader->inventory->carries_gpe)
		check(reader, list, "gpe", COVEY_GPE_PORT);
	if (reader->inventory->carries_geneve)
		check(reader, list, "geneve", COVEY_GENEVE_PORT);
}
