/* SPDX-License-Identifier: BSD-3-Clause */

/* Who a certificate speaks for, at the edges of what is accepted. */

#include <errno.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "identity.h"
#include "sender_id.h"

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *uri;
	bool accepted;
	enum identity_role role;
	const char *fabric, *host;
} uris[] = {
	{"spiffe://lab/host/hv1", true, IDENTITY_HOST, "lab", "hv1"},
	{"spiffe://lab/gkm", true, IDENTITY_GKM, "lab", ""},
	{"spiffe://lab.example-1_a/host/HV-1.rack_2", true, IDENTITY_HOST, "lab.example-1_a",
	 "HV-1.rack_2"},
	{"spiffe://lab/host/gkm", true, IDENTITY_HOST, "lab", "gkm"},
	{"spiffe://lab/host/...", true, IDENTITY_HOST, "lab", "..."},
	{"spiffe://" A63 "/host/" A63, true, IDENTITY_HOST, A63, A63},
	{"spiffe://" A63 "a/host/hv1", false, 0, NULL, NULL},
	{"spiffe://lab/host/" A63 "a", false, 0, NULL, NULL},
	{"", false, 0, NULL, NULL},
	{"spiffe://", false, 0, NULL, NULL},
	{"spiffe:///gkm", false, 0, NULL, NULL},
	{"spiffe:///host/hv1", false, 0, NULL, NULL},
	{"spiffe://lab", false, 0, NULL, NULL},
	{"spiffe://lab/", false, 0, NULL, NULL},
	{"spiffe://lab//gkm", false, 0, NULL, NULL},
	{"spiffe://lab/gkm/", false, 0, NULL, NULL},
	{"spiffe://lab/gkm2", false, 0, NULL, NULL},
	{"spiffe://lab/GKM", false, 0, NULL, NULL},
	{"spiffe://lab/host", false, 0, NULL, NULL},
	{"spiffe://lab/host/", false, 0, NULL, NULL},
	{"spiffe://lab/host//hv1", false, 0, NULL, NULL},
	{"spiffe://lab/host/hv1/", false, 0, NULL, NULL},
	{"spiffe://lab/host/hv1/x", false, 0, NULL, NULL},
	{"spiffe://lab/host/.", false, 0, NULL, NULL},
	{"spiffe://lab/host/..", false, 0, NULL, NULL},
	{"spiffe://lab/host/hv%31", false, 0, NULL, NULL},
	{"spiffe://lab/host/hv 1", false, 0, NULL, NULL},
	{"spiffe://lab/host/hv1?x", false, 0, NULL, NULL},
	{"spiffe://lab/host/hv1#x", false, 0, NULL, NULL},
	{"spiffe://lab/host/h\xc3\xa4", false, 0, NULL, NULL},
	{"spiffe://Lab/host/hv1", false, 0, NULL, NULL},
	{"spiffe://user@lab/host/hv1", false, 0, NULL, NULL},
	{"spiffe://lab:443/host/hv1", false, 0, NULL, NULL},
	{"SPIFFE://lab/host/hv1", false, 0, NULL, NULL},
	{"https://lab/host/hv1", false, 0, NULL, NULL},
	{" spiffe://lab/host/hv1", false, 0, NULL, NULL},
};

static void parses_by_the_table(void **state)
{
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		struct identity identity;
		struct covey_error error = {""};
		int status = identity_parse(uris[i].uri, &identity, &error);

		if ((status == 0) != uris[i].accepted)
			fail_msg("%s: %d %s", uris[i].uri, status, error.text);
		if (status < 0) {
			assert_int_equal(status, -EINVAL);
			assert_true(strlen(error.text) > 10);
			continue;
		}
		assert_int_equal(identity.role, uris[i].role);
		assert_string_equal(identity.fabric, uris[i].fabric);
		assert_string_equal(identity.host, uris[i].host);
		assert_string_equal(identity.uri, uris[i].uri);
		assert_int_equal(identity.sender_id, 0);
	}
}

static void format_is_the_inverse_of_parse(void **state)
{
	char buf[COVEY_IDENTITY_MAX + 1];

	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		if (!uris[i].accepted)
			continue;
		assert_int_equal(
			identity_format(uris[i].role, uris[i].fabric, uris[i].host, buf, NULL), 0);
		assert_string_equal(buf, uris[i].uri);
	}
	assert_int_equal(identity_format(IDENTITY_HOST, "lab", NULL, buf, NULL), -EINVAL);
	assert_int_equal(identity_format(IDENTITY_HOST, "lab", "a/b", buf, NULL), -EINVAL);
	assert_int_equal(identity_format(IDENTITY_HOST, "Lab", "a", buf, NULL), -EINVAL);
	assert_int_equal(identity_format(IDENTITY_GKM, "", NULL, buf, NULL), -EINVAL);
}

static void long_uri_is_refused(void **state)
{
	struct identity identity;
	char uri[1024];

	memset(uri, 'a', sizeof(uri) - 1);
	uri[sizeof(uri) - 1] = '\0';
	memcpy(uri, "spiffe://", 9);
	assert_int_equal(identity_parse(uri, &identity, NULL), -EINVAL);
}

static void add_name(GENERAL_NAMES *names, int type, const char *text, int len)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *value = ASN1_IA5STRING_new();

	ASN1_STRING_set(value, text, len);
	GENERAL_NAME_set0_value(name, type, value);
	sk_GENERAL_NAME_push(names, name);
}

static void set_names(X509 *certificate, GENERAL_NAMES *names)
{
	assert_int_equal(
		X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_APPEND),
		1);
	GENERAL_NAMES_free(names);
}

static X509 *named_certificate(const char *uri)
{
	X509 *certificate = X509_new();
	GENERAL_NAMES *names = GENERAL_NAMES_new();

	add_name(names, GEN_DNS, "hv1.example", -1);
	add_name(names, GEN_URI, uri, -1);
	set_names(certificate, names);
	return certificate;
}

static int read_and_free(X509 *certificate, struct identity *identity)
{
	struct covey_error error = {""};
	int status = identity_from_certificate(certificate, identity, &error);

	X509_free(certificate);
	assert_int_equal(status < 0, error.text[0] != '\0');
	return status;
}

static void other_names_may_stand_beside(void **state)
{
	struct identity identity;

	assert_int_equal(read_and_free(named_certificate("spiffe://lab/host/hv1"), &identity), 0);
	assert_string_equal(identity.host, "hv1");
	assert_int_equal(identity.sender_id, 0);
}

static void names_must_be_one_uri(void **state)
{
	struct identity identity = {.sender_id = 7};
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	X509 *certificate = X509_new();

	assert_int_equal(read_and_free(X509_new(), &identity), -EINVAL);

	add_name(names, GEN_DNS, "spiffe://lab/host/hv1", -1);
	set_names(certificate, names);
	assert_int_equal(read_and_free(certificate, &identity), -EINVAL);

	names = GENERAL_NAMES_new();
	certificate = X509_new();
	add_name(names, GEN_URI, "spiffe://lab/host/hv1", -1);
	add_name(names, GEN_URI, "spiffe://lab/host/hv1", -1);
	set_names(certificate, names);
	assert_int_equal(read_and_free(certificate, &identity), -EINVAL);

	certificate = named_certificate("spiffe://lab/host/hv1");
	names = GENERAL_NAMES_new();
	add_name(names, GEN_URI, "spiffe://lab/host/hv2", -1);
	set_names(certificate, names);
	assert_int_equal(read_and_free(certificate, &identity), -EINVAL);
	assert_int_equal(identity.sender_id, 7); /* untouched on failure */
}

static void zero_byte_does_not_shorten_a_name(void **state)
{
	static const char uri[] = "spiffe://lab/host/hv1\0.evil";
	struct identity identity;
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	X509 *certificate = X509_new();

	add_name(names, GEN_URI, uri, sizeof(uri) - 1);
	set_names(certificate, names);
	assert_int_equal(read_and_free(certificate, &identity), -EINVAL);

	names = GENERAL_NAMES_new();
	certificate = X509_new();
	add_name(names, GEN_URI, "spiffe://lab/host/hv1", 22); /* its final zero included */
	set_names(certificate, names);
	assert_int_equal(read_and_free(certificate, &identity), -EINVAL);
}

static void add_extension(X509 *certificate, const uint8_t *der, int len)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(SENDER_ID_OID, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;

	ASN1_OCTET_STRING_set(value, der, len);
	extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(oid);
}

static const struct {
	uint8_t der[12];
	int len;
	int sender_id; /* -1: refused */
} extensions[] = {
	{{0x02, 0x01, 0x01}, 3, 1},
	{{0x02, 0x01, 0x7f}, 3, 127},
	{{0x02, 0x02, 0x00, 0x80}, 4, 128},
	{{0x02, 0x02, 0x7f, 0xff}, 4, 32767},
	{{0x02, 0x03, 0x00, 0xff, 0xff}, 5, 65535},
	{{0x02, 0x01, 0x00}, 3, -1},                             /* 0 is no sender */
	{{0x02, 0x03, 0x01, 0x00, 0x00}, 5, -1},                 /* 65536 */
	{{0x02, 0x01, 0xff}, 3, -1},                             /* -1 */
	{{0x02, 0x02, 0xff, 0xff}, 4, -1},                       /* -1, too long */
	{{0x02, 0x02, 0x00, 0x01}, 4, -1},                       /* 1, too long */
	{{0x02, 0x81, 0x01, 0x01}, 4, -1},                       /* BER length */
	{{0x22, 0x03, 0x02, 0x01, 0x01}, 5, -1},                 /* BER, constructed */
	{{0x02, 0x01, 0x01, 0x00}, 4, -1},                       /* one byte more */
	{{0x02, 0x01, 0x01, 0x02, 0x01, 0x01}, 6, -1},           /* two of them */
	{{0x02, 0x02, 0x01}, 3, -1},                             /* one byte less */
	{{0x02, 0x00}, 2, -1},                                   /* no number */
	{{0x02}, 1, -1},                                         /* */
	{{0}, 0, -1},                                            /* empty */
	{{0x04, 0x01, 0x01}, 3, -1},                             /* OCTET STRING */
	{{0x0a, 0x01, 0x01}, 3, -1},                             /* ENUMERATED */
	{{0x02, 0x09, 0x01, 0, 0, 0, 0, 0, 0, 0, 0x01}, 11, -1}, /* 1 modulo 2^64 */
};

static void sender_id_by_the_table(void **state)
{
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		X509 *certificate = named_certificate("spiffe://lab/host/hv1");
		struct identity identity;
		int status;

		add_extension(certificate, extensions[i].der, extensions[i].len);
		status = read_and_free(certificate, &identity);
		if (extensions[i].sender_id < 0 ? status != -EINVAL : status != 0)
			fail_msg("row %zu: %d", i, status);
		if (status == 0)
			assert_int_equal(identity.sender_id, extensions[i].sender_id);
	}
}

static void second_sender_id_is_refused(void **state)
{
	X509 *certificate = named_certificate("spiffe://lab/host/hv1");
	struct identity identity;

	add_extension(certificate, extensions[0].der, extensions[0].len);
	add_extension(certificate, extensions[0].der, extensions[0].len);
	assert_int_equal(read_and_free(certificate, &identity), -EINVAL);
}

static void every_sender_id_comes_back(void **state)
{
	for (unsigned id = COVEY_SENDER_ID_MIN; id <= COVEY_SENDER_ID_MAX; id += 13) {
		X509 *certificate = X509_new();
		uint16_t again = 0;

		assert_int_equal(sender_id_to_certificate(certificate, (uint16_t)id), 0);
		assert_int_equal(sender_id_from_certificate(certificate, &again, NULL), 0);
		assert_int_equal(again, id);
		X509_free(certificate);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_by_the_table),
		cmocka_unit_test(format_is_the_inverse_of_parse),
		cmocka_unit_test(long_uri_is_refused),
		cmocka_unit_test(other_names_may_stand_beside),
		cmocka_unit_test(names_must_be_one_uri),
		cmocka_unit_test(zero_byte_does_not_shorten_a_name),
		cmocka_unit_test(sender_id_by_the_table),
		cmocka_unit_test(second_sender_id_is_refused),
		cmocka_unit_test(every_sender_id_comes_back),
	};

	return cmocka_run_group_tests_name("control-identity", tests, NULL, NULL);
}
