/* SPDX-License-Identifier: BSD-3-Clause */
#include "tap_answers.h"
#include "counter.h"
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <time.h>
#include <vnet_header.h>

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int tap_answers_begin(struct tap_answers_shared *shared)
{
	memset(shared, 0, sizeof(*shared));
	/* So few bytes come at once, or not at all. */
	if (getrandom(&shared->secret, sizeof(shared->secret), 0) != sizeof(shared->secret))
		return -EIO;
	return 0;
}

/* A copy takes none of the answers that its sender has left. */
static bool may_answer(struct tap_answers *answers, const struct too_big_sender *sender,
		       uint32_t vxlan_len)
{
	struct tap_answers_shared *shared = answers->shared;
	uint64_t now = now_ms();

	return !too_big_copies_has(&shared->copies, &shared->secret, sender->vxlan, vxlan_len,
				   sender->vtep, now) &&
	       too_big_pace_take(&answers->pace, &shared->secret, sender->vni, sender->address,
				 now) &&
	       too_big_copies_claim(&shared->copies, &shared->secret, sender->vxlan, vxlan_len,
				    sender->vtep, now);
}

void tap_answers_too_big(struct tap_answers *answers, uint32_t packet_max, const uint8_t *frame,
			 uint32_t len)
{
	struct too_big_link link = {.packet_max = packet_max, .vxlan_port = answers->vxlan_port};
	uint8_t answer[TOO_BIG_ANSWER_MAX];
	struct vnet_header header = {0};
	struct iovec parts[] = {{&header, sizeof(header)}, {answer, 0}};
	struct too_big_sender sender;

	if (answers->vxlan_port == 0)
		return;
	memcpy(link.mac, answers->mac, sizeof(link.mac));
	parts[1].iov_len = too_big_answer(&link, frame, len, &sender, answer);
	if (parts[1].iov_len == 0 ||
	    !may_answer(answers, &sender, len - (uint32_t)(sender.vxlan - frame)))
		return;
	/* What fails is not given. The packet is counted, and a sender that hears nothing sends
	 * another one. */
	if (writev(answers->fd, parts + answers->bare, 2 - answers->bare) >= 0)
		counter_add(&answers->given, 1);
}
