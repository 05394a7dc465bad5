/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into the daemon: close(2) of the last descriptor of a large file without a name
 * takes as long as a test wants it to, as it does where the kernel has gigabytes to free. It
 * says so on stderr, then waits until the file that SLOWCLOSE_GATE names is there, for some
 * seconds at most.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LARGE = 2 << 20, LOOK_MS = 5, LOOKS = 4000 };

int close(int fd)
{
	static const char said[] = "slowclose: closing\n";
	const char *gate = getenv("SLOWCLOSE_GATE");
	int saved = errno;
	struct stat st;
	if (gate && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 0 &&
		st.st_size >= LARGE) {
		ssize_t n = write(STDERR_FILENO, said, sizeof said - 1);
		(void)n;
		for (int i = 0; i < LOOKS && access(gate, F_OK) != 0; i++)
			poll(NULL, 0, LOOK_MS);
	}
	errno = saved;
	return (int)syscall(SYS_close, fd);
}
