/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <limits.h>
#include <time.h>

uint64_t clock_now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_now_ms(void)
{
	return clock_now_us() / 1000;
}

int64_t clock_unix_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int clock_poll_timeout(uint64_t deadline_ms)
{
	if (deadline_ms == CLOCK_NEVER)
		return -1;
	uint64_t now = clock_now_ms();
	if (deadline_ms <= now)
		return 0;
	uint64_t left = deadline_ms - now;
	return left > INT_MAX ? INT_MAX : (int)left;
}
