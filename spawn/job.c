/* SPDX-License-Identifier: MIT */
/*
 * A job is signalled and reaped through its pidfd. A process number could belong to another process
 * by now; a pidfd cannot. As long as the leader is not reaped, the number of its group cannot be
 * given away either. So the group is always killed before the leader is reaped, and only job_reap
 * reaps it.
 */
#include "spawn/job.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc_stat.h"
#include "spawn/group.h"

void job_signal(const struct job *job, int signal)
{
	if (job->pidfd < 0)
		return;
	if ((job->namespaced && signal == SIGKILL) ||
		group_signal(job->pidfd, job->pid, signal) < 0)
		group_signal_leader(job->pidfd, signal);
}

bool job_is_ending(const struct job *job)
{
	enum { EXITING = 0x4 }; /* PF_EXITING */
	struct proc_stat stat;
	return job->pidfd >= 0 && proc_stat_of(job->pid, &stat) && (stat.flags & EXITING);
}

/* As waitid(2) fills it in: with words of the machine, also where the C library's struct rusage has
 * times of 64 bits. */
struct kernel_usage {
	struct {
		long s, us;
	} user, system;
	long peak_kib, others[13];
};

static void fill_result(
	struct job_result *result, const siginfo_t *info, const struct kernel_usage *usage)
{
	*result = (struct job_result){
		.exited = info->si_code == CLD_EXITED,
		.cpu_us = (uint64_t)(usage->user.s + usage->system.s) * 1000000 +
			  (uint64_t)(usage->user.us + usage->system.us),
		.peak_kib = (uint64_t)usage->peak_kib,
	};
	if (result->exited)
		result->exit_status = info->si_status;
	else
		result->signal = info->si_status;
}

int job_reap(struct job *job, struct job_result *result)
{
	if (job->pidfd < 0)
		return -EBADF;
	if (!job->namespaced)
		group_signal(job->pidfd, job->pid, SIGKILL);
	group_signal_leader(job->pidfd, SIGKILL);

	/* waitid(2) of the C library has no rusage; the system call has. */
	siginfo_t info = {0};
	struct kernel_usage usage = {0};
	int r;
	do
		r = (int)syscall(SYS_waitid, P_PIDFD, job->pidfd, &info, WEXITED, &usage);
	while (r < 0 && errno == EINTR);
	r = r < 0 ? -errno : 0;
	if (result) {
		if (r == 0)
			fill_result(result, &info, &usage);
		else
			memset(result, 0, sizeof *result);
	}
	fd_close(&job->pidfd);
	job->pid = 0;
	return r;
}
