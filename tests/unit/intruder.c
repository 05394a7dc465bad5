/* SPDX-License-Identifier: MIT */
/* What a converter might do that an attacker has taken over: one attempt per run, named by the
 * first argument. Prints "done" or the name of the error, and exits 0. Built without sanitizers,
 * because they need things that a confined process cannot have. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
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

/* With every small number where the keys of the first execve would be. */
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

/* Files in the working directory, in unreadable folders. */
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

static int change_mode(const char *path)
{
	return chmod(path, 0);
}

/* By every way there is; the result is that of the last one. */
static int change_mode_anyhow(const char *path)
{
	int fd = open(path, O_RDONLY);
	if (fd >= 0)
		fchmod(fd, 0);
	chmod(path, 0);
	int r = fchmodat(AT_FDCWD, path, 0, 0);
	(void)r; /* gcc -O3 wants it looked at */
	syscall(452 /* fchmodat2 */, AT_FDCWD, path, 0, 0);
	uint64_t attributes[8] = {0x40 /* FS_XFLAG_NOATIME */};
	return (int)syscall(469 /* file_setattr */, AT_FDCWD, path, attributes, 24, 0);
}

static int change_owner(const char *path)
{
	return lchown(path, getuid(), getgid()) < 0 ? -1 : chown(path, 1, 1);
}

static int change_times(const char *path)
{
	const struct timespec times[2] = {{1, 0}, {1, 0}};
	int fd = open(path, O_RDONLY);
	if (fd >= 0)
		futimens(fd, times);
	return utimensat(AT_FDCWD, path, times, 0);
}

static int set_attribute(const char *path)
{
	return setxattr(path, "user.sluice-test", "2", 1, 0);
}

static int set_attribute_newly(const char *path)
{
	struct {
		uint64_t value;
		uint32_t size, flags;
	} arguments = {(uint64_t)(uintptr_t) "2", 1, 0};
	return (int)syscall(463 /* setxattrat */, AT_FDCWD, path, 0, "user.sluice-test", &arguments,
		sizeof arguments);
}

static int set_attribute_of_open(const char *path)
{
	int fd = open(path, O_RDONLY);
	return fd < 0 ? -1 : fsetxattr(fd, "user.sluice-test", "2", 1, 0);
}

static int get_attribute(const char *path)
{
	char value[8];
	return (int)getxattr(path, "user.sluice-test", value, sizeof value) < 0 ? -1 : 0;
}

static int remove_attribute(const char *path)
{
	return removexattr(path, "user.sluice-test");
}

static int cut_off(const char *path)
{
	return truncate(path, 0);
}

static int cut_off_own(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	return fd < 0 ? -1 : ftruncate(fd, 3) < 0 ? -1 : close(open(path, O_WRONLY | O_TRUNC));
}

static int watch_directory(const char *path)
{
	return inotify_add_watch(inotify_init1(0), path, IN_ALL_EVENTS);
}

static int limit_other(const char *pid)
{
	const struct rlimit none = {3, 3};
	return prlimit(number(pid), RLIMIT_NOFILE, &none, NULL);
}

static int limit_self(const char *unused)
{
	struct rlimit limit;
	(void)unused;
	return getrlimit(RLIMIT_NOFILE, &limit) < 0 ? -1 : setrlimit(RLIMIT_NOFILE, &limit);
}

static int slow_down_other(const char *pid)
{
	return setpriority(PRIO_PROCESS, (id_t)number(pid), 19);
}

static int slow_down_all(const char *unused)
{
	(void)unused;
	return setpriority(PRIO_USER, 0, 19);
}

static int slow_down_disk_of_all(const char *unused)
{
	(void)unused;
	return (int)syscall(SYS_ioprio_set, 3 /* IOPRIO_WHO_USER */, 0, 3 << 13);
}

static int be_nice(const char *unused)
{
	(void)unused;
	return setpriority(PRIO_PROCESS, 0, 19);
}

static int bind_other(const char *pid)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set) < 0)
		return -1;
	return sched_setaffinity(number(pid), sizeof set, &set);
}

static int schedule_other(const char *pid)
{
	const struct sched_param none = {0};
	return sched_setscheduler(number(pid), SCHED_IDLE, &none);
}

static int kill_group(const char *pid)
{
	return kill(-number(pid), SIGKILL);
}

static int kill_thread(const char *pid)
{
	return (int)syscall(SYS_tgkill, number(pid), number(pid), SIGKILL);
}

static int kill_task(const char *pid)
{
	return (int)syscall(SYS_tkill, number(pid), SIGKILL);
}

static int queue_signal(const char *pid)
{
	return sigqueue(number(pid), SIGKILL, (union sigval){0});
}

static int kill_by_descriptor(const char *pid)
{
	int fd = (int)syscall(SYS_pidfd_open, number(pid), 0);
	return fd < 0 ? -1 : (int)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
}

/* A pipe that is written to signals its owner, with any signal. */
static int kill_as_owner(const char *pid)
{
	int fds[2];
	if (pipe(fds) < 0 || fcntl(fds[0], F_SETSIG, SIGKILL) < 0 ||
		fcntl(fds[0], F_SETOWN, number(pid)) < 0 ||
		fcntl(fds[0], F_SETFL, O_ASYNC | O_NONBLOCK) < 0)
		return -1;
	return write(fds[1], "x", 1) == 1 ? 0 : -1;
}

static int ends_by(pid_t pid, int signal)
{
	int status;
	if (waitpid(pid, &status, 0) != pid)
		return -1;
	errno = ECHILD;
	return WIFSIGNALED(status) && WTERMSIG(status) == signal ? 0 : -1;
}

/* As a shell does with what it has started. */
static int kill_child(const char *unused)
{
	(void)unused;
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	return pid < 0 ? -1 : kill(pid, SIGKILL) < 0 ? -1 : ends_by(pid, SIGKILL);
}

static int abort_child(const char *unused)
{
	(void)unused;
	pid_t pid = fork();
	if (pid == 0)
		abort();
	return pid < 0 ? -1 : ends_by(pid, SIGABRT);
}

static int signal_self(const char *unused)
{
	(void)unused;
	signal(SIGUSR1, SIG_IGN);
	/* -1 is everybody, also to the first process of a namespace */
	if (getpgrp() > 1 && kill(-getpgrp(), SIGUSR1) < 0)
		return -1;
	return kill(0, SIGUSR1) < 0 || kill(getpid(), SIGUSR1) < 0 || raise(SIGUSR1) != 0 ? -1 : 0;
}

static int send_to_name(const char *path)
{
	int pair[2];
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0 &&
		socketpair(AF_UNIX, SOCK_RAW, 0, pair) < 0)
		return -1;
	connect(pair[0], (struct sockaddr *)&address, sizeof address);
	return sendto(pair[0], "x", 1, 0, (struct sockaddr *)&address, sizeof address) == 1 ? 0
											    : -1;
}

static int make_pair(const char *type)
{
	int pair[2];
	return socketpair(AF_UNIX, number(type) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair);
}

static int add_key(const char *unused)
{
	(void)unused;
	return (int)syscall(SYS_add_key, "user", "sluice", "x", 1, -2);
}

static int fault_by_user(const char *unused)
{
	(void)unused;
	return (int)syscall(SYS_userfaultfd, 1);
}

static int load_program(const char *unused)
{
	(void)unused;
	return (int)syscall(SYS_bpf, 0, NULL, 0);
}

static int execute_memory(const char *path)
{
	int from = open(path, O_RDONLY), fd = memfd_create("x", MFD_CLOEXEC);
	struct stat st;
	if (from < 0 || fd < 0 || fstat(from, &st) < 0 ||
		sendfile(fd, from, NULL, (size_t)st.st_size) != st.st_size)
		return -1;
	char *const argv[] = {(char *)path, NULL};
	syscall(SYS_execveat, fd, "", argv, NULL, AT_EMPTY_PATH);
	return fexecve(fd, argv, argv + 1);
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
	{"chmod", change_mode},
	{"chmod-anyhow", change_mode_anyhow},
	{"chown", change_owner},
	{"utimes", change_times},
	{"setxattr", set_attribute},
	{"setxattrat", set_attribute_newly},
	{"fsetxattr", set_attribute_of_open},
	{"getxattr", get_attribute},
	{"removexattr", remove_attribute},
	{"truncate", cut_off},
	{"ftruncate", cut_off_own},
	{"inotify", watch_directory},
	{"prlimit", limit_other},
	{"setrlimit", limit_self},
	{"nice", be_nice},
	{"setpriority", slow_down_other},
	{"setpriority-user", slow_down_all},
	{"ioprio-user", slow_down_disk_of_all},
	{"sched-affinity", bind_other},
	{"sched-scheduler", schedule_other},
	{"kill-group", kill_group},
	{"tgkill", kill_thread},
	{"tkill", kill_task},
	{"sigqueue", queue_signal},
	{"pidfd-signal", kill_by_descriptor},
	{"setown", kill_as_owner},
	{"kill-child", kill_child},
	{"abort-child", abort_child},
	{"signal-self", signal_self},
	{"send-to-name", send_to_name},
	{"socketpair", make_pair},
	{"add_key", add_key},
	{"userfaultfd", fault_by_user},
	{"bpf", load_program},
	{"exec-memory", execute_memory},
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
