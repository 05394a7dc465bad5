/* SPDX-License-Identifier: MIT */
#include "src/recipe/libraries.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

enum { OUTPUT_MAX = 128 * 1024, LIST_MS = 2000, HEADERS_MAX = 64 };

/* The program's PT_INTERP, if it is an ELF file of this machine's width. */
static bool find_linker(const char *program, char linker[PATH_MAX])
{
	FD_CLEANUP int fd = open(program, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	Elf64_Ehdr header;
	if (fd < 0 || pread(fd, &header, sizeof header, 0) != sizeof header ||
		memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
		header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(Elf64_Phdr))
		return false;
	for (unsigned i = 0; i < header.e_phnum && i < HEADERS_MAX; i++) {
		Elf64_Phdr part;
		off_t at = (off_t)(header.e_phoff + i * sizeof part);
		if (pread(fd, &part, sizeof part, at) != sizeof part)
			return false;
		if (part.p_type != PT_INTERP || part.p_filesz < 2 || part.p_filesz > PATH_MAX)
			continue;
		ssize_t n = pread(fd, linker, part.p_filesz, (off_t)part.p_offset);
		return n == (ssize_t)part.p_filesz && linker[n - 1] == '\0' && linker[0] == '/';
	}
	return false;
}

/* Returns the pid or -errno; *out: its output. */
static pid_t start(const char *linker, const char *program, char *const *env, int *out)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, fds[1], 1);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	char *const argv[] = {(char *)linker, (char *)"--list", (char *)program, NULL};
	pid_t pid;
	int error = posix_spawn(&pid, linker, &actions, &attributes, argv, env);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	fd_close(&fds[1]);
	*out = fds[0];
	if (error)
		fd_close(out);
	return error ? -error : pid;
}

/* All of its output, until it ends or the time is over. Returns the length. */
static size_t read_output(int fd, char *output)
{
	const uint64_t until = clock_now_ms() + LIST_MS;
	size_t length = 0;
	while (length < OUTPUT_MAX) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		if (clock_now_ms() >= until || poll(&poll_fd, 1, clock_poll_timeout(until)) <= 0)
			break;
		ssize_t n = read(fd, output + length, OUTPUT_MAX - length);
		if (n <= 0)
			break;
		length += (size_t)n;
	}
	return length;
}

static int add(struct libraries *libraries, const char *path, size_t length)
{
	char **larger = realloc(libraries->paths, (libraries->count + 1) * sizeof *larger);
	if (!larger)
		return -ENOMEM;
	libraries->paths = larger;
	larger[libraries->count] = strndup(path, length);
	return larger[libraries->count++] ? 0 : -ENOMEM;
}

/* Lines such as "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)", or the path alone. */
static int take_lines(char *output, struct libraries *libraries)
{
	char *rest = NULL;
	int r = 0;
	for (char *line = strtok_r(output, "\n", &rest);
		line && r == 0 && libraries->count < LIBRARIES_MAX;
		line = strtok_r(NULL, "\n", &rest)) {
		char *path = strchr(line, '/');
		char *end = path ? strstr(path, " (0x") : NULL;
		char *arrow = path ? strstr(path, " => ") : NULL;
		if (arrow) /* the linker itself: its name is a path, too */
			path = arrow + 4;
		if (end && end > path)
			r = add(libraries, path, (size_t)(end - path));
	}
	return r;
}

int libraries_find(const char *program, char *const *env, struct libraries *out)
{
	char linker[PATH_MAX];
	*out = (struct libraries){0};
	if (!find_linker(program, linker))
		return 0;
	char *output = malloc(OUTPUT_MAX + 1);
	if (!output)
		return -ENOMEM;
	int fd, r = 0;
	pid_t pid = start(linker, program, env, &fd);
	if (pid > 0) {
		output[read_output(fd, output)] = '\0';
		fd_close(&fd);
		kill(pid, SIGKILL); /* ours, and not waited for yet: the number is its own */
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		r = take_lines(output, out);
	}
	free(output);
	if (r < 0)
		libraries_clear(out);
	return r;
}

int libraries_copy(const struct libraries *from, struct libraries *out)
{
	*out = (struct libraries){0};
	for (size_t i = 0; i < from->count; i++) {
		if (add(out, from->paths[i], strlen(from->paths[i])) < 0) {
			libraries_clear(out);
			return -ENOMEM;
		}
	}
	return 0;
}

void libraries_clear(struct libraries *libraries)
{
	for (size_t i = 0; i < libraries->count; i++)
		free(libraries->paths[i]);
	free(libraries->paths);
	*libraries = (struct libraries){0};
}
