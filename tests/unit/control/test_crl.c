/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Revocation lists: which are taken, which are not, and what is done with them. Lists are openssl's
 * or those of `covey pki`.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <covey/limits.h>
#include <errno.h>
#include <limits.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "crl.h"
#include "pki.h"
#include "shell.h"
#include "tls_private.h"

#define DAY 86400L

static char pki[PATH_MAX];
static struct tls *gkm;

/* --- making them --------------------------------------------------------------------------- */

static const char *file(const char *name)
{
	static char bufs[4][PATH_MAX + 64];
	static unsigned next;
	char *buf = bufs[next++ % 4];

	snprintf(buf, sizeof(bufs[0]), "%s/%s", pki, name);
	return buf;
}

static void issue(const char *name)
{
	enum identity_role role = strcmp(name, "gkm") == 0 ? IDENTITY_GKM : IDENTITY_HOST;
	struct covey_error error;

	if (pki_issue(pki, role, "lab", name, 0, -60, DAY, true, &error) < 0)
		fail_msg("%s", error.text);
}

static struct pki_revoked put_on_list(const char *name)
{
	struct pki_revoked revoked;
	struct covey_error error;

	if (pki_revoke(pki, "lab", name, NULL, 30, &revoked, &error) < 0)
		fail_msg("%s", error.text);
	return revoked;
}

/* openssl ca's configuration for a CA of these files, and its empty book. */
static void set_up_openssl(const char *name, const char *ca)
{
	assert_true(shell("cd '%s' && mkdir -p %s && : > %s/index.txt && echo 01 > %s/number && "
			  "printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=%s/index.txt\\n"
			  "crlnumber=%s/number\\ncertificate=%s.crt\\nprivate_key=%s.key\\n"
			  "default_md=sha256\\ncrl_extensions=x\\n[x]\\n"
			  "authorityKeyIdentifier=keyid\\n' > %s/cnf",
			  pki, name, name, name, name, name, ca, ca, name));
}

static void openssl_list(const char *name, const char *certificate, const char *options,
			 const char *out)
{
	if (certificate)
		assert_true(shell("cd '%s' && openssl ca -config %s/cnf -revoke %s.crt", pki, name,
				  certificate));
	assert_true(shell("cd '%s' && openssl ca -config %s/cnf -gencrl %s -out %s", pki, name,
			  options, out));
}

static void fresh_tls(void)
{
	struct covey_error error;

	tls_free(gkm);
	gkm = NULL;
	if (tls_new(TLS_GKM, "lab", file("ca.crt"), file("gkm.crt"), file("gkm.key"), &gkm,
		    &error) < 0)
		fail_msg("%s", error.text);
}

static int setup(void **state)
{
	struct covey_error error;

	directory_make(pki);
	if (pki_init(pki, "lab", 30, &error) < 0)
		fail_msg("%s", error.text);
	issue("gkm");
	issue("hv1");
	issue("hv2");
	fresh_tls();
	return 0;
}

static int teardown(void **state)
{
	tls_free(gkm);
	gkm = NULL;
	directory_remove(pki);
	return 0;
}

/* --- asking -------------------------------------------------------------------------------- */

static bool revokes(const char *certificate_name)
{
	FILE *stream = fopen(file(certificate_name), "r");
	X509 *certificate;
	struct certificate_id id;

	assert_non_null(stream);
	certificate = PEM_read_X509(stream, NULL, NULL, NULL);
	fclose(stream);
	assert_non_null(certificate);
	assert_int_equal(certificate_id(X509_get_issuer_name(certificate),
					X509_get0_serialNumber(certificate), &id),
			 0);
	X509_free(certificate);
	return crl_revokes(tls_crl(gkm), &id);
}

static bool load(const char *name)
{
	struct covey_error error = {.text = ""};
	bool changed = false;

	if (tls_load_crl(gkm, file(name), &changed, &error) < 0)
		fail_msg("%s", error.text);
	return changed;
}

static void refuses(const char *name, int code, const char *words)
{
	const struct crl *before = tls_crl(gkm);
	struct covey_error error = {.text = ""};
	bool changed = false;

	assert_int_equal(tls_load_crl(gkm, file(name), &changed, &error), code);
	if (!strstr(error.text, words))
		fail_msg("\"%s\" does not say \"%s\"", error.text, words);
	assert_false(changed);
	assert_ptr_equal(tls_crl(gkm), before);
}

/* --- tests --------------------------------------------------------------------------------- */

static void of_covey_pki(void **state)
{
	struct crl_summary summary;
	struct pki_revoked revoked;

	revoked = put_on_list("hv1");
	assert_int_equal(revoked.added, 1);
	assert_true(load("crl.pem"));
	assert_true(revokes("hv1.crt"));
	assert_false(revokes("hv2.crt"));
	assert_false(load("crl.pem"));
	crl_summarise(tls_crl(gkm), &summary);
	assert_int_equal(summary.revoked, 1);
	assert_in_range(summary.this_update, time(NULL) - 60, time(NULL));
	assert_in_range(summary.next_update, time(NULL) + 29 * DAY, time(NULL) + 30 * DAY);
	revoked = put_on_list("hv1");
	assert_int_equal(revoked.added, 0);
	assert_int_equal(revoked.total, 1);
	revoked = put_on_list("hv2");
	assert_int_equal(revoked.total, 2);
	assert_true(load("crl.pem"));
	assert_true(revokes("hv1.crt"));
	assert_true(revokes("hv2.crt"));
	assert_false(revokes("gkm.crt"));
	assert_true(
		shell("openssl crl -in '%s' -CAfile '%s' -noout", file("crl.pem"), file("ca.crt")));
}

/* All that it ever got, the replaced ones too, and not those that it gets later. */
static void of_a_host_with_several_certificates(void **state)
{
	assert_true(shell("cp '%s' '%s'", file("hv1.crt"), file("first.crt")));
	issue("hv1");
	assert_true(shell("cp '%s' '%s'", file("hv1.crt"), file("second.crt")));
	assert_int_equal(put_on_list("hv1").added, 2);
	issue("hv1");
	load("crl.pem");
	assert_true(revokes("first.crt"));
	assert_true(revokes("second.crt"));
	assert_false(revokes("hv1.crt"));
}

static void in_pem_and_der_of_openssl(void **state)
{
	set_up_openssl("book", "ca");
	openssl_list("book", "hv2", "-crldays 1", "list.pem");
	load("list.pem");
	assert_true(revokes("hv2.crt"));
	assert_false(revokes("hv1.crt"));
	openssl_list("book", "hv1", "-crldays 1", "next.pem");
	assert_true(shell("openssl crl -in '%s' -outform DER -out '%s'", file("next.pem"),
			  file("next.crl")));
	load("next.crl");
	assert_true(revokes("hv1.crt"));
	assert_true(revokes("hv2.crt"));
}

/* Its age does not make a certificate good again. */
static void that_should_have_been_replaced(void **state)
{
	struct crl_summary summary;

	set_up_openssl("book", "ca");
	openssl_list("book", "hv1",
		     "-crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z", "old.pem");
	load("old.pem");
	assert_true(revokes("hv1.crt"));
	crl_summarise(tls_crl(gkm), &summary);
	assert_int_equal(summary.next_update, 1580515200);
}

static void of_another_ca(void **state)
{
	assert_true(shell("cd '%s' && openssl req -x509 -newkey ec -pkeyopt "
			  "ec_paramgen_curve:P-256 -nodes -keyout evil.key -out evil.crt "
			  "-subj '/O=lab/CN=covey CA' -days 30",
			  pki));
	set_up_openssl("book", "evil");
	openssl_list("book", NULL, "-crldays 1", "evil.pem");
	refuses("evil.pem", -EACCES, "not signed by a CA");
	/* Nor when it comes beside a good one. */
	put_on_list("hv1");
	load("crl.pem");
	assert_true(
		shell("cat '%s' '%s' > '%s'", file("crl.pem"), file("evil.pem"), file("both.pem")));
	refuses("both.pem", -EACCES, "not signed by a CA");
	assert_true(revokes("hv1.crt"));
}

/* One bit of its signature. */
static void that_was_altered(void **state)
{
	FILE *stream;
	long last;
	int byte;

	put_on_list("hv1");
	assert_true(shell("openssl crl -in '%s' -outform DER -out '%s'", file("crl.pem"),
			  file("bent.crl")));
	stream = fopen(file("bent.crl"), "r+");
	assert_non_null(stream);
	fseek(stream, -1, SEEK_END);
	last = ftell(stream);
	byte = fgetc(stream);
	fseek(stream, last, SEEK_SET);
	fputc(byte ^ 1, stream);
	fclose(stream);
	refuses("bent.crl", -EACCES, "not signed by a CA");
}

static void that_is_cut_short(void **state)
{
	put_on_list("hv1");
	assert_true(shell("cd '%s' && head -c 200 crl.pem > short.pem && "
			  "openssl crl -in crl.pem -outform DER -out whole.crl && "
			  "head -c 150 whole.crl > short.crl && "
			  "cat whole.crl whole.crl > long.crl && "
			  "cat crl.pem short.pem > second.pem && : > empty.pem",
			  pki));
	refuses("short.pem", -EINVAL, "cut short");
	refuses("short.crl", -EINVAL, "cut short");
	refuses("long.crl", -EINVAL, "cut short");
	refuses("second.pem", -EINVAL, "cut short");
	refuses("empty.pem", -EINVAL, "cut short");
	refuses("ca.crt", -EINVAL, "no revocation list");
	refuses("absent.pem", -ENOENT, "No such file");
}

static void that_are_too_much(void **state)
{
	put_on_list("hv1");
	assert_true(shell("truncate -s %u '%s'", COVEY_CRL_BYTES_MAX + 1, file("huge.pem")));
	refuses("huge.pem", -E2BIG, "too large");
	assert_true(shell("cd '%s' && for i in $(seq %u); do cat crl.pem; done > many.pem", pki,
			  COVEY_CRL_LISTS_MAX + 1));
	refuses("many.pem", -E2BIG, "more than");
	assert_true(shell("mkfifo '%s'", file("fifo")));
	refuses("fifo", -EINVAL, "no file");
	/* In a directory, all files together. */
	assert_true(shell("cd '%s' && mkdir d && truncate -s %u d/a && cp crl.pem d/b", pki,
			  COVEY_CRL_BYTES_MAX + 1));
	refuses("d", -E2BIG, "too large");
}

static void in_a_directory(void **state)
{
	assert_true(shell("mkdir '%s'", file("crl")));
	refuses("crl", -ENOENT, "holds no revocation list");
	put_on_list("hv1");
	set_up_openssl("book", "ca");
	openssl_list("book", "hv2", "-crldays 1", "crl/by-openssl.pem");
	assert_true(shell("cp '%s' '%s' && echo half > '%s/.new'", file("crl.pem"), file("crl/a"),
			  file("crl")));
	load("crl");
	assert_true(revokes("hv1.crt"));
	assert_true(revokes("hv2.crt"));
	assert_true(shell("echo nonsense > '%s/b.pem'", file("crl")));
	refuses("crl", -EINVAL, "crl/b.pem");
	assert_true(revokes("hv1.crt"));
}

static void that_is_older(void **state)
{
	put_on_list("hv1");
	assert_true(shell("cp '%s' '%s'", file("crl.pem"), file("first.pem")));
	put_on_list("hv2");
	load("crl.pem");
	refuses("first.pem", -ESTALE, "older than the one in force");
	assert_true(revokes("hv2.crt"));
	/* Begun from nothing, and as often made: of the same number, but not the same. */
	assert_true(shell("rm '%s'", file("crl.pem")));
	put_on_list("gkm");
	put_on_list("gkm");
	refuses("crl.pem", -ESTALE, "says something else");
	assert_true(revokes("hv2.crt"));
}

/* hv1's certificate on a list with this in its extensions, made anew each time. */
static void list_with(const char *lines, const char *out)
{
	set_up_openssl("book", "ca");
	assert_true(shell("cd '%s' && printf '%s' >> book/cnf", pki, lines));
	openssl_list("book", "hv1", "-crldays 1", out);
}

#define POINT    "issuingDistributionPoint=critical,@i\\n[i]\\n"
#define OPEN     "issuingDistributionPoint=@i\\n[i]\\n"
#define FULLNAME "fullname=URI:http://ca.lab/1.0/crl\\n"

/* Of step-ca, EJBCA, Vault, Windows and django-ca. */
static void of_other_cas_that_cover_all_hosts(void **state)
{
	static const char *const rows[] = {
		POINT FULLNAME,
		POINT FULLNAME "onlyuser=TRUE\\n",
		OPEN FULLNAME "onlyuser=TRUE\\n",
		POINT "onlyuser=TRUE\\n",
		POINT "fullname=URI:ldap:///CN=ca,URI:http://ca.lab/crl\\n",
		"freshestCRL=URI:http://ca.lab/delta\\n",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		list_with(rows[i], "list.pem");
		fresh_tls();
		load("list.pem");
		assert_true(revokes("hv1.crt"));
		assert_false(revokes("hv2.crt"));
	}
}

/* They do not say of every host whether it is revoked. */
static void of_kinds_that_are_not_complete(void **state)
{
	static const struct {
		const char *lines, *words;
	} rows[] = {
		{POINT "onlyCA=TRUE\\n", "onlyContainsCACerts"},
		{OPEN "onlyCA=TRUE\\n", "onlyContainsCACerts"},
		{POINT "onlyAA=TRUE\\n", "onlyContainsAttributeCerts"},
		{POINT "onlysomereasons=keyCompromise\\n", "onlySomeReasons"},
		{OPEN "onlysomereasons=keyCompromise\\n", "onlySomeReasons"},
		{POINT "indirectCRL=TRUE\\n", "indirect"},
		{POINT FULLNAME "onlyuser=TRUE\\nindirectCRL=TRUE\\n", "indirect"},
		{POINT "relativename=r\\n[r]\\nCN=part\\n", "relative to its CA"},
		{"2.5.29.27=critical,ASN1:INTEGER:999\\n", "is a delta"},
		{"2.5.29.27=ASN1:INTEGER:999\\n", "is a delta"},
		{"2.5.29.28=critical,ASN1:INTEGER:9\\n", "cannot be read"},
		{"1.2.3.4=critical,ASN1:NULL\\n", "critical extension"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		list_with(rows[i].lines, "list.pem");
		refuses("list.pem", -EINVAL, rows[i].words);
	}
}

static bool speaks_of(const char *name)
{
	FILE *stream = fopen(file(name), "r");
	X509 *certificate;
	bool speaks;

	assert_non_null(stream);
	certificate = PEM_read_X509(stream, NULL, NULL, NULL);
	fclose(stream);
	assert_non_null(certificate);
	speaks = crl_speaks_of(tls_crl(gkm), certificate);
	X509_free(certificate);
	return speaks;
}

static void certificate_of_point(const char *name, const char *lines)
{
	assert_true(shell("cd '%s' && umask 077 && printf '%s' > ext && "
			  "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
			  "-keyout %s.key -subj /CN=%s -out csr && openssl x509 -req -in csr "
			  "-CA ca.crt -CAkey ca.key -days 1 -extfile ext -out %s.crt",
			  pki, lines, name, name, name));
}

/* One of several lists of a CA, each for its own certificates (RFC 5280, sections 5.2.5, 6.3.3). */
static void of_one_distribution_point(void **state)
{
	certificate_of_point("one", "crlDistributionPoints=URI:http://ca.lab/1.0/crl\\n");
	certificate_of_point("two", "crlDistributionPoints=URI:http://ca.lab/2\\n");
	certificate_of_point("both", "crlDistributionPoints=a,b\\n[a]\\n"
				     "fullname=URI:http://ca.lab/2\\n[b]\\n"
				     "fullname=URI:http://ca.lab/1.0/crl\\n");
	certificate_of_point("others", "crlDistributionPoints=a\\n[a]\\n"
				       "fullname=URI:http://ca.lab/1.0/crl\\n"
				       "CRLissuer=dirName:d\\n[d]\\nCN=other\\n");
	certificate_of_point("broken", "2.5.29.31=ASN1:INTEGER:9\\n");
	assert_true(speaks_of("two.crt")); /* without any list */
	list_with(POINT FULLNAME, "list.pem");
	load("list.pem");
	assert_true(speaks_of("one.crt"));
	assert_true(speaks_of("both.crt"));
	assert_true(speaks_of("hv2.crt")); /* names none */
	assert_false(speaks_of("two.crt"));
	assert_false(speaks_of("others.crt"));
	assert_false(speaks_of("broken.crt"));
	/* A list for others is no newer one of it; beside it, it is one more. */
	list_with(POINT "fullname=URI:http://ca.lab/2\\n", "second.pem");
	refuses("second.pem", -ESTALE, "is not there any more");
	assert_true(shell("cd '%s' && mkdir lists && mv list.pem second.pem lists", pki));
	load("lists");
	assert_true(speaks_of("two.crt"));
	assert_true(speaks_of("one.crt"));
	assert_false(speaks_of("others.crt"));
}

/* The whole says what its parts said. */
static void of_all_in_place_of_parts(void **state)
{
	certificate_of_point("two", "crlDistributionPoints=URI:http://ca.lab/2\\n");
	list_with(POINT FULLNAME, "part.pem");
	load("part.pem");
	put_on_list("hv2");
	put_on_list("hv1");
	load("crl.pem");
	assert_true(speaks_of("two.crt"));
	refuses("part.pem", -ESTALE, "is not there any more");
}

static void of_a_ca_that_may_sign_none(void **state)
{
	struct covey_error error;

	assert_true(shell("cd '%s' && openssl req -x509 -key ca.key -out mute.crt -days 30 "
			  "-subj '/O=lab/CN=covey CA' -addext keyUsage=keyCertSign && "
			  "cp ca.crt keep.crt && cp mute.crt ca.crt",
			  pki));
	put_on_list("hv1");
	tls_free(gkm);
	gkm = NULL;
	if (tls_new(TLS_GKM, "lab", file("mute.crt"), file("gkm.crt"), file("gkm.key"), &gkm,
		    &error) < 0)
		fail_msg("%s", error.text);
	refuses("crl.pem", -EACCES, "may sign one");
}

/* --- covey pki revoke ---------------------------------------------------------------------- */

static void cannot_revoke(const char *name, const char *serial, int code, const char *words)
{
	struct covey_error error = {.text = ""};
	struct pki_revoked revoked;

	assert_int_equal(pki_revoke(pki, "lab", name, serial, 30, &revoked, &error), code);
	if (!strstr(error.text, words))
		fail_msg("\"%s\" does not say \"%s\"", error.text, words);
}

static void what_cannot_be_revoked(void **state)
{
	cannot_revoke("nosuch", NULL, -ENOENT, "no certificate of nosuch");
	cannot_revoke("../hv1", NULL, -EINVAL, "cannot be a host's name");
	cannot_revoke("ca", NULL, -EINVAL, "cannot revoke itself");
	cannot_revoke(NULL, "12x", -EINVAL, "no serial number");
	cannot_revoke(NULL, "", -EINVAL, "no serial number");
	cannot_revoke(NULL, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff0",
		      -EINVAL, "no serial number");
	assert_int_not_equal(access(file("crl.pem"), F_OK), 0);
	assert_true(shell("echo nonsense > '%s'", file("crl.pem")));
	cannot_revoke("hv1", NULL, -EINVAL, "crl.pem");
	assert_true(shell("rm '%s' '%s'", file("crl.pem"), file("ca.key")));
	cannot_revoke("hv1", NULL, -ENOENT, "ca.key");
}

int main(void)
{
#define LISTS(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		LISTS(of_covey_pki),
		LISTS(of_a_host_with_several_certificates),
		LISTS(in_pem_and_der_of_openssl),
		LISTS(that_should_have_been_replaced),
		LISTS(of_another_ca),
		LISTS(that_was_altered),
		LISTS(that_is_cut_short),
		LISTS(that_are_too_much),
		LISTS(in_a_directory),
		LISTS(that_is_older),
		LISTS(of_other_cas_that_cover_all_hosts),
		LISTS(of_kinds_that_are_not_complete),
		LISTS(of_one_distribution_point),
		LISTS(of_all_in_place_of_parts),
		LISTS(of_a_ca_that_may_sign_none),
		LISTS(what_cannot_be_revoked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
