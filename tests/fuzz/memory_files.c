/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory_files.h"
#include "must.h"
#include "pool.h"
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

/* --- allocations ------------------------------------------------------------------------------ */

static int round_up(int size)
{
	return (size + 7) & ~7;
}

static void *take(int size)
{
	return pool_take((size_t)size);
}

static void *take_anew(void *memory, int size)
{
	return pool_take_anew(memory, (size_t)size);
}

static int size_of(void *memory)
{
	return (int)pool_size_of(memory);
}

static int start(void *arg)
{
	return SQLITE_OK;
}

static void stop(void *arg)
{
}

/* --- files ------------------------------------------------------------------------------------ */

#define FILE_BYTES_MAX (8u << 20)

struct content {
	uint8_t *bytes;
	size_t size;
	bool exists;
};

struct open_file {
	sqlite3_file base;
	struct content *content;
	bool deleted_on_close;
};

enum { DATABASE, JOURNAL, WAL, TEMPORARY, CONTENTS };

static struct {
	struct content contents[CONTENTS];
	unsigned open;
} disk;

static int close_file(sqlite3_file *base)
{
	struct open_file *file = (struct open_file *)base;

	if (file->deleted_on_close)
		file->content->exists = false;
	disk.open--;
	return SQLITE_OK;
}

static int read_file(sqlite3_file *base, void *to, int len, sqlite3_int64 at)
{
	const struct content *content = ((struct open_file *)base)->content;
	size_t left = (size_t)at < content->size ? content->size - (size_t)at : 0;
	size_t some = left < (size_t)len ? left : (size_t)len;

	if (some)
		memcpy(to, content->bytes + at, some);
	memset((uint8_t *)to + some, 0, (size_t)len - some);
	return some == (size_t)len ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int write_file(sqlite3_file *base, const void *from, int len, sqlite3_int64 at)
{
	struct content *content = ((struct open_file *)base)->content;
	size_t end = (size_t)at + (size_t)len;

	if (at < 0 || end > FILE_BYTES_MAX)
		return SQLITE_FULL;
	if ((size_t)at > content->size)
		memset(content->bytes + content->size, 0, (size_t)at - content->size);
	memcpy(content->bytes + at, from, (size_t)len);
	content->size = end > content->size ? end : content->size;
	return SQLITE_OK;
}

static int truncate_file(sqlite3_file *base, sqlite3_int64 size)
{
	struct content *content = ((struct open_file *)base)->content;

	content->size = (size_t)size < content->size ? (size_t)size : content->size;
	return SQLITE_OK;
}

static int sync_file(sqlite3_file *base, int flags)
{
	return SQLITE_OK;
}

static int size_file(sqlite3_file *base, sqlite3_int64 *ret_size)
{
	*ret_size = (sqlite3_int64)((struct open_file *)base)->content->size;
	return SQLITE_OK;
}

static int lock(sqlite3_file *base, int level)
{
	return SQLITE_OK;
}

static int is_reserved(sqlite3_file *base, int *ret_is)
{
	*ret_is = 0;
	return SQLITE_OK;
}

static int control(sqlite3_file *base, int what, void *arg)
{
	return SQLITE_NOTFOUND;
}

static int sector_size(sqlite3_file *base)
{
	return 512;
}

static int characteristics(sqlite3_file *base)
{
	return 0;
}

static bool ends_with(const char *name, const char *tail)
{
	size_t len = strlen(name), tail_len = strlen(tail);

	return len >= tail_len && strcmp(name + len - tail_len, tail) == 0;
}

static struct content *content_of(const char *name)
{
	return &disk.contents[!name                         ? TEMPORARY
			      : ends_with(name, "-journal") ? JOURNAL
			      : ends_with(name, "-wal")     ? WAL
							    : DATABASE];
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags,
		     int *ret_flags)
{
	static const sqlite3_io_methods methods = {
		.iVersion = 1,
		.xClose = close_file,
		.xRead = read_file,
		.xWrite = write_file,
		.xTruncate = truncate_file,
		.xSync = sync_file,
		.xFileSize = size_file,
		.xLock = lock,
		.xUnlock = lock,
		.xCheckReservedLock = is_reserved,
		.xFileControl = control,
		.xSectorSize = sector_size,
		.xDeviceCharacteristics = characteristics,
	};
	struct open_file *file = (struct open_file *)base;

	*file = (struct open_file){.content = content_of(name)};
	must(name || !file->content->exists); /* one at a time has been enough */
	if (!file->content->exists && !(flags & SQLITE_OPEN_CREATE))
		return SQLITE_CANTOPEN;
	if (!file->content->exists)
		file->content->size = 0;
	file->content->exists = true;
	file->deleted_on_close = flags & SQLITE_OPEN_DELETEONCLOSE;
	file->base.pMethods = &methods;
	if (ret_flags)
		*ret_flags = flags;
	disk.open++;
	return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int sync)
{
	struct content *content = content_of(name);

	if (!content->exists)
		return SQLITE_IOERR_DELETE_NOENT;
	content->exists = false;
	return SQLITE_OK;
}

static int access_file(sqlite3_vfs *vfs, const char *name, int flags, int *ret_may)
{
	*ret_may = content_of(name)->exists;
	return SQLITE_OK;
}

static int full_path(sqlite3_vfs *vfs, const char *name, int size, char *ret_path)
{
	snprintf(ret_path, (size_t)size, "%s", name);
	return SQLITE_OK;
}

static int randomness(sqlite3_vfs *vfs, int len, char *ret_bytes)
{
	memset(ret_bytes, 7, (size_t)len);
	return len;
}

static int sleep_us(sqlite3_vfs *vfs, int us)
{
	return us;
}

static int now(sqlite3_vfs *vfs, double *ret_days)
{
	*ret_days = 2460000.5;
	return SQLITE_OK;
}

/* --- both ------------------------------------------------------------------------------------- */

void memory_files_start(void)
{
	static const sqlite3_mem_methods memory = {take,     pool_give_back, take_anew, size_of,
						   round_up, start,          stop,      NULL};
	static sqlite3_vfs files = {
		.iVersion = 1,
		.szOsFile = sizeof(struct open_file),
		.mxPathname = 512,
		.zName = "memory",
		.xOpen = open_file,
		.xDelete = delete_file,
		.xAccess = access_file,
		.xFullPathname = full_path,
		.xRandomness = randomness,
		.xSleep = sleep_us,
		.xCurrentTime = now,
	};

	for (unsigned i = 0; i < CONTENTS; i++) {
		disk.contents[i].bytes = malloc(FILE_BYTES_MAX);
		must(disk.contents[i].bytes);
	}
	must(sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) == SQLITE_OK);
	must(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK);
	must(sqlite3_config(SQLITE_CONFIG_MALLOC, &memory) == SQLITE_OK);
	must(sqlite3_initialize() == SQLITE_OK);
	must(sqlite3_vfs_register(&files, 1) == SQLITE_OK);
	pool_keep();
}

void memory_files_put(const uint8_t *data, size_t size)
{
	struct content *database = &disk.contents[DATABASE];

	must(size <= FILE_BYTES_MAX);
	if (size)
		memcpy(database->bytes, data, size);
	database->size = size;
	for (unsigned i = 0; i < CONTENTS; i++)
		disk.contents[i].exists = i == DATABASE;
}

void memory_files_check(void)
{
	pool_check();
	must(disk.open == 0);
}
