/* SPDX-License-Identifier: BSD-3-Clause */
#include "faulty_disk.h"

#include <signal.h>
#include <sqlite3.h>

/* SQLite gives szOsFile bytes: the system's own part follows ours. */
struct file {
	sqlite3_file base;
	sqlite3_file *real;
};

static struct {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	enum disk_fault fault;
	size_t at;
	size_t count;
	bool lasting;
} disk;

static sqlite3_file *real_of(sqlite3_file *file)
{
	return ((struct file *)file)->real;
}

static bool is_now(void)
{
	disk.count++;
	return disk.fault != DISK_SOUND &&
	       (disk.count == disk.at || (disk.lasting && disk.count > disk.at));
}

/* An access that needs room or not; error: SQLite's code for its failure. */
static int go_wrong(bool needs_room, int error)
{
	if (!is_now())
		return SQLITE_OK;
	if (disk.fault == DISK_KILLS)
		raise(SIGKILL);
	if (disk.fault == DISK_FULL)
		return needs_room ? SQLITE_FULL : SQLITE_OK;
	return error;
}

/* --- files --------------------------------------------------------------------------------- */

static int do_close(sqlite3_file *file)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods ? real->pMethods->xClose(real) : SQLITE_OK;
}

static int do_read(sqlite3_file *file, void *data, int len, sqlite3_int64 offset)
{
	int code = go_wrong(false, SQLITE_IOERR_READ);

	return code ? code : real_of(file)->pMethods->xRead(real_of(file), data, len, offset);
}

static int do_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 offset)
{
	sqlite3_file *real = real_of(file);
	int code;

	if (disk.fault == DISK_KILLS && disk.count + 1 == disk.at)
		real->pMethods->xWrite(real, data, len / 2, offset);
	code = go_wrong(true, SQLITE_IOERR_WRITE);
	return code ? code : real->pMethods->xWrite(real, data, len, offset);
}

static int do_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int code = go_wrong(false, SQLITE_IOERR_TRUNCATE);

	return code ? code : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

/* No power fails here: what was written is there for the next process without a sync. */
static int do_sync(sqlite3_file *file, int flags)
{
	return go_wrong(true, SQLITE_IOERR_FSYNC);
}

static int do_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	int code = go_wrong(false, SQLITE_IOERR_FSTAT);

	return code ? code : real_of(file)->pMethods->xFileSize(real_of(file), ret_size);
}

static int do_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int do_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int do_check_lock(sqlite3_file *file, int *ret_locked)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret_locked);
}

static int do_control(sqlite3_file *file, int what, void *arg)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), what, arg);
}

static int do_sector_size(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int do_characteristics(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = do_close,
	.xRead = do_read,
	.xWrite = do_write,
	.xTruncate = do_truncate,
	.xSync = do_sync,
	.xFileSize = do_size,
	.xLock = do_lock,
	.xUnlock = do_unlock,
	.xCheckReservedLock = do_check_lock,
	.xFileControl = do_control,
	.xSectorSize = do_sector_size,
	.xDeviceCharacteristics = do_characteristics,
};

/* --- the disk ------------------------------------------------------------------------------ */

static int do_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
		   int *ret_flags)
{
	struct file *ours = (struct file *)file;
	int code = go_wrong(false, SQLITE_CANTOPEN);

	ours->base.pMethods = NULL; /* then SQLite does not close it */
	if (code)
		return code;
	ours->real = (sqlite3_file *)(ours + 1);
	code = disk.real->xOpen(disk.real, name, ours->real, flags, ret_flags);
	if (code == SQLITE_OK)
		ours->base.pMethods = &methods;
	return code;
}

static int do_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	int code = go_wrong(false, SQLITE_IOERR_DELETE);

	return code ? code : disk.real->xDelete(disk.real, name, 0);
}

int faulty_disk_use(void)
{
	if (disk.real)
		return 0;
	disk.real = sqlite3_vfs_find(NULL);
	if (!disk.real)
		return -1;
	disk.vfs = *disk.real;
	disk.vfs.zName = "faulty";
	disk.vfs.pNext = NULL;
	disk.vfs.szOsFile = (int)sizeof(struct file) + disk.real->szOsFile;
	disk.vfs.xOpen = do_open;
	disk.vfs.xDelete = do_delete;
	return sqlite3_vfs_register(&disk.vfs, 1) == SQLITE_OK ? 0 : -1;
}

void faulty_disk_arm(enum disk_fault fault, size_t access, bool lasting)
{
	disk.fault = fault;
	disk.at = access;
	disk.lasting = lasting;
	disk.count = 0;
}

size_t faulty_disk_accesses(void)
{
	return disk.count;
}
