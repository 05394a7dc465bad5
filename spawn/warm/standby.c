/* SPDX-License-Identifier: MIT */
/*
 * Makes a copy of the holder into the job: everything that execve would have done and that a
 * program can see. Steps that need rights come before child_prepare, which takes them away. The
 * answer to the daemon is sent by write(2), which every filter allows.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "spawn/child.h"
#include "spawn/inherited.h"
#include "spawn/warm/hold.h"

/* execve would take them away; a standby does not execute anything. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};
	return syscall(SYS_capset, &header, none) < 0 ? errno : 0;
}

static void close_span(int from, int to)
{
	if (from > to || syscall(SYS_close_range, from, to, 0) == 0)
		return;
	for (int fd = from; fd <= to && fd < 4096; fd++)
		close(fd);
}

/* Everything but what the job brings and what constructors have opened. */
static void close_the_rest(const struct hold *hold)
{
	const struct job_spec *spec = &hold->job.spec;
	unsigned present = 7;
	for (size_t i = 0; i < spec->file_count; i++)
		present |= 1U << spec->files[i].target;
	int from = 3;
	for (int fd = 3; fd <= JOB_TARGET_MAX; fd++) {
		if (!(present & 1U << fd))
			continue;
		close_span(from, fd - 1);
		from = fd + 1;
	}
	for (size_t i = 0; i < hold->own_fd_count; i++) {
		close_span(from, hold->own_fds[i] - 1);
		from = hold->own_fds[i] + 1;
	}
	close_span(from, 0x7fffffff);
}

static void take_name(struct hold *hold)
{
	struct job_spec *spec = &hold->job.spec;
	char *const *argv = spec->argv, *const *envp = spec->envp;
	const char *end = argv[0];
	for (; *argv; argv++)
		end = *argv + strlen(*argv) + 1;
	const char *env_end = end;
	for (; *envp; envp++)
		env_end = *envp + strlen(*envp) + 1;
	memory_show(&hold->memory, spec->argv[0], end, end, env_end);
	char *name = spec->argv[0], *slash = strrchr(name, '/');
	program_invocation_name = name;
	program_invocation_short_name = slash ? slash + 1 : name;
	arguments_set(spec->argv);
	spec->argv = hold->argv;
	spec->envp = environment_replace(&hold->environment, spec->envp);
}

static int become_job(struct hold *hold, struct child_plan *plan)
{
	if (hold->confine_ahead >= 0 &&
		hold->confine_ahead != (int)hold->job.spec.confinement.level)
		return EINVAL;
	if (!files_unchanged(hold->job.spec.program) || hold->own_fds_error)
		return ESTALE;
	for (size_t i = 0; i < plan->spec->file_count; i++)
		if (plan->spec->files[i].fd <= JOB_TARGET_MAX)
			return EBADF;
	size_t arguments = 0;
	while (plan->spec->argv[arguments])
		arguments++;
	if (arguments > HOLDER_ARGUMENTS)
		return E2BIG;
	if (plan->ruleset_fd >= 0 && plan->ruleset_fd <= JOB_TARGET_MAX)
		return EBADF;
	child_plan_limits(plan);
	take_name(hold);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return child_prepare(plan);
}

static struct sock_filter *filter_room(struct hold *hold)
{
	return hold->namespaces ? NULL : hold->filter_room;
}

static int find_filter(
	const struct hold *hold, enum job_confine level, const struct sock_fprog **out)
{
	return filters_get_layer(&hold->filters, level, hold->namespaces,
		hold->layered ? FILTER_REST : FILTER_WHOLE, out);
}

/* The filter of `strict` would forbid the steps that remain when a job has come. */
static bool is_filtered_ahead(const struct hold *hold)
{
	return hold->confine_ahead >= 0 && hold->confine_ahead != JOB_CONFINE_STRICT;
}

/* What does not depend on the job is done ahead. */
static void prepare_ahead(struct hold *hold)
{
	const struct sock_fprog *filter = NULL;
	if (drop_capabilities() != 0)
		_exit(127);
	if (is_filtered_ahead(hold) &&
		find_filter(hold, (enum job_confine)hold->confine_ahead, &filter) < 0)
		_exit(127);
	if (filter && child_install_filter(filter, filter_room(hold)) != 0)
		_exit(127);
}

void standby_run(struct hold *hold, int socket, int pipe)
{
	/* Until it has a job it stays in the holder's process group. There the daemon finds a
	 * standby that was never announced because the holder was killed just then. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	hold->own_fds_error = leftovers_open_again(hold);
	prepare_ahead(hold);
	(void)!write(pipe, "", 1); /* empty, and its reading end is open here, too */
	int r = protocol_receive(socket, &hold->packet);
	if (r == 1)
		r = protocol_decode_start(&hold->packet, &hold->job);
	else
		r = -EPIPE;
	if (r < 0)
		_exit(127);
	struct child_plan plan = {
		.spec = &hold->job.spec,
		.null_fd = hold->null_fd,
		.daemon_pidfd = hold->daemon_pidfd,
		.ruleset_fd = hold->job.ruleset_fd,
		.filter_room = filter_room(hold),
		.step = CHILD_STEP_FILTER,
	};
	struct protocol_started started = {
		.header = protocol_header(PROTOCOL_STARTED, sizeof started, hold->job.sequence),
		.flags = PROTOCOL_SELF,
	};
	r = is_filtered_ahead(hold)
		    ? 0
		    : find_filter(hold, hold->job.spec.confinement.level, &plan.filter);
	started.error = r < 0 ? -r : become_job(hold, &plan);
	started.step = plan.step;
	if (write(socket, &started, sizeof started) != sizeof started || started.error != 0)
		_exit(127);
	close_the_rest(hold); /* also the pipe: its end tells the holder */
}
