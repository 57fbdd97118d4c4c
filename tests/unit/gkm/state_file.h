/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A state file in a directory of its own, and what tests do with it again and again. */

#include <covey/error.h>
#include <stdint.h>

#include "scratch.h"
#include "sqlite.h"

struct place {
	char directory[SCRATCH_PATH_MAX];
	char file[SCRATCH_PATH_MAX + 16]; /* there is none yet */
};

/* Set-up and tear-down of a test, whose state is a struct place. */
int state_file_begin(void **state);
int state_file_end(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, state_file_begin, state_file_end)

/* Must succeed. */
struct store *state_file_open(const char *path);
/* As a restart does. */
struct store *state_file_reopen(struct store *store, const char *path);
int state_file_bind(struct store *store, const char *group, const char *identity,
		    uint16_t sender_id, struct covey_error *error);
uint32_t state_file_take_spi(struct store *store);
/* "a=1 b=2 " */
const char *state_file_bindings(struct store *store, const char *group, char buf[4096]);
/* A file with content, closed again: bindings a=1, b=2 in g; SPIs up to 300 taken. */
void state_file_make(const char *path);
/* Change the file as no store does. */
void state_file_run_sql(const char *path, const char *sql);
