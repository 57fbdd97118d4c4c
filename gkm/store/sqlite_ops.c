/* SPDX-License-Identifier: BSD-3-Clause */
#include <covey/limits.h>
#include <covey/mode.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sqlite_private.h"
#include "sqlite_schema.h"

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
	[NOTE_MODE] = "INSERT OR REPLACE INTO mode VALUES (?1, ?2, ?3, ?4, ?5)",
	[READ_MODE] = "SELECT serial, mode, goal, after FROM mode WHERE \"group\" = ?1",
	[TAKE_SPI] = "UPDATE serial SET next_spi = next_spi + ?1, complement = ~(next_spi + ?1) "
		     "RETURNING next_spi",
	[RAISE_SPI] = "UPDATE serial SET next_spi = ?1 + 1, complement = ~(?1 + 1) "
		      "WHERE next_spi <= ?1",
};

static struct sqlite_store *sqlite_of(struct store *base)
{
	return (struct sqlite_store *)base;
}

int sqlite_prepare(struct sqlite_store *store, struct covey_error *error)
{
	for (size_t i = 0; i < STATEMENT_COUNT; i++) {
		int code =
			sqlite3_prepare_v3(store->db, statement_sql[i], -1,
					   SQLITE_PREPARE_PERSISTENT, &store->statements[i], NULL);

		if (code != SQLITE_OK)
			return sqlite_explain(store, code, "preparing", error);
	}
	return 0;
}

/* Each statement is a transaction of its own. When its reset succeeds, it is committed and on disk.
 */
static int finish(struct sqlite_store *store, sqlite3_stmt *statement, const char *doing,
		  struct covey_error *error)
{
	int code = sqlite3_reset(statement);
	int status = 0;

	if (code != SQLITE_OK)
		status = sqlite_explain(store, code, doing, error);
	sqlite3_clear_bindings(statement);
	if (code != SQLITE_OK && !sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return status;
}

static int each_binding(struct store *base, const char *group,
			int (*each)(const char *identity, uint16_t sender_id, void *arg), void *arg,
			struct covey_error *error)
{
	struct sqlite_store *store = sqlite_of(base);
	sqlite3_stmt *statement = store->statements[EACH_BINDING];
	int stopped = 0;
	int status;

	sqlite3_bind_text(statement, 1, group, -1, SQLITE_STATIC);
	while (stopped >= 0 && sqlite3_step(statement) == SQLITE_ROW)
		stopped = each((const char *)sqlite3_column_text(statement, 0),
			       (uint16_t)sqlite3_column_int(statement, 1), arg);
	status = finish(store, statement, "reading bindings", error);
	return stopped < 0 ? stopped : status;
}

static int bind(struct sqlite_store *store, const struct store_change *change,
		struct covey_error *error)
{
	sqlite3_stmt *statement = store->statements[BIND];
	int code;
	int status;

	sqlite3_bind_text(statement, 1, change->group, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 2, change->identity, -1, SQLITE_STATIC);
	sqlite3_bind_int(statement, 3, change->sender_id);
	code = sqlite3_step(statement);
	status = finish(store, statement, "binding a SenderID", error);
	if (code == SQLITE_CONSTRAINT)
		return covey_error_set(error, -EEXIST,
				       "SenderID %u of group %s is another identity's",
				       change->sender_id, change->group);
	return status;
}

/* Both statements that change evictions take the same arguments. */
static int change_eviction(struct sqlite_store *store, const struct store_change *change,
			   struct covey_error *error)
{
	sqlite3_stmt *statement = store->statements[change->kind == STORE_EVICT ? EVICT : READMIT];

	sqlite3_bind_text(statement, 1, change->identity, -1, SQLITE_STATIC);
	if (change->group)
		sqlite3_bind_text(statement, 2, change->group, -1, SQLITE_STATIC);
	sqlite3_step(statement);
	return finish(store, statement, "noting an eviction", error);
}

static int each_eviction(struct store *base,
			 int (*each)(const char *identity, const char *group, void *arg), void *arg,
			 struct covey_error *error)
{
	struct sqlite_store *store = sqlite_of(base);
	sqlite3_stmt *statement = store->statements[EACH_EVICTION];
	int stopped = 0;
	int status;

	while (stopped >= 0 && sqlite3_step(statement) == SQLITE_ROW)
		stopped = each((const char *)sqlite3_column_text(statement, 0),
			       (const char *)sqlite3_column_text(statement, 1), arg);
	status = finish(store, statement, "reading evictions", error);
	return stopped < 0 ? stopped : status;
}

static int each_former(struct store *base, const char *group,
		       int (*each)(const char *identity, uint16_t sender_id, uint32_t until_spi,
				   void *arg),
		       void *arg, struct covey_error *error)
{
	struct sqlite_store *store = sqlite_of(base);
	sqlite3_stmt *statement = store->statements[EACH_FORMER];
	int stopped = 0;
	int status;

	sqlite3_bind_text(statement, 1, group, -1, SQLITE_STATIC);
	while (stopped >= 0 && sqlite3_step(statement) == SQLITE_ROW)
		stopped = each((const char *)sqlite3_column_text(statement, 0),
			       (uint16_t)sqlite3_column_int(statement, 1),
			       (uint32_t)sqlite3_column_int64(statement, 2), arg);
	status = finish(store, statement, "reading former SenderIDs", error);
	return stopped < 0 ? stopped : status;
}

static int forget_former(struct sqlite_store *store, const struct store_change *change,
			 struct covey_error *error)
{
	sqlite3_stmt *statement = store->statements[FORGET_FORMER];

	sqlite3_bind_text(statement, 1, change->group, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, change->spi);
	sqlite3_step(statement);
	return finish(store, statement, "forgetting former SenderIDs", error);
}

static int read_lifetime(struct store *base, const char *group, uint32_t *ret_seconds,
			 struct covey_error *error)
{
	struct sqlite_store *store = sqlite_of(base);
	sqlite3_stmt *statement = store->statements[READ_LIFETIME];
	uint32_t longest = STORE_LIFETIME_LEAST_S;
	int status;

	sqlite3_bind_text(statement, 1, group, -1, SQLITE_STATIC);
	if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int64(statement, 0) > longest)
		longest = (uint32_t)sqlite3_column_int64(statement, 0);
	status = finish(store, statement, "reading a lifetime", error);
	if (status == 0)
		*ret_seconds = longest;
	return status;
}

static int note_lifetime(struct sqlite_store *store, const struct store_change *change,
			 struct covey_error *error)
{
	sqlite3_stmt *statement = store->statements[NOTE_LIFETIME];
	uint32_t longest;
	int status;

	if (change->seconds <= STORE_LIFETIME_LEAST_S)
		return 0;
	sqlite3_bind_text(statement, 1, change->group, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, change->seconds);
	sqlite3_step(statement);
	status = finish(store, statement, "noting a lifetime", error);
	if (status == 0)
		status = read_lifetime(&store->store, change->group, &longest, error);
	if (status == 0 && longest < change->seconds)
		status = sqlite_damaged(store, error, "a lifetime that was noted is missing");
	return status;
}

/* So many more belong to this instance, if there are so many. Then *ret_code is SQLITE_DONE. */
static int take_from_file(struct sqlite_store *store, uint32_t count, int *ret_code,
			  struct covey_error *error)
{
	sqlite3_stmt *statement = store->statements[TAKE_SPI];
	sqlite3_int64 next = 0;
	int status;

	sqlite3_bind_int64(statement, 1, count);
	*ret_code = sqlite3_step(statement);
	if (*ret_code == SQLITE_ROW) {
		next = sqlite3_column_int64(statement, 0);
		*ret_code = sqlite3_step(statement);
	}
	status = finish(store, statement, "taking an SPI", error);
	if (*ret_code == SQLITE_CONSTRAINT || status < 0)
		return status;
	if (next < (sqlite3_int64)COVEY_SPI_MIN + count)
		return sqlite_damaged(store, error, "the SPI serial is missing");
	store->store.next_spi = (uint64_t)next - count;
	store->store.next_spi_in_file = (uint64_t)next;
	return 0;
}

static int note_mode(struct sqlite_store *store, const struct store_change *change,
		     struct covey_error *error)
{
	sqlite3_stmt *statement = store->statements[NOTE_MODE];

	sqlite3_bind_text(statement, 1, change->group, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, (sqlite3_int64)change->mode.serial);
	sqlite3_bind_int(statement, 3, change->mode.mode);
	sqlite3_bind_int(statement, 4, change->mode.goal);
	sqlite3_bind_int(statement, 5, change->mode.after);
	sqlite3_step(statement);
	return finish(store, statement, "noting a mode", error);
}

/* What note_mode() writes, or nothing. */
static bool is_sane(const struct store_mode *mode)
{
	return mode->serial == 0 ||
	       (mode->serial <= INT64_MAX && mode->mode >= COVEY_MODE_OBSERVE &&
		mode->mode <= COVEY_MODE_ENFORCE && mode->goal >= COVEY_MODE_OBSERVE &&
		mode->goal <= COVEY_MODE_ENFORCE && mode->after <= COVEY_MODE_ENFORCE);
}

static int read_mode(struct store *base, const char *group, struct store_mode *ret_mode,
		     struct covey_error *error)
{
	struct sqlite_store *store = sqlite_of(base);
	sqlite3_stmt *statement = store->statements[READ_MODE];
	struct store_mode mode = {0};
	int status;

	sqlite3_bind_text(statement, 1, group, -1, SQLITE_STATIC);
	if (sqlite3_step(statement) == SQLITE_ROW)
		mode = (struct store_mode){
			.serial = (uint64_t)sqlite3_column_int64(statement, 0),
			.mode = (uint8_t)sqlite3_column_int(statement, 1),
			.goal = (uint8_t)sqlite3_column_int(statement, 2),
			.after = (uint8_t)sqlite3_column_int(statement, 3),
		};
	status = finish(store, statement, "reading a mode", error);
	if (status == 0 && !is_sane(&mode))
		status = sqlite_damaged(store, error, "a group has a mode that there is not");
	if (status == 0)
		*ret_mode = mode;
	return status;
}

static int take_spi(struct store *base, uint32_t *ret_spi, struct covey_error *error)
{
	struct sqlite_store *store = sqlite_of(base);
	uint32_t wanted = base->spis_wanted ? base->spis_wanted : 1;
	int code = SQLITE_DONE;
	int status = 0;

	if (base->next_spi == base->next_spi_in_file)
		status = take_from_file(store, wanted, &code, error);
	if (code == SQLITE_CONSTRAINT && wanted > 1)
		status = take_from_file(store, 1, &code, error);
	if (code == SQLITE_CONSTRAINT)
		return covey_error_set(error, -EOVERFLOW,
				       "all SPIs are used up: move state file %s away and restart "
				       "every host",
				       store->path);
	if (status < 0)
		return status;
	*ret_spi = (uint32_t)base->next_spi++;
	return 0;
}

static int raise_spi(struct sqlite_store *store, const struct store_change *change,
		     struct covey_error *error)
{
	sqlite3_stmt *statement = store->statements[RAISE_SPI];

	sqlite3_bind_int64(statement, 1, change->spi);
	sqlite3_step(statement);
	return finish(store, statement, "raising the SPI serial", error);
}

/* What is reserved and not above this is nobody's. */
static void drop_reserved(struct store *base, uint32_t spi)
{
	if (base->next_spi <= spi)
		base->next_spi =
			spi < base->next_spi_in_file ? (uint64_t)spi + 1 : base->next_spi_in_file;
}

/* In the file it is done. */
static void raise_next(struct store *base, uint32_t spi)
{
	if (base->next_spi <= spi)
		base->next_spi = (uint64_t)spi + 1;
	if (base->next_spi_in_file < base->next_spi)
		base->next_spi_in_file = base->next_spi;
}

/* --- writing ------------------------------------------------------------------------------- */

static int make(struct sqlite_store *store, const struct store_change *change,
		struct covey_error *error)
{
	switch (change->kind) {
	case STORE_BIND:
		return bind(store, change, error);
	case STORE_EVICT:
	case STORE_READMIT:
		return change_eviction(store, change, error);
	case STORE_MODE:
		return note_mode(store, change, error);
	case STORE_LIFETIME:
		return note_lifetime(store, change, error);
	case STORE_FORGET_FORMER:
		return forget_former(store, change, error);
	case STORE_RAISE_SPI:
		return raise_spi(store, change, error);
	}
	return covey_error_set(error, -EINVAL, "there is no such change");
}

/* After a failure, a transaction may still be open. End it. */
static int abandon(struct sqlite_store *store, int status)
{
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return status;
}

static int make_all(struct sqlite_store *store, const struct store_change *changes, size_t count,
		    struct covey_error *error)
{
	int status = sqlite_execute(store, "BEGIN", "writing", error);

	/* make() ends the transaction when it fails. After that nothing more may be changed,
	 * because it would be a transaction of its own. */
	for (size_t i = 0; i < count && status == 0; i++)
		status = make(store, &changes[i], error);
	if (status == 0)
		status = sqlite_execute(store, "COMMIT", "writing", error);
	return status < 0 ? abandon(store, status) : 0;
}

/* It is on disk, or refused, before this returns. */
static void commit(struct store *base, const struct store_change *changes, size_t count,
		   struct store_request *request)
{
	struct sqlite_store *store = sqlite_of(base);
	struct covey_error error = {.text = ""};
	int status;

	for (size_t i = 0; i < count; i++)
		if (changes[i].kind == STORE_RAISE_SPI)
			drop_reserved(base, changes[i].spi);
	status =
		count == 1 ? make(store, changes, &error) : make_all(store, changes, count, &error);
	for (size_t i = 0; i < count && status == 0; i++)
		if (changes[i].kind == STORE_RAISE_SPI)
			raise_next(base, changes[i].spi);
	store_end(request, status, &error);
}

/* --- the rest ------------------------------------------------------------------------------ */

/* The connection holds the lock, so nobody else changes the file; and no transaction is open
 * between two calls. */
static int copy(struct store *base, size_t max, unsigned char **ret_bytes, size_t *ret_len,
		struct covey_error *error)
{
	struct sqlite_store *store = sqlite_of(base);
	sqlite3_int64 len = 0;
	unsigned char *bytes;

	/* For a file this says how long it would be, and copies nothing. */
	sqlite3_serialize(store->db, "main", &len, SQLITE_SERIALIZE_NOCOPY);
	if (len > (sqlite3_int64)max)
		return covey_error_set(error, -EFBIG,
				       "the state file has %lld bytes, more than a backup may have "
				       "(%zu): stop covey-gkm, copy %s, and start it again",
				       len, max, store->path);
	bytes = sqlite3_serialize(store->db, "main", &len, 0);
	if (!bytes)
		return sqlite_explain(store, SQLITE_NOMEM, "copying", error);
	*ret_bytes = malloc((size_t)len);
	*ret_len = (size_t)len;
	if (*ret_bytes)
		memcpy(*ret_bytes, bytes, (size_t)len);
	sqlite3_free(bytes);
	return *ret_bytes ? 0 : covey_error_set(error, -ENOMEM, "out of memory");
}

static void close_file(struct store *base)
{
	struct sqlite_store *store = sqlite_of(base);

	for (size_t i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(store->statements[i]);
	sqlite3_close(store->db);
	free(store->path);
	free(store);
}

const struct store_ops sqlite_ops = {
	.close = close_file,
	.each_binding = each_binding,
	.each_former = each_former,
	.read_lifetime = read_lifetime,
	.each_eviction = each_eviction,
	.read_mode = read_mode,
	.commit = commit,
	.take_spi = take_spi,
	.copy = copy,
};
