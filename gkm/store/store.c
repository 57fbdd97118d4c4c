/* SPDX-License-Identifier: BSD-3-Clause */
#include "store.h"

#include <covey/limits.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPLICATION_ID 0x436f5679 /* "CoVy" */
#define USER_VERSION   3          /* 1 had no evictions, 2 no former SenderIDs */

/*
 * The tables are redundant on purpose, so that the check at start finds a flipped bit: every
 * binding stands in the primary key's tree and in the unique index's, and the serial beside its
 * complement.
 */
#define BINDING_SQL                                                                                \
	"CREATE TABLE binding (\"group\" TEXT NOT NULL, identity TEXT NOT NULL, "                  \
	"sender_id INTEGER NOT NULL CHECK (sender_id BETWEEN 1 AND 65535), "                       \
	"PRIMARY KEY (\"group\", identity), UNIQUE (\"group\", sender_id)) STRICT, WITHOUT ROWID"
#define EVICTION_SQL                                                                               \
	"CREATE TABLE eviction (identity TEXT NOT NULL, \"group\" TEXT NOT NULL, "                 \
	"PRIMARY KEY (identity, \"group\"), UNIQUE (\"group\", identity)) STRICT, WITHOUT ROWID"
#define SERIAL_SQL                                                                                 \
	"CREATE TABLE serial (id INTEGER PRIMARY KEY CHECK (id = 1), "                             \
	"next_spi INTEGER NOT NULL CHECK (next_spi BETWEEN 256 AND 4294967296), "                  \
	"complement INTEGER NOT NULL CHECK (complement = ~next_spi)) STRICT"

/*
 * SenderIDs that were given up, with the last SPI before that: nobody else gets them as long as a
 * member may hold an SA that they were used with. Noted by the binding's own transaction. And the
 * hard lifetime of a group's SAs where it is above the default, the longest as long as there is any
 * of the former.
 */
#define LIFETIME_LEAST_S 86400u
#define FORMER_SQL                                                                                 \
	"CREATE TABLE former (\"group\" TEXT NOT NULL, sender_id INTEGER NOT NULL CHECK "          \
	"(sender_id BETWEEN 1 AND 65535), identity TEXT NOT NULL, until_spi INTEGER NOT NULL, "    \
	"PRIMARY KEY (\"group\", sender_id), UNIQUE (sender_id, \"group\", identity, until_spi)) " \
	"STRICT, WITHOUT ROWID"
#define LIFETIME_SQL                                                                               \
	"CREATE TABLE lifetime (\"group\" TEXT NOT NULL PRIMARY KEY, seconds INTEGER NOT NULL "    \
	"CHECK (seconds > 0), UNIQUE (seconds, \"group\")) STRICT, WITHOUT ROWID"
#define GIVE_UP_SQL                                                                                \
	"CREATE TRIGGER give_up AFTER UPDATE OF sender_id ON binding "                             \
	"WHEN old.sender_id <> new.sender_id BEGIN "                                               \
	"INSERT OR REPLACE INTO former SELECT old.\"group\", old.sender_id, old.identity, "        \
	"next_spi - 1 FROM serial; "                                                               \
	"DELETE FROM former WHERE \"group\" = new.\"group\" AND sender_id = new.sender_id; END"
#define TAKE_UP_SQL                                                                                \
	"CREATE TRIGGER take_up AFTER INSERT ON binding BEGIN "                                    \
	"DELETE FROM former WHERE \"group\" = new.\"group\" AND sender_id = new.sender_id; END"
#define VERSION_3_SQL FORMER_SQL ";" GIVE_UP_SQL ";" LIFETIME_SQL ";" TAKE_UP_SQL

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
	TAKE_SPI,
	RAISE_SPI,
	STATEMENT_COUNT,
};

static const char *const statement_sql[STATEMENT_COUNT] = {
	[EACH_BINDING] = "SELECT identity, sender_id FROM binding WHERE \"group\" = ?1 "
			 "ORDER BY sender_id",
	[BIND] = "INSERT INTO binding VALUES (?1, ?2, ?3) "
		 "ON CONFLICT (\"group\", identity) DO UPDATE SET sender_id = excluded.sender_id",
	[EACH_FORMER] = "SELECT identity, sender_id, until_spi FROM former WHERE \"group\" = ?1 "
			"ORDER BY sender_id",
	[FORGET_FORMER] = "DELETE FROM former WHERE \"group\" = ?1 AND until_spi <= ?2",
	[NOTE_LIFETIME] = "INSERT INTO lifetime VALUES (?1, ?2) ON CONFLICT DO UPDATE "
			  "SET seconds = excluded.seconds WHERE seconds < excluded.seconds OR "
			  "(seconds > excluded.seconds AND "
			  "NOT EXISTS (SELECT 1 FROM former WHERE \"group\" = ?1))",
	[READ_LIFETIME] = "SELECT seconds FROM lifetime WHERE \"group\" = ?1",
	[EACH_EVICTION] = "SELECT identity, \"group\" FROM eviction",
	[EVICT] = "INSERT INTO eviction VALUES (?1, ?2) ON CONFLICT DO NOTHING",
	[READMIT] = "DELETE FROM eviction WHERE identity = ?1 AND (\"group\" = ?2 OR ?2 IS NULL)",
	[TAKE_SPI] = "UPDATE serial SET next_spi = next_spi + 1, complement = ~(next_spi + 1) "
		     "RETURNING next_spi - 1",
	[RAISE_SPI] = "UPDATE serial SET next_spi = ?1 + 1, complement = ~(?1 + 1) "
		      "WHERE next_spi <= ?1",
};

struct store {
	sqlite3 *db;
	char *path;
	uint64_t next_spi; /* as the file has it, or a failed write would have left it */
	sqlite3_stmt *statements[STATEMENT_COUNT];
};

/* --- errors -------------------------------------------------------------------------------- */

struct explanation {
	int code; /* SQLite's primary result code */
	int rc;
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

static int explain(const struct store *store, int code, const char *doing,
		   struct covey_error *error)
{
	const char *detail = store->db ? sqlite3_errmsg(store->db) : sqlite3_errstr(code);

	for (size_t i = 0; i < sizeof(explanations) / sizeof(*explanations); i++)
		if (explanations[i].code == (code & 0xff))
			return covey_error_set(error, explanations[i].rc,
					       "state file %s %s (%s: %s)", store->path,
					       explanations[i].text, doing, detail);
	return covey_error_set(error, -EIO, "state file %s: %s failed: %s; check the disk",
			       store->path, doing, detail);
}

static int damaged(const struct store *store, struct covey_error *error, const char *what)
{
	return covey_error_set(error, -EBADMSG,
			       "state file %s is damaged (%s): restore it from a backup; without "
			       "one, move it away, and all hosts get new SenderIDs",
			       store->path, what);
}

/* --- running statements -------------------------------------------------------------------- */

static int execute(struct store *store, const char *sql, const char *doing,
		   struct covey_error *error)
{
	int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : explain(store, code, doing, error);
}

/* The first column of a statement's only row, as a new string. */
static int query(struct store *store, const char *sql, char **ret_text, struct covey_error *error)
{
	sqlite3_stmt *statement;
	const char *text = NULL;
	int code;

	code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
	if (code != SQLITE_OK)
		return explain(store, code, sql, error);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(statement, 0);
	*ret_text = strdup(text ? text : "");
	sqlite3_finalize(statement);
	if (code != SQLITE_ROW && code != SQLITE_DONE) {
		free(*ret_text);
		return explain(store, code, sql, error);
	}
	return *ret_text ? 0 : covey_error_set(error, -ENOMEM, "out of memory");
}

/* Does the statement answer exactly this? -EBADMSG with what, when it does not. */
static int expect(struct store *store, const char *sql, const char *expected, const char *what,
		  struct covey_error *error)
{
	char *text;
	int rc;

	rc = query(store, sql, &text, error);
	if (rc < 0)
		return rc;
	if (strcmp(text, expected) != 0)
		rc = damaged(store, error, what);
	free(text);
	return rc;
}

/* --- making a new file --------------------------------------------------------------------- */

static int fill(struct store *store, struct covey_error *error)
{
	char sql[160];
	int rc;

	snprintf(
		sql, sizeof(sql),
		"PRAGMA synchronous = EXTRA; PRAGMA application_id = %d; PRAGMA user_version = %d;",
		APPLICATION_ID, USER_VERSION);
	rc = execute(store, sql, "marking a new file", error);
	if (rc < 0)
		return rc;
	/* The serial last: a file that lacks its end lacks a row, which is noticed. */
	rc = execute(store,
		     "BEGIN;" BINDING_SQL ";" EVICTION_SQL ";" VERSION_3_SQL ";" SERIAL_SQL ";"
		     "INSERT INTO serial VALUES (1, 256, ~256); COMMIT;",
		     "making the tables", error);
	return rc;
}

static int fill_file(const char *path, struct covey_error *error)
{
	struct store store = {.path = (char *)path};
	int code;
	int rc;

	code = sqlite3_open_v2(path, &store.db, SQLITE_OPEN_READWRITE, NULL);
	rc = code == SQLITE_OK ? fill(&store, error) : explain(&store, code, "opening", error);
	sqlite3_close(store.db);
	return rc;
}

static int sync_directory(const char *path)
{
	char *copy = strdup(path);
	int fd;
	int rc = 0;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		rc = -errno;
	if (fd >= 0)
		close(fd);
	free(copy);
	return rc;
}

static int explain_create(const char *path, int rc, struct covey_error *error)
{
	if (rc == -ENOENT || rc == -ENOTDIR)
		return covey_error_set(error, rc,
				       "state file %s cannot be made: its directory does not "
				       "exist; make it, owned by covey-gkm's user, mode 0700",
				       path);
	if (rc == -ENOSPC)
		return covey_error_set(error, rc,
				       "state file %s cannot be made: the disk is full; free some "
				       "space",
				       path);
	return covey_error_set(error, rc,
			       "state file %s cannot be made: %s; check the directory's owner, "
			       "mode and file system",
			       path, strerror(-rc));
}

/*
 * The file appears under its name only when it is complete: an empty or half-made one is always the
 * sign of damage, never taken for a new one, which would give out SPIs and SenderIDs again.
 */
static int create(const char *path, struct covey_error *error)
{
	char *temporary;
	int fd;
	int rc;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return covey_error_set(error, -ENOMEM, "out of memory");
	fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
	if (fd < 0) {
		rc = explain_create(path, -errno, error);
		goto out;
	}
	close(fd);
	rc = fill_file(temporary, error);
	if (rc == 0 && link(temporary, path) < 0 && errno != EEXIST)
		rc = explain_create(path, -errno, error);
	unlink(temporary);
	if (rc == 0 && sync_directory(path) < 0)
		rc = explain_create(path, -EIO, error);
out:
	free(temporary);
	return rc;
}

/* --- opening ------------------------------------------------------------------------------- */

static int check_file(const char *path, struct covey_error *error)
{
	struct stat status;

	if (lstat(path, &status) < 0)
		return errno == ENOENT ? create(path, error) : explain_create(path, -errno, error);
	if (!S_ISREG(status.st_mode))
		return covey_error_set(error, -EBADMSG,
				       "state file %s is no regular file: give another path with "
				       "--state",
				       path);
	if (status.st_size == 0)
		return covey_error_set(error, -EBADMSG,
				       "state file %s is empty: restore it from a backup; without "
				       "one, remove it, and all hosts get new SenderIDs",
				       path);
	if ((status.st_mode & 077) && chmod(path, 0600) < 0)
		return covey_error_set(error, -errno,
				       "state file %s is open to others (mode %04o) and its mode "
				       "cannot be changed: %s; set it to 0600",
				       path, status.st_mode & 07777, strerror(errno));
	return 0;
}

/* The lock is taken with the first transaction and kept, as locking_mode says. */
static int take(struct store *store, struct covey_error *error)
{
	char *mode;
	int rc;

	rc = execute(store,
		     "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = EXTRA;"
		     "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; BEGIN EXCLUSIVE;"
		     "COMMIT;",
		     "locking", error);
	if (rc < 0)
		return rc;
	if (sqlite3_db_readonly(store->db, "main") == 1)
		return explain(store, SQLITE_READONLY, "opening", error);
	rc = query(store, "PRAGMA journal_mode = DELETE", &mode, error);
	if (rc < 0)
		return rc;
	if (strcmp(mode, "delete") != 0)
		rc = damaged(store, error, "its journal mode is unknown");
	free(mode);
	return rc;
}

/* A file of the version before gets what is new in this one, all or nothing. */
static int migrate(struct store *store, struct covey_error *error)
{
	char sql[sizeof(EVICTION_SQL VERSION_3_SQL) + 80];
	char *version;
	int rc;

	rc = query(store, "PRAGMA user_version", &version, error);
	if (rc < 0)
		return rc;
	if (strcmp(version, "1") == 0 || strcmp(version, "2") == 0) {
		snprintf(sql, sizeof(sql), "BEGIN; %s; %s; PRAGMA user_version = %d; COMMIT;",
			 version[0] == '1' ? EVICTION_SQL : "", VERSION_3_SQL, USER_VERSION);
		rc = execute(store, sql, "adding what is new in this version", error);
	}
	free(version);
	return rc;
}

/* integrity_check, not quick_check: only it compares tables with their indexes. */
static int check_content(struct store *store, struct covey_error *error)
{
	char number[16];
	int rc;

	snprintf(number, sizeof(number), "%d", APPLICATION_ID);
	rc = expect(store, "PRAGMA application_id", number, "it is another program's", error);
	if (rc < 0)
		return rc;
	snprintf(number, sizeof(number), "%d", USER_VERSION);
	rc = expect(store, "PRAGMA user_version", number,
		    "its version is not the one that this covey-gkm knows", error);
	if (rc < 0)
		return rc;
	rc = expect(store,
		    "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema "
		    "WHERE sql IS NOT NULL ORDER BY name)",
		    BINDING_SQL ";" EVICTION_SQL ";" FORMER_SQL ";" GIVE_UP_SQL ";" LIFETIME_SQL
				";" SERIAL_SQL ";" TAKE_UP_SQL,
		    "its tables are not as expected", error);
	if (rc < 0)
		return rc;
	rc = expect(store, "PRAGMA integrity_check", "ok", "the integrity check failed", error);
	if (rc < 0)
		return rc;
	return expect(store, "SELECT count(*) FROM serial", "1", "the SPI serial is missing",
		      error);
}

static int prepare(struct store *store, struct covey_error *error)
{
	for (size_t i = 0; i < STATEMENT_COUNT; i++) {
		int code =
			sqlite3_prepare_v3(store->db, statement_sql[i], -1,
					   SQLITE_PREPARE_PERSISTENT, &store->statements[i], NULL);

		if (code != SQLITE_OK)
			return explain(store, code, "preparing", error);
	}
	return 0;
}

static int read_serial(struct store *store, struct covey_error *error)
{
	char *text;
	int rc = query(store, "SELECT next_spi FROM serial", &text, error);

	if (rc < 0)
		return rc;
	store->next_spi = strtoull(text, NULL, 10);
	free(text);
	return 0;
}

int store_open(const char *path, struct store **ret_store, struct covey_error *error)
{
	struct store *store;
	int code;
	int rc;

	rc = check_file(path, error);
	if (rc < 0)
		return rc;
	store = calloc(1, sizeof(*store));
	if (!store || !(store->path = strdup(path))) {
		rc = covey_error_set(error, -ENOMEM, "out of memory");
		goto fail;
	}
	code = sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW,
			       NULL);
	if (code != SQLITE_OK) {
		rc = explain(store, code, "opening", error);
		goto fail;
	}
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	rc = take(store, error);
	if (rc == 0)
		rc = migrate(store, error);
	if (rc == 0)
		rc = check_content(store, error);
	if (rc == 0)
		rc = prepare(store, error);
	if (rc == 0)
		rc = read_serial(store, error);
	if (rc < 0)
		goto fail;
	*ret_store = store;
	return 0;
fail:
	store_close(store);
	return rc;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(store->statements[i]);
	sqlite3_close(store->db);
	free(store->path);
	free(store);
}

/* --- using it ------------------------------------------------------------------------------ */

/* A statement is its own transaction: it is committed, and on disk, when its reset succeeds. */
static int finish(struct store *store, sqlite3_stmt *statement, const char *doing,
		  struct covey_error *error)
{
	int code = sqlite3_reset(statement);
	int rc = 0;

	if (code != SQLITE_OK)
		rc = explain(store, code, doing, error);
	sqlite3_clear_bindings(statement);
	if (code != SQLITE_OK && !sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

int store_each_binding(struct store *store, const char *group,
		       int (*each)(const char *identity, uint16_t sender_id, void *arg), void *arg,
		       struct covey_error *error)
{
	sqlite3_stmt *statement = store->statements[EACH_BINDING];
	int stopped = 0;
	int rc;

	sqlite3_bind_text(statement, 1, group, -1, SQLITE_STATIC);
	while (stopped >= 0 && sqlite3_step(statement) == SQLITE_ROW)
		stopped = each((const char *)sqlite3_column_text(statement, 0),
			       (uint16_t)sqlite3_column_int(statement, 1), arg);
	rc = finish(store, statement, "reading bindings", error);
	return stopped < 0 ? stopped : rc;
}

int store_bind(struct store *store, const char *group, const char *identity, uint16_t sender_id,
	       struct covey_error *error)
{
	sqlite3_stmt *statement = store->statements[BIND];
	int code;
	int rc;

	sqlite3_bind_text(statement, 1, group, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 2, identity, -1, SQLITE_STATIC);
	sqlite3_bind_int(statement, 3, sender_id);
	code = sqlite3_step(statement);
	rc = finish(store, statement, "binding a SenderID", error);
	if (code == SQLITE_CONSTRAINT)
		return covey_error_set(error, -EEXIST,
				       "SenderID %u of group %s is another identity's", sender_id,
				       group);
	return rc;
}

/* After a failure there may or may not be a transaction left to end. */
static int abandon(struct store *store, int rc)
{
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

int store_bind_all(struct store *store, const struct store_binding *bindings, size_t count,
		   struct covey_error *error)
{
	int rc = execute(store, "BEGIN", "binding SenderIDs", error);

	/* store_bind() ends the transaction when it fails: no further one, it would stand alone. */
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = store_bind(store, bindings[i].group, bindings[i].identity,
				bindings[i].sender_id, error);
	if (rc == 0)
		rc = execute(store, "COMMIT", "binding SenderIDs", error);
	return rc < 0 ? abandon(store, rc) : 0;
}

/* Both statements that change evictions take the same. */
static int change_eviction(struct store *store, enum statement which, const char *identity,
			   const char *group, struct covey_error *error)
{
	sqlite3_stmt *statement = store->statements[which];

	sqlite3_bind_text(statement, 1, identity, -1, SQLITE_STATIC);
	if (group)
		sqlite3_bind_text(statement, 2, group, -1, SQLITE_STATIC);
	sqlite3_step(statement);
	return finish(store, statement, "noting an eviction", error);
}

int store_evict(struct store *store, const char *identity, const char *group,
		struct covey_error *error)
{
	return change_eviction(store, EVICT, identity, group, error);
}

int store_readmit(struct store *store, const char *identity, const char *group,
		  struct covey_error *error)
{
	return change_eviction(store, READMIT, identity, group, error);
}

int store_each_eviction(struct store *store,
			int (*each)(const char *identity, const char *group, void *arg), void *arg,
			struct covey_error *error)
{
	sqlite3_stmt *statement = store->statements[EACH_EVICTION];
	int stopped = 0;
	int rc;

	while (stopped >= 0 && sqlite3_step(statement) == SQLITE_ROW)
		stopped = each((const char *)sqlite3_column_text(statement, 0),
			       (const char *)sqlite3_column_text(statement, 1), arg);
	rc = finish(store, statement, "reading evictions", error);
	return stopped < 0 ? stopped : rc;
}

int store_each_former(struct store *store, const char *group,
		      int (*each)(const char *identity, uint16_t sender_id, uint32_t until_spi,
				  void *arg),
		      void *arg, struct covey_error *error)
{
	sqlite3_stmt *statement = store->statements[EACH_FORMER];
	int stopped = 0;
	int rc;

	sqlite3_bind_text(statement, 1, group, -1, SQLITE_STATIC);
	while (stopped >= 0 && sqlite3_step(statement) == SQLITE_ROW)
		stopped = each((const char *)sqlite3_column_text(statement, 0),
			       (uint16_t)sqlite3_column_int(statement, 1),
			       (uint32_t)sqlite3_column_int64(statement, 2), arg);
	rc = finish(store, statement, "reading former SenderIDs", error);
	return stopped < 0 ? stopped : rc;
}

int store_forget_former(struct store *store, const char *group, uint32_t until_spi,
			struct covey_error *error)
{
	sqlite3_stmt *statement = store->statements[FORGET_FORMER];

	sqlite3_bind_text(statement, 1, group, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, until_spi);
	sqlite3_step(statement);
	return finish(store, statement, "forgetting former SenderIDs", error);
}

int store_lifetime(struct store *store, const char *group, uint32_t seconds, uint32_t *ret_seconds,
		   struct covey_error *error)
{
	sqlite3_stmt *note = store->statements[NOTE_LIFETIME];
	sqlite3_stmt *read = store->statements[READ_LIFETIME];
	uint32_t longest = LIFETIME_LEAST_S;
	int rc;

	sqlite3_bind_text(note, 1, group, -1, SQLITE_STATIC);
	sqlite3_bind_int64(note, 2, seconds);
	if (seconds > LIFETIME_LEAST_S)
		sqlite3_step(note);
	rc = finish(store, note, "noting a lifetime", error);
	if (rc < 0)
		return rc;
	sqlite3_bind_text(read, 1, group, -1, SQLITE_STATIC);
	if (sqlite3_step(read) == SQLITE_ROW && sqlite3_column_int64(read, 0) > longest)
		longest = (uint32_t)sqlite3_column_int64(read, 0);
	rc = finish(store, read, "reading a lifetime", error);
	if (rc == 0 && longest < seconds)
		rc = damaged(store, error, "a lifetime that was noted is missing");
	if (rc == 0)
		*ret_seconds = longest;
	return rc;
}

int store_take_spi(struct store *store, uint32_t *ret_spi, struct covey_error *error)
{
	sqlite3_stmt *statement = store->statements[TAKE_SPI];
	sqlite3_int64 spi = 0;
	int code;
	int rc;

	code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		spi = sqlite3_column_int64(statement, 0);
		code = sqlite3_step(statement);
	}
	rc = finish(store, statement, "taking an SPI", error);
	if (code == SQLITE_CONSTRAINT)
		return covey_error_set(error, -EOVERFLOW,
				       "all SPIs are used up: move state file %s away and restart "
				       "every host",
				       store->path);
	if (rc < 0)
		return rc;
	if (spi < COVEY_SPI_MIN)
		return damaged(store, error, "the SPI serial is missing");
	store->next_spi = (uint64_t)spi + 1;
	*ret_spi = (uint32_t)spi;
	return 0;
}

uint64_t store_next_spi(const struct store *store)
{
	return store->next_spi;
}

int store_raise_spi(struct store *store, uint32_t spi, struct covey_error *error)
{
	sqlite3_stmt *statement = store->statements[RAISE_SPI];
	int rc;

	sqlite3_bind_int64(statement, 1, spi);
	sqlite3_step(statement);
	rc = finish(store, statement, "raising the SPI serial", error);
	if (rc == 0 && store->next_spi <= spi)
		store->next_spi = (uint64_t)spi + 1;
	return rc;
}
