/* SPDX-License-Identifier: MIT */
/* Loaded into a daemon (LD_PRELOAD): what asks others answers late, as long as a file is there.
 * STALL_NAMES: a directory server that is asked for users and groups; STALL_SPAWNER: a spawner
 * that has just been started. */
#include <dlfcn.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
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
