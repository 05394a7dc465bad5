/* SPDX-License-Identifier: MIT */
/*
 * A converter against its own output. /dev/fd/1 can be opened for reading, so a program can take
 * back what it has written, at the moment when the daemon has counted it; and a process that stays
 * behind can change a file that the daemon has measured.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/fakes/fake.h"

enum { PIECE = 65536, RESTING_MS = 300 };

static int open_own_output(void)
{
	int fd = open("/dev/fd/1", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		_exit(FAKE_BROKEN);
	return fd;
}

/* Returns how many bytes it took. */
static size_t take(int fd)
{
	static char buffer[PIECE];
	size_t taken = 0;
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		taken += (size_t)n;
	return taken;
}

/* For ever: writes so many bytes, and takes back what is still there of them. */
_Noreturn void thief_seesaw(uint64_t count)
{
	int fd = open_own_output();

	for (;;) {
		output_pattern(count);
		take(fd);
	}
}

static int waiting(int fd)
{
	int bytes = 0;

	if (ioctl(fd, FIONREAD, &bytes) < 0)
		_exit(FAKE_BROKEN);
	return bytes;
}

/* Writes COUNT bytes whenever its reader has taken all of the last ones. When the reader rests in
 * the middle of them, takes the rest back, leaves a file "taken" in its directory, and writes
 * nothing more. */
_Noreturn void thief_lure(uint64_t count)
{
	int fd = open_own_output();

	for (;;) {
		output_pattern(count);
		for (int i = 0, before = -1, now; (now = waiting(fd)) > 0;
			i = now == before ? i + 1 : 0) {
			if (i == RESTING_MS) {
				take(fd);
				output_mark("taken");
				process_hang();
			}
			before = now;
			process_pause(1);
		}
	}
}

/* A child that takes back whatever comes, for ever. Nothing is written before it is ready. */
void thief_child(void)
{
	int ready[2];
	char byte = 0;

	if (pipe(ready) < 0)
		_exit(FAKE_BROKEN);
	pid_t pid = fork();
	if (pid < 0)
		_exit(FAKE_BROKEN);
	if (pid > 0) {
		if (read(ready[0], &byte, 1) != 1)
			_exit(FAKE_BROKEN);
		close(ready[0]);
		close(ready[1]);
		return;
	}
	struct pollfd output = {.fd = open_own_output(), .events = POLLIN};
	if (write(ready[1], &byte, 1) != 1)
		_exit(FAKE_BROKEN);
	for (;;) {
		poll(&output, 1, -1);
		take(output.fd);
	}
}

/* A process of another session that makes the output, a file, shorter and longer, for ever. */
void thief_resizes(void)
{
	pid_t pid = fork();

	if (pid < 0)
		_exit(FAKE_BROKEN);
	if (pid > 0)
		return;
	setsid();
	if (fork())
		_exit(0);
	for (;;) {
		if (ftruncate(STDOUT_FILENO, 0) < 0 || ftruncate(STDOUT_FILENO, 1 << 20) < 0)
			_exit(FAKE_BROKEN);
	}
}
