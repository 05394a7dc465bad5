/* SPDX-License-Identifier: MIT */
/* The cost of a converter without a server: starts it again and again.
 *
 *     bench-direct SOURCE PROGRAM ARGUMENT…
 *
 * Each line that it reads is one run. The program gets SOURCE as descriptor 3 (as from sluice) and
 * a pipe as standard output. Its output is read and discarded. Prints one line for each run:
 * `microseconds bytes CPU-microseconds peak-KiB`. An exit status other than 0 ends the measurement.
 * The peak includes this program's own 2 MiB, which the kernel carries over an exec; a larger
 * program (Python) could not measure a small one for the same reason. */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now_us(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static uint64_t time_us(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

static uint64_t run(const char *source, char **argv, struct rusage *used)
{
	static char buffer[1 << 20];
	posix_spawn_file_actions_t actions;
	int pipe_fds[2], status;
	uint64_t total = 0;
	ssize_t n;
	pid_t pid;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		fail("pipe2");
	fcntl(pipe_fds[1], F_SETPIPE_SZ, (int)sizeof buffer);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], 1);
	posix_spawn_file_actions_addopen(&actions, 3, source, O_RDONLY, 0);
	int r = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
	if (r != 0) {
		fprintf(stderr, "%s: %s\n", argv[0], strerror(r));
		exit(1);
	}
	posix_spawn_file_actions_destroy(&actions);
	close(pipe_fds[1]);
	while ((n = read(pipe_fds[0], buffer, sizeof buffer)) > 0)
		total += (uint64_t)n;
	close(pipe_fds[0]);
	if (wait4(pid, &status, 0, used) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "%s failed\n", argv[0]);
		exit(1);
	}
	return total;
}

int main(int argc, char **argv)
{
	char line[16];
	if (argc < 3) {
		fputs("usage: bench-direct SOURCE PROGRAM ARGUMENT...\n", stderr);
		return 2;
	}
	while (fgets(line, sizeof line, stdin)) {
		uint64_t start = now_us();
		struct rusage used;
		uint64_t bytes = run(argv[1], argv + 2, &used);
		printf("%llu %llu %llu %ld\n", (unsigned long long)(now_us() - start),
			(unsigned long long)bytes,
			(unsigned long long)(time_us(used.ru_utime) + time_us(used.ru_stime)),
			used.ru_maxrss);
		fflush(stdout);
	}
	return 0;
}
