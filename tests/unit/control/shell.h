/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What tests of certificates share: a directory of their own, and the openssl command. */

#include <limits.h>
#include <stdbool.h>

/* Make an empty directory, its path into buf (PATH_MAX bytes); remove it with all in it. */
void directory_make(char *buf);
void directory_remove(const char *path);

/* Run a shell command in silence; true when it succeeds. */
__attribute__((format(printf, 1, 2))) bool shell(const char *format, ...);
