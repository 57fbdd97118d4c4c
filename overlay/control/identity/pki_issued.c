/* SPDX-License-Identifier: BSD-3-Clause */
#include "pki_issued.h"

#include <covey/limits.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "certificate_id.h"
#include "pki_file.h"

static int issued_path(const char *directory, char *buf, struct covey_error *error)
{
	if (snprintf(buf, PKI_PATH_MAX, "%s/issued", directory) >= PKI_PATH_MAX)
		return covey_error_set(error, -ENAMETOOLONG, "the path %.100s... is too long",
				       directory);
	return 0;
}

static int failed(const char *doing, const char *path, int number, struct covey_error *error)
{
	return covey_error_set(error, -number, "cannot %s %s: %s", doing, path, strerror(number));
}

/* --- writing ------------------------------------------------------------------------------- */

static int format_line(const char *name, const X509 *certificate, char *buf, size_t size)
{
	char serial[CERTIFICATE_SERIAL_STRLEN];
	char end[sizeof("YYYY-MM-DDTHH:MM:SSZ") + 8];
	struct tm parts;

	if (!ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) ||
	    strftime(end, sizeof(end), "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		return -EINVAL;
	return snprintf(buf, size, "%s %s %s\n",
			certificate_serial(X509_get0_serialNumber(certificate), serial), name, end);
}

int issued_append(const char *directory, const char *name, const X509 *certificate,
		  struct covey_error *error)
{
	char path[PKI_PATH_MAX], line[256];
	int len = format_line(name, certificate, line, sizeof(line));
	int status = issued_path(directory, path, error);
	int fd;

	if (status < 0)
		return status;
	if (len < 0 || (size_t)len >= sizeof(line))
		return failed("write", path, EINVAL, error);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return failed("write", path, errno, error);
	errno = ENOSPC; /* the likely cause of a short write */
	if (write(fd, line, (size_t)len) != len || fsync(fd) < 0)
		status = failed("write", path, errno, error);
	close(fd);
	return status;
}

/* --- reading ------------------------------------------------------------------------------- */

static int take_line(char *line,
		     int (*each)(const char *serial, const char *name, const char *end, void *arg),
		     void *arg)
{
	char *rest = line;
	const char *serial = strsep(&rest, " \n");
	const char *name = strsep(&rest, " \n");
	const char *end = strsep(&rest, " \n");

	return name ? each(serial, name, end ? end : "", arg) : 0;
}

int issued_list(const char *directory,
		int (*each)(const char *serial, const char *name, const char *end, void *arg),
		void *arg, struct covey_error *error)
{
	char path[PKI_PATH_MAX];
	int status = issued_path(directory, path, error);
	char *line = NULL;
	size_t size = 0;
	FILE *file;

	if (status < 0)
		return status;
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? 0 : failed("read", path, errno, error);
	while (status == 0 && getline(&line, &size, file) > 0)
		status = take_line(line, each, arg);
	if (status == 0 && ferror(file))
		status = failed("read", path, EIO, error);
	free(line);
	fclose(file);
	return status;
}

struct of_name {
	const char *name;
	int (*each)(const char *serial, void *arg);
	void *arg;
};

static int take_own(const char *serial, const char *name, const char *end, void *arg)
{
	const struct of_name *wanted = arg;

	return strcmp(name, wanted->name) == 0 ? wanted->each(serial, wanted->arg) : 0;
}

int issued_each(const char *directory, const char *name, int (*each)(const char *serial, void *arg),
		void *arg, struct covey_error *error)
{
	struct of_name wanted = {.name = name, .each = each, .arg = arg};

	return issued_list(directory, take_own, &wanted, error);
}
