/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report_redact.h"

struct bundle_file {
	char name[64];
	char *text;
	size_t len;
	bool cut;
};

struct bundle {
	char name[128];
	struct bundle_file files[BUNDLE_FILES_MAX];
	size_t count;
	size_t total; /* bytes */
	bool left_out;
};

struct bundle *bundle_new(const char *name)
{
	struct bundle *bundle = calloc(1, sizeof(*bundle));

	if (bundle)
		snprintf(bundle->name, sizeof(bundle->name), "%s", name);
	return bundle;
}

void bundle_free(struct bundle *bundle)
{
	if (!bundle)
		return;
	for (size_t i = 0; i < bundle->count; i++)
		free(bundle->files[i].text);
	free(bundle);
}

static struct bundle_file *file_of(struct bundle *bundle, const char *name)
{
	struct bundle_file *file;

	for (size_t i = 0; i < bundle->count; i++)
		if (strcmp(bundle->files[i].name, name) == 0)
			return &bundle->files[i];
	if (bundle->count == BUNDLE_FILES_MAX)
		return NULL;
	file = &bundle->files[bundle->count++];
	snprintf(file->name, sizeof(file->name), "%s", name);
	return file;
}

static bool append(struct bundle *bundle, struct bundle_file *file, const char *text, size_t len)
{
	char *grown;

	if (len > BUNDLE_TOTAL_MAX - bundle->total)
		return false;
	grown = realloc(file->text, file->len + len + 1);
	if (!grown)
		return false;
	memcpy(grown + file->len, text, len);
	grown[file->len + len] = '\0';
	file->text = grown;
	file->len += len;
	bundle->total += len;
	return true;
}

void bundle_add(struct bundle *bundle, const char *name, const char *text)
{
	static const char cut[] = "\n[cut here: this file is as long as a report's may be]\n";
	struct bundle_file *file = file_of(bundle, name);
	char *clean = file && !file->cut ? report_redact_text(text) : NULL;
	size_t len, room;

	if (file && file->cut)
		return;
	if (!clean) {
		bundle->left_out = true;
		return;
	}
	len = strlen(clean);
	room = BUNDLE_FILE_MAX - file->len;
	file->cut = len > room;
	if (!append(bundle, file, clean, file->cut ? room : len) ||
	    (file->cut && !append(bundle, file, cut, strlen(cut))))
		bundle->left_out = true;
	free(clean);
}

void bundle_addf(struct bundle *bundle, const char *file, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0) {
		bundle->left_out = true;
		return;
	}
	bundle_add(bundle, file, text);
	free(text);
}

int bundle_left_out(const struct bundle *bundle)
{
	return bundle->left_out;
}

size_t bundle_count(const struct bundle *bundle)
{
	return bundle->count;
}

const char *bundle_name(const struct bundle *bundle, size_t index)
{
	return bundle->files[index].name;
}

/* --- the archive ----------------------------------------------------------------------------- */

static int fail(struct archive *archive, struct covey_error *error)
{
	const char *text = archive_error_string(archive);
	int code = archive_errno(archive);

	if (code > 0)
		return covey_error_set(error, -code, "cannot write it: %s", strerror(code));
	return covey_error_set(error, -EIO, "cannot write it: %s", text ? text : "no memory");
}

static int write_file(struct archive *archive, const struct bundle *bundle,
		      const struct bundle_file *file, struct covey_error *error)
{
	struct archive_entry *entry = archive_entry_new();
	char path[256];
	int status = 0;

	if (!entry)
		return covey_error_set(error, -ENOMEM, "no memory");
	snprintf(path, sizeof(path), "%s/%s", bundle->name, file->name);
	archive_entry_set_pathname(entry, path);
	archive_entry_set_size(entry, (la_int64_t)file->len);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0600);
	archive_entry_set_mtime(entry, time(NULL), 0);
	if (archive_write_header(archive, entry) != ARCHIVE_OK ||
	    (file->len &&
	     archive_write_data(archive, file->text, file->len) != (la_ssize_t)file->len))
		status = fail(archive, error);
	archive_entry_free(entry);
	return status;
}

int bundle_write(const struct bundle *bundle, int fd, struct covey_error *error)
{
	struct archive *archive = archive_write_new();
	int status = 0;

	if (!archive)
		return covey_error_set(error, -ENOMEM, "no memory");
	if (archive_write_add_filter_gzip(archive) != ARCHIVE_OK ||
	    archive_write_set_format_ustar(archive) != ARCHIVE_OK ||
	    archive_write_open_fd(archive, fd) != ARCHIVE_OK)
		status = fail(archive, error);
	for (size_t i = 0; i < bundle->count && status == 0; i++)
		status = write_file(archive, bundle, &bundle->files[i], error);
	if (status == 0 && archive_write_close(archive) != ARCHIVE_OK)
		status = fail(archive, error);
	archive_write_free(archive);
	return status;
}
