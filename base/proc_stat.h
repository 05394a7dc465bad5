/* SPDX-License-Identifier: MIT */
#ifndef BASE_PROC_STAT_H
#define BASE_PROC_STAT_H

/* /proc/PID/stat, see proc(5). */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_stat {
	pid_t parent;
	unsigned flags;	 /* PF_* of the kernel's include/linux/sched.h */
	uint64_t cpu_us; /* user and system */
	uint64_t pages;	 /* in memory */
};

/* Reads the open file. Returns false when the process has gone or the text is another one. Any
 * thread. */
bool proc_stat_read(int fd, struct proc_stat *out);

/* The same of a process of this /proc. */
bool proc_stat_of(pid_t pid, struct proc_stat *out);

#endif
