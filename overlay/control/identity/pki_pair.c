/* SPDX-License-Identifier: BSD-3-Clause */
#include "pki_pair.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const suffixes[] = {"key", "crt"};

/* All names are relative to the directory. A host's name has at most 63 bytes. */
struct pair {
	int fd; /* of the directory */
	const char *stem;
	char current[NAME_MAX + 1]; /* the link that both names go through */
	char old[NAME_MAX + 1];
	char new[NAME_MAX + 1];
	char draft[NAME_MAX + 1]; /* a name's replacement, before it gets that name */
};

static int pair_open(const char *directory, const char *stem, struct pair *pair)
{
	int len = snprintf(pair->draft, sizeof(pair->draft), ".%s+draft", stem);

	if (len < 0 || (size_t)len >= sizeof(pair->draft))
		return -ENAMETOOLONG;
	snprintf(pair->current, sizeof(pair->current), ".%s+", stem);
	snprintf(pair->old, sizeof(pair->old), ".%s+old", stem);
	snprintf(pair->new, sizeof(pair->new), ".%s+new", stem);
	pair->stem = stem;
	pair->fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return pair->fd < 0 ? -errno : 0;
}

/* Write a name such as "hv1.key". */
static const char *name_of(const struct pair *pair, const char *suffix, char *buf)
{
	snprintf(buf, PATH_MAX, "%s.%s", pair->stem, suffix);
	return buf;
}

static const char *inside(const char *directory, const char *suffix, char *buf)
{
	snprintf(buf, PATH_MAX, "%s/%s", directory, suffix);
	return buf;
}

/* Let the draft take this name in one step, whatever had it before. */
static int replace_by_draft(const struct pair *pair, const char *name)
{
	return renameat(pair->fd, pair->draft, pair->fd, name) < 0 ? -errno : 0;
}

static int replace_by_link(const struct pair *pair, const char *target, const char *name)
{
	unlinkat(pair->fd, pair->draft, 0);
	if (symlinkat(target, pair->fd, pair->draft) < 0)
		return -errno;
	return replace_by_draft(pair, name);
}

static int sync_names(const struct pair *pair)
{
	return fsync(pair->fd) < 0 ? -errno : 0;
}

/* --- files again --------------------------------------------------------------------------- */

static bool leads_through(const struct pair *pair, const char *suffix)
{
	char name[PATH_MAX], ours[PATH_MAX], target[PATH_MAX];
	ssize_t len = readlinkat(pair->fd, name_of(pair, suffix, name), target, sizeof(target));

	inside(pair->current, suffix, ours);
	return len == (ssize_t)strlen(ours) && memcmp(target, ours, (size_t)len) == 0;
}

/* Make again the link that keep_link() has copied, now from one directory higher. */
static int draft_link(const struct pair *pair, const char *kept)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(pair->fd, kept, target, sizeof(target) - 1);
	const char *higher;

	if (len < 0)
		return -errno;
	target[len] = '\0';
	higher = target[0] == '/' ? target : target + strlen("../");
	return symlinkat(higher, pair->fd, pair->draft) < 0 ? -errno : 0;
}

static int draft_same(const struct pair *pair, const char *suffix)
{
	char real[PATH_MAX];
	struct stat st;

	unlinkat(pair->fd, pair->draft, 0);
	inside(pair->current, suffix, real);
	if (fstatat(pair->fd, real, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return draft_link(pair, real);
	return linkat(pair->fd, real, pair->fd, pair->draft, 0) < 0 ? -errno : 0;
}

/* Make a file of the link. The name leads to the same file as before, or is removed if it led to
 * none. */
static int make_file(const struct pair *pair, const char *suffix)
{
	char name[PATH_MAX];
	int status = draft_same(pair, suffix);

	name_of(pair, suffix, name);
	if (status == -ENOENT)
		return unlinkat(pair->fd, name, 0) < 0 ? -errno : 0;
	return status < 0 ? status : replace_by_draft(pair, name);
}

static void remove_part(const struct pair *pair, const char *directory)
{
	char file[PATH_MAX];

	for (size_t i = 0; i < 2; i++)
		unlinkat(pair->fd, inside(directory, suffixes[i], file), 0);
	unlinkat(pair->fd, directory, AT_REMOVEDIR);
}

/* Nothing is removed before both names are files that are on disk. */
static int settle(const struct pair *pair)
{
	int status = 0;

	for (size_t i = 0; i < 2 && status == 0; i++)
		if (leads_through(pair, suffixes[i]))
			status = make_file(pair, suffixes[i]);
	if (status == 0)
		status = sync_names(pair);
	if (status < 0)
		return status;
	unlinkat(pair->fd, pair->draft, 0);
	unlinkat(pair->fd, pair->current, 0);
	remove_part(pair, pair->old);
	remove_part(pair, pair->new);
	return 0;
}

/* Finds names like ".hv1.key.XXXXXX". Such a file, complete or not, never got its name. */
static bool is_left_over(const char *name, const char *stem)
{
	static const char random[] = ".XXXXXX";
	size_t len = strlen(stem);

	if (name[0] != '.' || strncmp(name + 1, stem, len) != 0)
		return false;
	name += 1 + len;
	if (strncmp(name, ".key", 4) != 0 && strncmp(name, ".crt", 4) != 0)
		return false;
	return name[4] == '.' && strlen(name + 4) == strlen(random);
}

static void remove_left_over(const char *directory, const struct pair *pair)
{
	DIR *stream = opendir(directory);
	const struct dirent *entry;

	while (stream && (entry = readdir(stream)))
		if (is_left_over(entry->d_name, pair->stem))
			unlinkat(pair->fd, entry->d_name, 0);
	if (stream)
		closedir(stream);
}

void pki_pair_settle(const char *directory, const char *stem)
{
	struct pair pair = {0};
	struct stat st;

	if (pair_open(directory, stem, &pair) < 0)
		return;
	if (fstatat(pair.fd, pair.current, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	    fstatat(pair.fd, pair.old, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	    fstatat(pair.fd, pair.new, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	    fstatat(pair.fd, pair.draft, &st, AT_SYMLINK_NOFOLLOW) == 0)
		settle(&pair);
	remove_left_over(directory, &pair);
	close(pair.fd);
}

/* --- replacing ----------------------------------------------------------------------------- */

/* If the operator's file is a link, it stays a link. Its target is adapted to a directory that is
 * one level deeper. */
static int keep_link(const struct pair *pair, const char *name, const char *kept)
{
	char target[PATH_MAX], deeper[PATH_MAX + 3];
	ssize_t len = readlinkat(pair->fd, name, target, sizeof(target) - 1);

	if (len < 0)
		return -errno;
	target[len] = '\0';
	snprintf(deeper, sizeof(deeper), "%s%s", target[0] == '/' ? "" : "../", target);
	return symlinkat(deeper, pair->fd, kept) < 0 ? -errno : 0;
}

/* Keep the old file under another name. If there is no old file, there is no other name. */
static int keep(const struct pair *pair, const char *suffix)
{
	char name[PATH_MAX], kept[PATH_MAX];
	struct stat st;

	name_of(pair, suffix, name);
	inside(pair->old, suffix, kept);
	if (fstatat(pair->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISLNK(st.st_mode))
		return keep_link(pair, name, kept);
	return linkat(pair->fd, name, pair->fd, kept, 0) < 0 ? -errno : 0;
}

static int take(const struct pair *pair, const char *path, const char *suffix)
{
	char taken[PATH_MAX];

	return renameat(AT_FDCWD, path, pair->fd, inside(pair->new, suffix, taken)) < 0 ? -errno
											: 0;
}

static int prepare(const struct pair *pair, const char *const paths[2])
{
	int status = 0;

	if (mkdirat(pair->fd, pair->old, 0755) < 0 || mkdirat(pair->fd, pair->new, 0755) < 0)
		return -errno;
	for (size_t i = 0; i < 2 && status == 0; i++) {
		status = keep(pair, suffixes[i]);
		if (status == 0)
			status = take(pair, paths[i], suffixes[i]);
	}
	return status;
}

/* After this, both names lead to the old files through links, as they did before without links. */
static int make_links(const struct pair *pair)
{
	char name[PATH_MAX], target[PATH_MAX];
	int status = symlinkat(pair->old, pair->fd, pair->current) < 0 ? -errno : 0;

	for (size_t i = 0; i < 2 && status == 0; i++)
		status = replace_by_link(pair, inside(pair->current, suffixes[i], target),
					 name_of(pair, suffixes[i], name));
	return status < 0 ? status : sync_names(pair);
}

/* After `current` is renamed, nothing can be undone, and nothing has to be. */
static int replace(const struct pair *pair, const char *const paths[2])
{
	int status = settle(pair);

	if (status == 0)
		status = prepare(pair, paths);
	if (status == 0)
		status = make_links(pair);
	if (status == 0)
		status = replace_by_link(pair, pair->new, pair->current);
	settle(pair);
	return status;
}

int pki_pair_replace(const char *directory, const char *stem, const char *key,
		     const char *certificate, struct covey_error *error)
{
	const char *const paths[2] = {key, certificate};
	struct pair pair = {0};
	int status = pair_open(directory, stem, &pair);

	if (status == 0) {
		status = replace(&pair, paths);
		close(pair.fd);
	}
	if (status < 0)
		covey_error_set(error, status,
				"cannot replace %s.key and %s.crt in %s (%s): the old ones are "
				"still there",
				stem, stem, directory, strerror(-status));
	return status;
}

/* --- locking ------------------------------------------------------------------------------- */

int pki_lock(const char *directory, struct covey_error *error)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int status;

	if (fd >= 0 && flock(fd, LOCK_EX) == 0)
		return fd;
	status = covey_error_set(error, -errno, "cannot use the directory %s: %s", directory,
				 strerror(errno));
	if (fd >= 0)
		close(fd);
	return status;
}
