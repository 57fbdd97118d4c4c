/* SPDX-License-Identifier: BSD-3-Clause */
#include "drop_text.h"
#include <covey/drop.h>
#include <stddef.h>
#include <string.h>

const char *drop_text(const char *name)
{
	for (size_t i = 0; i < COVEY_DROP_COUNT; i++)
		if (strcmp(covey_drop_names[i], name) == 0)
			return covey_drop_texts[i];
	return "-";
}
