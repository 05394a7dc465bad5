/* SPDX-License-Identifier: MIT */
/*
 * A user namespace cannot be left again, and some systems allow one but give no rights in it. So
 * everything is tried in a child first. A process in a new user namespace has every capability
 * there, which CLONE_NEWPID needs. Jobs lose them when they execute their program.
 */
#include "spawn/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

/* Waits for a child of ours. True when it exited with 0. */
static bool succeeded(pid_t pid)
{
	int status;
	pid_t r;
	do
		r = waitpid(pid, &status, 0);
	while (r < 0 && errno == EINTR);
	return r == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Is CLONE_NEWPID possible here and now? */
static bool can_clone(void)
{
	/* fork with a flag: the child goes on on a copy of this stack */
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		syscall(SYS_exit_group, syscall(SYS_getpid) == 1 ? 0 : 1);
	return pid > 0 && succeeded(pid);
}

static bool write_file(const char *path, const char *text)
{
	FD_CLEANUP int fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && fd_write_all(fd, text, strlen(text)) == 0;
}

static bool enter_user_namespace(void)
{
	char uid_map[64], gid_map[64];
	snprintf(uid_map, sizeof uid_map, "%u %u 1\n", (unsigned)geteuid(), (unsigned)geteuid());
	snprintf(gid_map, sizeof gid_map, "%u %u 1\n", (unsigned)getegid(), (unsigned)getegid());
	return unshare(CLONE_NEWUSER) == 0 && write_file("/proc/self/uid_map", uid_map) &&
	       write_file("/proc/self/setgroups", "deny") &&
	       write_file("/proc/self/gid_map", gid_map);
}

bool namespace_enter(void)
{
	if (can_clone())
		return true;
	pid_t pid = fork();
	if (pid == 0)
		_exit(enter_user_namespace() && can_clone() ? 0 : 1);
	if (pid < 0 || !succeeded(pid))
		return false;
	return enter_user_namespace();
}

/* What is inheritable lives on through an execve, though it gives nothing to an ordinary file.
 * *permitted: whether there are capabilities at all. */
static int clear_inheritable(bool *permitted)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	if (syscall(SYS_capget, &header, sets) < 0)
		return -errno;
	*permitted = false;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		sets[i].inheritable = 0;
		*permitted = *permitted || sets[i].permitted;
	}
	return syscall(SYS_capset, &header, sets) < 0 ? -errno : 0;
}

int namespace_drop_privileges(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	/* EINVAL: a kernel without ambient capabilities */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return -errno;
	bool permitted = false;
	int r = clear_inheritable(&permitted);
	if (r < 0)
		return r;
	/* Refused without CAP_SETPCAP. With no_new_privs an execve adds no capability, not even for
	 * root. So a process that has none is safe without these bits, and any other one is not. */
	if (prctl(PR_SET_SECUREBITS,
		    SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
			    SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
		    0, 0, 0) < 0 &&
		permitted)
		return -errno;
	return 0;
}
