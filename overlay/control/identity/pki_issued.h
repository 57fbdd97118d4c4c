/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which serial numbers each name got. DIRECTORY/issued has a line for each certificate. So a
 * certificate can be revoked even if its file was replaced long ago.
 */

#include <covey/error.h>
#include <openssl/x509.h>

/* Append "SERIAL NAME END". When this returns 0, the line is on disk: no certificate is given out
 * without its line. */
int issued_append(const char *directory, const char *name, const X509 *certificate,
		  struct covey_error *error);

/* Call each() with every line. Stops at the first negative value that it returns, and returns it.
 */
int issued_list(const char *directory,
		int (*each)(const char *serial, const char *name, const char *end, void *arg),
		void *arg, struct covey_error *error);

/*
 * Call each() with the serial number, in hexadecimal, of every certificate of the name. Stops at
 * the first negative value that it returns, and returns it. If there is no file, there are no
 * certificates.
 */
int issued_each(const char *directory, const char *name, int (*each)(const char *serial, void *arg),
		void *arg, struct covey_error *error);
