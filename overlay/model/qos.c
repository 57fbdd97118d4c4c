/* SPDX-License-Identifier: BSD-3-Clause */
#include "qos.h"

#include <covey/wire.h>
#include <string.h>

#include "values.h"

#define DSCPS 64

void qos_default(uint8_t class_by_dscp[DSCPS])
{
	for (unsigned dscp = 0; dscp < DSCPS; dscp++)
		class_by_dscp[dscp] = (uint8_t)(dscp >> 3);
}

void qos_read(struct reader *reader, const struct node *mapping)
{
	const struct node *keys[DSCPS] = {NULL};

	if (mapping->kind != NODE_MAPPING) {
		value_mismatch(reader, "covey_qos_map", mapping,
			       "a mapping of DSCP values to traffic classes, like {46: 5}");
		return;
	}
	node_for_each_pair(key, value, mapping) {
		uint64_t dscp, class;
		bool good =
			value_integer(reader, "a DSCP in covey_qos_map", key, 0, DSCPS - 1, &dscp);

		if (!value_integer(reader, "a class in covey_qos_map", value, 0, COVEY_CLASSES - 1,
				   &class) ||
		    !good)
			continue;
		/* The YAML tree finds equal texts already; this is for 46 and 0x2e. */
		if (keys[dscp] && strcmp(keys[dscp]->text, key->text) != 0)
			reader_report(reader, key,
				      "DSCP %u is in covey_qos_map twice, first at line %u",
				      (unsigned)dscp, keys[dscp]->line);
		keys[dscp] = key;
		reader->inventory->class_by_dscp[dscp] = (uint8_t) class;
	}
}
