/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard.h"

#include <errno.h>
#include <net/if.h>
#include <nftables/libnftables.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* nft quotes the rule below its first line, which is the reason. */
static void first_line(const char *text, struct covey_error *error)
{
	size_t len = text ? strcspn(text, "\n") : 0;
	const char *remedy = geteuid() == 0 ? "" : " (run as root)";

	if (len == 0)
		covey_error_set(error, 0, "nftables: no reason given%s", remedy);
	else
		covey_error_set(error, 0, "nftables: %.*s%s", (int)len, text, remedy);
}

/* Run one transaction: all of it, or nothing. */
static int run(const char *rules, struct covey_error *error)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	int status = 0;

	if (!nft)
		return covey_error_set(error, -ENOMEM, "nftables: out of memory");
	nft_ctx_buffer_error(nft);
	nft_ctx_buffer_output(nft);
	if (nft_run_cmd_from_buffer(nft, rules) != 0) {
		first_line(nft_ctx_get_error_buffer(nft), error);
		status = -EIO;
	}
	nft_ctx_free(nft);
	return status;
}

static int install(const struct guard_config *config, enum guard_device_hooks hooks,
		   struct covey_error *error)
{
	char *rules = NULL;
	size_t len;
	FILE *stream = open_memstream(&rules, &len);
	int status;

	if (!stream)
		return covey_error_set(error, -ENOMEM, "out of memory");
	guard_rules_write(stream, config, hooks);
	if (fclose(stream) != 0)
		status = covey_error_set(error, -ENOMEM, "out of memory");
	else
		status = run(rules, error);
	free(rules);
	return status;
}

static void warn(const struct guard_config *config, enum guard_device_hooks hooks,
		 struct covey_error *reason, struct covey_error *ret_warning)
{
	struct covey_error first = *reason;

	if (hooks == GUARD_INGRESS)
		covey_error_set(ret_warning, 0,
				"the kernel has no egress hook for %s: clear VXLAN that a bridge "
				"sends is not held back (%.200s)",
				config->interface, first.text);
	else
		covey_error_set(ret_warning, 0,
				"the kernel has no hooks for %s: clear VXLAN that a bridge passes "
				"is not held back (%.200s)",
				config->interface, first.text);
}

int guard_up(const struct guard_config *config, struct covey_error *ret_warning,
	     struct covey_error *error)
{
	enum guard_device_hooks hooks = GUARD_INGRESS_EGRESS;
	struct covey_error reason = {.text = ""}, first = {.text = ""};
	int status;

	if (!guard_interface_valid(config->interface))
		return covey_error_set(error, -EINVAL, "%s: no name of a network interface",
				       config->interface);
	if (if_nametoindex(config->interface) == 0)
		hooks = GUARD_NO_DEVICE;
	ret_warning->text[0] = '\0';
	for (;; hooks--) {
		status = install(config, hooks, &reason);
		if (status == 0 || hooks == GUARD_NO_DEVICE)
			break;
		if (first.text[0] == '\0')
			first = reason;
	}
	if (status)
		return covey_error_set(error, status, "cannot install the guard on %s: %s",
				       config->interface, reason.text);
	if (first.text[0] != '\0')
		warn(config, hooks, &first, ret_warning);
	return 0;
}

int guard_down(const char *interface, struct covey_error *error)
{
	struct covey_error reason = {.text = ""};
	char *rules = NULL;
	size_t len;
	FILE *stream = open_memstream(&rules, &len);
	int status;

	if (!stream)
		return covey_error_set(error, -ENOMEM, "out of memory");
	guard_rules_write_removal(stream, interface);
	if (fclose(stream) != 0) {
		free(rules);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	status = run(rules, &reason);
	free(rules);
	if (status)
		covey_error_set(error, 0, "cannot remove the guard of %s: %s", interface,
				reason.text);
	return status;
}
