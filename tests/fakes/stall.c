/* SPDX-License-Identifier: MIT */
/* Loaded into a daemon (LD_PRELOAD): what asks others answers late, as long as a file is there.
 * STALL_NAMES: a directory server that is asked for users and groups; STALL_SPAWNER: a spawner
 * that has just been started. STALL_CLOCK: the time of day is an hour ago. */
#include <dlfcn.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_US = 2000 };

static void stall(const char *variable)
{
	const char *path = getenv(variable);
	while (path && access(path, F_OK) == 0)
		usleep(LOOK_US);
}

struct passwd *getpwnam(const char *name)
{
	struct passwd *(*real)(const char *) =
		(struct passwd * (*)(const char *)) dlsym(RTLD_NEXT, "getpwnam");
	stall("STALL_NAMES");
	return real(name);
}

struct group *getgrnam(const char *name)
{
	struct group *(*real)(const char *) =
		(struct group * (*)(const char *)) dlsym(RTLD_NEXT, "getgrnam");
	stall("STALL_NAMES");
	return real(name);
}

/* As the headers call it where times have 64 bits and addresses 32. */
static const char *const clock_name = sizeof(time_t) > sizeof(void *) ? "__clock_gettime64"
								      : "clock_gettime";

int clock_gettime(clockid_t clock, struct timespec *time)
{
	int (*real)(clockid_t, struct timespec *) =
		(int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, clock_name);
	const char *path = getenv("STALL_CLOCK");
	int r = real(clock, time);
	if (clock == CLOCK_REALTIME && path && access(path, F_OK) == 0)
		time->tv_sec -= 3600;
	return r;
}

__attribute__((constructor)) static void begin(void)
{
	char command[256];
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, command, sizeof command);
	if (fd >= 0)
		close(fd);
	if (n > 0 && memmem(command, (size_t)n, "--spawner", sizeof "--spawner"))
		stall("STALL_SPAWNER");
}
