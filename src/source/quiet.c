/* SPDX-License-Identifier: MIT */
/* A result belongs to the content of its source, and the source's time of content stands for that.
 * The time comes from the kernel's coarse clock, which goes in steps of up to 10 ms: two writes
 * within a step have the same time (Linux 6.13 has finer ones on most file systems, which cannot be
 * asked for). So a file that was written to a moment ago is left alone until the step is over.
 *
 * The wait is a little longer than that, for another reason: many programs write a file in several
 * pieces, and a picture is only half there between two of them. */
#include "src/source/quiet.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/clock.h"
#include "base/fd.h"

/* The step of FAT; network file systems have the clock of their server. */
enum { STEP_MAX_MS = 2000 };

/* Negative: the time is in the future. */
static int64_t age_ms(const struct stat *st)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)(now.tv_sec - st->st_mtim.tv_sec) * 1000 +
	       (now.tv_nsec - st->st_mtim.tv_nsec) / 1000000;
}

/* ext4 cuts a file, gives its blocks back, and only then sets its time, which may take
 * milliseconds: a file that is about to be written again is an old and empty one meanwhile. */
static bool may_be_cut_now(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_size == 0;
}

int quiet_wait(int fd, struct stat *st)
{
	const uint64_t until_ms = clock_now_ms() + QUIET_WAIT_MS;
	int64_t age;
	for (bool doubted = false;;) {
		if (fstat(fd, st) < 0)
			return -errno;
		age = age_ms(st);
		const bool quiet = age < 0 || age >= QUIET_MS;
		if (quiet && (doubted || !may_be_cut_now(st)))
			break;
		if (!quiet && clock_now_ms() >= until_ms)
			return QUIET_NOT;
		doubted = quiet;
		const struct timespec pause = {
			.tv_nsec = (quiet ? QUIET_MS : QUIET_MS - age) * 1000000};
		nanosleep(&pause, NULL);
	}
	if (age >= STEP_MAX_MS || age <= -STEP_MAX_MS)
		return QUIET;
	return age < 0 || st->st_mtim.tv_nsec == 0 || !fd_is_local(fd) ? QUIET_UNKNOWN : QUIET;
}
