/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sqlite_private.h"

struct explanation {
	int code; /* SQLite's primary result code */
	int status;
	const char *text;
};

static const struct explanation explanations[] = {
	{SQLITE_BUSY, -EBUSY, "is in use: another covey-gkm runs with it; stop that one first"},
	{SQLITE_LOCKED, -EBUSY, "is in use: another covey-gkm runs with it; stop that one first"},
	{SQLITE_FULL, -ENOSPC, "cannot grow: the disk is full; free some space"},
	{SQLITE_READONLY, -EROFS,
	 "cannot be written: check the file's owner and mode, and whether its file system is "
	 "mounted read-only"},
	{SQLITE_PERM, -EACCES, "cannot be used: permission denied; check its owner and mode"},
	{SQLITE_CANTOPEN, -EACCES,
	 "cannot be opened, or its journal beside it cannot: check the directory's owner and mode"},
	{SQLITE_CORRUPT, -EBADMSG,
	 "is damaged: restore it from a backup; without one, move it away, and all hosts get new "
	 "SenderIDs"},
	{SQLITE_NOTADB, -EBADMSG,
	 "is not a covey-gkm state file: give the right path with --state, or move it away"},
	{SQLITE_NOMEM, -ENOMEM, "cannot be used: out of memory"},
};

int sqlite_explain(const struct sqlite_store *store, int code, const char *doing,
		   struct covey_error *error)
{
	const char *detail = store->db ? sqlite3_errmsg(store->db) : sqlite3_errstr(code);

	for (size_t i = 0; i < sizeof(explanations) / sizeof(*explanations); i++)
		if (explanations[i].code == (code & 0xff))
			return covey_error_set(error, explanations[i].status,
					       "state file %s %s (%s: %s)", store->path,
					       explanations[i].text, doing, detail);
	return covey_error_set(error, -EIO, "state file %s: %s failed: %s; check the disk",
			       store->path, doing, detail);
}

int sqlite_damaged(const struct sqlite_store *store, struct covey_error *error, const char *what)
{
	return covey_error_set(error, -EBADMSG,
			       "state file %s is damaged (%s): restore it from a backup; without "
			       "one, move it away, and all hosts get new SenderIDs",
			       store->path, what);
}

int sqlite_execute(struct sqlite_store *store, const char *sql, const char *doing,
		   struct covey_error *error)
{
	int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : sqlite_explain(store, code, doing, error);
}

int sqlite_query(struct sqlite_store *store, const char *sql, char **ret_text,
		 struct covey_error *error)
{
	sqlite3_stmt *statement;
	const char *text = NULL;
	int code;

	code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
	if (code != SQLITE_OK)
		return sqlite_explain(store, code, sql, error);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(statement, 0);
	*ret_text = strdup(text ? text : "");
	sqlite3_finalize(statement);
	if (code != SQLITE_ROW && code != SQLITE_DONE) {
		free(*ret_text);
		return sqlite_explain(store, code, sql, error);
	}
	return *ret_text ? 0 : covey_error_set(error, -ENOMEM, "out of memory");
}
