/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pki_file.h"
#include "secret.h"

#define PEM_BYTES_MAX (256u << 10)

int pki_path(const char *directory, const char *stem, const char *suffix, char *buf,
	     struct covey_error *error)
{
	if (snprintf(buf, PKI_PATH_MAX, "%s/%s.%s", directory, stem, suffix) >= PKI_PATH_MAX)
		return covey_error_set(error, -ENAMETOOLONG, "the path %.100s... is too long",
				       directory);
	return 0;
}

static int check_key_file(const char *path, const struct stat *st, struct covey_error *error)
{
	if (st->st_mode & 077)
		return covey_error_set(error, -EACCES,
				       "the key %s can be read or written by others (mode %04o): "
				       "run chmod 600 %s, and issue a new one if anybody may have "
				       "read it",
				       path, (unsigned)st->st_mode & 07777, path);
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return covey_error_set(
			error, -EACCES,
			"the key %s belongs to user %u: it must be root's or that of "
			"the user this program runs as",
			path, (unsigned)st->st_uid);
	return 0;
}

static const char *advice(int error)
{
	switch (error) {
	case ENOENT:
		return " (make it with: covey pki, or name its directory with --pki)";
	case EACCES:
		return " (make it readable for the user this program runs as)";
	default:
		return "";
	}
}

/* O_NONBLOCK: if the path is a FIFO, we must not hang. */
static int open_file(const char *path, bool key, off_t *ret_size, struct covey_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int status;

	if (fd < 0)
		return covey_error_set(error, -errno, "cannot read %s: %s%s", path, strerror(errno),
				       advice(errno));
	if (fstat(fd, &st) < 0)
		status =
			covey_error_set(error, -errno, "cannot read %s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode) || st.st_size > PEM_BYTES_MAX)
		status = covey_error_set(error, -EINVAL, "%s is no file of up to %u bytes", path,
					 PEM_BYTES_MAX);
	else
		status = key ? check_key_file(path, &st, error) : 0;
	if (status < 0) {
		close(fd);
		return status;
	}
	*ret_size = st.st_size;
	return fd;
}

/* Reads the whole file into memory that is wiped when it is freed. */
static int read_file(const char *path, bool key, char **ret_data, size_t *ret_len,
		     struct covey_error *error)
{
	size_t len = 0;
	ssize_t n = 0;
	off_t size = 0;
	char *data;
	int fd;

	fd = open_file(path, key, &size, error);
	if (fd < 0)
		return fd;
	data = secret_alloc((size_t)size);
	while (data && len < (size_t)size) {
		n = read(fd, data + len, (size_t)size - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	close(fd);
	if (!data || n < 0) {
		secret_free(data);
		return covey_error_set(error, data ? -EIO : -ENOMEM, "cannot read %s", path);
	}
	*ret_data = data;
	*ret_len = len;
	return 0;
}

/* Without this function, OpenSSL would ask on the terminal for a passphrase. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	return -1;
}

int pki_read_key(const char *path, EVP_PKEY **ret_key, struct covey_error *error)
{
	EVP_PKEY *key = NULL;
	size_t len;
	char *data;
	BIO *bio;
	int status;

	status = read_file(path, true, &data, &len, error);
	if (status < 0)
		return status;
	bio = BIO_new_mem_buf(data, (int)len);
	if (bio)
		key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	secret_free(data);
	ERR_clear_error();
	if (!key)
		return covey_error_set(error, -EINVAL,
				       "%s holds no private key in PEM, or an encrypted one (keys "
				       "must be without passphrase)",
				       path);
	*ret_key = key;
	return 0;
}

int pki_read_certificate(const char *path, X509 **ret_certificate, struct covey_error *error)
{
	X509 *certificate = NULL;
	size_t len;
	char *data;
	BIO *bio;
	int status;

	status = read_file(path, false, &data, &len, error);
	if (status < 0)
		return status;
	bio = BIO_new_mem_buf(data, (int)len);
	if (bio)
		certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	secret_free(data);
	ERR_clear_error();
	if (!certificate)
		return covey_error_set(error, -EINVAL, "%s holds no certificate in PEM", path);
	*ret_certificate = certificate;
	return 0;
}
