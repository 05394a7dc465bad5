/* SPDX-License-Identifier: MIT */
/*
 * What a job can and cannot do, at each level, with and without a pid namespace. A program of its
 * own makes the attempts (intruder.c). For `off` nothing is promised; a few attempts are made there
 * to show that they succeed when they are not refused.
 */
#include "tests/lib/foreign_listener.h"
#include "unit_wait.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/tree.h"
#include "spawn/confinement.h"
#include "spawn/spawner.h"

static const struct tree_limit no_limit = {.until_ms = CLOCK_NEVER};

struct fixture {
	struct spawner *spawner;
	bool plain;
	char temp[64];
	char secret[80], source[80], other[80], own[80];
	int tcp, tcp_port, abstract;
	char abstract_name[64];
	pid_t victim;
};

static struct fixture fixture;
static bool foreign_listener; /* another listener is told of calls, so the spawner cannot be */
static bool can_signal_children;
static char intruder[4096];

struct outcome {
	char output[64];
	struct job_result result;
	char call[FILTER_NAME_MAX]; /* "": none was named */
};

static void attempt(enum job_confine level, const char *what, const char *argument, int fourth,
	struct outcome *out)
{
	struct fixture *f = &fixture;
	int pipe_fds[2];
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	FD_CLEANUP int source = open(f->source, O_RDONLY | O_CLOEXEC);
	char *const argv[] = {intruder, (char *)what, (char *)argument, NULL};
	char *const envp[] = {"PATH=/usr/bin:/bin", NULL};
	const struct job_file files[] = {{pipe_fds[1], 1}, {source, 3}, {fourth, 4}};
	const struct job_spec spec = {
		.program = intruder,
		.argv = argv,
		.envp = envp,
		.directory = f->own,
		.files = files,
		.file_count = fourth >= 0 ? 3 : 2,
		.confinement = {.level = level, .writable = f->own},
	};
	struct job job;
	*out = (struct outcome){0};
	assert_int_equal(spawner_start(f->spawner, &spec, &job), 0);
	pid_t pid = job.pid;
	close(pipe_fds[1]);
	struct pollfd ended = {job.pidfd, POLLIN, 0};
	assert_int_equal(poll(&ended, 1, UNIT_PATIENCE_MS), 1);
	assert_int_equal(job_reap(&job, &out->result), 0);
	ssize_t n = read(pipe_fds[0], out->output, sizeof out->output - 1);
	close(pipe_fds[0]);
	out->output[n < 0 ? 0 : n] = '\0';
	out->output[strcspn(out->output, "\n")] = '\0';
	spawner_stopped_job(f->spawner, pid, out->call);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), 0); /* spawner and victim are left */
}

static void expect(enum job_confine level, const char *what, const char *argument, int fourth,
	const char *output)
{
	struct outcome out;
	attempt(level, what, argument, fourth, &out);
	if (!out.result.exited || strcmp(out.output, output) != 0)
		fail_msg("%s %s at level %d: \"%s\" (signal %d %s), not \"%s\"", what, argument,
			level, out.output, out.result.signal, out.call, output);
}

static bool can_notify(void)
{
	uint32_t action = SECCOMP_RET_USER_NOTIF;
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

/* This test has been started with a filter. */
static bool is_filtered(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_MODE_DISABLED;
}

/* As a manager of containers does. False: the kernel cannot. */
static bool listen_to_calls(void)
{
	return can_notify() && foreign_listener_install(SYS_vhangup) >= 0;
}

/* At both levels that confine. */
static void expect_both(const char *what, const char *argument, int fourth, const char *output)
{
	expect(JOB_CONFINE_STANDARD, what, argument, fourth, output);
	expect(JOB_CONFINE_STRICT, what, argument, fourth, output);
}

static void expect_stopped(const char *what, const char *argument, const char *call)
{
	for (enum job_confine level = JOB_CONFINE_STANDARD; level <= JOB_CONFINE_STRICT; level++) {
		struct outcome out;
		attempt(level, what, argument, -1, &out);
		assert_false(out.result.exited);
		assert_string_equal(out.output, "");
		if (out.result.signal == SIGSYS &&
			(foreign_listener || is_filtered() || !can_notify()))
			continue;
		assert_int_equal(out.result.signal, SIGKILL);
		assert_string_equal(out.call, call);
	}
}

static void test_files(void **state)
{
	struct fixture *f = *state;
	char made[128];
	expect(JOB_CONFINE_OFF, "read", f->secret, -1, "done");
	expect_both("read", f->secret, -1, "EACCES");
	expect_both("read", f->other, -1, "EACCES");
	expect_both("read", f->source, -1, "done");
	expect_both("read", "/dev/fd/3", -1, "done");
	expect_both("read", "/etc/passwd", -1, "EACCES");
	expect_both("read", "/proc/version", -1, "EACCES");
	expect_both("read", "/usr/bin/true", -1, "done");
	expect_both("read", "/dev/urandom", -1, "done");
	expect_both("write", "/dev/null", -1, "done");
	snprintf(made, sizeof made, "%s/made", f->temp);
	expect_both("write", made, -1, "EACCES");
	expect_both("write", f->secret, -1, "EACCES");
	expect_both("write", f->source, -1, "EACCES");
	assert_int_equal(access(made, F_OK), -1);
	snprintf(made, sizeof made, "%s/made", f->own);
	expect_both("write", made, -1, "done");
	expect(JOB_CONFINE_STANDARD, "exec", made, -1, "EACCES");
	assert_int_equal(chmod(made, 0700), 0);
	expect(JOB_CONFINE_STANDARD, "exec", made, -1, "EACCES");
	assert_int_equal(unlink(made), 0);
}

static void test_read_paths(void **state)
{
	struct fixture *f = *state;
	char *const argv[] = {"/bin/cat", f->secret, NULL};
	char *const read[] = {"/nonexistent", f->secret, NULL};
	struct job_spec spec = {.program = argv[0],
		.argv = argv,
		.confinement = {.level = JOB_CONFINE_STANDARD, .read = read}};
	for (int i = 0; i < 2; i++) {
		struct job job;
		struct job_result result;
		assert_int_equal(spawner_start(f->spawner, &spec, &job), 0);
		struct pollfd ended = {job.pidfd, POLLIN, 0};
		assert_int_equal(poll(&ended, 1, UNIT_PATIENCE_MS), 1);
		assert_int_equal(job_reap(&job, &result), 0);
		assert_int_equal(result.exit_status, i);
		spec.confinement.read = NULL;
	}
}

static void test_network(void **state)
{
	struct fixture *f = *state;
	char port[16];
	snprintf(port, sizeof port, "%d", f->tcp_port);
	expect(JOB_CONFINE_OFF, "socket", "", -1, "done");
	expect_both("socket", "", -1, "EACCES");
	/* Nor through a socket that was left open. */
	for (enum job_confine level = JOB_CONFINE_OFF; level <= JOB_CONFINE_STRICT; level++) {
		struct outcome out;
		int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		attempt(level, "tcp", port, tcp, &out);
		close(tcp);
		int local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		struct outcome out_local;
		attempt(level, "abstract", f->abstract_name, local, &out_local);
		close(local);
		bool free = level == JOB_CONFINE_OFF;
		assert_string_equal(out.output, free ? "done" : "EACCES");
		assert_string_equal(out_local.output, free ? "done" : "EACCES");
	}
	/* Nor through one of a pair of sockets. */
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	snprintf(un.sun_path, sizeof un.sun_path, "%s/log", f->temp);
	FD_CLEANUP int log = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(log, (struct sockaddr *)&un, sizeof un), 0);
	char byte;
	expect(JOB_CONFINE_OFF, "send-to-name", un.sun_path, -1, "done");
	assert_int_equal(recv(log, &byte, 1, 0), 1);
	expect(JOB_CONFINE_STANDARD, "send-to-name", un.sun_path, -1, "EACCES");
	expect(JOB_CONFINE_STRICT, "send-to-name", un.sun_path, -1, "ENOSYS");
	assert_int_equal(recv(log, &byte, 1, 0), -1);
	expect(JOB_CONFINE_STANDARD, "socketpair", "1", -1, "done");
	expect(JOB_CONFINE_STANDARD, "socketpair", "5", -1, "done");
	assert_int_equal(unlink(un.sun_path), 0);
}

/* Landlock does not look at these. The files belong to this user, as a daemon's belong to its user.
 */
static void test_attributes(void **state)
{
	struct fixture *f = *state;
	struct stat before, after;
	static const char attribute[] = "user.sluice-test";
	static const char *const silent[] = {"chmod", "chown", "utimes"};
	static const char *const refused[] = {"setxattr", "fsetxattr", "getxattr", "removexattr"};
	bool kept = setxattr(f->source, attribute, "1", 1, 0) == 0;
	const char *const paths[] = {f->source, f->temp, f->own};
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		assert_int_equal(stat(paths[i], &before), 0);
		for (size_t k = 0; k < sizeof silent / sizeof *silent; k++)
			expect_both(silent[k], paths[i], -1, "done");
		expect_both("chmod-anyhow", paths[i], -1, "ENOSYS");
		assert_int_equal(stat(paths[i], &after), 0);
		assert_int_equal(after.st_mode, before.st_mode);
		assert_int_equal(after.st_uid, before.st_uid);
		assert_int_equal(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
	}
	for (size_t k = 0; k < sizeof refused / sizeof *refused; k++)
		expect_both(refused[k], f->source, -1, "EOPNOTSUPP");
	expect_both("setxattrat", f->source, -1, "ENOSYS");
	char value = '1';
	if (kept)
		assert_int_equal(getxattr(f->source, attribute, &value, 1), 1);
	assert_int_equal(value, '1');
	expect(JOB_CONFINE_STANDARD, "inotify", f->temp, -1, "EACCES");
}

static void test_truncate(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	char made[128];
	expect_both("truncate", f->other, -1, "EACCES");
	assert_int_equal(stat(f->other, &st), 0);
	assert_int_equal(st.st_size, 1);
	snprintf(made, sizeof made, "%s/made", f->own);
	expect_both("ftruncate", made, -1, "done");
	assert_int_equal(unlink(made), 0);
}

/* Its own limits, priority and signals are a program's own business; those of others are not. */
static void test_others(void **state)
{
	struct fixture *f = *state;
	char victim[16];
	snprintf(victim, sizeof victim, "%d", (int)f->victim);
	static const char *const own[] = {"setrlimit", "nice", "signal-self"};
	static const char *const others[] = {
		"prlimit", "setpriority", "sched-affinity", "sched-scheduler"};
	static const char *const signals[] = {
		"kill", "kill-group", "tgkill", "tkill", "sigqueue", "pidfd-signal", "setown"};
	struct rlimit before, after;
	assert_int_equal(prlimit(f->victim, RLIMIT_NOFILE, NULL, &before), 0);
	/* This test may have been started by nice(1). */
	const int priority = getpriority(PRIO_PROCESS, 0);
	assert_int_equal(getpriority(PRIO_PROCESS, (id_t)f->victim), priority);
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		expect_both(own[i], "", -1, "done");
	for (enum job_confine level = JOB_CONFINE_STANDARD; level <= JOB_CONFINE_STRICT; level++) {
		struct outcome out;
		for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
			attempt(level, others[i], victim, -1, &out);
			assert_string_not_equal(out.output, "done");
		}
		for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
			attempt(level, signals[i], victim, -1, &out);
		attempt(level, "setpriority-user", "", -1, &out);
		attempt(level, "ioprio-user", "", -1, &out);
		if (f->plain)
			assert_string_not_equal(out.output, "done");
	}
	assert_int_equal(waitpid(f->victim, NULL, WNOHANG), 0);
	assert_int_equal(kill(f->victim, 0), 0);
	assert_int_equal(prlimit(f->victim, RLIMIT_NOFILE, NULL, &after), 0);
	assert_int_equal(after.rlim_cur, before.rlim_cur);
	assert_int_equal(getpriority(PRIO_PROCESS, (id_t)f->victim), priority);
	assert_int_equal(getpriority(PRIO_PROCESS, 0), priority);
	/* A shell signals what it has started. That fails where only the filter looks at signals
	 * and no listener can be asked. */
	if (can_signal_children) {
		expect(JOB_CONFINE_STANDARD, "kill-child", "", -1, "done");
		expect(JOB_CONFINE_STANDARD, "abort-child", "", -1, "done");
	}
}

static void test_processes(void **state)
{
	struct fixture *f = *state;
	char victim[16];
	snprintf(victim, sizeof victim, "%d", (int)f->victim);
	expect(JOB_CONFINE_STANDARD, "fork", "", -1, "done");
	expect(JOB_CONFINE_STRICT, "fork", "", -1, "ENOSYS");
	expect_both("thread", "", -1, "done");
	expect_both("setsid", "", -1, "EPERM");
	expect_both("unshare", "", -1, "EPERM");
	expect(JOB_CONFINE_STANDARD, "clone", "", -1, "EPERM");
	expect(JOB_CONFINE_STRICT, "clone", "", -1, "ENOSYS");
	struct outcome out;
	attempt(JOB_CONFINE_STANDARD, "exec", "/bin/true", -1, &out);
	assert_true(out.result.exited && out.result.exit_status == 0);
	assert_string_equal(out.output, "");
	expect(JOB_CONFINE_STRICT, "exec", "/bin/true", -1, "ENOSYS");
	expect(JOB_CONFINE_STRICT, "exec-loudly", "/bin/true", -1, "ENOSYS");
	expect_stopped("ptrace", victim, "ptrace");
	expect_both("kill", victim, -1, f->plain ? "EPERM" : "ESRCH");
	assert_int_equal(kill(f->victim, 0), 0);
}

static void test_kernel(void **state)
{
	struct fixture *f = *state;
	expect_stopped("mount", f->own, "mount");
	expect_stopped("add_key", "", "add_key");
	expect_stopped("userfaultfd", "", "userfaultfd");
	expect_stopped("bpf", "", "bpf");
	expect_both("io_uring", "", -1, "ENOSYS");
	expect(JOB_CONFINE_STANDARD, "type", "", -1, "EPERM");
	expect(JOB_CONFINE_STRICT, "type", "", -1, "ENOSYS");
	expect_both("setresuid", "", -1, "EPERM");
	expect_both("shmget", "", -1, "ENOSYS");
}

/* `off` is off: the watch lets its jobs go on, also one that has left its group. */
static void test_off(void **state)
{
	struct fixture *f = *state;
	char none[] = "999999999";
	expect(JOB_CONFINE_OFF, "ptrace", none, -1, "ESRCH");
	expect(JOB_CONFINE_OFF, "mount", f->own, -1, "EPERM");
	if (!f->plain)
		expect(JOB_CONFINE_OFF, "unshare", "", -1, "done");
}

/* What a job leaves behind can be removed, also when it is made unreadable. */
static void test_leavings(void **state)
{
	struct fixture *f = *state;
	expect(JOB_CONFINE_STANDARD, "fill", "50", -1, "done");
	assert_int_equal(tree_remove(AT_FDCWD, f->own, &no_limit), 0);
	assert_int_equal(access(f->own, F_OK), -1);
	assert_int_equal(mkdir(f->own, 0700), 0);
}

/* A script outside of the machine's directories, its interpreter, and what it finds beside itself.
 */
static void test_script(void **state)
{
	struct fixture *f = *state;
	char script[128];
	snprintf(script, sizeof script, "%s/tool/script", f->temp);
	static const char text[] = "#!/bin/sh\ncat \"$0\" >/dev/null && exit 3\n";
	FD_CLEANUP int fd = open(script, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, sizeof text - 1), 0);
	fd_close(&fd);
	char *const argv[] = {script, NULL};
	char *const envp[] = {"PATH=/usr/bin:/bin", NULL};
	const struct job_spec spec = {.program = script,
		.argv = argv,
		.envp = envp,
		.confinement.level = JOB_CONFINE_STANDARD};
	struct job job;
	struct job_result result;
	assert_int_equal(spawner_start(f->spawner, &spec, &job), 0);
	struct pollfd ended = {job.pidfd, POLLIN, 0};
	assert_int_equal(poll(&ended, 1, UNIT_PATIENCE_MS), 1);
	assert_int_equal(job_reap(&job, &result), 0);
	assert_int_equal(result.exit_status, 3);
}

static void make_file(const char *path)
{
	FD_CLEANUP int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || fd_write_all(fd, "x", 1) < 0)
		abort();
}

static int listen_on(int family, const struct sockaddr *address, socklen_t size)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, address, size) < 0 || listen(fd, 16) < 0)
		abort();
	return fd;
}

static void open_listeners(struct fixture *f)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	f->tcp = listen_on(AF_INET, (struct sockaddr *)&in, sizeof in);
	socklen_t size = sizeof in;
	getsockname(f->tcp, (struct sockaddr *)&in, &size);
	f->tcp_port = ntohs(in.sin_port);
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	snprintf(f->abstract_name, sizeof f->abstract_name, "sluice-test-%d", (int)getpid());
	memcpy(un.sun_path + 1, f->abstract_name, strlen(f->abstract_name));
	f->abstract = listen_on(AF_UNIX, (struct sockaddr *)&un,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(f->abstract_name)));
}

static int set_up(void **state, bool plain)
{
	struct fixture *f = &fixture;
	*f = (struct fixture){.plain = plain, .temp = "/tmp/test-confine-XXXXXX"};
	if (!mkdtemp(f->temp))
		return -1;
	char directory[80];
	static const char *const names[] = {"root", "own", "tool"};
	for (size_t i = 0; i < 3; i++) {
		snprintf(directory, sizeof directory, "%s/%s", f->temp, names[i]);
		if (mkdir(directory, 0700) < 0)
			return -1;
	}
	snprintf(f->secret, sizeof f->secret, "%s/secret", f->temp);
	snprintf(f->source, sizeof f->source, "%s/root/source", f->temp);
	snprintf(f->other, sizeof f->other, "%s/root/other", f->temp);
	snprintf(f->own, sizeof f->own, "%s/own", f->temp);
	make_file(f->secret);
	make_file(f->source);
	make_file(f->other);
	open_listeners(f);
	f->victim = fork();
	if (f->victim == 0)
		for (;;)
			pause();
	const struct spawner_options options = {.no_namespaces = plain};
	if (spawner_new(&options, &f->spawner) != 0)
		return -1;
	f->plain = !spawner_has_namespaces(f->spawner);
	int abi = confinement_get_support(spawner_get_confinement(f->spawner)).landlock;
	can_signal_children = !f->plain || abi >= 6 || (can_notify() && !foreign_listener);
	*state = f;
	return 0;
}

static int with_namespaces(void **state)
{
	return set_up(state, false);
}

static int without_namespaces(void **state)
{
	return set_up(state, true);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	spawner_free(f->spawner);
	kill(f->victim, SIGKILL);
	waitpid(f->victim, NULL, 0);
	close(f->tcp);
	close(f->abstract);
	return tree_remove(AT_FDCWD, f->temp, &no_limit);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], SPAWNER_ARGUMENT))
		spawner_main(argc, argv);
	foreign_listener = argc == 3 && !strcmp(argv[2], "--foreign-listener");
	if (argc != 2 && !foreign_listener)
		return 2;
	if (!realpath(argv[1], intruder))
		return 2;
	struct confinement *confinement;
	if (confinement_new(&confinement) < 0)
		return 1;
	struct confinement_support support = confinement_get_support(confinement);
	confinement_free(confinement);
	if (support.landlock == 0 || !support.seccomp) {
		puts("skipped: this kernel has no Landlock or no seccomp filters");
		return 77;
	}
	if (foreign_listener && !listen_to_calls()) {
		puts("skipped: this process cannot listen to system calls");
		return 77;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_read_paths),
		cmocka_unit_test(test_network),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_truncate),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_leavings),
		cmocka_unit_test(test_script),
	};
	int failed = cmocka_run_group_tests_name("namespaces", tests, with_namespaces, tear_down);
	failed +=
		cmocka_run_group_tests_name("process groups", tests, without_namespaces, tear_down);
	return failed != 0;
}
