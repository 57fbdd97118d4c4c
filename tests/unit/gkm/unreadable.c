/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Preloaded into covey-gkm it makes evictions in the state file unreadable, while there is a file
 * whose path is in UNREADABLE.
 */

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SQLITE_IOERR 10
#define SQLITE_DONE  101

struct sqlite3_stmt;
int sqlite3_step(struct sqlite3_stmt *statement);
int sqlite3_reset(struct sqlite3_stmt *statement);

static bool is_unreadable(struct sqlite3_stmt *statement)
{
	const char *(*text)(struct sqlite3_stmt *);
	const char *path = getenv("UNREADABLE");

	*(void **)&text = dlsym(RTLD_NEXT, "sqlite3_sql");
	return path && access(path, F_OK) == 0 && strstr(text(statement), "FROM eviction");
}

static int call(const char *name, struct sqlite3_stmt *statement)
{
	int (*function)(struct sqlite3_stmt *);

	*(void **)&function = dlsym(RTLD_NEXT, name);
	return function(statement);
}

int sqlite3_step(struct sqlite3_stmt *statement)
{
	return is_unreadable(statement) ? SQLITE_DONE : call("sqlite3_step", statement);
}

int sqlite3_reset(struct sqlite3_stmt *statement)
{
	int code = call("sqlite3_reset", statement);

	return is_unreadable(statement) ? SQLITE_IOERR : code;
}
