/* SPDX-License-Identifier: BSD-3-Clause */
#include "pool_json.h"
#include "must.h"
#include "pool.h"
#include <jansson.h>
#include <string.h>

char *__real_json_dumps(const json_t *value, size_t flags);
char *__wrap_json_dumps(const json_t *value, size_t flags);

/* The caller gives this one back with free(). */
char *__wrap_json_dumps(const json_t *value, size_t flags)
{
	char *text = __real_json_dumps(value, flags), *copy = text ? strdup(text) : NULL;

	pool_give_back(text);
	return copy;
}

void pool_json_start(void)
{
	json_set_alloc_funcs(pool_take, pool_give_back);
}
