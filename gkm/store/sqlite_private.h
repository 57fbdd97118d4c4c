/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the files of the SQLite store share.
 */

#include <sqlite3.h>

#include "store.h"

enum statement {
	EACH_FORMER,
	FORGET_FORMER,
	NOTE_LIFETIME,
	READ_LIFETIME,
	EACH_BINDING,
	BIND,
	EACH_EVICTION,
	EVICT,
	READMIT,
	NOTE_MODE,
	READ_MODE,
	TAKE_SPI,
	RAISE_SPI,
	STATEMENT_COUNT,
};

struct sqlite_store {
	struct store store;
	sqlite3 *db;
	char *path;
	sqlite3_stmt *statements[STATEMENT_COUNT];
};

/* Fill in the error for one of SQLite's result codes: what is wrong with the file, and what to do.
 * Returns a negative errno as in store.h. */
int sqlite_explain(const struct sqlite_store *store, int code, const char *doing,
		   struct covey_error *error);
/* Returns -EBADMSG: the file is damaged. */
int sqlite_damaged(const struct sqlite_store *store, struct covey_error *error, const char *what);

/* Run statements that return no rows. */
int sqlite_execute(struct sqlite_store *store, const char *sql, const char *doing,
		   struct covey_error *error);
/* The first column of a statement's only row, as a new string. */
int sqlite_query(struct sqlite_store *store, const char *sql, char **ret_text,
		 struct covey_error *error);

/* Is there a state file at the path? If not, make one. */
int sqlite_check_file(const char *path, struct covey_error *error);

/* Implements struct store with the prepared statements. */
extern const struct store_ops sqlite_ops;
int sqlite_prepare(struct sqlite_store *store, struct covey_error *error);
