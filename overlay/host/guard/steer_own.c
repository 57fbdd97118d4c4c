/* SPDX-License-Identifier: BSD-3-Clause */

#include "steer_own.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard_nft.h"
#include "guard_replace.h"
#include "guard_rules.h"
#include "guard_text.h"
#include "own_rules.h"

static int write_rules(const struct steer_own *own, const struct guard_config *config,
		       char **ret_rules, struct covey_error *error)
{
	char *rules = NULL;
	size_t len;
	FILE *stream = open_memstream(&rules, &len);

	if (!stream)
		return covey_error_set(error, -ENOMEM, "out of memory");
	own_rules_write(stream, config, own->steers, (unsigned)getpid());
	if (fclose(stream) != 0) {
		free(rules);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	*ret_rules = rules;
	return 0;
}

/* All that is to be done, in one transaction. standing: change this table in place; NULL: remove
 * it, if there is one. */
static int write_all(const struct guard_config *config, const char *rules, const char *standing,
		     const char *guard_rules, char **ret_all, struct covey_error *error)
{
	char *all = NULL;
	size_t len;
	FILE *stream = open_memstream(&all, &len);

	if (!stream)
		return covey_error_set(error, -ENOMEM, "out of memory");
	if (standing) {
		guard_replace_write(stream, rules, standing);
	} else {
		own_rules_write_removal(stream, config->host_interface, (unsigned)getpid());
		fputs(rules, stream);
	}
	fputs(guard_rules ? guard_rules : "", stream);
	if (fclose(stream) != 0) {
		free(all);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	*ret_all = all;
	return 0;
}

static int run(struct steer_own *own, const struct guard_config *config, const char *rules,
	       const char *standing, const char *guard_rules, struct covey_error *error)
{
	char *all = NULL;
	int status = own->nft ? 0 : guard_nft_open(&own->nft, error);

	if (status == 0)
		status = write_all(config, rules, standing, guard_rules, &all, error);
	if (status)
		return status;
	status = guard_nft_run_in(own->nft, all, error);
	free(all);
	return status;
}

int steer_own_set(struct steer_own *own, const struct guard_config *config, const char *guard_rules,
		  struct covey_error *error)
{
	char *rules = NULL;
	int status = write_rules(own, config, &rules, error);

	if (status)
		return status;
	if (own->rules && strcmp(own->rules, rules) == 0 &&
	    own->to_index == config->steer.to_index) {
		free(rules);
		return guard_rules ? guard_nft_run(guard_rules, error) : 0;
	}
	status = own->rules ? run(own, config, rules, own->rules, guard_rules, error) : -ENOENT;
	if (status)
		status = run(own, config, rules, NULL, guard_rules, error);
	if (status) {
		free(rules);
		return status;
	}
	free(own->rules);
	own->rules = rules;
	own->to_index = config->steer.to_index;
	return 0;
}

int steer_own_check(struct steer_own *own, const struct guard_config *config,
		    struct covey_error *error)
{
	struct covey_error difference = {.text = ""};
	char name[OWN_RULES_NAME_SIZE];
	char *listing;
	int status;

	own_rules_name(config->host_interface, (unsigned)getpid(), name);
	status = guard_nft_list_netdev(name, false, &listing, error);
	if (status)
		return status;
	status = guard_compare(own->rules, listing, &difference);
	if (status == 0 && !guard_clear_same_sets(own->rules, listing))
		status = covey_error_set(&difference, -EAGAIN, "other VNIs pass in clear");
	free(listing);
	if (status == 0)
		return 0;
	free(own->rules);
	own->rules = NULL;
	return covey_error_set(error, -EAGAIN, "%s is not as it was installed: %s", name,
			       difference.text);
}

int steer_own_list(const struct steer_own *own, const char *host_interface, char **ret_text,
		   struct covey_error *error)
{
	char name[OWN_RULES_NAME_SIZE];

	if (!own->nft) {
		*ret_text = strdup("");
		return *ret_text ? 0 : covey_error_set(error, -ENOMEM, "out of memory");
	}
	own_rules_name(host_interface, (unsigned)getpid(), name);
	return guard_nft_list_netdev(name, true, ret_text, error);
}

void steer_own_end(struct steer_own *own)
{
	guard_nft_close(own->nft);
	free(own->rules);
	own->nft = NULL;
	own->rules = NULL;
}
