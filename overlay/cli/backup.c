/* SPDX-License-Identifier: BSD-3-Clause */

/* covey backup FILE */

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "json_text.h"

struct backup_arguments {
	struct cli *cli;
	const char *file;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct backup_arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = arguments->cli;
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->file)
			argp_error(state, "one file at a time: %s is too much", value);
		arguments->file = value;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "the name of the file is missing");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The bytes of the answer, to be released with free(). NULL when it is not as it must be. */
static unsigned char *decode(const json_t *answer, size_t *ret_len)
{
	const json_t *file = json_object_get(answer, "file");
	size_t text_len = json_string_length(file);
	json_int_t len = field_number(answer, "bytes");
	unsigned char *bytes;

	if (len < 1 || text_len != 4 * (((size_t)len + 2) / 3))
		return NULL;
	bytes = malloc(text_len);
	*ret_len = (size_t)len;
	if (bytes && EVP_DecodeBlock(bytes, (const unsigned char *)json_string_value(file),
				     (int)text_len) >= 0)
		return bytes;
	free(bytes);
	return NULL;
}

static int write_all(int fd, const unsigned char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		len -= (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* Whole or not at all, and for its owner alone. Replaces a backup of that name. */
static int keep(const char *path, const unsigned char *bytes, size_t len, struct covey_error *error)
{
	size_t size = strlen(path) + sizeof(".XXXXXX");
	char *temporary = malloc(size);
	int fd, status;

	if (!temporary)
		return covey_error_set(error, -ENOMEM, "out of memory");
	snprintf(temporary, size, "%s.XXXXXX", path);
	fd = mkostemp(temporary, O_CLOEXEC);
	status = fd < 0 ? -errno : write_all(fd, bytes, len);
	if (fd >= 0)
		close(fd);
	if (status == 0 && rename(temporary, path) < 0)
		status = -errno;
	if (status < 0 && fd >= 0)
		unlink(temporary);
	free(temporary);
	return status < 0 ? covey_error_set(error, status,
					    "cannot write %s (%s): there is no backup of now", path,
					    strerror(-status))
			  : 0;
}

static int take(const struct client_daemon *daemon, const char *path, size_t *ret_len,
		struct covey_error *error)
{
	json_t *answer = NULL;
	unsigned char *bytes;
	int status;

	status = client_ask(daemon, json_pack("{s:s}", "command", "backup"), &answer, error);
	if (status < 0)
		return status;
	bytes = field_true(answer, "ok") ? decode(answer, ret_len) : NULL;
	if (bytes)
		status = keep(path, bytes, *ret_len, error);
	else if (field_true(answer, "ok"))
		status = covey_error_set(error, -EPROTO,
					 "the answer of covey-gkm holds no state file");
	else {
		client_disarm(answer);
		status = covey_error_set(error, -EPROTO, "%s", field_text(answer, "error"));
	}
	free(bytes);
	json_decref(answer);
	return status;
}

int backup_main(struct cli *cli, int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse,
		.args_doc = "FILE",
		.doc = "Copy the state of the key manager on this machine into a file, while it "
		       "runs: which SenderID is whose, who is evicted, and which SPI is next. It "
		       "holds no key. Started with a copy of that file as its state file, another "
		       "covey-gkm goes on from there.",
		.children = cli_children};
	struct backup_arguments arguments = {.cli = cli};
	struct covey_error error;
	struct client_daemon daemon;
	size_t len = 0;

	if (cli_parse(&argp, argc, argv, 0, &arguments))
		return CLI_USAGE;
	daemon = client_gkm(cli);
	if (take(&daemon, arguments.file, &len, &error) < 0) {
		fprintf(stderr, "covey backup: %s\n", error.text);
		if (cli->json)
			json_print(json_failure(error.text));
		return CLI_FAILURE;
	}
	if (cli->json)
		json_print(json_pack("{s:b, s:s, s:I}", "ok", true, "file", arguments.file, "bytes",
				     (json_int_t)len));
	else
		printf("%s: %zu bytes. It is as of now: take another after each eviction.\n",
		       arguments.file, len);
	return CLI_OK;
}
