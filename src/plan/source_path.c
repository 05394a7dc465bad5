/* SPDX-License-Identifier: MIT */
/* /dev/fd is a link to /proc/self/fd, which the one who fills /dev has to make. A descriptor that
 * is open shows whether it leads there: an empty directory of that name does not. */
#include "src/plan/source_path.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"

enum { PATH_SIZE = 32 };

static const char LINK[] = "/dev/fd", PLACE[] = "/proc/self/fd";
static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *directory = LINK;

static void look(void)
{
	char path[PATH_SIZE];
	FD_CLEANUP int fd = open("/", O_PATH | O_CLOEXEC);
	snprintf(path, sizeof path, "%s/%d", LINK, fd);
	if (fd >= 0 && access(path, F_OK) < 0)
		directory = PLACE;
}

void source_path(int fd, char out[PATH_SIZE])
{
	pthread_once(&once, look);
	snprintf(out, PATH_SIZE, "%s/%d", directory, fd);
}
