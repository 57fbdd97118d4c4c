/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Peers whose certificates are on a revocation list, and what they are told.
 */

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

static void expect_reason(const struct end *end, const char *reason)
{
	if (!strstr(end->reason, reason))
		fail_msg("\"%s\" is not in \"%s\"", reason, end->reason);
}

static void put_on_list(const char *name)
{
	struct pki_revoked revoked;
	struct covey_error error;

	if (pki_revoke(pki, "lab", name, NULL, 30, &revoked, &error) < 0)
		fail_msg("%s", error.text);
}

static void load(struct tls *tls, const char *name)
{
	struct covey_error error;
	bool changed;

	if (tls_load_crl(tls, pki_file(name), &changed, &error) < 0)
		fail_msg("%s", error.text);
}

static void expect_no_meeting(struct loop *loop)
{
	loop->client.greets = true; /* and is not heard */
	loop_connect(loop);
	loop_until(loop, &loop->server.closed, 1);
	loop_until(loop, &loop->client.closed, 1);
	assert_int_equal(loop->server.opened, 0);
	assert_int_equal(loop->server.received, 0);
}

static void client_whose_certificate_is_revoked(void **state)
{
	struct loop *loop = *state;

	put_on_list("hv1");
	load(loop->gkm, "crl.pem");
	expect_no_meeting(loop);
	expect_reason(&loop->server, "the certificate of spiffe://lab/host/hv1, serial number ");
	expect_reason(&loop->client, "the peer says that our certificate is revoked");
}

/* The same name, another serial number. */
static void client_with_another_certificate(void **state)
{
	struct loop *loop = *state;
	SSL_CTX *context = strange_context(false, "host-both");

	put_on_list("hv1");
	load(loop->gkm, "crl.pem");
	loop_connect_stranger(loop, context);
	loop_until(loop, &loop->server.opened, 1);
	assert_non_null(channel_certificate(loop->server.channel));
	SSL_CTX_free(context);
}

static void server_whose_certificate_is_revoked(void **state)
{
	struct loop *loop = *state;

	put_on_list("gkm");
	load(loop->member, "crl.pem");
	expect_no_meeting(loop);
	assert_int_equal(loop->client.opened, 0);
	expect_reason(&loop->client, "the certificate of spiffe://lab/gkm, serial number ");
	expect_reason(&loop->server, "the peer says that our certificate is revoked");
}

/* Its CA's list says it of the CA between. */
static void client_whose_issuer_is_revoked(void **state)
{
	struct loop *loop = *state;
	struct covey_error error;

	assert_true(shell("cd '%s' && mkdir book && : > book/index.txt && echo 01 > book/number && "
			  "printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=book/index.txt\\n"
			  "crlnumber=book/number\\ncertificate=ed-ca.crt\\nprivate_key=ed-ca.key\\n"
			  "default_md=default\\n' > book/cnf && "
			  "openssl ca -config book/cnf -revoke sub-ca.crt && "
			  "openssl ca -config book/cnf -gencrl -crldays 1 -out sub-ca.crl",
			  pki));
	tls_free(loop->gkm);
	tls_free(loop->member);
	loop->gkm = loop->member = NULL;
	if (tls_new(TLS_GKM, "lab", pki_file("ed-ca.crt"), pki_file("ed-gkm.crt"),
		    pki_file("ed-gkm.key"), &loop->gkm, &error) < 0 ||
	    tls_new(TLS_MEMBER, "lab", pki_file("ed-ca.crt"), pki_file("chained-host.crt"),
		    pki_file("chained-host.key"), &loop->member, &error) < 0)
		fail_msg("%s", error.text);
	load(loop->gkm, "sub-ca.crl");
	expect_no_meeting(loop);
	expect_reason(&loop->server, "is revoked, by its CA's being so");
}

/* The list that is there is for other distribution points than its own. */
static void client_that_no_list_speaks_of(void **state)
{
	struct loop *loop = *state;
	SSL_CTX *context;

	assert_true(shell("cd '%s' && umask 077 && mkdir points && : > points/index.txt && "
			  "echo 01 > points/number && "
			  "printf 'subjectAltName=URI:spiffe://lab/host/hv1\\n"
			  "crlDistributionPoints=URI:http://ca.lab/2\\n' > ext && "
			  "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
			  "-keyout point.key -subj /CN=point -out csr && "
			  "openssl x509 -req -in csr -CA ca.crt -CAkey ca.key -days 1 -extfile ext "
			  "-out point.crt && "
			  "printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=points/index.txt\\n"
			  "crlnumber=points/number\\ncertificate=ca.crt\\nprivate_key=ca.key\\n"
			  "default_md=sha256\\ncrl_extensions=x\\n[x]\\n"
			  "issuingDistributionPoint=critical,@i\\n"
			  "[i]\\nfullname=URI:http://ca.lab/1\\n' > points/cnf && "
			  "openssl ca -config points/cnf -gencrl -crldays 1 -out point.crl",
			  pki));
	load(loop->gkm, "point.crl");
	context = strange_context(false, "point");
	loop_connect_stranger(loop, context);
	loop_until(loop, &loop->server.closed, 1);
	assert_int_equal(loop->server.opened, 0);
	expect_reason(&loop->server, "no revocation list here is for the certificate of");
	SSL_CTX_free(context);
}

int main(void)
{
#define LOOP(test) cmocka_unit_test_setup_teardown(test, loop_setup, loop_teardown)
	const struct CMUnitTest tests[] = {
		LOOP(client_whose_certificate_is_revoked), LOOP(client_with_another_certificate),
		LOOP(server_whose_certificate_is_revoked), LOOP(client_whose_issuer_is_revoked),
		LOOP(client_that_no_list_speaks_of),
	};

	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
