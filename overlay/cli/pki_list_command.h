/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* covey pki list */

#include "inventory.h"
#include "pki_arguments.h"

/* Prints the certificates that there are, and which hosts have none. Returns an exit status. */
int pki_list_command(const struct pki_arguments *arguments, const struct inventory *inventory);
