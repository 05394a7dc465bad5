/* SPDX-License-Identifier: MIT */
/*
 * Who calls is known by its process group, which a confined process cannot leave. One whose group
 * is no job's is therefore part of an `off` job that has gone its own ways, if jobs have namespaces
 * (there nothing outlives its job); without them it is a remainder of a job that is being ended.
 *
 * Between the event and the look at it the caller may be gone and its number another's: the kernel
 * is asked once more before anything is done.
 */
#include "spawn/watch.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spawn/group.h"

#ifndef SECCOMP_USER_NOTIF_FLAG_CONTINUE
#define SECCOMP_USER_NOTIF_FLAG_CONTINUE (1UL << 0)
#endif

/* A later kernel may write more than these structures have today. */
union event {
	struct seccomp_notif notif;
	char room[256];
};
union answer {
	struct seccomp_notif_resp resp;
	char room[256];
};

int watch_begin(const struct filters *filters)
{
	const struct sock_fprog *program = &filters->programs[FILTER_WATCH];
	struct seccomp_notif_sizes sizes;
	if (program->len == 0)
		return -ENOSYS;
	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		return -errno;
	if (sizes.seccomp_notif > sizeof(union event) ||
		sizes.seccomp_notif_resp > sizeof(union answer))
		return -EOVERFLOW;
	long fd = syscall(
		SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, program);
	return fd < 0 ? -errno : (int)fd;
}

static void stop(const struct job *job, const struct seccomp_data *data, struct stops *stops)
{
	char name[FILTER_NAME_MAX];
	filters_call_name(data->arch, data->nr, name);
	stops_put(stops, job->pid, name);
	if (!job->namespaced)
		group_signal(job->pidfd, job->pid, SIGKILL);
	group_signal_leader(job->pidfd, SIGKILL);
}

void watch_take(int fd, const struct guard *guard, bool namespaced, struct stops *stops)
{
	union event event = {0};
	union answer answer = {0};
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &event) < 0)
		return;
	const struct job *job = guard_find(guard, getpgid((pid_t)event.notif.pid));
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &event.notif.id) < 0)
		return;
	answer.resp.id = event.notif.id;
	if (job ? job->confine == JOB_CONFINE_OFF : namespaced)
		answer.resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else
		answer.resp.error = -EPERM;
	if (job && job->confine != JOB_CONFINE_OFF)
		stop(job, &event.notif.data, stops);
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0 && errno == EINVAL) {
		/* before Linux 5.5 nothing can be let through */
		answer.resp.flags = 0;
		answer.resp.error = -EPERM;
		ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}
