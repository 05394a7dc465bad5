/* SPDX-License-Identifier: MIT */
/*
 * Who calls is known by its process group, which a confined process cannot leave. One whose group
 * is no job's is therefore part of an `off` job that has gone its own ways, if jobs have namespaces
 * (there nothing outlives its job); without them it is a remainder of a job that is being ended.
 *
 * Between the event and the look at it the caller may be gone and its number another's: the kernel
 * is asked once more before anything is done.
 */
#include "spawn/forbidden_call.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spawn/filter_calls.h"
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

int forbidden_call_listen(struct filters *filters, bool signals)
{
	const struct sock_fprog *program =
		&filters->programs[signals ? FILTER_WATCH_SIGNALS : FILTER_WATCH];
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
	filters->watched = fd >= 0;
	return fd < 0 ? -errno : (int)fd;
}

/* Whom a call would signal: the number of a process, thread, or with a minus of a group; 0: it is
 * no such call. */
static int signal_target(const struct seccomp_data *data)
{
	char name[FILTER_NAME_MAX];
	filters_call_name(data->arch, data->nr, name);
	for (const char *const *known = filter_calls_signal; *known; known++)
		if (strcmp(*known, name) == 0)
			return (int)data->args[0];
	return 0;
}

/*
 * The call goes on with the same numbers after it has been looked at. A process of the group may
 * have ended by then, but its number is not given away again before all others have been.
 */
static int look_at_signal(int target, pid_t group)
{
	if (target < 0)
		return target == -group ? 0 : -EPERM;
	pid_t other = getpgid(target);
	return other < 0 ? -ESRCH : other == group ? 0 : -EPERM;
}

static void stop(const struct guard *guard, const struct job *job, const struct seccomp_data *data,
	struct shared_notes *notes)
{
	char name[FILTER_NAME_MAX];
	filters_call_name(data->arch, data->nr, name);
	shared_notes_put(notes, job->pid, name);
	if (!job->namespaced)
		group_signal_watched(job->pidfd, job->pid, SIGKILL, guard->kill_key);
	group_signal_leader(job->pidfd, SIGKILL);
}

void forbidden_call_take(
	int fd, const struct guard *guard, bool namespaced, struct shared_notes *notes)
{
	union event event = {0};
	union answer answer = {0};
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &event) < 0)
		return;
	pid_t group = getpgid((pid_t)event.notif.pid);
	const struct job *job = guard_find(guard, group);
	int target = signal_target(&event.notif.data);
	int error = target && job ? look_at_signal(target, group) : -EPERM;
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &event.notif.id) < 0)
		return;
	if (job ? job->confine == JOB_CONFINE_OFF : namespaced)
		error = 0;
	answer.resp.id = event.notif.id;
	answer.resp.error = error;
	if (error == 0)
		answer.resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else if (job && !target)
		stop(guard, job, &event.notif.data, notes);
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0 && errno == EINVAL) {
		/* before Linux 5.5 nothing can be let through */
		answer.resp.flags = 0;
		answer.resp.error = -EPERM;
		ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}
