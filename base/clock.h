/* SPDX-License-Identifier: MIT */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/* Time that only goes forward (CLOCK_MONOTONIC), for deadlines and durations. Any thread. */

#include <stdint.h>

#define CLOCK_NEVER UINT64_MAX

uint64_t clock_now_us(void);
uint64_t clock_now_ms(void);

/* What is left until deadline_ms as poll(2) wants it: 0 when it has passed, -1 for CLOCK_NEVER. */
int clock_poll_timeout(uint64_t deadline_ms);

#endif
