/* SPDX-License-Identifier: BSD-3-Clause */
#include "conversation.h"
#include "variants.h"
#include <stdlib.h>

static void step_changed(const struct record *record, unsigned number,
			 void (*step)(const struct record *record))
{
	struct record other = *record;
	uint8_t *bytes =
		variants_make(VARIANTS_OF_BYTES, record->bytes, record->len, number, &other.len);

	other.bytes = bytes;
	step(bytes ? &other : record);
	free(bytes);
}

void conversation_have(const uint8_t *data, size_t size, void (*step)(const struct record *record))
{
	for (unsigned round = 0; round < CONVERSATION_ROUNDS; round++) {
		const uint8_t *at = data;
		size_t left = size;
		struct record record;

		for (unsigned i = 0; i < CONVERSATION_STEPS_MAX && record_next(&at, &left, &record);
		     i++) {
			if (round && (i + round) % 3 == 0)
				step_changed(&record, round, step);
			else
				step(&record);
		}
	}
}
