/* SPDX-License-Identifier: BSD-3-Clause */

/* Who gets through the handshake, who does not, and what the log says of it. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "loop.h"
#include "shell.h"

/* --- strangers at our server ---------------------------------------------------------------- */

static void expect_reason(const struct end *end, const char *reason)
{
	if (!strstr(end->reason, reason))
		fail_msg("\"%s\" is not in \"%s\"", reason, end->reason);
}

static void server_refuses(struct loop *loop, SSL_CTX *context, const char *reason)
{
	loop_connect_stranger(loop, context);
	loop_until(loop, &loop->server.closed, 1);
	assert_int_equal(loop->server.opened, 0);
	assert_int_equal(loop->server.received, 0);
	expect_reason(&loop->server, reason);
	loop_until_true(loop, &loop->stranger.ended);
	SSL_CTX_free(context);
}

static void server_accepts(struct loop *loop, SSL_CTX *context)
{
	loop_connect_stranger(loop, context);
	loop_until(loop, &loop->server.opened, 1);
	SSL_CTX_free(context);
}

static void stranger_with_both_usages_is_welcome(void **state)
{
	server_accepts(*state, strange_context(false, "host-both"));
}

static void sender_id_of_a_foreign_certificate_counts(void **state)
{
	struct loop *loop = *state;

	server_accepts(loop, strange_context(false, "sender-77"));
	assert_int_equal(loop->server.peer.sender_id, 77);
}

static void client_of_another_ca(void **state)
{
	server_refuses(*state, strange_context(false, "other-ca"), "does not trust");
}

static void client_without_certificate(void **state)
{
	server_refuses(*state, strange_context(false, NULL), "did not return a certificate");
}

static void client_whose_certificate_has_expired(void **state)
{
	server_refuses(*state, strange_context(false, "expired"),
		       "handshake failed: certificate of the peer has expired");
}

static void client_whose_certificate_is_not_valid_yet(void **state)
{
	server_refuses(*state, strange_context(false, "early"), "not valid yet");
}

static void client_of_another_fabric(void **state)
{
	server_refuses(*state, strange_context(false, "hv9"), "another fabric");
}

static void client_that_is_a_key_manager(void **state)
{
	server_refuses(*state, strange_context(false, "gkm-both"), "must be a host");
}

static void client_with_a_servers_certificate(void **state)
{
	server_refuses(*state, strange_context(false, "gkm"), "certificate purpose");
}

/* Where there are several: it shows the certificate that it has, which is a server's. */
static void another_key_manager(void **state)
{
	struct loop *loop = *state;

	tls_accept_gkms(loop->gkm, true);
	server_accepts(loop, strange_context(false, "gkm"));
	assert_int_equal(loop->server.peer.role, IDENTITY_GKM);
}

static void a_host_beside_other_key_managers(void **state)
{
	struct loop *loop = *state;

	tls_accept_gkms(loop->gkm, true);
	server_accepts(loop, strange_context(false, "hv1"));
	assert_int_equal(loop->server.peer.role, IDENTITY_HOST);
}

static void a_stranger_beside_other_key_managers(void **state)
{
	struct loop *loop = *state;

	tls_accept_gkms(loop->gkm, true);
	server_refuses(loop, strange_context(false, "hv9"), "another fabric");
}

static void client_without_a_name(void **state)
{
	server_refuses(*state, strange_context(false, "no-san"), "subject alternative name");
}

static void client_with_two_names(void **state)
{
	server_refuses(*state, strange_context(false, "two-san"), "exactly one URI");
}

static void client_with_a_broken_sender_id(void **state)
{
	server_refuses(*state, strange_context(false, "bad-sender"), "SenderID");
}

static void client_of_tls_1_2(void **state)
{
	SSL_CTX *context = strange_context(false, "hv1");

	SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
	server_refuses(*state, context, "unsupported protocol");
}

static void client_that_speaks_no_tls(void **state)
{
	struct loop *loop = *state;
	static const char request[] = "GET / HTTP/1.1\r\nHost: gkm\r\n\r\n";

	loop_connect_stranger(loop, NULL);
	bufferevent_write(loop->stranger.bufferevent, request, sizeof(request) - 1);
	loop_until(loop, &loop->server.closed, 1);
	expect_reason(&loop->server, "handshake failed: ");
	assert_int_equal(loop->server.opened, 0);
}

static void client_that_hangs_up(void **state)
{
	struct loop *loop = *state;

	loop_connect_stranger(loop, NULL);
	loop_spin(loop);
	bufferevent_free(loop->stranger.bufferevent);
	loop->stranger.bufferevent = NULL;
	loop_until(loop, &loop->server.closed, 1);
	expect_reason(&loop->server, "peer closed during the handshake");
}

/* A chain of some 100 KiB: more than anybody needs and more than we take from a stranger. */
static void client_with_a_huge_chain(void **state)
{
	SSL_CTX *context = strange_context(false, "hv1");
	X509 *certificate = SSL_CTX_get0_certificate(context);

	for (int i = 0; i < 150; i++)
		assert_int_equal(SSL_CTX_add1_chain_cert(context, certificate), 1);
	server_refuses(*state, context, "excessive message size");
}

static int tickets;

static int count_ticket(SSL *ssl, SSL_SESSION *session)
{
	tickets++;
	return 0;
}

static void nothing_to_resume_with_is_handed_out(void **state)
{
	struct loop *loop = *state;
	SSL_CTX *context = strange_context(false, "hv1");
	static const uint8_t join[] = {0, 0, 0, 2, 0x1a, 0};

	tickets = 0;
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(context, count_ticket);
	loop_connect_stranger(loop, context);
	loop_until(loop, &loop->server.opened, 1);
	bufferevent_write(loop->stranger.bufferevent, join, sizeof(join));
	loop_until(loop, &loop->server.received, 1);
	send_hello(&loop->server, "x"); /* behind any ticket */
	while (loop->stranger.received == 0)
		event_base_loop(loop->base, EVLOOP_ONCE);
	assert_int_equal(tickets, 0);
	SSL_CTX_free(context);
}

/* --- strangers as our server ---------------------------------------------------------------- */

static void client_refuses(struct loop *loop, const char *stem, const char *reason)
{
	loop->strange_server = true;
	loop->strange_context = strange_context(true, stem);
	loop_connect(loop);
	loop_until(loop, &loop->client.closed, 1);
	assert_int_equal(loop->client.opened, 0);
	expect_reason(&loop->client, reason);
}

static void server_that_is_a_host(void **state)
{
	client_refuses(*state, "host-both", "must be the fabric's key manager");
}

static void server_with_a_clients_certificate(void **state)
{
	client_refuses(*state, "hv1", "certificate purpose");
}

static void server_of_another_ca(void **state)
{
	client_refuses(*state, "other-gkm", "does not trust");
}

static void server_whose_certificate_has_expired(void **state)
{
	client_refuses(*state, "expired-gkm", "certificate of the peer has expired");
}

static void server_of_tls_1_2(void **state)
{
	struct loop *loop = *state;

	loop->strange_server = true;
	loop->strange_context = strange_context(true, "gkm-both");
	SSL_CTX_set_max_proto_version(loop->strange_context, TLS1_2_VERSION);
	loop_connect(loop);
	loop_until(loop, &loop->client.closed, 1);
	expect_reason(&loop->client, "does not speak our version of TLS");
}

static void server_with_both_usages_is_fine(void **state)
{
	struct loop *loop = *state;

	loop->strange_server = true;
	loop->strange_context = strange_context(true, "gkm-both");
	loop_connect(loop);
	loop_until(loop, &loop->client.opened, 1);
}

/* Our own member learns from the key manager's alert why it is refused. */
static void member_learns_that_its_ca_is_unknown(void **state)
{
	struct loop *loop = *state;

	tls_free(loop->gkm);
	tls_free(loop->member);
	loop->gkm = loop->member = NULL;
	assert_true(shell("cat '%s' '%s' > '%s'", pki_file("ca.crt"), pki_file("ca2.crt"),
			  pki_file("two-ca.crt")));
	assert_int_equal(tls_new(TLS_GKM, "lab", pki_file("ca2.crt"), pki_file("other-gkm.crt"),
				 pki_file("other-gkm.key"), &loop->gkm, NULL),
			 0);
	assert_int_equal(tls_new(TLS_MEMBER, "lab", pki_file("two-ca.crt"), pki_file("hv1.crt"),
				 pki_file("hv1.key"), &loop->member, NULL),
			 0);
	loop->client.greets = true; /* and is not heard */
	loop_connect(loop);
	loop_until(loop, &loop->server.closed, 1);
	loop_until(loop, &loop->client.closed, 1);
	expect_reason(&loop->server, "does not trust");
	expect_reason(&loop->client, "the peer does not know the CA of our certificate");
}

/* --- certificates that somebody else made --------------------------------------------------- */

static void meet(struct loop *loop, const char *ca, const char *gkm, const char *host)
{
	char gkm_key[64], host_key[64], gkm_crt[64], host_crt[64];
	struct covey_error error;

	snprintf(gkm_key, sizeof(gkm_key), "%s.key", gkm);
	snprintf(gkm_crt, sizeof(gkm_crt), "%s.crt", gkm);
	snprintf(host_key, sizeof(host_key), "%s.key", host);
	snprintf(host_crt, sizeof(host_crt), "%s.crt", host);
	tls_free(loop->gkm);
	tls_free(loop->member);
	loop->gkm = loop->member = NULL;
	if (tls_new(TLS_GKM, "lab", pki_file(ca), pki_file(gkm_crt), pki_file(gkm_key), &loop->gkm,
		    &error) < 0 ||
	    tls_new(TLS_MEMBER, "lab", pki_file(ca), pki_file(host_crt), pki_file(host_key),
		    &loop->member, &error) < 0)
		fail_msg("%s", error.text);
	loop_open(loop);
	send_hello(&loop->client, "hello");
	loop_until(loop, &loop->server.received, 1);
}

static void rsa_certificates_work(void **state)
{
	meet(*state, "rsa-ca.crt", "rsa-gkm", "rsa-host");
}

static void ed25519_certificates_work(void **state)
{
	meet(*state, "ed-ca.crt", "ed-gkm", "ed-host");
}

static void issuers_can_differ(void **state)
{
	meet(*state, "all-ca.crt", "rsa-gkm", "ed-host");
}

static void intermediate_in_the_chain_file_works(void **state)
{
	meet(*state, "ed-ca.crt", "ed-gkm", "chained-host");
}

static void intermediate_alone_can_be_the_anchor(void **state)
{
	meet(*state, "sub-ca.crt", "chained-gkm", "chained-host");
}

static void no_extended_key_usage_is_no_limit(void **state)
{
	meet(*state, "ed-ca.crt", "ed-gkm", "plain-host");
}

/* --- what tls_new() refuses ------------------------------------------------------------------ */

static int load(enum tls_role role, const char *fabric, const char *certificate, const char *key,
		struct covey_error *error)
{
	struct tls *tls = NULL;
	int status = tls_new(role, fabric, pki_file("ca.crt"), pki_file(certificate), pki_file(key),
			     &tls, error);

	assert_int_equal(status == 0, tls != NULL);
	tls_free(tls);
	return status;
}

static void own_files_are_checked(void **state)
{
	static const struct {
		enum tls_role role;
		const char *fabric, *certificate, *key;
		int result;
		const char *text;
	} rows[] = {
		{TLS_MEMBER, "lab", "hv1.crt", "hv1.key", 0, ""},
		{TLS_GKM, "lab", "gkm.crt", "gkm.key", 0, ""},
		{TLS_MEMBER, "lab", "hv1.crt", "gkm.key", -EINVAL, "does not belong"},
		{TLS_GKM, "lab", "hv1.crt", "hv1.key", -EINVAL, "the key manager's certificate"},
		{TLS_MEMBER, "lab", "gkm.crt", "gkm.key", -EINVAL, "a host's certificate"},
		{TLS_MEMBER, "den", "hv1.crt", "hv1.key", -EINVAL, "the inventory's fabric"},
		{TLS_MEMBER, "lab", "expired.crt", "expired.key", -EKEYEXPIRED, "has expired"},
		{TLS_MEMBER, "lab", "early.crt", "early.key", -EINVAL, "not valid yet"},
		{TLS_MEMBER, "lab", "no-san.crt", "no-san.key", -EINVAL, "alternative name"},
		{TLS_MEMBER, "lab", "server-host.crt", "server-host.key", -EINVAL, "clientAuth"},
		{TLS_MEMBER, "lab", "absent.crt", "hv1.key", -ENOENT, "make it with: covey pki"},
		{TLS_MEMBER, "lab", "hv1.crt", "absent.key", -ENOENT, "absent.key"},
		{TLS_MEMBER, "lab", "fifo", "hv1.key", -EINVAL, "is no file"},
		{TLS_MEMBER, "lab", "hv1.crt", "fifo", -EINVAL, "is no file"},
		{TLS_MEMBER, "lab", "hv1.key", "hv1.key", -EINVAL, "certificate"},
		{TLS_MEMBER, "lab", "hv1.crt", "hv1.crt", -EACCES, "chmod 600"},
		{TLS_MEMBER, "lab", "hv1.crt", "empty.key", -EINVAL, "no private key"},
		{TLS_MEMBER, "lab", "other-ca.crt", "other-ca.key", -EINVAL,
		 "our own certificate (CN = other-ca) is issued by CN = ca2"},
		{TLS_MEMBER, "lab", "sub-first.crt", "chained.key", -EINVAL, "begins with a CA's"},
		{TLS_MEMBER, "lab", "disorder.crt", "chained.key", -EINVAL,
		 "certificate 2 (CN = top-ca) did not issue the one before it (CN = chained)"},
		{TLS_MEMBER, "lab", "stale.crt", "stale.key", -EKEYEXPIRED,
		 "the CA's certificate (CN = stale-ca)"},
		{TLS_MEMBER, "lab", "chained.crt", "chained.key", 0, ""},
		{TLS_MEMBER, "lab", "gap.crt", "chained.key", -EINVAL,
		 "our own certificate (CN = chained) is issued by CN = low-ca"},
	};

	assert_int_equal(mkfifo(pki_file("fifo"), 0600), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct covey_error error = {""};
		int status = load(rows[i].role, rows[i].fabric, rows[i].certificate, rows[i].key,
				  &error);

		if (status != rows[i].result || !strstr(error.text, rows[i].text))
			fail_msg("row %zu: %d %s", i, status, error.text);
	}
}

static void keys_that_others_can_read_are_refused(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0620, 0601, 0666};
	struct covey_error error;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(pki_file("hv1.key"), modes[i]), 0);
		assert_int_equal(load(TLS_MEMBER, "lab", "hv1.crt", "hv1.key", &error), -EACCES);
		assert_non_null(strstr(error.text, "chmod 600"));
	}
	assert_int_equal(chmod(pki_file("hv1.key"), 0400), 0);
	assert_int_equal(load(TLS_MEMBER, "lab", "hv1.crt", "hv1.key", &error), 0);
	assert_int_equal(chmod(pki_file("hv1.key"), 0600), 0);
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(pki_file("hv1.key"), 65534, 0), 0);
	assert_int_equal(load(TLS_MEMBER, "lab", "hv1.crt", "hv1.key", &error), -EACCES);
	assert_non_null(strstr(error.text, "belongs to user 65534"));
	assert_int_equal(chown(pki_file("hv1.key"), 0, 0), 0);
}

static void ca_file_is_checked(void **state)
{
	struct covey_error error;
	struct tls *tls = NULL;

	assert_int_equal(tls_new(TLS_MEMBER, "lab", pki_file("absent.crt"), pki_file("hv1.crt"),
				 pki_file("hv1.key"), &tls, &error),
			 -ENOENT);
	assert_non_null(strstr(error.text, "absent.crt"));
	assert_int_equal(tls_new(TLS_MEMBER, "lab", pki_file("fifo"), pki_file("hv1.crt"),
				 pki_file("hv1.key"), &tls, &error),
			 -EINVAL);
	assert_non_null(strstr(error.text, "is no file"));
	assert_int_equal(tls_new(TLS_MEMBER, "lab", pki_file("hv1.key"), pki_file("hv1.crt"),
				 pki_file("hv1.key"), &tls, &error),
			 -EINVAL);
	assert_null(tls);
}

#define LOOP(test) cmocka_unit_test_setup_teardown(test, loop_setup, loop_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP(stranger_with_both_usages_is_welcome),
		LOOP(sender_id_of_a_foreign_certificate_counts),
		LOOP(client_of_another_ca),
		LOOP(client_without_certificate),
		LOOP(client_whose_certificate_has_expired),
		LOOP(client_whose_certificate_is_not_valid_yet),
		LOOP(client_of_another_fabric),
		LOOP(client_that_is_a_key_manager),
		LOOP(client_with_a_servers_certificate),
		LOOP(another_key_manager),
		LOOP(a_host_beside_other_key_managers),
		LOOP(a_stranger_beside_other_key_managers),
		LOOP(client_without_a_name),
		LOOP(client_with_two_names),
		LOOP(client_with_a_broken_sender_id),
		LOOP(client_of_tls_1_2),
		LOOP(client_that_speaks_no_tls),
		LOOP(client_that_hangs_up),
		LOOP(client_with_a_huge_chain),
		LOOP(nothing_to_resume_with_is_handed_out),
		LOOP(server_that_is_a_host),
		LOOP(server_with_a_clients_certificate),
		LOOP(server_of_another_ca),
		LOOP(server_whose_certificate_has_expired),
		LOOP(server_of_tls_1_2),
		LOOP(server_with_both_usages_is_fine),
		LOOP(member_learns_that_its_ca_is_unknown),
		LOOP(rsa_certificates_work),
		LOOP(ed25519_certificates_work),
		LOOP(issuers_can_differ),
		LOOP(intermediate_in_the_chain_file_works),
		LOOP(intermediate_alone_can_be_the_anchor),
		LOOP(no_extended_key_usage_is_no_limit),
		cmocka_unit_test(own_files_are_checked),
		cmocka_unit_test(keys_that_others_can_read_are_refused),
		cmocka_unit_test(ca_file_is_checked),
	};

	return cmocka_run_group_tests_name("control-channel-peers", tests, pki_setup, pki_teardown);
}
