/* SPDX-License-Identifier: MIT */
/* Modes, owners, times and attributes. A call that succeeds proves nothing here: stat(2) does. */
#include "burglar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

/* The headers of the system may be older than the kernel. */
enum { NR_FCHMODAT2 = 452, NR_SETXATTRAT = 463, NR_REMOVEXATTRAT = 466, NR_FILE_SETATTR = 469 };

/* Machines of later years, such as ARM of 64 bits, do not have these: ENOSYS. */
#ifndef SYS_chmod
#define SYS_chmod -1
#endif
#ifndef SYS_utimes
#define SYS_utimes -1
#endif
#ifndef SYS_utime
#define SYS_utime -1
#endif
#ifndef SYS_futimesat
#define SYS_futimesat -1
#endif

#define ATTRIBUTE "user.burglar"

/* For stat alone: what is tried on the source is tried on its descriptor. */
#define SOURCE "/dev/fd/3"

static int change_mode(const char *path, long (*set)(const char *path, mode_t mode))
{
	struct stat before, after;
	if (stat(path, &before) < 0)
		return -errno;
	const mode_t mode = before.st_mode & 07777;
	if (set(path, mode ^ S_IXOTH) < 0)
		return -errno;
	if (stat(path, &after) < 0)
		return -errno;
	if (after.st_mode == before.st_mode)
		return BURGLAR_NO_EFFECT;
	return burglar_result(set(path, mode));
}

static long by_chmod(const char *path, mode_t mode)
{
	return syscall(SYS_chmod, path, mode);
}

static long by_fchmodat(const char *path, mode_t mode)
{
	return syscall(SYS_fchmodat, AT_FDCWD, path, mode);
}

static long by_fchmodat2(const char *path, mode_t mode)
{
	return syscall(NR_FCHMODAT2, AT_FDCWD, path, mode, 0);
}

/* By a descriptor that needs no right to read. */
static long by_link(const char *path, mode_t mode)
{
	char link[32];
	int fd = open(path, O_PATH);
	if (fd < 0)
		return -1;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	long r = chmod(link, mode);
	int error = errno;
	close(fd);
	errno = error;
	return r;
}

static long of_source(const char *unused, mode_t mode)
{
	(void)unused;
	return syscall(SYS_fchmod, 3, mode);
}

static int try_chmod(const char *path)
{
	return change_mode(path, by_chmod);
}

static int try_fchmodat(const char *path)
{
	return change_mode(path, by_fchmodat);
}

static int try_fchmodat2(const char *path)
{
	return change_mode(path, by_fchmodat2);
}

static int chmod_by_link(const char *path)
{
	return change_mode(path, by_link);
}

static int chmod_source(const char *unused)
{
	(void)unused;
	return change_mode(SOURCE, of_source);
}

/* To the owner that it has, which its owner may do. To root succeeds only where the call does
 * nothing. */
static int change_owner(const char *path, int (*set)(const char *path, uid_t uid, gid_t gid))
{
	struct stat st;
	if (getuid() != 0 && set(path, 0, 0) == 0)
		return stat(path, &st) == 0 && st.st_uid == 0 ? 0 : BURGLAR_NO_EFFECT;
	return burglar_result(set(path, getuid(), getgid()));
}

static int by_fchownat(const char *path, uid_t uid, gid_t gid)
{
	int fd = open(path, O_PATH);
	if (fd < 0)
		return -1;
	int r = fchownat(fd, "", uid, gid, AT_EMPTY_PATH), error = errno;
	close(fd);
	errno = error;
	return r;
}

static int by_fchown(const char *unused, uid_t uid, gid_t gid)
{
	(void)unused;
	return fchown(3, uid, gid);
}

static int try_chown(const char *path)
{
	return change_owner(path, chown);
}

static int try_lchown(const char *path)
{
	return change_owner(path, lchown);
}

static int try_fchownat(const char *path)
{
	return change_owner(path, by_fchownat);
}

static int chown_source(const char *unused)
{
	(void)unused;
	return change_owner(SOURCE, by_fchown);
}

static int change_times(
	const char *path, int (*set)(const char *path, const struct timespec times[2]))
{
	struct stat before, after;
	if (stat(path, &before) < 0)
		return -errno;
	struct timespec times[2] = {before.st_atim, before.st_mtim};
	times[1].tv_sec -= 1000;
	if (set(path, times) < 0)
		return -errno;
	if (stat(path, &after) < 0)
		return -errno;
	if (after.st_mtim.tv_sec != times[1].tv_sec)
		return BURGLAR_NO_EFFECT;
	times[1].tv_sec += 1000;
	return burglar_result(set(path, times));
}

static int by_utimensat(const char *path, const struct timespec times[2])
{
	return utimensat(AT_FDCWD, path, times, 0);
}

static int by_utimes(const char *path, const struct timespec times[2])
{
	const struct timeval values[2] = {{times[0].tv_sec, 0}, {times[1].tv_sec, 0}};
	return (int)syscall(SYS_utimes, path, values);
}

static int by_utime(const char *path, const struct timespec times[2])
{
	const struct utimbuf values = {times[0].tv_sec, times[1].tv_sec};
	return (int)syscall(SYS_utime, path, &values);
}

static int by_futimesat(const char *path, const struct timespec times[2])
{
	const struct timeval values[2] = {{times[0].tv_sec, 0}, {times[1].tv_sec, 0}};
	return (int)syscall(SYS_futimesat, AT_FDCWD, path, values);
}

static int by_futimens(const char *unused, const struct timespec times[2])
{
	(void)unused;
	return futimens(3, times);
}

static int try_utimensat(const char *path)
{
	return change_times(path, by_utimensat);
}

static int try_utimes(const char *path)
{
	return change_times(path, by_utimes);
}

static int try_utime(const char *path)
{
	return change_times(path, by_utime);
}

static int try_futimesat(const char *path)
{
	return change_times(path, by_futimesat);
}

static int touch_source(const char *unused)
{
	(void)unused;
	return change_times(SOURCE, by_futimens);
}

static int try_listxattr(const char *path)
{
	char names[256];
	return burglar_result(listxattr(path, names, sizeof names));
}

static int try_setxattr(const char *path)
{
	return burglar_result(setxattr(path, ATTRIBUTE, "x", 1, 0));
}

static int try_lsetxattr(const char *path)
{
	return burglar_result(lsetxattr(path, ATTRIBUTE, "x", 1, 0));
}

/* None of that name: it was looked for, so nothing would have kept us from removing it. */
static int removed(long returned)
{
	return returned < 0 && errno == ENODATA ? 0 : burglar_result(returned);
}

static int try_removexattr(const char *path)
{
	return removed(removexattr(path, ATTRIBUTE));
}

static int try_lremovexattr(const char *path)
{
	return removed(lremovexattr(path, ATTRIBUTE));
}

static int try_setxattrat(const char *path)
{
	struct {
		uint64_t value;
		uint32_t size, flags;
	} arguments = {(uint64_t)(uintptr_t) "x", 1, 0};
	return burglar_result(
		syscall(NR_SETXATTRAT, AT_FDCWD, path, 0, ATTRIBUTE, &arguments, sizeof arguments));
}

static int try_removexattrat(const char *path)
{
	return removed(syscall(NR_REMOVEXATTRAT, AT_FDCWD, path, 0, ATTRIBUTE));
}

static int try_file_setattr(const char *path)
{
	uint64_t attributes[3] = {0};
	return burglar_result(
		syscall(NR_FILE_SETATTR, AT_FDCWD, path, attributes, sizeof attributes, 0));
}

static int mark_source(const char *unused)
{
	(void)unused;
	return burglar_result(fsetxattr(3, ATTRIBUTE, "x", 1, 0));
}

enum { ALL = TARGET_FILE | TARGET_PREY | TARGET_ROOM };

const struct burglar_entry burglar_attributes[] = {
	{"chmod", try_chmod, ALL},
	{"fchmodat", try_fchmodat, ALL},
	{"fchmodat2", try_fchmodat2, ALL},
	{"chmod-by-link", chmod_by_link, ALL},
	{"chown", try_chown, ALL},
	{"lchown", try_lchown, ALL},
	{"fchownat", try_fchownat, ALL},
	{"utimensat", try_utimensat, ALL},
	{"utimes", try_utimes, ALL},
	{"utime", try_utime, ALL},
	{"futimesat", try_futimesat, ALL},
	{"listxattr", try_listxattr, ALL},
	{"setxattr", try_setxattr, ALL},
	{"lsetxattr", try_lsetxattr, ALL},
	{"setxattrat", try_setxattrat, ALL},
	{"removexattr", try_removexattr, ALL},
	{"lremovexattr", try_lremovexattr, ALL},
	{"removexattrat", try_removexattrat, ALL},
	{"file_setattr", try_file_setattr, ALL},
	{"chmod-source", chmod_source, 0},
	{"chown-source", chown_source, 0},
	{"touch-source", touch_source, 0},
	{"mark-source", mark_source, 0},
	{NULL, NULL, 0},
};
