/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* covey pki renew */

#include "inventory.h"
#include "pki_arguments.h"
#include "pki_report.h"

/* Issues certificates in place of those that end soon or that another CA issued, and reports each.
 */
void pki_renew_command(const struct pki_arguments *arguments, const struct inventory *inventory,
		       struct pki_report *report);
