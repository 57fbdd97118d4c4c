/* SPDX-License-Identifier: BSD-3-Clause */
#include "sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sqlite_private.h"
#include "sqlite_schema.h"

/* Does the statement return exactly this? -EBADMSG, with what, when it does not. */
static int expect(struct sqlite_store *store, const char *sql, const char *expected,
		  const char *what, struct covey_error *error)
{
	char *text;
	int status;

	status = sqlite_query(store, sql, &text, error);
	if (status < 0)
		return status;
	if (strcmp(text, expected) != 0)
		status = sqlite_damaged(store, error, what);
	free(text);
	return status;
}

/* Take the lock. The first transaction takes it, and it is kept, because of locking_mode. */
static int take(struct sqlite_store *store, struct covey_error *error)
{
	char *mode;
	int status;

	status = sqlite_execute(
		store,
		"PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = EXTRA;"
		"PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; BEGIN EXCLUSIVE;"
		"COMMIT;",
		"locking", error);
	if (status < 0)
		return status;
	if (sqlite3_db_readonly(store->db, "main") == 1)
		return sqlite_explain(store, SQLITE_READONLY, "opening", error);
	status = sqlite_query(store, "PRAGMA journal_mode = DELETE", &mode, error);
	if (status < 0)
		return status;
	if (strcmp(mode, "delete") != 0)
		status = sqlite_damaged(store, error, "its journal mode is unknown");
	free(mode);
	return status;
}

/* Add to a file of an earlier version what is new in this one, all or nothing. */
static int migrate(struct sqlite_store *store, struct covey_error *error)
{
	char sql[sizeof(EVICTION_SQL VERSION_3_SQL VERSION_4_SQL VERSION_5_SQL) + 80];
	char *version;
	int status;

	status = sqlite_query(store, "PRAGMA user_version", &version, error);
	if (status < 0)
		return status;
	if (version[0] >= '1' && version[0] <= '4' && version[1] == '\0') {
		snprintf(sql, sizeof(sql),
			 "BEGIN; %s; %s; %s; %s; PRAGMA user_version = %d; COMMIT;",
			 version[0] == '1' ? EVICTION_SQL : "",
			 version[0] <= '2' ? VERSION_3_SQL : "",
			 version[0] <= '3' ? VERSION_4_SQL : "", VERSION_5_SQL, USER_VERSION);
		status = sqlite_execute(store, sql, "adding what is new in this version", error);
	}
	free(version);
	return status;
}

/* A file of a later program must not look like a damaged one, which people move away. */
static int check_version(struct sqlite_store *store, struct covey_error *error)
{
	char *version;
	int status = sqlite_query(store, "PRAGMA user_version", &version, error);

	if (status < 0)
		return status;
	if (atoi(version) > USER_VERSION)
		status = covey_error_set(error, -EPROTONOSUPPORT,
					 "state file %s is of a later covey-gkm (version %.11s of "
					 "the file, this one knows %d): install that one again, or "
					 "restore a backup that this one has made",
					 store->path, version, USER_VERSION);
	else if (atoi(version) != USER_VERSION)
		status = sqlite_damaged(store, error, "its version is none that there was");
	free(version);
	return status;
}

/* This runs integrity_check, not quick_check: only integrity_check compares tables with their
 * indexes. */
static int check_content(struct sqlite_store *store, struct covey_error *error)
{
	char number[16];
	int status;

	snprintf(number, sizeof(number), "%d", APPLICATION_ID);
	status = expect(store, "PRAGMA application_id", number, "it is another program's", error);
	if (status < 0)
		return status;
	status = check_version(store, error);
	if (status < 0)
		return status;
	status = expect(store,
			"SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema "
			"WHERE sql IS NOT NULL ORDER BY name)",
			BINDING_SQL ";" EVICTION_SQL ";" FORMER_SQL ";" GIVE_UP_SQL ";" HOLDER_SQL
				    ";" LIFETIME_SQL ";" MODE_SQL ";" SERIAL_SQL ";" TAKE_UP_SQL,
			"its tables are not as expected", error);
	if (status < 0)
		return status;
	status = expect(store, "PRAGMA integrity_check", "ok", "the integrity check failed", error);
	if (status < 0)
		return status;
	status = expect(store, "SELECT count(*) FROM holder", "1", "its holder is missing", error);
	if (status < 0)
		return status;
	return expect(store, "SELECT count(*) FROM serial", "1", "the SPI serial is missing",
		      error);
}

static int read_serial(struct sqlite_store *store, struct covey_error *error)
{
	char *text;
	int status = sqlite_query(store, "SELECT next_spi FROM serial", &text, error);

	if (status < 0)
		return status;
	store->store.next_spi = store->store.next_spi_in_file = strtoull(text, NULL, 10);
	free(text);
	return 0;
}

int sqlite_store_open(const char *path, struct store **ret_store, struct covey_error *error)
{
	struct sqlite_store *store;
	int code;
	int status;

	status = sqlite_check_file(path, error);
	if (status < 0)
		return status;
	store = calloc(1, sizeof(*store));
	if (!store)
		return covey_error_set(error, -ENOMEM, "out of memory");
	store->store.ops = &sqlite_ops;
	store->path = strdup(path);
	if (!store->path) {
		status = covey_error_set(error, -ENOMEM, "out of memory");
		goto fail;
	}
	code = sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW,
			       NULL);
	if (code != SQLITE_OK) {
		status = sqlite_explain(store, code, "opening", error);
		goto fail;
	}
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	status = take(store, error);
	if (status == 0)
		status = migrate(store, error);
	if (status == 0)
		status = check_content(store, error);
	if (status == 0)
		status = sqlite_prepare(store, error);
	if (status == 0)
		status = read_serial(store, error);
	if (status < 0)
		goto fail;
	*ret_store = &store->store;
	return 0;
fail:
	store_close(&store->store);
	return status;
}
