/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_UNIT_WAIT_H
#define TESTS_UNIT_UNIT_WAIT_H

/* For what tells nobody that it has come: it is looked at again and again, without a word about how
 * long that takes on a busy machine. And what the kernel lists of a process. */

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/clock.h"
#include "tests/unit/unit.h"

/* Ends a test that would hang, before ctest does (300 s). No machine is that slow. */
enum { UNIT_PATIENCE_MS = 100000 };

/* Returns when the condition holds, and fails when it never does. Main thread of a test. */
#define UNIT_AWAIT(condition)                                                                      \
	do {                                                                                       \
		const uint64_t unit_until_ms = clock_now_ms() + UNIT_PATIENCE_MS;                  \
		while (!(condition)) {                                                             \
			if (clock_now_ms() >= unit_until_ms)                                       \
				fail_msg("waited in vain for: %s", #condition);                    \
			poll(NULL, 0, 1);                                                          \
		}                                                                                  \
	} while (0)

/* The entries of /proc/PID/what: "fd", "task". */
static inline size_t unit_count_of(pid_t pid, const char *what)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, what);
	DIR *directory = opendir(path);
	assert_non_null(directory);
	size_t count = 0;
	for (struct dirent *entry; (entry = readdir(directory));)
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count;
}

#endif
