/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The message and the certificate extension that docs/protocol.md shows in hex, read by covey.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509.h>

#include "identity.h"
#include "message.h"
#include "page.h"
#include "secret.h"
#include "sender_id.h"

static void test_sa_install(void **state)
{
	struct block frame, tek;
	Covey__Message *message;
	Covey__SaInstall *install;
	uint8_t *encoded;
	size_t len;

	page_block("frame sa-install", &frame);
	page_field("udp-ipv4", "tek", &tek);
	assert_int_equal(message_frame_length(frame.bytes, frame.len, 16384),
			 frame.len - MESSAGE_FRAME_HEADER_LEN);
	message = message_decode(frame.bytes + MESSAGE_FRAME_HEADER_LEN,
				 frame.len - MESSAGE_FRAME_HEADER_LEN);
	assert_non_null(message);
	assert_int_equal(message->body_case, COVEY__MESSAGE__BODY_SA_INSTALL);
	install = message->sa_install;
	assert_string_equal(install->group, "tenants");
	assert_int_equal(install->spi, 256);
	assert_int_equal(install->cipher, COVEY__CIPHER__CIPHER_AES_256_GCM);
	assert_int_equal(install->key_scope, COVEY__KEY_SCOPE__KEY_SCOPE_SENDER);
	assert_int_equal(install->hard_lifetime_s, 86400);
	assert_int_equal(install->tek.len, tek.len);
	assert_memory_equal(install->tek.data, tek.bytes, tek.len);

	assert_int_equal(message_encode(message, 16384, &encoded, &len), 0);
	assert_int_equal(len, frame.len);
	assert_memory_equal(encoded, frame.bytes, len);
	secret_free(encoded);
	message_free(message);
}

static void test_not_leading(void **state)
{
	struct covey_addr leader;
	Covey__Message *message;
	struct block frame;
	uint8_t *encoded;
	size_t len;

	page_block("frame not-leading", &frame);
	message = message_decode(frame.bytes + MESSAGE_FRAME_HEADER_LEN,
				 frame.len - MESSAGE_FRAME_HEADER_LEN);
	assert_non_null(message);
	assert_int_equal(message->body_case, COVEY__MESSAGE__BODY_NOT_LEADING);
	assert_int_equal(message_addr_get(&message->not_leading->leader, &leader), 0);
	assert_memory_equal(leader.bytes, ((uint8_t[]){192, 0, 2, 2}), 4);
	assert_string_equal(message->not_leading->reason, "another one leads!!");
	assert_int_equal(message_encode(message, 16384, &encoded, &len), 0);
	assert_int_equal(len, frame.len);
	assert_memory_equal(encoded, frame.bytes, len);
	secret_free(encoded);
	message_free(message);
}

static void check_extension(const char *name, unsigned sender_id)
{
	struct block block;
	const unsigned char *at = block.bytes;
	X509 *certificate = X509_new();
	X509_EXTENSION *extension;
	unsigned char *der = NULL;
	uint16_t read;

	page_block(name, &block);
	extension = d2i_X509_EXTENSION(NULL, &at, (long)block.len);
	assert_non_null(extension);
	assert_ptr_equal(at, block.bytes + block.len);
	assert_int_equal(X509_EXTENSION_get_critical(extension), 0);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	assert_int_equal(sender_id_from_certificate(certificate, &read, NULL), 0);
	assert_int_equal(read, sender_id);
	X509_EXTENSION_free(extension);
	X509_free(certificate);

	certificate = X509_new();
	assert_int_equal(sender_id_to_certificate(certificate, (uint16_t)sender_id), 0);
	assert_int_equal(i2d_X509_EXTENSION(X509_get_ext(certificate, 0), &der), block.len);
	assert_memory_equal(der, block.bytes, block.len);
	OPENSSL_free(der);
	X509_free(certificate);
}

static void test_sender_id_extension(void **state)
{
	check_extension("sender-id-extension 513", 513);
	check_extension("sender-id-extension 65535", 65535);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sa_install),
		cmocka_unit_test(test_not_leading),
		cmocka_unit_test(test_sender_id_extension),
	};

	return cmocka_run_group_tests_name("docs: messages and certificates", tests, NULL, NULL);
}
