/* SPDX-License-Identifier: MIT */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/* Time, for deadlines and durations: it only goes forward (CLOCK_MONOTONIC). Any thread. */

#include <stdint.h>

#define CLOCK_NEVER UINT64_MAX

uint64_t clock_now_us(void);
uint64_t clock_now_ms(void);

/* The time of day, in milliseconds since 1970: for what people read, never for a deadline. */
int64_t clock_unix_ms(void);

/* What is left until deadline_ms as poll(2) wants it: 0 when it has passed, -1 for CLOCK_NEVER. */
int clock_poll_timeout(uint64_t deadline_ms);

#endif
