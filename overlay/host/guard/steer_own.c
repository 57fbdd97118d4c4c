/* SPDX-License-Identifier: BSD-3-Clause */

#include "steer_own.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "guard_nft.h"
#include "guard_rules.h"

static int write_rules(const struct guard_config *config, const struct steer *uplinks,
		       char **ret_rules, struct covey_error *error)
{
	struct guard_config now = *config;
	char *rules = NULL;
	size_t len;
	FILE *stream = open_memstream(&rules, &len);

	if (!stream)
		return covey_error_set(error, -ENOMEM, "out of memory");
	now.steer = *uplinks;
	steer_write_own(stream, &now, (unsigned)getpid());
	if (fclose(stream) != 0) {
		free(rules);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	*ret_rules = rules;
	return 0;
}

int steer_own_set(struct steer_own *own, const struct guard_config *config,
		  const struct steer *uplinks, struct covey_error *error)
{
	struct covey_error reason = {.text = ""};
	char *rules = NULL;
	int status = 0;

	if (!own->nft)
		status = guard_nft_open(&own->nft, error);
	if (status == 0)
		status = write_rules(config, uplinks, &rules, error);
	if (status)
		return status;
	status = guard_nft_run_in(own->nft, rules, &reason);
	free(rules);
	if (status)
		covey_error_set(error, 0,
				"cannot install the table that outlives a flush of the rules: %s",
				reason.text);
	return status;
}

void steer_own_end(struct steer_own *own)
{
	guard_nft_close(own->nft);
	own->nft = NULL;
}
