/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A store in one SQLite file.
 */

#include "store.h"

/*
 * Open the file. If there is none, make it (mode 0600); its directory must exist. Checks the whole
 * file. Close it with store_close().
 */
int sqlite_store_open(const char *path, struct store **ret_store, struct covey_error *error);
