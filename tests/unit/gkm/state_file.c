/* SPDX-License-Identifier: BSD-3-Clause */
#include "state_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commit.h"

int state_file_begin(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	*state = place;
	if (!place || scratch_new(place->directory) < 0)
		return -1;
	snprintf(place->file, sizeof(place->file), "%s/gkm.db", place->directory);
	return 0;
}

int state_file_end(void **state)
{
	struct place *place = *state;

	scratch_free(place->directory);
	free(place);
	return 0;
}

struct store *state_file_open(const char *path)
{
	struct covey_error error = {0};
	struct store *store = NULL;
	int status = sqlite_store_open(path, &store, &error);

	if (status < 0)
		fail_msg("%s: %s", path, error.text);
	return store;
}

int state_file_bind(struct store *store, const char *group, const char *identity,
		    uint16_t sender_id, struct covey_error *error)
{
	return COMMIT(store, error, .kind = STORE_BIND, .group = group, .identity = identity,
		      .sender_id = sender_id);
}

uint32_t state_file_take_spi(struct store *store)
{
	struct covey_error error = {0};
	uint32_t spi = 0;

	if (store->ops->take_spi(store, &spi, &error) < 0)
		fail_msg("%s", error.text);
	return spi;
}

static int append_binding(const char *identity, uint16_t sender_id, void *arg)
{
	char *text = arg;

	snprintf(text + strlen(text), 64, "%s=%u ", identity, sender_id);
	return 0;
}

const char *state_file_bindings(struct store *store, const char *group, char buf[4096])
{
	buf[0] = '\0';
	assert_int_equal(store->ops->each_binding(store, group, append_binding, buf, NULL), 0);
	return buf;
}

struct store *state_file_reopen(struct store *store, const char *path)
{
	store_close(store);
	return state_file_open(path);
}

void state_file_run_sql(const char *path, const char *sql)
{
	char command[1024];

	snprintf(command, sizeof(command),
		 "python3 -c 'import sqlite3; d = sqlite3.connect(\"%s\"); "
		 "d.executescript(\"%s\"); d.commit()'",
		 path, sql);
	assert_int_equal(system(command), 0);
}

void state_file_make(const char *path)
{
	struct store *store = state_file_open(path);

	assert_int_equal(state_file_bind(store, "g", "a", 1, NULL), 0);
	assert_int_equal(state_file_bind(store, "g", "b", 2, NULL), 0);
	while (state_file_take_spi(store) < 300)
		continue;
	store_close(store);
}
