/* SPDX-License-Identifier: MIT */
/* Running what it has written itself. A copy of this program is the payload: executed, it says so.
 */
#include "burglar.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

static int copy(const char *from, int to)
{
	char buffer[65536];
	int fd = open(from, O_RDONLY);
	if (fd < 0)
		return -errno;
	ssize_t n;
	while ((n = read(fd, buffer, sizeof buffer)) > 0)
		if (write(to, buffer, (size_t)n) != n)
			return -EIO;
	close(fd);
	return n < 0 ? -errno : 0;
}

static int write_payload(const char *from)
{
	int fd = open("payload", O_WRONLY | O_CREAT | O_TRUNC, 0700);
	if (fd < 0)
		return -errno;
	int r = copy(from, fd);
	close(fd);
	return r;
}

/* Returns only when it fails: on success the payload prints the line. */
static int become(const char *program, const char *script, const char *attempt)
{
	char *with[] = {(char *)program, (char *)script, "written", (char *)attempt, NULL};
	char *without[] = {(char *)program, "written", (char *)attempt, NULL};
	execve(program, script ? with : without, environ);
	return -errno;
}

static int exec_file(const char *unused)
{
	(void)unused;
	int r = write_payload(burglar_value("static"));
	return r < 0 ? r : become("./payload", NULL, "exec-file");
}

static int memory_payload(const char *from)
{
	int fd = memfd_create("payload", 0);
	int r = fd < 0 ? -errno : copy(from, fd);
	return r < 0 ? r : fd;
}

static int exec_memfd(const char *unused)
{
	(void)unused;
	int fd = memory_payload(burglar_value("static"));
	char *const argv[] = {"payload", "written", "exec-memfd", NULL};
	return fd < 0 ? fd
		      : burglar_result(syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH));
}

static int exec_memfd_link(const char *unused)
{
	char link[32];
	(void)unused;
	int fd = memory_payload(burglar_value("static"));
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	return fd < 0 ? fd : become(link, NULL, "exec-memfd-link");
}

static int exec_linker(const char *unused)
{
	(void)unused;
	int r = write_payload(burglar_value("dynamic"));
	return r < 0 ? r : become(burglar_value("linker"), "./payload", "exec-linker");
}

static int exec_linker_memfd(const char *unused)
{
	char link[32];
	(void)unused;
	int fd = memory_payload(burglar_value("dynamic"));
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	return fd < 0 ? fd : become(burglar_value("linker"), link, "exec-linker-memfd");
}

static int write_script(const char *text)
{
	int fd = open("payload", O_WRONLY | O_CREAT | O_TRUNC, 0700);
	if (fd < 0)
		return -errno;
	int r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return r;
}

static int exec_script(const char *unused)
{
	(void)unused;
	int r = write_script("#!/bin/sh\necho exec-script - done\n");
	return r < 0 ? r : become("./payload", NULL, "exec-script");
}

static int exec_interpreter(const char *unused)
{
	(void)unused;
	int r = write_script("echo exec-interpreter - done\n");
	return r < 0 ? r : become("/bin/sh", "./payload", "exec-interpreter");
}

/* Another program of the machine. */
static int exec_other(const char *unused)
{
	char *const argv[] = {"echo", "exec-other", "-", "done", NULL};
	(void)unused;
	execve("/bin/echo", argv, environ);
	return -errno;
}

static int map_code(int fd)
{
	void *code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	if (code == MAP_FAILED)
		return -errno;
	munmap(code, PAGE);
	return 0;
}

static int map_file(const char *unused)
{
	(void)unused;
	int r = write_payload(burglar_value("static"));
	int fd = r < 0 ? -1 : open("payload", O_RDONLY);
	if (fd < 0)
		return r < 0 ? r : -errno;
	r = map_code(fd);
	close(fd);
	return r;
}

static int map_memfd(const char *unused)
{
	(void)unused;
	int fd = memory_payload(burglar_value("static"));
	return fd < 0 ? fd : map_code(fd);
}

static int map_writable(const char *unused)
{
	(void)unused;
	void *code = mmap(
		NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return code == MAP_FAILED ? -errno : burglar_result(munmap(code, PAGE));
}

/* As a program does that compiles while it runs. */
static int make_executable(const char *unused)
{
	(void)unused;
	void *code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code == MAP_FAILED)
		return -errno;
	memset(code, 0x90, PAGE);
	int r = burglar_result(mprotect(code, PAGE, PROT_READ | PROT_EXEC));
	munmap(code, PAGE);
	return r;
}

static int new_process(const char *unused)
{
	(void)unused;
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	return pid < 0 ? -errno : burglar_result(waitpid(pid, NULL, 0));
}

const struct burglar_entry burglar_code[] = {
	{"fork", new_process, 0},
	{"exec-other", exec_other, 0},
	{"exec-interpreter", exec_interpreter, 0},
	{"exec-file", exec_file, 0},
	{"exec-script", exec_script, 0},
	{"exec-memfd", exec_memfd, 0},
	{"exec-memfd-link", exec_memfd_link, 0},
	{"exec-linker", exec_linker, 0},
	{"exec-linker-memfd", exec_linker_memfd, 0},
	{"map-file", map_file, 0},
	{"map-memfd", map_memfd, 0},
	{"map-writable", map_writable, 0},
	{"make-executable", make_executable, 0},
	{NULL, NULL, 0},
};
