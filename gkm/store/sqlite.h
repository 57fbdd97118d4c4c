/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A store in one SQLite file.
 */

#include "store.h"

/*
 * Open the file, or make it (mode 0600) when there is none. Its directory must exist. Checks all
 * of it. store_close() closes it.
 */
int sqlite_store_open(const char *path, struct store **ret_store, struct covey_error *error);
