/* SPDX-License-Identifier: BSD-3-Clause */
#include "impostors.h"

#include <errno.h>
#include <inttypes.h>

#include "group.h"

static struct sa *find_sa(const struct group *group, size_t seat, uint32_t spi)
{
	for (size_t i = 0; i < group->sa_count; i++) {
		struct sa *sa = group->sas[i];

		if (sa->spi == spi && sa_is_live(sa) && sa->members[seat] >= SA_MEMBER_SENT)
			return sa;
	}
	return NULL;
}

int impostors_report(struct group *group, size_t seat, uint32_t spi, uint64_t packets,
		     uint64_t now_ms, uint64_t *ret_new, struct covey_error *error)
{
	struct member *member = &group->members[seat];
	struct sa *sa = find_sa(group, seat, spi);
	struct usage *usage;
	uint64_t new;

	if (!sa || !member->session) {
		*ret_new = 0;
		return 0;
	}
	if (packets > usage_possible(group, sa, now_ms))
		return covey_error_set(error, -EINVAL,
				       "%" PRIu64 " packets with its SenderID on SA %" PRIu32
				       ", more than there was time for",
				       packets, spi);
	usage = &sa->usages[seat];
	new = packets < usage->own_sender ? packets : packets - usage->own_sender;
	usage->own_sender = packets;
	member->own_sender =
		member->own_sender > UINT64_MAX - new ? UINT64_MAX : member->own_sender + new;
	*ret_new = new;
	return 0;
}
