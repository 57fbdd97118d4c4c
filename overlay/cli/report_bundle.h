/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The files of a support bundle, in memory until all are there: so an archive is whole, or not
 * there. Nothing comes in but through report_redact_text(), which takes private keys out.
 */

#include <covey/error.h>
#include <stddef.h>

/* Bytes. Longer files are cut, and say so; what comes when all is full is left out. */
#define BUNDLE_FILE_MAX  (4u << 20)
#define BUNDLE_TOTAL_MAX (64u << 20)
#define BUNDLE_FILES_MAX 64

struct bundle;

/* name: of the folder that all files are in. NULL when there is no memory. */
struct bundle *bundle_new(const char *name);
void bundle_free(struct bundle *bundle);

/* Add text to the file of that name, which is made when it is not there. If there is no room or
 * memory, the text is left out, and bundle_left_out() is true. */
void bundle_add(struct bundle *bundle, const char *file, const char *text);
__attribute__((format(printf, 3, 4))) void bundle_addf(struct bundle *bundle, const char *file,
						       const char *format, ...);
int bundle_left_out(const struct bundle *bundle);

/* How many files there are, and the name of each. */
size_t bundle_count(const struct bundle *bundle);
const char *bundle_name(const struct bundle *bundle, size_t index);

/* Write all of it to fd, as tar.gz. Returns 0 or a negative errno with error. */
int bundle_write(const struct bundle *bundle, int fd, struct covey_error *error);
