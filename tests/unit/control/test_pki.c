/* SPDX-License-Identifier: BSD-3-Clause */

/* The certificate authority: what it writes, what it refuses, what others make of it. */

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "pki.h"
#include "pki_file.h"
#include "shell.h"

#define DAY 86400L

static char directory[PATH_MAX];

static int setup(void **state)
{
	directory_make(directory);
	umask(0); /* modes must not depend on it */
	return 0;
}

static int teardown(void **state)
{
	directory_remove(directory);
	return 0;
}

static const char *path(const char *name)
{
	static char buf[2 * PATH_MAX];

	snprintf(buf, sizeof(buf), "%s/%s", directory, name);
	return buf;
}

static mode_t mode(const char *name)
{
	struct stat st;

	assert_int_equal(stat(path(name), &st), 0);
	return st.st_mode & 07777;
}

static X509 *certificate(const char *name)
{
	X509 *ret = NULL;

	assert_int_equal(pki_read_certificate(path(name), &ret, NULL), 0);
	return ret;
}

static int init(void)
{
	struct covey_error error = {""};
	int status = pki_init(directory, "lab", 3650, &error);

	if (status < 0 && status != -EEXIST)
		fail_msg("%s", error.text);
	return status;
}

static int issue(const char *name, uint16_t sender_id, bool force)
{
	enum identity_role role = strcmp(name, "gkm") == 0 ? IDENTITY_GKM : IDENTITY_HOST;
	struct covey_error error = {""};
	int status =
		pki_issue(directory, role, "lab", name, sender_id, 0, 365 * DAY, force, &error);

	assert_int_equal(status < 0, error.text[0] != '\0');
	if (status < 0)
		print_message("%s\n", error.text);
	return status;
}

static size_t file_count(void)
{
	char command[2 * PATH_MAX];
	size_t count = 0;
	FILE *pipe;

	snprintf(command, sizeof(command), "find '%s' -type f | wc -l", directory);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%zu", &count), 1);
	pclose(pipe);
	return count;
}

static void keys_are_for_their_owner_alone(void **state)
{
	assert_int_equal(init(), 0);
	assert_int_equal(issue("hv1", 0, false), 0);
	assert_int_equal(issue("gkm", 0, false), 0);
	assert_int_equal(mode("ca.key"), 0600);
	assert_int_equal(mode("hv1.key"), 0600);
	assert_int_equal(mode("gkm.key"), 0600);
	assert_int_equal(mode("ca.crt"), 0644);
	assert_int_equal(mode("hv1.crt"), 0644);
	assert_int_equal(file_count(), 7); /* and who has which; no temporary file stays */
	assert_true(shell("grep -q 'BEGIN PRIVATE KEY' %s", path("hv1.key")));
}

static void directory_is_made(void **state)
{
	char deeper[PATH_MAX + 8];
	struct covey_error error = {""};
	struct stat st;

	snprintf(deeper, sizeof(deeper), "%s/pki", directory);
	assert_int_equal(pki_init(deeper, "lab", 10, &error), 0);
	assert_int_equal(stat(deeper, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	snprintf(deeper, sizeof(deeper), "%s/a/b", directory);
	assert_int_equal(pki_init(deeper, "lab", 10, &error), -ENOENT);
	assert_non_null(strstr(error.text, "parent"));
}

static void nothing_is_overwritten_unasked(void **state)
{
	assert_int_equal(init(), 0);
	assert_int_equal(issue("hv1", 0, false), 0);
	assert_true(shell("cd '%s' && sha256sum * > ../sums.$$ && mv ../sums.$$ sums", directory));
	assert_int_equal(init(), -EEXIST);
	assert_int_equal(issue("hv1", 0, false), -EEXIST);
	assert_true(shell("cd '%s' && sha256sum -c sums", directory));
	/* One of the two is enough. */
	assert_int_equal(unlink(path("hv1.crt")), 0);
	assert_int_equal(unlink(path("ca.crt")), 0);
	assert_int_equal(init(), -EEXIST);
	assert_int_equal(issue("hv1", 0, false), -EEXIST);
	assert_true(shell("cd '%s' && grep key sums | sha256sum -c", directory));
}

/* Also when the other one is written between our look and our write. */
static void racing_writer_wins(void **state)
{
	EVP_PKEY *key = NULL;
	X509 *ca;

	assert_int_equal(init(), 0);
	ca = certificate("ca.crt");
	assert_int_equal(pki_read_key(path("ca.key"), &key, NULL), 0);
	assert_true(shell("echo other > '%s'", path("hv1.crt")));
	assert_int_equal(pki_write_pair(directory, "hv1", key, ca, false, NULL), -EEXIST);
	assert_true(shell("grep -q other '%s'", path("hv1.crt")));
	assert_int_equal(access(path("hv1.key"), F_OK), -1);
	assert_int_equal(file_count(), 3);
	X509_free(ca);
	EVP_PKEY_free(key);
}

static void force_replaces_both(void **state)
{
	EVP_PKEY *key = NULL;
	X509 *hv1;

	assert_int_equal(init(), 0);
	assert_int_equal(issue("hv1", 0, false), 0);
	assert_true(shell("cp '%s' '%s/old'", path("hv1.key"), directory));
	assert_int_equal(issue("hv1", 9, true), 0);
	assert_false(shell("cmp '%s' '%s/old'", path("hv1.key"), directory));
	assert_int_equal(mode("hv1.key"), 0600);
	assert_int_equal(pki_read_key(path("hv1.key"), &key, NULL), 0);
	hv1 = certificate("hv1.crt");
	assert_int_equal(X509_check_private_key(hv1, key), 1);
	X509_free(hv1);
	EVP_PKEY_free(key);
	assert_int_equal(file_count(), 6);
}

static void certificates_say_who(void **state)
{
	struct identity identity;
	X509 *hv1, *gkm;

	assert_int_equal(init(), 0);
	assert_int_equal(issue("hv1", 4711, false), 0);
	assert_int_equal(issue("gkm", 0, false), 0);
	hv1 = certificate("hv1.crt");
	gkm = certificate("gkm.crt");
	assert_int_equal(identity_from_certificate(hv1, &identity, NULL), 0);
	assert_string_equal(identity.uri, "spiffe://lab/host/hv1");
	assert_int_equal(identity.sender_id, 4711);
	assert_int_equal(identity_from_certificate(gkm, &identity, NULL), 0);
	assert_string_equal(identity.uri, "spiffe://lab/gkm");
	assert_int_equal(identity.sender_id, 0);
	assert_int_equal(X509_check_purpose(hv1, X509_PURPOSE_SSL_CLIENT, 0), 1);
	assert_int_equal(X509_check_purpose(hv1, X509_PURPOSE_SSL_SERVER, 0), 0);
	assert_int_equal(X509_check_purpose(gkm, X509_PURPOSE_SSL_SERVER, 0), 1);
	assert_int_equal(X509_check_purpose(gkm, X509_PURPOSE_SSL_CLIENT, 0), 0);
	assert_int_equal(X509_get_key_usage(hv1), KU_DIGITAL_SIGNATURE);
	X509_free(hv1);
	X509_free(gkm);
}

static void openssl_accepts_them(void **state)
{
	assert_int_equal(init(), 0);
	assert_int_equal(issue("hv1", 7, false), 0);
	assert_int_equal(issue("gkm", 0, false), 0);
	assert_true(shell("cd '%s' && openssl verify -x509_strict -check_ss_sig -CAfile ca.crt "
			  "ca.crt",
			  directory));
	assert_true(shell("cd '%s' && openssl verify -x509_strict -purpose sslclient "
			  "-CAfile ca.crt hv1.crt",
			  directory));
	assert_true(shell("cd '%s' && openssl verify -x509_strict -purpose sslserver "
			  "-CAfile ca.crt gkm.crt",
			  directory));
	assert_false(shell("cd '%s' && openssl verify -purpose sslserver -CAfile ca.crt hv1.crt",
			   directory));
	assert_true(shell("cd '%s' && openssl x509 -in ca.crt -noout -ext basicConstraints | "
			  "grep -A1 critical | grep 'CA:TRUE, pathlen:0'",
			  directory));
	assert_true(shell("cd '%s' && openssl x509 -in ca.crt -noout -ext keyUsage | "
			  "grep -A1 critical | grep 'Certificate Sign, CRL Sign'",
			  directory));
	assert_true(shell("cd '%s' && openssl pkey -in hv1.key -noout -text | grep 'P-256'",
			  directory));
}

static void serials_are_random_and_long(void **state)
{
	X509 *first, *second;
	BIGNUM *serial;

	assert_int_equal(init(), 0);
	assert_int_equal(issue("hv1", 0, false), 0);
	assert_int_equal(issue("hv2", 0, false), 0);
	first = certificate("hv1.crt");
	second = certificate("hv2.crt");
	assert_int_not_equal(
		ASN1_INTEGER_cmp(X509_get_serialNumber(first), X509_get_serialNumber(second)), 0);
	serial = ASN1_INTEGER_to_BN(X509_get_serialNumber(first), NULL);
	assert_int_equal(BN_num_bits(serial), 128);
	assert_false(BN_is_negative(serial));
	BN_free(serial);
	X509_free(first);
	X509_free(second);
}

static void validity_is_as_asked_but_ends_with_the_ca(void **state)
{
	X509 *ca, *hv1;
	int days, seconds;

	assert_int_equal(pki_init(directory, "lab", 30, NULL), 0);
	assert_int_equal(
		pki_issue(directory, IDENTITY_HOST, "lab", "hv1", 0, -3 * DAY, -DAY, false, NULL),
		0);
	assert_int_equal(issue("hv2", 0, false), 0);
	hv1 = certificate("hv1.crt");
	assert_int_equal(ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(hv1)), 1);
	assert_in_range(-days, 0, 1);
	assert_true(X509_cmp_current_time(X509_get0_notAfter(hv1)) < 0);
	assert_int_equal(
		ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(hv1), X509_get0_notAfter(hv1)),
		1);
	assert_int_equal(days, 2);
	X509_free(hv1);
	ca = certificate("ca.crt");
	hv1 = certificate("hv2.crt");
	assert_int_equal(ASN1_TIME_compare(X509_get0_notAfter(hv1), X509_get0_notAfter(ca)), 0);
	X509_free(hv1);
	X509_free(ca);
}

static void centuries_do_not_overflow(void **state)
{
	X509 *ca;
	int days, seconds;

	assert_int_equal(pki_init(directory, "lab", 36500, NULL), 0);
	ca = certificate("ca.crt");
	assert_int_equal(ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(ca)), 1);
	assert_in_range(days, 36498, 36500);
	X509_free(ca);
}

static void bad_requests_are_refused(void **state)
{
	struct covey_error error;

	assert_int_equal(pki_init(directory, "Lab/", 30, &error), -EINVAL);
	assert_int_equal(pki_init(directory, "lab", 0, &error), -EINVAL);
	assert_int_equal(pki_init(directory, "lab", 36501, &error), -EINVAL);
	assert_int_equal(issue("hv1", 0, false), -ENOENT); /* no CA yet */
	assert_int_equal(init(), 0);
	assert_int_equal(issue("../hv1", 0, false), -EINVAL);
	assert_int_equal(issue("", 0, false), -EINVAL);
	assert_int_equal(issue("ca", 0, true), -EINVAL);
	assert_int_equal(pki_issue(directory, IDENTITY_HOST, "lab", "gkm", 0, 0, DAY, true, &error),
			 -EINVAL);
	assert_int_equal(pki_issue(directory, IDENTITY_GKM, "lab", "hv1", 0, 0, DAY, true, &error),
			 -EINVAL);
	assert_int_equal(
		pki_issue(directory, IDENTITY_HOST, "lab", "hv1", 0, DAY, DAY, false, &error),
		-EINVAL);
	assert_int_equal(file_count(), 2);
}

static void broken_ca_is_explained(void **state)
{
	struct covey_error error;

	assert_int_equal(init(), 0);
	assert_int_equal(chmod(path("ca.key"), 0640), 0);
	assert_int_equal(
		pki_issue(directory, IDENTITY_HOST, "lab", "hv1", 0, 0, DAY, false, &error),
		-EACCES);
	assert_non_null(strstr(error.text, "chmod 600"));
	assert_int_equal(chmod(path("ca.key"), 0600), 0);

	assert_int_equal(issue("hv2", 0, false), 0);
	assert_true(shell("cd '%s' && cp ca.key keep && cp hv2.key ca.key", directory));
	assert_int_equal(issue("hv1", 0, false), -EINVAL);
	assert_true(shell("cd '%s' && cp hv2.crt ca.crt", directory));
	assert_int_equal(issue("hv1", 0, false), -EINVAL);
	assert_true(shell("cd '%s' && echo nonsense > ca.crt", directory));
	assert_int_equal(issue("hv1", 0, false), -EINVAL);
	assert_true(shell("cd '%s' && : > ca.crt", directory));
	assert_int_equal(issue("hv1", 0, false), -EINVAL);
	assert_true(shell("cd '%s' && rm ca.crt && mkfifo ca.crt", directory));
	assert_int_equal(issue("hv1", 0, false), -EINVAL);
	assert_int_equal(access(path("hv1.key"), F_OK), -1);
}

static int issue_as_nobody(void)
{
	struct covey_error error = {""};

	if (geteuid() == 0 && setuid(65534) < 0)
		return 1;
	if (pki_init(directory, "lab", 30, &error) != -EACCES)
		return 2;
	return strstr(error.text, "run as a user who may") ? 0 : 3;
}

static void unwritable_directory_says_what_to_do(void **state)
{
	pid_t pid;
	int status;

	assert_int_equal(chmod(directory, 0555), 0);
	pid = fork();
	if (pid == 0)
		_exit(issue_as_nobody());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(chmod(directory, 0700), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A CA that somebody brought along: RSA and Ed25519 keys sign differently. */
static void foreign_ca_can_issue(void **state)
{
	static const char *const algorithms[] = {"rsa:2048", "ed25519"};

	for (size_t i = 0; i < 2; i++) {
		assert_true(shell("cd '%s' && rm -f * && umask 077 && openssl req -x509 -newkey %s "
				  "-nodes -keyout ca.key -out ca.crt -subj /CN=other -days 30",
				  directory, algorithms[i]));
		assert_int_equal(issue("hv1", 0, false), 0);
		assert_true(shell("cd '%s' && openssl verify -purpose sslclient -CAfile ca.crt "
				  "hv1.crt",
				  directory));
	}
}

static void encrypted_key_is_refused_without_asking(void **state)
{
	struct covey_error error;
	EVP_PKEY *key = NULL;

	assert_true(shell("cd '%s' && umask 077 && openssl genpkey -algorithm ed25519 -aes256 "
			  "-pass pass:secret -out e.key",
			  directory));
	assert_int_equal(pki_read_key(path("e.key"), &key, &error), -EINVAL);
	assert_non_null(strstr(error.text, "passphrase"));
	assert_null(key);
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(keys_are_for_their_owner_alone),
		FRESH(directory_is_made),
		FRESH(nothing_is_overwritten_unasked),
		FRESH(racing_writer_wins),
		FRESH(force_replaces_both),
		FRESH(certificates_say_who),
		FRESH(openssl_accepts_them),
		FRESH(serials_are_random_and_long),
		FRESH(validity_is_as_asked_but_ends_with_the_ca),
		FRESH(centuries_do_not_overflow),
		FRESH(bad_requests_are_refused),
		FRESH(broken_ca_is_explained),
		FRESH(unwritable_directory_says_what_to_do),
		FRESH(foreign_ca_can_issue),
		FRESH(encrypted_key_is_refused_without_asking),
	};

	return cmocka_run_group_tests_name("control-pki", tests, NULL, NULL);
}
