/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_nft.h"

#include <errno.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard_rules.h"
#include "own_rules.h"

#define COMMAND_SIZE (64 + OWN_RULES_NAME_SIZE)

/* How a libnftables before 1.0.1 says that it does not know the egress hook of a network device.
 * The program may run with an older one than it was built with. */
#define NO_SUCH_HOOK "unknown chain hook"

/* The first line of nft's message is the reason; the quoted rule follows. libnftables gives no
 * error number. */
static int read_reason(const char *text, struct covey_error *error)
{
	const char *remedy = geteuid() == 0 ? "" : " (run as root)";
	size_t len = text ? strcspn(text, "\n") : 0;
	bool old = len && strstr(text, NO_SUCH_HOOK);

	if (old)
		remedy = " (libnftables is too old: covey needs 1.0.1 or later)";
	covey_error_set(error, 0, "nftables: %.*s%s", len ? (int)len : 15,
			len ? text : "no reason given", remedy);
	if (old || (len && strstr(text, strerror(EOPNOTSUPP))))
		return -EOPNOTSUPP;
	if (len && strstr(text, strerror(ENOENT)))
		return -ENOENT;
	return -EIO;
}

/* NULL: out of memory. */
static struct nft_ctx *open_nft(struct covey_error *error)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);

	if (nft && nft_ctx_buffer_error(nft) == 0 && nft_ctx_buffer_output(nft) == 0)
		return nft;
	covey_error_set(error, 0, "nftables: out of memory");
	if (nft)
		nft_ctx_free(nft);
	return NULL;
}

static int run(struct nft_ctx *nft, const char *commands, struct covey_error *error)
{
	if (nft_run_cmd_from_buffer(nft, commands) == 0)
		return 0;
	return read_reason(nft_ctx_get_error_buffer(nft), error);
}

int guard_nft_run(const char *commands, struct covey_error *error)
{
	struct nft_ctx *nft = open_nft(error);
	int status;

	if (!nft)
		return -ENOMEM;
	status = run(nft, commands, error);
	nft_ctx_free(nft);
	return status;
}

int guard_nft_open(struct guard_nft **ret_nft, struct covey_error *error)
{
	struct nft_ctx *nft = open_nft(error);

	if (!nft)
		return -ENOMEM;
	*ret_nft = (struct guard_nft *)nft;
	return 0;
}

int guard_nft_run_in(struct guard_nft *nft, const char *commands, struct covey_error *error)
{
	return run((struct nft_ctx *)nft, commands, error);
}

void guard_nft_close(struct guard_nft *nft)
{
	if (nft)
		nft_ctx_free((struct nft_ctx *)nft);
}

/* Append one table's listing to the stream. */
static int append_table(const char *family, const char *table, bool counters, FILE *stream,
			struct covey_error *error)
{
	char command[COMMAND_SIZE];
	struct nft_ctx *nft = open_nft(error);
	int status;

	if (!nft)
		return -ENOMEM;
	/* Without the flag, a protocol has a name or none, as /etc/protocols has it. */
	nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_NUMERIC_PROTO |
					      (counters ? 0 : NFT_CTX_OUTPUT_STATELESS));
	snprintf(command, sizeof(command), "list table %s %s", family, table);
	status = run(nft, command, error);
	if (status == 0)
		fputs(nft_ctx_get_output_buffer(nft), stream);
	nft_ctx_free(nft);
	return status == -ENOENT ? 0 : status;
}

/* inet: list a table of that family, too. */
static int list(bool inet, const char *table, bool counters, char **ret_text,
		struct covey_error *error)
{
	char *text = NULL;
	size_t len;
	FILE *stream = open_memstream(&text, &len);
	int status = 0;

	if (!stream)
		return covey_error_set(error, -ENOMEM, "out of memory");
	if (inet)
		status = append_table("inet", table, counters, stream, error);
	if (status == 0)
		status = append_table("netdev", table, counters, stream, error);
	if (fclose(stream) != 0 && status == 0)
		status = covey_error_set(error, -ENOMEM, "out of memory");
	if (status) {
		free(text);
		return status;
	}
	*ret_text = text;
	return 0;
}

int guard_nft_list(const char *interface, bool counters, char **ret_text, struct covey_error *error)
{
	char table[GUARD_TABLE_NAME_SIZE];

	guard_table_name(interface, table);
	return list(true, table, counters, ret_text, error);
}

int guard_nft_list_netdev(const char *table, bool counters, char **ret_text,
			  struct covey_error *error)
{
	return list(false, table, counters, ret_text, error);
}
