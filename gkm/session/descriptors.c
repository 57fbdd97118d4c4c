/* SPDX-License-Identifier: BSD-3-Clause */
#include "descriptors.h"

#include <covey/limits.h>
#include <sys/resource.h>

/* The state file and its journal, the listener, epoll, standard streams, and room to spare. */
#define OWN_DESCRIPTORS 64

size_t descriptors_raise(void)
{
	const rlim_t wanted = COVEY_SESSIONS_MAX + OWN_DESCRIPTORS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return OWN_DESCRIPTORS;
	if (limit.rlim_cur < wanted) {
		const struct rlimit higher = {.rlim_cur = wanted,
					      .rlim_max = limit.rlim_max < wanted ? wanted
										  : limit.rlim_max};
		const struct rlimit highest = {.rlim_cur = limit.rlim_max,
					       .rlim_max = limit.rlim_max};

		/* Only root may lift the hard limit. */
		if (setrlimit(RLIMIT_NOFILE, &higher) < 0)
			setrlimit(RLIMIT_NOFILE, &highest);
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return COVEY_SESSIONS_MAX;
	return limit.rlim_cur > 2 * OWN_DESCRIPTORS ? limit.rlim_cur - OWN_DESCRIPTORS
						    : OWN_DESCRIPTORS;
}
