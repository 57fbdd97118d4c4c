/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "loop.h"
#include "pki.h"
#include "shell.h"

#define DAY 86400L

char pki[PATH_MAX];

const char *pki_file(const char *name)
{
	static char bufs[4][2 * PATH_MAX];
	static unsigned next;
	char *buf = bufs[next++ % 4];

	snprintf(buf, sizeof(bufs[0]), "%s/%s", pki, name);
	return buf;
}

static void issue(const char *fabric, const char *name, long not_before_s, long not_after_s)
{
	enum identity_role role = strcmp(name, "gkm") == 0 ? IDENTITY_GKM : IDENTITY_HOST;
	struct covey_error error;

	if (pki_issue(pki, role, fabric, name, 0, not_before_s, not_after_s, false, &error) < 0)
		fail_msg("%s", error.text);
}

/*
 * A certificate that our own CA would not make: key of this algorithm, issued by ISSUER.crt and
 * .key, with these lines as its extensions.
 */
static void foreign_for(int days, const char *name, const char *algorithm, const char *issuer,
			const char *extensions)
{
	if (!shell("cd '%s' && umask 077 && printf '%s' > ext && "
		   "openssl req -new -newkey %s -nodes -keyout %s.key -subj /CN=%s -out csr && "
		   "openssl x509 -req -in csr -CA %s.crt -CAkey %s.key -days %d -extfile ext "
		   "-out %s.crt",
		   pki, extensions, algorithm, name, name, issuer, issuer, days, name))
		fail_msg("cannot make %s", name);
}

static void foreign(const char *name, const char *algorithm, const char *issuer,
		    const char *extensions)
{
	foreign_for(30, name, algorithm, issuer, extensions);
}

static void other_ca(const char *name, const char *algorithm)
{
	if (!shell("cd '%s' && umask 077 && openssl req -x509 -newkey %s -nodes -keyout %s.key "
		   "-out %s.crt -subj /CN=%s -days 30",
		   pki, algorithm, name, name, name))
		fail_msg("cannot make %s", name);
}

#define P256     "ec -pkeyopt ec_paramgen_curve:P-256"
#define BOTH_EKU "extendedKeyUsage=serverAuth,clientAuth\\n"
#define HOST_SAN "subjectAltName=URI:spiffe://lab/host/hv1\\n"
#define GKM_SAN  "subjectAltName=URI:spiffe://lab/gkm\\n"

/* Other kinds of keys, and an issuer between CA and host. */
static void other_issuers(void)
{
	other_ca("rsa-ca", "rsa:2048");
	foreign("rsa-gkm", "rsa:2048", "rsa-ca", GKM_SAN BOTH_EKU);
	foreign("rsa-host", "rsa:2048", "rsa-ca", HOST_SAN BOTH_EKU);
	other_ca("ed-ca", "ed25519");
	foreign("ed-gkm", "ed25519", "ed-ca", GKM_SAN BOTH_EKU);
	foreign("ed-host", "ed25519", "ed-ca", HOST_SAN BOTH_EKU);
	foreign("plain-host", "ed25519", "ed-ca", HOST_SAN);
	foreign("sub-ca", P256, "ed-ca",
		"basicConstraints=critical,CA:TRUE\\nkeyUsage=keyCertSign\\n");
	foreign("chained-host", P256, "sub-ca", HOST_SAN BOTH_EKU);
	foreign("chained-gkm", P256, "sub-ca", GKM_SAN BOTH_EKU);
	assert_true(
		shell("cd '%s' && cat sub-ca.crt >> chained-host.crt && "
		      "cat sub-ca.crt >> chained-gkm.crt && cat rsa-ca.crt ed-ca.crt > all-ca.crt",
		      pki));
}

#define CA_EXTENSIONS "basicConstraints=critical,CA:TRUE\\nkeyUsage=keyCertSign\\n"

/* The same with issuers between, good and bad; the CA of ours allows none. */
static void other_chains(void)
{
	other_ca("root-ca", P256);
	foreign("top-ca", P256, "root-ca", CA_EXTENSIONS);
	foreign("low-ca", P256, "top-ca", CA_EXTENSIONS);
	foreign_for(-1, "stale-ca", P256, "root-ca", CA_EXTENSIONS);
	foreign("chained", P256, "low-ca", HOST_SAN BOTH_EKU);
	foreign("stale", P256, "stale-ca", HOST_SAN BOTH_EKU);
	assert_true(shell("cd '%s' && mkdir parts && cp chained.crt parts && "
			  "cp parts/chained.crt gap.crt && "
			  "cat parts/chained.crt low-ca.crt top-ca.crt > chained.crt && "
			  "cat parts/chained.crt top-ca.crt low-ca.crt > disorder.crt && "
			  "cat low-ca.crt parts/chained.crt top-ca.crt > sub-first.crt && "
			  "cat stale-ca.crt >> stale.crt && cat root-ca.crt >> ca.crt",
			  pki));
}

int pki_setup(void **state)
{
	struct covey_error error;

	directory_make(pki);
	if (pki_init(pki, "lab", 30, &error) < 0)
		fail_msg("%s", error.text);
	issue("lab", "gkm", -60, DAY);
	issue("lab", "hv1", -60, DAY);
	issue("lab", "expired", -2 * DAY, -DAY);
	issue("lab", "early", DAY, 2 * DAY);
	issue("other", "hv9", -60, DAY);
	foreign("host-both", P256, "ca", HOST_SAN BOTH_EKU);
	foreign("gkm-both", P256, "ca", GKM_SAN BOTH_EKU);
	foreign("no-san", P256, "ca", BOTH_EKU);
	foreign("two-san", P256, "ca",
		"subjectAltName=URI:spiffe://lab/host/hv1,URI:spiffe://lab/host/hv2\\n" BOTH_EKU);
	foreign("bad-sender", P256, "ca", HOST_SAN BOTH_EKU SENDER_ID_OID "=DER:02:01:00\\n");
	foreign("sender-77", P256, "ca", HOST_SAN BOTH_EKU SENDER_ID_OID "=DER:02:01:4d\\n");
	other_ca("ca2", P256);
	foreign("other-ca", P256, "ca2", HOST_SAN BOTH_EKU);
	foreign("other-gkm", P256, "ca2", GKM_SAN BOTH_EKU);
	foreign_for(-1, "expired-gkm", P256, "ca", GKM_SAN BOTH_EKU);
	foreign("server-host", P256, "ca", HOST_SAN "extendedKeyUsage=serverAuth\\n");
	other_issuers();
	other_chains();
	assert_true(
		shell(": > '%s' && chmod 600 '%s'", pki_file("empty.key"), pki_file("empty.key")));
	return 0;
}

int pki_teardown(void **state)
{
	directory_remove(pki);
	return 0;
}

struct tls *tls_load(enum tls_role role, const char *stem)
{
	char certificate[64], key[64];
	struct covey_error error;
	struct tls *tls = NULL;

	snprintf(certificate, sizeof(certificate), "%s.crt", stem);
	snprintf(key, sizeof(key), "%s.key", stem);
	if (tls_new(role, "lab", pki_file("ca.crt"), pki_file(certificate), pki_file(key), &tls,
		    &error) < 0)
		fail_msg("%s", error.text);
	return tls;
}
