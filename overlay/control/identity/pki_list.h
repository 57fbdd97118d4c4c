/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a certificate authority of pki.h has issued.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <time.h>

struct pki_listed {
	const char *name;   /* a host's, "gkm" or "ca" */
	const char *serial; /* hexadecimal */
	time_t ends;
	bool current; /* it is the one in NAME.crt */
	bool revoked; /* it is on crl.pem */
};

/*
 * Call each() with the CA's certificate, and then with all that it has issued, in that order. 0 or
 * a negative errno. A crl.pem that cannot be read is an error: nothing would be said of what is
 * revoked.
 */
int pki_list(const char *directory, void (*each)(const struct pki_listed *listed, void *arg),
	     void *arg, struct covey_error *error);
