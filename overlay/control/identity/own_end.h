/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * When to warn that a certificate ends: 30, 7 and 1 days before, at its end, and each day from 1
 * day before on.
 */

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define OWN_END_DAY_S 86400

/*
 * Is what is valid from begin to end in its last 30 days, or in the second half of a life that is
 * shorter than 60? What is renewed every day is then not near its end all the time.
 */
static inline bool own_end_is_near(time_t begin, time_t end, time_t now)
{
	long long life = (long long)end - begin, last = 30LL * OWN_END_DAY_S;

	return (long long)end - now <= (life / 2 < last ? life / 2 : last);
}

struct own_end {
	size_t told;       /* how many of these warnings were given; 0: none */
	long long told_at; /* seconds, monotonic clock */
};

/* left: seconds until the end, by the wall clock. now: seconds, by the monotonic clock. */
static inline bool own_end_is_due(struct own_end *end, long long left, long long now)
{
	static const int days[] = {30, 7, 1, 0};
	const size_t count = sizeof(days) / sizeof(days[0]);
	size_t mark = 0;

	while (mark < count && left <= (long long)days[mark] * OWN_END_DAY_S)
		mark++;
	if (mark <= end->told && (mark < count - 1 || now - end->told_at < OWN_END_DAY_S)) {
		end->told = mark; /* the clock was set back */
		return false;
	}
	end->told = mark;
	end->told_at = now;
	return true;
}
