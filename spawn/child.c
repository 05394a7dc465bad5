/* SPDX-License-Identifier: MIT */
/*
 * Between clone and execve this code runs on the spawner's memory while the spawner sleeps. So it
 * makes system calls only, keeps no state, and reports by writing into the plan. The order of the
 * steps matters. The parent-death signal is set before the look whether the daemon lives; the other
 * order would leave a gap. Landlock and the filter come after everything that they forbid. The
 * signal mask is last, so that no signal arrives half-way.
 */
#include "spawn/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "spawn/filter.h"

static void plan_limit(struct child_plan *plan, int resource, rlim_t value)
{
	struct rlimit own;
	if (getrlimit(resource, &own) == 0 && own.rlim_max < value)
		value = own.rlim_max;
	plan->limits[plan->limit_count++] = (struct child_limit){resource, {value, value}};
}

void child_plan_limits(struct child_plan *plan)
{
	const struct job_limits *limits = &plan->spec->limits;
	plan->limit_count = 0;
	if (limits->memory_bytes)
		plan_limit(plan, RLIMIT_DATA, limits->memory_bytes);
	if (limits->cpu_s)
		plan_limit(plan, RLIMIT_CPU, limits->cpu_s);
	if (limits->file_bytes)
		plan_limit(plan, RLIMIT_FSIZE, limits->file_bytes);
	if (limits->processes)
		plan_limit(plan, RLIMIT_NPROC, limits->processes);
	plan_limit(plan, RLIMIT_NOFILE, limits->open_files ? limits->open_files : 256);
	plan_limit(plan, RLIMIT_CORE, 0);
}

/* getppid() is 0 in a new pid namespace, so the daemon's pidfd tells whether it is still there. */
static int bind_to_daemon(const struct child_plan *plan)
{
	if (syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return errno;
	struct pollfd daemon = {plan->daemon_pidfd, POLLIN, 0};
	struct timespec now = {0, 0};
	return syscall(SYS_ppoll, &daemon, 1, &now, NULL, 0) == 0 ? 0 : ESRCH;
}

/* When memory is short the kernel ends a job, and not the daemon or its neighbours. Spawner and
 * standby are dumpable, so the file is theirs; without /proc the job goes on as it is. */
static void volunteer(void)
{
	long fd = syscall(SYS_openat, AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	syscall(SYS_write, fd, CHILD_OOM_SCORE, sizeof CHILD_OOM_SCORE - 1);
	syscall(SYS_close, fd);
}

static int set_limits(const struct child_plan *plan)
{
	volunteer();
	/* EACCES: this process has a higher value already, and lowering it is refused. */
	if (plan->spec->nice > 0 &&
		syscall(SYS_setpriority, PRIO_PROCESS, 0, plan->spec->nice) < 0 && errno != EACCES)
		return errno;
	for (size_t i = 0; i < plan->limit_count; i++)
		if (syscall(SYS_prlimit64, 0, plan->limits[i].resource, &plan->limits[i].value,
			    NULL) < 0)
			return errno;
	return 0;
}

/* Everything that is open here is close-on-exec, so the program gets only what dup3 makes. */
static int place_files(const struct child_plan *plan)
{
	const struct job_spec *spec = plan->spec;
	unsigned present = 0;
	for (size_t i = 0; i < spec->file_count; i++) {
		if (syscall(SYS_dup3, spec->files[i].fd, spec->files[i].target, 0) < 0)
			return errno;
		present |= 1U << spec->files[i].target;
	}
	for (int target = 0; target <= 2; target++)
		if (!(present & 1U << target) && syscall(SYS_dup3, plan->null_fd, target, 0) < 0)
			return errno;
	/* In case a mistake has left one without the flag. Linux before 5.11 cannot. */
	syscall(SYS_close_range, JOB_TARGET_MAX + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	return 0;
}

int child_install_filter(const struct sock_fprog *filter, struct sock_filter *room)
{
	struct sock_fprog program = *filter;
	uint32_t self = (uint32_t)syscall(SYS_getpid);
	for (size_t i = 0; room && i < program.len; i++) {
		room[i] = filter->filter[i];
		if (BPF_CLASS(room[i].code) == BPF_JMP && room[i].k == FILTER_SELF)
			room[i].k = self;
		else if (BPF_CLASS(room[i].code) == BPF_JMP && room[i].k == FILTER_SELF_GROUP)
			room[i].k = 0 - self;
	}
	if (room)
		program.filter = room;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? errno : 0;
}

int child_prepare(struct child_plan *plan)
{
	int error;
	plan->step = CHILD_STEP_GROUP;
	if (syscall(SYS_setpgid, 0, 0) < 0)
		return errno;
	plan->step = CHILD_STEP_DAEMON;
	if ((error = bind_to_daemon(plan)))
		return error;
	plan->step = CHILD_STEP_LIMITS;
	if ((error = set_limits(plan)))
		return error;
	plan->step = CHILD_STEP_FILES;
	if ((error = place_files(plan)))
		return error;
	plan->step = CHILD_STEP_DIRECTORY;
	if (syscall(SYS_chdir, plan->spec->directory ? plan->spec->directory : "/") < 0)
		return errno;
	plan->step = CHILD_STEP_LANDLOCK;
	if (plan->ruleset_fd >= 0 && syscall(SYS_landlock_restrict_self, plan->ruleset_fd, 0) < 0)
		return errno;
	plan->step = CHILD_STEP_FILTER;
	if (plan->filter && (error = child_install_filter(plan->filter, plan->filter_room)))
		return error;
	const unsigned long none[2] = {0, 0};
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, 8);
	return 0;
}

int child_execute(void *argument)
{
	struct child_plan *plan = argument;
	int error = child_prepare(plan);
	if (error == 0) {
		plan->step = CHILD_STEP_EXEC;
		syscall(SYS_execve, plan->spec->program, plan->spec->argv, plan->spec->envp, 0,
			(unsigned long)plan->keys[0], (unsigned long)plan->keys[1]);
		error = errno;
	}
	plan->error = error;
	syscall(SYS_exit_group, 127);
	return 127;
}
