/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Preloaded into covey-host: libnftables as it is on a bad day. NFT_FAULT says how:
 *
 *   busy:N      the first N transactions fail, as when a socket has no room
 *   no-egress   the kernel has no egress hook
 *   old         libnftables does not know the egress hook
 *   lost        transactions succeed and the egress chain is not there
 *   undone:A-B  somebody flushes all that transactions A to B put up, before they are read back
 *   then:WHAT   somebody runs this command of nft behind the first transaction
 *   flush:FILE  once FILE is there, somebody flushes all just before the next listing, and removes
 * it
 */

#include <dlfcn.h>
#include <nftables/libnftables.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *fault_text;

static int fail(const char *text)
{
	fault_text = text;
	return -1;
}

const char *nft_ctx_get_error_buffer(struct nft_ctx *ctx)
{
	const char *(*next)(struct nft_ctx *) = dlsym(RTLD_NEXT, "nft_ctx_get_error_buffer");

	return fault_text ? fault_text : next(ctx);
}

/* The transaction without its last chain. */
static char *without_egress(const char *commands)
{
	const char *egress = strstr(commands, "\tchain egress");
	char *cut = strdup(commands);

	if (egress)
		strcpy(cut + (egress - commands), "}\n");
	return cut;
}

/* The transaction with a hook that this libnftables does not know either. */
static char *with_unknown_hook(const char *commands)
{
	char *changed = strdup(commands);
	char *egress = strstr(changed, "hook egress");

	if (egress)
		egress[strlen("hook egres")] = 'x';
	return changed;
}

static bool is_undone(const char *fault)
{
	static int count;
	int first, last;

	count++;
	return sscanf(fault, "undone:%d-%d", &first, &last) == 2 && count >= first && count <= last;
}

static bool is_first(void)
{
	static bool after;
	bool first = !after;

	after = true;
	return first;
}

int nft_run_cmd_from_buffer(struct nft_ctx *nft, const char *commands)
{
	int (*next)(struct nft_ctx *, const char *) = dlsym(RTLD_NEXT, "nft_run_cmd_from_buffer");
	const char *fault = getenv("NFT_FAULT");
	bool lists = strncmp(commands, "list ", 5) == 0;
	static int count;

	fault_text = NULL;
	if (fault && !lists && strncmp(fault, "busy:", 5) == 0 && count++ < atoi(fault + 5))
		return fail("Error: Could not process rule: No buffer space available\nline\n");
	if (fault && !lists && strcmp(fault, "no-egress") == 0 && strstr(commands, "hook egress"))
		return fail("Error: Could not process rule: Operation not supported\nline\n");
	if (fault && !lists && (strcmp(fault, "lost") == 0 || strcmp(fault, "old") == 0)) {
		char *changed =
			fault[0] == 'l' ? without_egress(commands) : with_unknown_hook(commands);
		int status = next(nft, changed);

		free(changed);
		return status;
	}
	if (fault && !lists && is_undone(fault)) {
		int status = next(nft, commands);

		next(nft, "flush ruleset");
		return status;
	}
	if (fault && !lists && strncmp(fault, "then:", 5) == 0 && is_first()) {
		int status = next(nft, commands);

		next(nft, fault + 5);
		return status;
	}
	if (fault && lists && strncmp(fault, "flush:", 6) == 0 && unlink(fault + 6) == 0)
		next(nft, "flush ruleset");
	return next(nft, commands);
}
