/* SPDX-License-Identifier: BSD-3-Clause */
#include "tap_answers.h"
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <vnet_header.h>

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void tap_answers_too_big(struct tap_answers *answers, uint32_t packet_max, const uint8_t *frame,
			 uint32_t len)
{
	struct too_big_link link = {.packet_max = packet_max, .vxlan_port = answers->vxlan_port};
	uint8_t answer[TOO_BIG_ANSWER_MAX];
	struct vnet_header header = {0};
	struct iovec parts[] = {{&header, sizeof(header)}, {answer, 0}};

	if (answers->vxlan_port == 0)
		return;
	parts[1].iov_len = too_big_answer(&link, frame, len, answer);
	if (parts[1].iov_len == 0 ||
	    !too_big_pace_take(&answers->pace, too_big_sender(answer), now_ms()))
		return;
	memcpy(answer, answers->mac, sizeof(answers->mac));
	if (writev(answers->fd, parts + answers->bare, 2 - answers->bare) < 0) {
		/* The packet is counted. A sender that hears nothing sends another one. */
	}
}
