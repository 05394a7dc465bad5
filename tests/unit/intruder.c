/* SPDX-License-Identifier: MIT */
/* What a converter might do that somebody has taken over: one attempt per run, named by the first argument. Prints "done" or the
 * name of the error, and exits 0. Built without sanitizers, which need things that a confined process cannot have. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int number(const char *text)
{
	return (int)strtol(text, NULL, 10);
}

static int read_file(const char *path)
{
	char byte;
	int fd = open(path, O_RDONLY);
	return fd < 0 ? -1 : read(fd, &byte, 1) == 1 ? 0 : -1;
}

static int write_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	return fd < 0 ? -1 : write(fd, "x", 1) == 1 ? 0 : -1;
}

static int connect_tcp(const char *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((unsigned short)number(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return connect(4, (struct sockaddr *)&address, sizeof address);
}

static int connect_abstract(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "%s", name);
	return connect(4, (struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name)));
}

static int make_child(const char *unused)
{
	(void)unused;
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

static void *nothing(void *argument)
{
	return argument;
}

static int make_thread(const char *unused)
{
	pthread_t thread;
	(void)unused;
	errno = pthread_create(&thread, NULL, nothing, NULL);
	return errno ? -1 : pthread_join(thread, NULL);
}

static int execute(const char *path)
{
	char *const argv[] = {(char *)path, NULL};
	return execv(path, argv);
}

/* As often as the first execve might have got through. */
static int execute_loudly(const char *path)
{
	char *const argv[] = {(char *)path, NULL};
	for (long i = -2; i < 1000; i++)
		syscall(SYS_execve, path, argv, NULL, 0, i, i);
	return -1;
}

static int leave_session(const char *unused)
{
	(void)unused;
	pid_t before = getsid(0);
	if (setsid() < 0 && errno != EPERM)
		return -1;
	errno = EPERM;
	return getsid(0) == before ? -1 : 0;
}

static int kill_other(const char *pid)
{
	return kill(number(pid), SIGKILL);
}

static int trace_other(const char *pid)
{
	return (int)ptrace(PTRACE_ATTACH, number(pid), NULL, NULL);
}

static int mount_over(const char *path)
{
	return mount("none", path, "tmpfs", 0, NULL);
}

static int new_namespace(const char *unused)
{
	(void)unused;
	return unshare(CLONE_NEWUSER);
}

static int new_namespace_by_clone(const char *unused)
{
	(void)unused;
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : 0;
}

static int new_socket(const char *unused)
{
	(void)unused;
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int new_ring(const char *unused)
{
	(void)unused;
	char parameters[120] = {0};
	return (int)syscall(425 /* io_uring_setup */, 1, parameters);
}

static int type_in_terminal(const char *unused)
{
	(void)unused;
	return ioctl(0, TIOCSTI, "x");
}

/* Files in the working directory, in folders that nobody can read. */
static int fill_directory(const char *count)
{
	for (int i = 0; i < number(count); i++) {
		char name[32];
		snprintf(name, sizeof name, "d%d", i);
		if (mkdir(name, 0700) < 0)
			return -1;
		snprintf(name, sizeof name, "d%d/file", i);
		if (write_file(name) < 0 || symlink("/etc", "d0/link") * (i == 0) < 0)
			return -1;
		name[strlen(name) - 5] = '\0';
		if (chmod(name, 0) < 0)
			return -1;
	}
	return 0;
}

static int become_root(const char *unused)
{
	(void)unused;
	return setresuid(0, 0, 0);
}

static int leave_memory(const char *unused)
{
	(void)unused;
	return (int)syscall(SYS_shmget, 0, 4096, 01600);
}

static const struct {
	const char *name;
	int (*attempt)(const char *argument);
} attempts[] = {
	{"read", read_file},
	{"write", write_file},
	{"tcp", connect_tcp},
	{"abstract", connect_abstract},
	{"fork", make_child},
	{"thread", make_thread},
	{"exec", execute},
	{"exec-loudly", execute_loudly},
	{"setsid", leave_session},
	{"kill", kill_other},
	{"ptrace", trace_other},
	{"mount", mount_over},
	{"unshare", new_namespace},
	{"clone", new_namespace_by_clone},
	{"socket", new_socket},
	{"io_uring", new_ring},
	{"type", type_in_terminal},
	{"fill", fill_directory},
	{"setresuid", become_root},
	{"shmget", leave_memory},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof attempts / sizeof *attempts; i++) {
		if (strcmp(attempts[i].name, argv[1]) != 0)
			continue;
		int r = attempts[i].attempt(argc > 2 ? argv[2] : "");
		puts(r < 0 ? strerrorname_np(errno) : "done");
		return 0;
	}
	return 2;
}
