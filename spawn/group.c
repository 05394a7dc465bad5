/* SPDX-License-Identifier: MIT */
/*
 * PIDFD_SIGNAL_PROCESS_GROUP (Linux 6.9) reaches a group without its number, so that it can never
 * be the wrong one, not even after the leader has been reaped by init. Older kernels refuse the
 * flag and get kill(2).
 */
#include "spawn/group.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PIDFD_SIGNAL_PROCESS_GROUP
#define PIDFD_SIGNAL_PROCESS_GROUP (1U << 2)
#endif

int group_signal_watched(int pidfd, pid_t pgid, int signal, uint64_t key)
{
	if (pgid <= 1)
		return -ESRCH; /* kill(2) would signal every process */
	if (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, PIDFD_SIGNAL_PROCESS_GROUP) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	return syscall(SYS_kill, -pgid, signal, key) < 0 ? -errno : 0;
}

int group_signal(int pidfd, pid_t pgid, int signal)
{
	return group_signal_watched(pidfd, pgid, signal, 0);
}

int group_signal_leader(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

bool group_leader_exists(int pidfd)
{
	return group_signal_leader(pidfd, 0) != -ESRCH;
}
