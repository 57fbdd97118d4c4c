/* SPDX-License-Identifier: BSD-3-Clause */
#include "crl_read.h"

#include <covey/limits.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PEM_BEGIN "-----BEGIN"

/* --- bytes --------------------------------------------------------------------------------- */

static int cannot_read(const char *path, int number, struct covey_error *error)
{
	return covey_error_set(error, -number, "cannot read the revocation list %s: %s", path,
			       strerror(number));
}

static int check_size(const char *path, const struct stat *st, size_t budget,
		      struct covey_error *error)
{
	if (!S_ISREG(st->st_mode))
		return covey_error_set(error, -EINVAL, "%s is no file with a revocation list",
				       path);
	if (st->st_size < 0 || (size_t)st->st_size > budget)
		return covey_error_set(error, -E2BIG,
				       "%s is too large: revocation lists may have %u bytes "
				       "together",
				       path, COVEY_CRL_BYTES_MAX);
	return 0;
}

static int read_all(int fd, unsigned char *data, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, data + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO; /* the file has become shorter a moment ago */
		len += (size_t)n;
	}
	return 0;
}

/* O_NONBLOCK: if the path is a FIFO, we must not hang. */
static int read_bytes(const char *path, size_t budget, unsigned char **ret_data, size_t *ret_len,
		      struct covey_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	unsigned char *data = NULL;
	struct stat st;
	int status;

	if (fd < 0)
		return cannot_read(path, errno, error);
	status = fstat(fd, &st) < 0 ? cannot_read(path, errno, error)
				    : check_size(path, &st, budget, error);
	if (status < 0)
		goto out;
	data = malloc((size_t)st.st_size + 1);
	status = data ? read_all(fd, data, (size_t)st.st_size) : -ENOMEM;
	if (status < 0) {
		free(data);
		status = cannot_read(path, -status, error);
		goto out;
	}
	*ret_data = data;
	*ret_len = (size_t)st.st_size;
out:
	close(fd);
	return status;
}

/* --- lists --------------------------------------------------------------------------------- */

static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	return -1;
}

static int keep(X509_CRL *list, STACK_OF(X509_CRL) * lists)
{
	if (sk_X509_CRL_push(lists, list) > 0)
		return 0;
	X509_CRL_free(list);
	return -ENOMEM;
}

/* Is this the end of the file? A file that is cut in the middle of a list is different. */
static bool is_end(void)
{
	unsigned long code = ERR_peek_last_error();

	return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

static int parse_pem(BIO *bio, STACK_OF(X509_CRL) * lists)
{
	int before = sk_X509_CRL_num(lists);
	X509_CRL *list;

	ERR_clear_error();
	while ((list = PEM_read_bio_X509_CRL(bio, NULL, no_passphrase, NULL)))
		if (keep(list, lists) < 0)
			return -ENOMEM;
	return is_end() && sk_X509_CRL_num(lists) > before ? 0 : -EINVAL;
}

static int parse_der(const unsigned char *data, size_t len, STACK_OF(X509_CRL) * lists)
{
	const unsigned char *at = data;
	X509_CRL *list = d2i_X509_CRL(NULL, &at, (long)len);

	if (!list)
		return -EINVAL;
	if (at != data + len) {
		X509_CRL_free(list);
		return -EINVAL;
	}
	return keep(list, lists);
}

static int parse(const unsigned char *data, size_t len, STACK_OF(X509_CRL) * lists)
{
	bool pem = memmem(data, len, PEM_BEGIN, strlen(PEM_BEGIN)) != NULL;
	BIO *bio;
	int status;

	/* DER begins with a SEQUENCE. Text never begins with that byte. */
	if (!pem || (len > 0 && data[0] == 0x30))
		return parse_der(data, len, lists);
	bio = BIO_new_mem_buf(data, (int)len);
	status = bio ? parse_pem(bio, lists) : -ENOMEM;
	BIO_free(bio);
	return status;
}

int crl_read_file(const char *path, STACK_OF(X509_CRL) * lists, size_t *budget,
		  struct covey_error *error)
{
	unsigned char *data = NULL;
	size_t len = 0;
	int status = read_bytes(path, *budget, &data, &len, error);

	if (status < 0)
		return status;
	status = parse(data, len, lists);
	free(data);
	ERR_clear_error();
	if (status == -ENOMEM)
		return covey_error_set(error, status, "out of memory");
	if (status < 0)
		return covey_error_set(error, status,
				       "%s is no revocation list in PEM or DER, or is cut short",
				       path);
	if ((unsigned)sk_X509_CRL_num(lists) > COVEY_CRL_LISTS_MAX)
		return covey_error_set(error, -E2BIG, "%s: there are more than %u revocation lists",
				       path, COVEY_CRL_LISTS_MAX);
	*budget -= len;
	return 0;
}

/* --- directories --------------------------------------------------------------------------- */

/* Skips files that another program is still writing, and the directory's own entries. */
static bool is_hidden(const struct dirent *entry)
{
	return entry->d_name[0] == '.';
}

static int read_directory(DIR *directory, const char *path, STACK_OF(X509_CRL) * lists,
			  size_t *budget, struct covey_error *error)
{
	struct dirent *entry;
	char *file;
	int status = 0;

	while (status == 0 && (entry = readdir(directory))) {
		if (is_hidden(entry))
			continue;
		if (asprintf(&file, "%s/%s", path, entry->d_name) < 0)
			return covey_error_set(error, -ENOMEM, "out of memory");
		status = crl_read_file(file, lists, budget, error);
		free(file);
	}
	return status;
}

int crl_read(const char *path, STACK_OF(X509_CRL) * lists, struct covey_error *error)
{
	size_t budget = COVEY_CRL_BYTES_MAX;
	DIR *directory = opendir(path);
	int status;

	if (!directory)
		return errno == ENOTDIR ? crl_read_file(path, lists, &budget, error)
					: cannot_read(path, errno, error);
	status = read_directory(directory, path, lists, &budget, error);
	closedir(directory);
	if (status == 0 && sk_X509_CRL_num(lists) == 0)
		status = covey_error_set(error, -ENOENT,
					 "the directory %s holds no revocation list", path);
	return status;
}
