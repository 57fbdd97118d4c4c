/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pki_file.h"
#include "pki_pair.h"

/* A complete file under a temporary name, before it gets its own. */
struct draft {
	char path[PKI_PATH_MAX];
	char temporary[PKI_PATH_MAX];
};

static int cannot_write(const char *path, int number, struct covey_error *error)
{
	const char *hint = "";

	if (number == EACCES || number == EPERM || number == EROFS)
		hint = ": run as a user who may write there, or choose another directory with "
		       "--pki";
	else if (number == ENOSPC || number == EDQUOT)
		hint = ": make room first";
	return covey_error_set(error, -number, "cannot write %s (%s)%s", path, strerror(number),
			       hint);
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* mkostemp() creates the file with O_EXCL and mode 0600, whatever the umask is. */
static int draft_write(struct draft *draft, const char *directory, const char *stem,
		       const char *suffix, mode_t mode, BIO *content, struct covey_error *error)
{
	char *data;
	long len = BIO_get_mem_data(content, &data);
	int fd, status;

	status = pki_path(directory, stem, suffix, draft->path, error);
	if (status < 0)
		return status;
	if (snprintf(draft->temporary, PKI_PATH_MAX, "%s/.%s.%s.XXXXXX", directory, stem, suffix) >=
	    PKI_PATH_MAX) {
		draft->temporary[0] = '\0';
		return cannot_write(draft->path, ENAMETOOLONG, error);
	}
	fd = mkostemp(draft->temporary, O_CLOEXEC);
	if (fd < 0) {
		status = cannot_write(draft->path, errno, error);
		draft->temporary[0] = '\0';
		return status;
	}
	status = write_all(fd, data, (size_t)len);
	if (status == 0 && fchmod(fd, mode) < 0)
		status = -errno;
	close(fd);
	return status < 0 ? cannot_write(draft->path, -status, error) : 0;
}

/* link(2) never replaces a file, even if others write at the same time. rename(2) replaces it in
 * one step. */
static int draft_publish(const struct draft *draft, bool replace, struct covey_error *error)
{
	if (replace ? rename(draft->temporary, draft->path) == 0
		    : link(draft->temporary, draft->path) == 0)
		return 0;
	if (errno == EEXIST)
		return covey_error_set(error, -EEXIST,
				       "%s is there already and is kept: remove it first, or say "
				       "--force where that is offered",
				       draft->path);
	return cannot_write(draft->path, errno, error);
}

static void draft_discard(const struct draft *draft)
{
	if (draft->temporary[0])
		unlink(draft->temporary);
}

static void sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static int publish_both(const struct draft *key, const struct draft *certificate,
			struct covey_error *error)
{
	int status = draft_publish(key, false, error);

	if (status < 0)
		return status;
	status = draft_publish(certificate, false, error);
	if (status < 0)
		unlink(key->path); /* our own, made a moment ago */
	return status;
}

/* BIO_free() does not wipe the contents of a memory BIO. */
static void free_secret_bio(BIO *bio)
{
	char *data;
	long len;

	if (!bio)
		return;
	len = BIO_get_mem_data(bio, &data);
	if (len > 0)
		OPENSSL_cleanse(data, (size_t)len);
	BIO_free(bio);
}

int pki_write_pair(const char *directory, const char *stem, EVP_PKEY *key, X509 *certificate,
		   bool replace, struct covey_error *error)
{
	struct draft key_draft = {0}, certificate_draft = {0};
	BIO *key_pem = BIO_new(BIO_s_mem());
	BIO *certificate_pem = BIO_new(BIO_s_mem());
	int status;

	if (!key_pem || !certificate_pem ||
	    !PEM_write_bio_PKCS8PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL) ||
	    !PEM_write_bio_X509(certificate_pem, certificate)) {
		status = covey_error_set(error, -ENOMEM, "out of memory");
		goto out;
	}
	status = draft_write(&key_draft, directory, stem, "key", 0600, key_pem, error);
	if (status < 0)
		goto out;
	status = draft_write(&certificate_draft, directory, stem, "crt", 0644, certificate_pem,
			     error);
	if (status < 0)
		goto out;
	status = replace ? pki_pair_replace(directory, stem, key_draft.temporary,
					    certificate_draft.temporary, error)
			 : publish_both(&key_draft, &certificate_draft, error);
	if (status == 0)
		sync_directory(directory);

out:
	draft_discard(&key_draft);
	draft_discard(&certificate_draft);
	free_secret_bio(key_pem);
	BIO_free(certificate_pem);
	ERR_clear_error();
	return status;
}

int pki_write_crl(const char *directory, X509_CRL *list, struct covey_error *error)
{
	BIO *pem = BIO_new(BIO_s_mem());
	struct draft draft = {0};
	int status;

	if (!pem || !PEM_write_bio_X509_CRL(pem, list)) {
		status = covey_error_set(error, -ENOMEM, "out of memory");
		goto out;
	}
	status = draft_write(&draft, directory, "crl", "pem", 0644, pem, error);
	if (status == 0)
		status = draft_publish(&draft, true, error);
	if (status == 0)
		sync_directory(directory);

out:
	draft_discard(&draft);
	BIO_free(pem);
	return status;
}
