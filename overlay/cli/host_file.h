/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A file that is read, and replaced by another text in one step, with its mode and owner. Meanwhile
 * nobody else who uses this replaces it.
 */

#include <covey/error.h>
#include <sys/stat.h>

struct host_file {
	char *path; /* links followed */
	char *text;
	size_t len;
	int fd;
	struct stat stat;
};

/* Read it. Returns 0 or a negative errno. */
int host_file_open(const char *path, struct host_file *ret_file, struct covey_error *error);
void host_file_close(struct host_file *file);

/* -ESTALE when another program has changed it since; it stays as it is after any failure. */
int host_file_replace(const struct host_file *file, const char *text, size_t len,
		      struct covey_error *error);
