/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which serial numbers went to whom: DIRECTORY/issued, a line per certificate, so that one whose
 * file was replaced long ago can be revoked.
 */

#include <covey/error.h>
#include <openssl/x509.h>

/* "SERIAL NAME END", on disk when this returns 0: no certificate leaves without its line. */
int issued_append(const char *directory, const char *name, const X509 *certificate,
		  struct covey_error *error);

/*
 * Call each() with the serial number of every certificate of the name, in hexadecimal. Stops at
 * the first negative value that it returns, and returns it. No file: none.
 */
int issued_each(const char *directory, const char *name, int (*each)(const char *serial, void *arg),
		void *arg, struct covey_error *error);
