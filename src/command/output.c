/* SPDX-License-Identifier: MIT */
/*
 * The body goes to a file of another name beside the wanted one, which takes its name when it is
 * whole: a failure, or the end of the disk, leaves what was there. The parent process keeps the
 * rights of its user for that, while the child gives them up before it runs a converter.
 */
#include "src/command/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

/* Follows links: the file behind a link is replaced, and not the link. name: "" for what is
 * written to directly. Returns a descriptor or -errno. */
static int open_beside(const char *path, char name[PATH_MAX], char target[PATH_MAX])
{
	struct stat st;
	bool exists = stat(path, &st) == 0;
	name[0] = '\0';
	if (exists && !S_ISREG(st.st_mode)) {
		int fd = open(path, O_WRONLY | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	if (!exists || !realpath(path, target))
		snprintf(target, PATH_MAX, "%s", path);
	int n = snprintf(name, PATH_MAX, "%s.XXXXXX", target);
	if (n < 0 || n >= PATH_MAX)
		return -ENAMETOOLONG;
	int fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0) {
		int r = -errno;
		name[0] = '\0';
		return r;
	}
	mode_t mask = umask(0);
	umask(mask);
	fchmod(fd, exists ? st.st_mode & 0777 : 0666 & ~mask);
	return fd;
}

/* Signals of the terminal go to both processes; the child ends by them, and this one cleans up. */
static int run_child(int (*work)(void *data, int fd), void *data, int fd, int *status)
{
	int waited = 0;
	fflush(NULL);
	pid_t parent = getpid(), pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		int result = getppid() == parent ? work(data, fd) : 1;
		fflush(NULL);
		_exit(result);
	}
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	while (waitpid(pid, &waited, 0) < 0 && errno == EINTR)
		;
	*status = WIFEXITED(waited) ? WEXITSTATUS(waited) : -1;
	return 0;
}

int output_write(const char *path, int (*work)(void *data, int fd), void *data, int *status)
{
	char name[PATH_MAX], target[PATH_MAX];
	FD_CLEANUP int fd = open_beside(path, name, target);
	if (fd < 0)
		return fd;
	int r = run_child(work, data, fd, status);
	if (r == 0 && *status == 0 && name[0] && rename(name, target) < 0)
		r = -errno;
	if (name[0] && (r < 0 || *status != 0))
		unlink(name);
	return r;
}
