/* SPDX-License-Identifier: MIT */
/*
 * The process group tells which job calls: a confined process cannot leave its group. A group that
 * belongs to no job is therefore part of an `off` job that has left its own, when jobs have
 * namespaces (there, nothing outlives its job). Without namespaces it is the remainder of a job
 * that is being ended.
 *
 * Between the event and the look at it the caller may end and its number may be given to another
 * process. So the kernel is asked once more before anything is done.
 */
#include "spawn/forbidden_call.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spawn/call_notice.h"
#include "spawn/group.h"

int forbidden_call_listen(struct filters *filters, bool signals)
{
	const struct sock_fprog *program =
		&filters->programs[signals ? FILTER_WATCH_SIGNALS : FILTER_WATCH];
	struct seccomp_notif_sizes sizes;
	if (program->len == 0)
		return -ENOSYS;
	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		return -errno;
	if (sizes.seccomp_notif > sizeof(union call_notice) ||
		sizes.seccomp_notif_resp > sizeof(union call_verdict))
		return -EOVERFLOW;
	long fd = syscall(
		SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, program);
	filters->watched = fd >= 0;
	return fd < 0 ? -errno : (int)fd;
}

/*
 * The call goes on with the same numbers after this look. A process of the group may have ended by
 * then, but the kernel does not give its number away again before all other numbers have been used.
 */
static int look_at_signal(int target, pid_t group)
{
	if (target < 0)
		return target == -group ? 0 : -EPERM;
	pid_t other = getpgid(target);
	return other < 0 ? -ESRCH : other == group ? 0 : -EPERM;
}

static void stop(const struct forbidden_call_watch *watch, const struct job *job,
	const struct seccomp_data *data)
{
	shared_notes_put(watch->notes, job->pid, data->arch, data->nr);
	if (!job->namespaced)
		group_signal_watched(job->pidfd, job->pid, SIGKILL, watch->guard->kill_key);
	group_signal_leader_watched(job->pidfd, SIGKILL, watch->guard->kill_key);
}

void forbidden_call_take(const struct forbidden_call_watch *watch)
{
	union call_notice event = {0};
	union call_verdict answer = {0};
	if (ioctl(watch->fd, SECCOMP_IOCTL_NOTIF_RECV, &event) < 0)
		return;
	pid_t group = getpgid((pid_t)event.notif.pid);
	const struct job *job = guard_find(watch->guard, group);
	int target = watch->signal_target ? watch->signal_target(&event.notif.data) : 0;
	int error = target && job ? look_at_signal(target, group) : -EPERM;
	if (ioctl(watch->fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &event.notif.id) < 0)
		return;
	if (watch->some_off && (job ? job->confine == JOB_CONFINE_OFF : watch->namespaced))
		error = 0;
	answer.resp.id = event.notif.id;
	answer.resp.error = error;
	if (error == 0)
		answer.resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else if (job && !target)
		stop(watch, job, &event.notif.data);
	if (ioctl(watch->fd, SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0 && errno == EINVAL) {
		/* Linux before 5.5 cannot let a call go on. */
		answer.resp.flags = 0;
		answer.resp.error = -EPERM;
		ioctl(watch->fd, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}
